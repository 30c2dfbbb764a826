"""The three analyses and their memory: read a snapshot, reuse or judge, work it out purely, keep it with its provenance."""

import asyncio
import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from weakref import WeakValueDictionary

import orjson
from pydantic import BaseModel, ConfigDict, Field

from matjip.analysis import wording
from matjip.analysis.alike import Alike
from matjip.analysis.ask import Ask, Run
from matjip.analysis.directory import Directory
from matjip.analysis.estimate import Estimate, Expected, expected_of, price_of, tokens_of
from matjip.analysis.evidence import (
    Judged,
    LanguageOf,
    Mask,
    NearDuplicates,
    Snapshot,
    from_inline,
    from_record,
    units,
)
from matjip.analysis.feedback import FeedbackStore, MemoryFeedback
from matjip.analysis.profiles import GroupProfiles, Profile, counted_in
from matjip.analysis.progress import Progress, progress
from matjip.analysis.reads import ACTOR
from matjip.analysis.recent import Recent
from matjip.analysis.result import (
    AnalysisName,
    Lag,
    Meta,
    Result,
    SentimentResult,
    StrengthsResult,
    SummaryResult,
    Usage,
    Window,
)
from matjip.analysis.results import MADE, Published, Results, RunCursor
from matjip.analysis.sentiment import lean
from matjip.analysis.standing import Standings, read_standings
from matjip.analysis.strengths import EVERYONE, Rules, Working, choose_group, find_strengths
from matjip.analysis.summary import summarise
from matjip.analysis.worded import worded
from matjip.caller import Caller
from matjip.clock import Clock, Ids, to_micros
from matjip.errors import Fault, Invalid, MatjipError, NotFound, Unavailable
from matjip.inference.asking import ENGINE
from matjip.inference.judge import Judge, JudgeOf
from matjip.inference.model import Urgency, Work, least_urgent
from matjip.inference.quality import Quality, written
from matjip.inference.task import Facts, FindAspects, JudgeSentiment, Verdict
from matjip.reviews.review import MAX_CONTENT_CHARS, Restaurant, Review
from matjip.reviews.store import Reviews
from matjip.reviews.validate import YEARS
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import AnalysisFinished, Hook, ResultPublished, ResultServed

__all__ = ["Analyses", "AnalysisSettings"]

VERSION = "10"  # of the pure steps; another version makes stored results out of date
ASK_HASH_BYTES = 16
FEW = 10  # reviews, and restaurants they are compared with, that take less time than a thread costs: a millisecond at most
NO_ROOM = "The language model has no room to answer this in time."
R = TypeVar("R", bound=Result)
A = TypeVar("A")
Body = dict[str, Any]  # a part of a dumped result


class AnalysisSettings(BaseModel):
    """Thresholds of the analyses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_support_reviews: int = Field(default=3, ge=1, description="Independent reviews behind a statement, at least.")
    min_support_small_reviews: int = Field(default=2, ge=1, description="The same where there are few reviews.")
    small_below_reviews: int = Field(default=20, ge=0, description="Fewer reviews than this are few.")
    min_consistency: float = Field(
        default=0.6, ge=0, le=1, description="Share of praise among those who praise or blame a strength, at least."
    )
    max_age_days: int = Field(
        default=730, ge=1, description="A strength that nobody has written of for longer is none any more."
    )
    quote_max_chars: int = Field(default=80, ge=10, le=1_000, description="Longest quote, in code points.")
    quotes_per_statement: int = Field(default=3, ge=1, le=20, description="Quotes shown behind a statement.")
    mask_names: bool = Field(
        default=False,
        description="Hide the names of staff in quotes and reports too, as in 김민수 사장님 or our server Jessica.",
    )
    sample_max_reviews: int = Field(
        default=300, ge=10, description="Reviews that step A draws, and that quotes come from."
    )
    sample_seed: int = Field(default=7, description="Seed of that sample; the same seed draws the same reviews.")
    group_min_restaurants: int = Field(default=3, ge=1, description="Restaurants in a comparison group, at least.")
    group_min_reviews: int = Field(default=100, ge=1, description="Reviews in a comparison group, at least.")
    group_max_restaurants: int = Field(default=200, ge=1, description="Restaurants in a comparison group, at most.")
    group_similar_restaurants: int = Field(
        default=50, ge=1, description="Restaurants in a group of the most similar ones, at most."
    )
    false_discovery_rate: float = Field(
        default=0.05, gt=0, lt=1, description="Share of wrong distinct strengths tolerated."
    )
    min_difference: float = Field(
        default=0.03, ge=0, lt=1, description="A distinct strength's share is above the group's by so much, at least."
    )
    shrink_reviews: int = Field(
        default=20, ge=0, description="Reviews at the group's share that are added to every share."
    )
    max_strengths: int = Field(default=8, ge=1, le=50, description="Strengths in a result, at most.")
    max_distinct: int = Field(default=3, ge=0, le=50, description="Distinct ones among them, at most.")
    max_strengths_per_aspect: int = Field(default=3, ge=1, le=50, description="Strengths of one aspect, at most.")
    machine_hour_price: float | None = Field(
        default=None, ge=0, description="What an hour of one machine costs, for dry runs; without it cost is unknown."
    )
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$", description="Of that price, as ISO 4217 has it.")

    def least_support(self, reviews: int) -> int:
        """Independent voices behind a statement, at least, among so many reviews."""
        return self.min_support_small_reviews if reviews < self.small_below_reviews else self.min_support_reviews

    def rules(self, reviews: int) -> Rules:
        """The thresholds of the steps A to H over so many reviews."""
        return Rules(
            min_support=self.least_support(reviews),
            min_consistency=self.min_consistency,
            max_age_days=self.max_age_days,
            sample_reviews=self.sample_max_reviews,
            seed=self.sample_seed,
            group_min_restaurants=self.group_min_restaurants,
            group_min_reviews=self.group_min_reviews,
            group_max_restaurants=self.group_max_restaurants,
            group_similar_restaurants=self.group_similar_restaurants,
            false_discovery_rate=self.false_discovery_rate,
            min_difference=self.min_difference,
            shrink_reviews=self.shrink_reviews,
            max_strengths=self.max_strengths,
            max_distinct=self.max_distinct,
            max_per_aspect=self.max_strengths_per_aspect,
            quotes=self.quotes_per_statement,
            quote_chars=self.quote_max_chars,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """What a comparison needs of the other restaurants."""

    here: Restaurant | None = None
    others: tuple[Restaurant, ...] = ()
    review_counts: tuple[tuple[str, int], ...] = ()
    profiles: tuple[tuple[str, Profile], ...] = ()
    alike: tuple[str, ...] = ()
    language: str = ""  # of the reviews that are compared
    counted_to: int = 0

    def fingerprint(self) -> str:
        """Equal while the comparison would be: the same restaurant, the same peers, the same counts."""
        return repr((self.here, len(self.others), self.review_counts, self.profiles, self.language))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that a result is made of."""

    judged: Judged
    meta: Meta
    language: wording.Language
    min_support: int
    peers: Peers


@dataclass(slots=True)
class Opening:
    """How a restaurant stood when it was asked about by some analyses together."""

    analyses: tuple[AnalysisName, ...]
    judge: Judge
    writer: Judge | None = None  # of the texts; None: rules
    revision: int = 0  # of reviews sent inline
    standings: Standings = field(default_factory=Standings)
    stored: "asyncio.Task[dict[AnalysisName, Result]] | None" = None  # read by the first that runs


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """One analysis: its name, its answer's class, and the pure function that fills it."""

    name: AnalysisName
    shape: type[R]
    work_out: Callable[["Analyses", Draft], tuple[R, Mapping[str, Facts]]]  # and the facts behind its texts


@dataclass(slots=True)
class Flight(Generic[R]):
    """One run under way, and how many wait for it."""

    task: "asyncio.Task[tuple[R, str]]"
    waiting: int = 0


class Analyses:
    """Sentiment, summary and strengths of a restaurant's reviews."""

    def __init__(
        self,
        reviews: Reviews,
        judge: Judge,
        results: Results,
        profiles: GroupProfiles,
        alike: Alike,
        *,
        clock: Clock,
        new_id: Ids,
        language_of: LanguageOf,
        mask: Mask,
        near_duplicates: NearDuplicates,
        quality: Quality | None = None,
        feedback: FeedbackStore | None = None,
        judge_of: JudgeOf | None = None,
        writer_of: JudgeOf | None = None,
        hooks: Sequence[Hook] = (),
        watch: Callable[[Judged], Awaitable[None]] | None = None,
        settings: AnalysisSettings | None = None,
    ) -> None:
        self._reviews = reviews
        self._judge = judge  # of tenants that have none of their own
        self._judge_of = judge_of
        self._writer_of = writer_of
        self._results = results
        self._clock = clock
        self._new_id = new_id
        self._language_of = language_of
        self._mask = mask
        self._near_duplicates = near_duplicates
        self._hooks = hooks
        self._watch = watch  # sees what was judged of all of a restaurant's stored reviews, once a change
        self._settings = settings or AnalysisSettings()
        # Whatever a result hangs on besides its reviews, its judge and its peers.
        self._rules = self._settings.model_dump_json(exclude={"machine_hour_price", "currency"})
        self._profiles = profiles
        self._alike = alike
        self._quality = quality or Quality()
        self._rules += written(self._quality).decode()
        self._feedback = feedback or MemoryFeedback()
        self._flights: dict[tuple[object, ...], Flight[Result]] = {}
        self._recent = Recent()
        self._turns: WeakValueDictionary[tuple[str, str, Window, Urgency], asyncio.Lock] = WeakValueDictionary()
        self._directory = Directory(reviews)
        self._erasures = 0

    async def sentiment(self, ask: Ask, caller: Caller) -> SentimentResult:
        """How the reviews lean. Raises Invalid, NotFound, Unavailable."""
        return await self._answer(SENTIMENT, ask, caller)

    async def summary(self, ask: Ask, caller: Caller) -> SummaryResult:
        """What the reviews say. Raises as `sentiment`."""
        return await self._answer(SUMMARY, ask, caller)

    async def strengths(self, ask: Ask, caller: Caller) -> StrengthsResult:
        """What the restaurant is good at. Raises as `sentiment`."""
        return await self._answer(STRENGTHS, ask, caller)

    async def every(self, ask: Ask, caller: Caller) -> tuple[SentimentResult, SummaryResult, StrengthsResult]:
        """All three of stored reviews, which are read and judged once. Raises as `sentiment`."""
        opening = asyncio.create_task(self._open(ask, caller, "sentiment", "summary", "strengths"))
        return await asyncio.gather(
            self._answer(SENTIMENT, ask, caller, opening),
            self._answer(SUMMARY, ask, caller, opening),
            self._answer(STRENGTHS, ask, caller, opening),
        )

    async def batch(self, name: AnalysisName, asks: Sequence[Ask], caller: Caller) -> list[Result | MatjipError]:
        """One answer an ask, in order; an ask that fails leaves its error in its place and stops no other. None is more urgent
        than a batch."""
        kind = cast(Kind[Result], KINDS[name])
        slower = [replace(ask, urgency=least_urgent(ask.urgency, "batch")) for ask in asks]
        return await _each(lambda ask: self._answer(kind, ask, caller), slower)

    async def expect_each(
        self, name: AnalysisName, asks: Sequence[Ask], caller: Caller
    ) -> list[Estimate | MatjipError]:
        """What each ask would take, as `batch` answers them."""
        return await _each(lambda ask: self.expect(name, ask, caller), asks)

    async def expect(self, analysis: AnalysisName, ask: Ask, caller: Caller) -> Estimate:
        """What asking so would take; nothing is judged or stored. Raises as `sentiment`."""
        kind = KINDS[analysis]
        opened = await self._open(ask, caller, analysis)
        async with self._turn(ask, caller):
            snapshot = await self._snapshot(ask, caller.tenant, opened.revision)
        stored = None
        if not snapshot.inline and not ask.refresh:
            stored = (await self._stored(ask, caller, opened)).get(analysis)
        is_current = False
        if isinstance(stored, kind.shape):
            *_, name = await self._named(cast(Kind[Result], kind), ask, snapshot, opened)
            is_current = stored.meta.snapshot_hash == name and not stored.meta.degraded
        measured = await self._results.measured(analysis, opened.judge.name)
        time = expected_of(len(snapshot.reviews), measured)
        if is_current:
            time = Expected(seconds=0.0, low=0.0, high=0.0, runs=time.runs if time else 0)
        return Estimate(
            restaurant_id=ask.restaurant_id,
            analysis=analysis,
            would="reuse" if is_current else "run",
            engine=self._engine,
            model=opened.judge.name,
            reviews=len(snapshot.reviews),
            tokens=0 if is_current or self._is_built_in(opened.judge) else tokens_of(len(snapshot.reviews), measured),
            time=time,
            cost=price_of(
                time.seconds if time else None,
                machine_hour=self._settings.machine_hour_price,
                currency=self._settings.currency,
            ),
        )

    async def latest(self, tenant: str, restaurant_id: str, analysis: AnalysisName) -> Result:
        """The stored result, `stale` where reviews, labels or the judge have changed since; what was deleted or rewritten is quoted no more.

        Raises NotFound where nothing is stored.
        """
        await self._reviews.restaurant(tenant, restaurant_id)
        stored = await self._results.latest(tenant, restaurant_id, analysis)
        if stored is None:
            raise NotFound(f"Restaurant {restaurant_id} has no stored {analysis}; ask for one first.")
        standings = await self._standings(tenant, restaurant_id)
        tell(self._hooks, ResultServed(tenant=tenant, restaurant_id=restaurant_id))
        if await self._reviews.revision(tenant, restaurant_id) == stored.meta.revision:
            by_another = _is_by_another(stored, await self._asked(Work(tenant=tenant, kind=analysis)))
            return standings.shown(
                _with_meta(stored, stale=by_another or stored.meta.feedback != standings.corrected_to)
            )
        return standings.shown(await self._stale(stored, tenant))

    async def progress(
        self, restaurant_id: str, since: datetime, caller: Caller, *, language: str | None = None
    ) -> Progress:
        """What has changed since a day. Raises as `sentiment`."""
        if since.tzinfo is None or since > self._clock.now():
            raise Invalid.of(Fault(where="since", wrong=f"is {since}", right="a past time with Z or an offset"))
        ask = Ask(restaurant_id=restaurant_id, language=language)
        opened = await self._open(ask, caller, "strengths")
        before = await self._results.latest(caller.tenant, restaurant_id, "strengths", _ask_hash(ask), until=since)
        now = await self._answer(STRENGTHS, ask, caller)
        async with self._turn(ask, caller):
            snapshot = await self._snapshot(ask, caller.tenant, opened.revision)
            judged = opened.standings.applied(await self._judged(snapshot, opened.judge))
        return await asyncio.to_thread(
            progress,
            judged,
            since,
            language=wording.majority([review.language for review in snapshot.reviews], language),
            before=opened.standings.shown(before) if isinstance(before, StrengthsResult) else None,
            now=now,
        )

    async def _standings(self, tenant: str, restaurant_id: str) -> Standings:
        return await read_standings(self._feedback, self._reviews, tenant, restaurant_id)

    async def _stale(self, stored: R, tenant: str) -> R:
        """The stored result as it may still be shown: without quotes and citations of reviews that are gone."""
        body = stored.model_dump()
        quotes = list(_quotes(body))
        keys = [(stored.restaurant_id, review_id) for review_id in _cited(body)]
        living = {review.id: review for review in await self._reviews.reviews_by_id(tenant, keys)}
        unsaid = {quote["review_id"] for quote in quotes if not self._says(living.get(quote["review_id"]), quote)}
        _withhold(body, kept=living.keys() - unsaid)
        changes = await self._reviews.changes(tenant, stored.restaurant_id, after=stored.meta.revision)
        lag_s = (self._clock.now() - changes.mean_at).total_seconds() if changes.mean_at else 0.0
        staleness = Lag(changes=changes.number, mean_s=max(0.0, lag_s))
        return _with_meta(type(stored).model_validate(body), stale=True, staleness=staleness)

    def _says(self, review: Review | None, quote: Body) -> bool:
        if review is None:
            return False
        text = self._mask(review.content) if quote["masked"] else review.content
        return bool(text[quote["start"] : quote["end"]] == quote["text"])

    async def history(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[list[Run], str | None]:
        """Runs, newest first, and the cursor of the next page (None: this is the last)."""
        after = _after(cursor) if cursor is not None else None
        runs = await self._results.history(tenant, restaurant_id, analysis, after=after, limit=limit + 1)
        page = runs[:limit]
        return page, _cursor(page[-1]) if len(runs) > limit and page else None

    async def published(self) -> list[Published]:
        """Of every restaurant, where its newest plain results stand: of all its reviews, in their own language."""
        return await self._results.published(PLAIN)

    async def forget(self, tenant: str, restaurant_ids: Collection[str]) -> int:
        """Remove stored results that may quote an erased person; a run under way is not stored. How many went."""
        self._erasures += 1
        self._recent.clear()
        return await self._results.forget(tenant, restaurant_ids)

    async def _open(self, ask: Ask, caller: Caller, *analyses: AnalysisName) -> Opening:
        """How things stand now. Raises Invalid, NotFound, Unavailable."""
        _check(ask)
        work = Work(tenant=caller.tenant, kind=analyses[0], urgency=ask.urgency)
        judge = await self._asked(work)
        writer = None if self._writer_of is None else await self._writer_of(work)
        if ask.reviews is not None:
            return Opening(analyses, judge, writer)
        revision = await self._reviews.revision(caller.tenant, ask.restaurant_id)
        about = (caller.tenant, ask.restaurant_id, ask.window)
        if not self._recent.snapshot(about, revision, as_of=self._clock.now()):
            await self._reviews.restaurant(caller.tenant, ask.restaurant_id)
        standings = await self._standings(caller.tenant, ask.restaurant_id)
        return Opening(analyses, judge, writer, revision, standings)

    async def _asked(self, work: Work) -> Judge:
        """Who judges for the tenant."""
        return self._judge if self._judge_of is None else await self._judge_of(work)

    async def _answer(self, kind: Kind[R], ask: Ask, caller: Caller, opening: Awaitable[Opening] | None = None) -> R:
        """Join the same run of the same class where one is under way, else make it; leave a record of how it ended.

        Whoever waits never joins a run that can wait: they share what is asked of a model, question by question.
        """
        began, started_at = self._clock.monotonic(), self._clock.now()
        outcome = "internal"
        result: R | None = None
        judge = self._judge
        try:
            opened = await (opening or self._open(ask, caller, kind.name))
            judge = opened.judge
            key: tuple[object, ...] = (self._new_id(),)  # sent inline: nobody else's
            if ask.reviews is None:
                about = (opened.revision, opened.standings.corrected_to, opened.judge.name, ask.refresh)
                key = (caller.tenant, ask.restaurant_id, kind.name, _ask_hash(ask), *about, ask.urgency, ask.on_refusal)
            answer, joined = await self._together(
                key, lambda: self._make(kind, ask, caller, opened, began=began, started_at=started_at)
            )
            result, outcome = answer[0], "joined" if joined else answer[1]
        except MatjipError as error:
            outcome = error.code
            raise
        finally:
            seconds = self._clock.monotonic() - began
            run = self._run_of(
                kind, ask, caller, result, judge, outcome=outcome, started_at=started_at, seconds=seconds
            )
            if outcome not in MADE:  # who made it has left its record with it
                await self._leave(run, None, ask)
            self._report(run, seconds)
        if ask.reviews is None and caller.actor != ACTOR:
            tell(self._hooks, ResultServed(tenant=caller.tenant, restaurant_id=ask.restaurant_id))
        return opened.standings.shown(_with_meta(result, request_id=caller.request_id))

    async def _make(
        self,
        kind: Kind[R],
        ask: Ask,
        caller: Caller,
        opened: Opening,
        *,
        began: float,
        started_at: datetime,
    ) -> tuple[R, str]:
        """Work it out and store it before anybody is told: whoever asks next finds it, or joins while it is under way."""
        erasures = self._erasures
        result, outcome = await self._run(kind, ask, caller, opened)
        if outcome in MADE:
            seconds = self._clock.monotonic() - began
            run = self._run_of(
                kind, ask, caller, result, opened.judge, outcome=outcome, started_at=started_at, seconds=seconds
            )
            await self._leave(run, result, ask)
            if run.stored and _ask_hash(ask) == PLAIN:
                about = {"restaurant_id": run.restaurant_id, "analysis": run.analysis}
                tell(self._hooks, ResultPublished(tenant=run.tenant, revision=result.meta.revision, **about))
            if erasures != self._erasures:  # somebody was erased meanwhile, whom the result may quote
                await self._results.forget(caller.tenant, [ask.restaurant_id])
        return result, outcome

    def _run_of(
        self,
        kind: Kind[R],
        ask: Ask,
        caller: Caller,
        result: R | None,
        judge: Judge,
        *,
        outcome: str,
        started_at: datetime,
        seconds: float,
    ) -> Run:
        meta = result.meta if result is not None else None
        made = outcome in MADE
        return Run(
            run_id=meta.run_id if meta and made else self._new_id(),
            tenant=caller.tenant,
            restaurant_id=ask.restaurant_id,
            analysis=kind.name,
            actor=caller.actor,
            request_id=caller.request_id,
            started_at=started_at,
            duration_ms=seconds * 1_000,
            engine=meta.engine if meta else self._engine,
            model=judge.name,
            reviews=meta.counts.considered if meta else 0,
            tokens=meta.usage.tokens if meta and made else 0,
            outcome=outcome,
            stored=bool(meta and meta.stored and made),
            snapshot_hash=meta.snapshot_hash if meta else None,
        )

    async def _leave(self, run: Run, result: Result | None, ask: Ask) -> None:
        if run.outcome in ("invalid", "not_found"):
            return  # refused at the door: no run of any restaurant, and its ids may be anything
        await self._results.keep(run, result if run.stored else None, ask_hash=_ask_hash(ask))

    def _report(self, run: Run, seconds: float) -> None:
        record = AnalysisFinished(
            analysis=run.analysis, engine=run.engine, outcome=run.outcome, reviews=run.reviews, seconds=seconds
        )
        tell(self._hooks, record)

    async def _together(
        self, key: tuple[object, ...], start: Callable[[], Coroutine[object, object, tuple[R, str]]]
    ) -> tuple[tuple[R, str], bool]:
        """One run a key; whoever comes while it is under way gets its answer. When nobody waits any more, it ends."""
        known = cast("Flight[R] | None", self._flights.get(key))
        flight = known or Flight(asyncio.create_task(start(), name=f"analysis {key[:3]}"))
        joined = known is not None
        self._flights[key] = cast("Flight[Result]", flight)
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), joined
        finally:
            flight.waiting -= 1
            if self._flights.get(key) is flight and (flight.task.done() or not flight.waiting):
                del self._flights[key]
            if not flight.waiting and not flight.task.done():
                flight.task.cancel()

    async def _run(self, kind: Kind[R], ask: Ask, caller: Caller, opened: Opening) -> tuple[R, str]:
        began, erasures, standings = self._clock.monotonic(), self._erasures, opened.standings
        turn = self._turn(ask, caller)
        async with turn:
            snapshot = await self._snapshot(ask, caller.tenant, opened.revision)
        stored = None
        if not snapshot.inline:
            stored = (await self._stored(ask, caller, opened)).get(kind.name)
        try:
            peers, language, name = await self._named(kind, ask, snapshot, opened)
            is_known = isinstance(stored, kind.shape) and stored.meta.snapshot_hash == name and not stored.meta.degraded
            if is_known and isinstance(stored, kind.shape) and not ask.refresh:
                if stored.meta.revision == snapshot.revision:
                    return _with_meta(stored, reused=True, stale=False), "reused"
                return _again(stored, snapshot, run_id=self._new_id()), stored.status
            async with turn:
                judged = standings.applied(await self._judged(snapshot, opened.judge))
            if ask.on_refusal == "error" and judged.no_room_s is not None:
                raise Unavailable(NO_ROOM, retry_after_s=judged.no_room_s)
        except Unavailable:
            if not isinstance(stored, kind.shape):
                raise
            return await self._stale(stored, caller.tenant), "unavailable"
        if kind.name == "sentiment" and self._watch and not snapshot.inline and snapshot.window == Window():
            await self._watch(judged)
        draft = Draft(
            judged=judged,
            meta=self._meta(judged, caller, name=name, language=language, stored=not snapshot.inline).model_copy(
                update={"feedback": standings.corrected_to}
            ),
            language=language,
            min_support=self._settings.least_support(judged.considered),
            peers=peers,
        )
        size = judged.considered + len(peers.profiles)
        result, facts = await _aside(size, lambda: kind.work_out(self, draft))
        verdicts: tuple[Verdict[str], ...] = ()
        if opened.writer is not None:
            result, verdicts = await worded(result, facts, opened.writer, mask=self._mask, hooks=self._hooks)
        result = _with_meta(
            result,
            **_made_by(result.meta, verdicts),
            usage=Usage(
                reviews_judged=judged.considered,
                duration_ms=(self._clock.monotonic() - began) * 1_000,
                tokens=judged.tokens + sum(verdict.tokens for verdict in verdicts),
            ),
            stored=result.meta.stored and erasures == self._erasures,
        )
        return result, result.status

    def _turn(self, ask: Ask, caller: Caller) -> asyncio.Lock:
        """Held while reviews are read or judged: what one analysis does, the others of that moment and class use. Reviews that
        were sent with a question are nobody else's, and wait for nobody."""
        if ask.reviews is not None:
            return asyncio.Lock()
        return self._turns.setdefault((caller.tenant, ask.restaurant_id, ask.window, ask.urgency), asyncio.Lock())

    async def _named(
        self, kind: Kind[R], ask: Ask, snapshot: Snapshot, opened: Opening
    ) -> tuple[Peers, wording.Language, str]:
        """Whom it is compared with, the sentences' language, and the name of what would be said: of equal names one result."""
        peers = await self._peers(snapshot) if kind.name == "strengths" else Peers()
        language = wording.majority([review.language for review in snapshot.reviews], ask.language)
        name = snapshot.hash(
            kind.name,
            VERSION,
            language,
            opened.judge.name,
            self._rules,
            peers.fingerprint(),
            str(opened.standings.corrected_to),
            *([opened.writer.name] if opened.writer and kind.name != "sentiment" else ()),
        )
        return peers, language, name

    async def _stored(self, ask: Ask, caller: Caller, opened: Opening) -> dict[AnalysisName, Result]:
        """The newest results of this ask, as they are when the first of the analyses runs."""
        opened.stored = opened.stored or asyncio.create_task(
            self._results.latest_of_each(caller.tenant, ask.restaurant_id, opened.analyses, _ask_hash(ask))
        )
        return await asyncio.shield(opened.stored)

    async def _snapshot(self, ask: Ask, tenant: str, revision: int) -> Snapshot:
        as_of = self._clock.now()
        if ask.reviews is not None:
            inline = ask.reviews
            return await _aside(
                len(inline),
                lambda: from_inline(
                    inline,
                    tenant=tenant,
                    restaurant_id=ask.restaurant_id,
                    as_of=as_of,
                    window=ask.window,
                    language_of=self._language_of,
                ),
            )
        return await self._stored_snapshot(tenant, ask.restaurant_id, ask.window, revision)

    async def _stored_snapshot(self, tenant: str, restaurant_id: str, window: Window, revision: int) -> Snapshot:
        """The reviews, at the revision that was read before them or a later one."""
        as_of = self._clock.now()
        known = self._recent.snapshot((tenant, restaurant_id, window), revision, as_of=as_of)
        if known is not None:
            return known
        found = await self._reviews.reviews(tenant, restaurant_id)
        snapshot = await asyncio.to_thread(
            lambda: from_record(
                found,
                tenant=tenant,
                restaurant_id=restaurant_id,
                revision=revision,
                as_of=as_of,
                window=window,
                language_of=self._language_of,
            )
        )
        if await self._reviews.revision(tenant, restaurant_id) == revision:  # else it may hold reviews of a later one
            self._recent.keep(snapshot)
        return snapshot

    async def _judged(self, snapshot: Snapshot, judge: Judge) -> Judged:
        known = self._recent.judged(snapshot)
        if known is not None and known.judge == judge.name:
            return known
        texts, erasures = snapshot.texts, self._erasures
        found = await judge.judge(FindAspects(texts)) if texts else ()
        mentions = tuple(verdict.answer for verdict in found)
        sentiments = await judge.judge(JudgeSentiment(texts, mentions)) if texts else ()
        duplicates = await _aside(len(texts), lambda: self._near_duplicates(texts))
        judged = Judged(
            snapshot=snapshot,
            sentiments=sentiments,
            mentions=mentions,
            duplicates=tuple(duplicates),
            units=units([review.author for review in snapshot.reviews], duplicates),
            judge=judge.name,
            tokens=sum(verdict.tokens for verdict in (*found, *sentiments)),
        )
        if erasures == self._erasures and self._recent.snapshot(
            (snapshot.tenant, snapshot.restaurant_id, snapshot.window), snapshot.revision, as_of=snapshot.as_of
        ):
            self._recent.keep(snapshot, judged)
        return judged

    async def _peers(self, snapshot: Snapshot) -> Peers:
        """The tenant's other restaurants, and the profiles of those that the group is made of."""
        position = await self._reviews.position()
        listing = await self._directory.of(snapshot.tenant, position)
        here = listing.restaurants.get(snapshot.restaurant_id)
        others = tuple(each for each in listing.restaurants.values() if each.id != snapshot.restaurant_id)
        counts = listing.review_counts
        rules = self._settings.rules(len(snapshot.reviews))
        chosen_by, ids = choose_group(here, others, counts, rules)
        alike: tuple[str, ...] = ()
        if chosen_by == EVERYONE and len(others) > rules.group_similar_restaurants:
            alike = await self._alike.to(snapshot.tenant, snapshot.restaurant_id, counts)
            _, ids = choose_group(here, others, counts, rules, alike=alike)
        language = _most_written_in(snapshot)
        counted = counted_in(snapshot.window, language)
        profiles, counted_to = await self._profiles.of(snapshot.tenant, ids, counted, position=position)
        return Peers(
            here=here,
            others=others,
            review_counts=tuple(sorted((each, counts.get(each, 0)) for each in ids or counts)),
            profiles=tuple(sorted(profiles.items())),
            alike=alike,
            language=language,
            counted_to=counted_to,
        )

    def _is_built_in(self, judge: Judge) -> bool:
        """Whether it asks no language model."""
        return judge.name.partition("/")[0] == self._engine

    @property
    def _engine(self) -> str:
        return self._judge.name.partition("/")[0]

    def _meta(self, judged: Judged, caller: Caller, *, name: str, language: wording.Language, stored: bool) -> Meta:
        engines = sorted({verdict.engine for verdict in judged.sentiments})
        models = sorted({verdict.model for verdict in judged.sentiments})
        return Meta(
            run_id=self._new_id(),
            request_id=caller.request_id,
            as_of=judged.snapshot.as_of,
            revision=judged.snapshot.revision,
            snapshot_hash=name,
            stored=stored,
            degraded=judged.is_degraded,
            engine="+".join(engines) or self._engine,
            model=" ".join(models) or judged.judge,
            window=judged.snapshot.window,
            counts=judged.counts(),
            usage=Usage(reviews_judged=judged.considered, duration_ms=0.0),
            disclosure=wording.disclosure(judged.considered, language),
        )

    def work_out_sentiment(self, draft: Draft) -> tuple[SentimentResult, Mapping[str, Facts]]:
        leaning = lean(draft.judged, self._quality.positive)
        found = SentimentResult(
            restaurant_id=draft.judged.snapshot.restaurant_id,
            status="ok" if leaning.total else "insufficient_evidence",
            meta=draft.meta,
            positive_count=leaning.counts["positive"],
            negative_count=leaning.counts["negative"],
            neutral_count=leaning.counts["neutral"],
            total_count=leaning.total,
            positive_ratio=leaning.ratios["positive"],
            negative_ratio=leaning.ratios["negative"],
            neutral_ratio=leaning.ratios["neutral"],
            positive_interval=leaning.positive_interval,
            sampling_interval=leaning.sampling_interval,
            by_month=leaning.by_month,
            reviews=leaning.reviews,
        )
        return found, {}

    def work_out_summary(self, draft: Draft) -> tuple[SummaryResult, Mapping[str, Facts]]:
        said = summarise(
            draft.judged,
            language=draft.language,
            min_support=draft.min_support,
            mask=self._mask,
            quotes=self._settings.quotes_per_statement,
            quote_chars=self._settings.quote_max_chars,
        )
        found = SummaryResult(
            restaurant_id=draft.judged.snapshot.restaurant_id,
            status="ok" if said.overall else "insufficient_evidence",
            meta=draft.meta,
            language=draft.language,
            overall=said.overall,
            positive_count=said.leaning[0],
            negative_count=said.leaning[1],
            positive=said.positive,
            negative=said.negative,
            aspects=said.aspects,
        )
        return found, said.facts

    def work_out_strengths(self, draft: Draft) -> tuple[StrengthsResult, Mapping[str, Facts]]:
        done = find_strengths(
            Working(
                judged=draft.judged,
                language=draft.language,
                rules=self._settings.rules(draft.judged.considered),
                mask=self._mask,
                here=draft.peers.here,
                others=draft.peers.others,
                review_counts=dict(draft.peers.review_counts),
                profiles=dict(draft.peers.profiles),
                alike=draft.peers.alike,
                compared_language=draft.peers.language,
                counted_to=draft.peers.counted_to,
                quality=self._quality,
            )
        )
        found = StrengthsResult(
            restaurant_id=draft.judged.snapshot.restaurant_id,
            status="ok" if done.strengths else "insufficient_evidence",
            meta=draft.meta,
            language=draft.language,
            strengths=done.strengths,
            group=done.group,
            comparison=done.comparison,
            steps=done.steps,
        )
        return found, done.facts


SENTIMENT = Kind("sentiment", SentimentResult, Analyses.work_out_sentiment)
SUMMARY = Kind("summary", SummaryResult, Analyses.work_out_summary)
STRENGTHS = Kind("strengths", StrengthsResult, Analyses.work_out_strengths)
KINDS: dict[AnalysisName, Kind[SentimentResult] | Kind[SummaryResult] | Kind[StrengthsResult]] = {
    "sentiment": SENTIMENT,
    "summary": SUMMARY,
    "strengths": STRENGTHS,
}


async def _aside(size: int, work: Callable[[], A]) -> A:
    """Do it in a thread, so that the loop goes on meanwhile; what is small is done here."""
    return work() if size <= FEW else await asyncio.to_thread(work)


async def _each(answer: Callable[[Ask], Awaitable[A]], asks: Sequence[Ask]) -> list[A | MatjipError]:
    answers: list[A | MatjipError] = []
    for ask in asks:
        try:
            answers.append(await answer(ask))
        except MatjipError as error:
            answers.append(error)
    return answers


def _with_meta(result: R, **changes: object) -> R:
    return result.model_copy(update={"meta": result.meta.model_copy(update=changes)})


def _made_by(meta: Meta, verdicts: Sequence[Verdict[str]]) -> Body:
    """Provenance once texts were worded: also who worded them, with which prompts, and whether somebody asked did not answer."""
    engines = {*meta.engine.split("+"), *(verdict.engine for verdict in verdicts if verdict.engine == ENGINE)}
    models = {*meta.model.split(), *(verdict.model for verdict in verdicts if verdict.engine == ENGINE)}
    return {
        "engine": "+".join(sorted(engines)),
        "model": " ".join(sorted(models)),
        "prompt_version": next(
            (model.rpartition("/")[2] for model in sorted(models) if model.startswith(f"{ENGINE}/")), None
        ),
        "degraded": meta.degraded or any(verdict.instead_of is not None for verdict in verdicts),
    }


def _again(result: R, snapshot: Snapshot, *, run_id: str) -> R:
    """The same result of a later time: what changed since said nothing else."""
    return _with_meta(result, run_id=run_id, as_of=snapshot.as_of, revision=snapshot.revision, stale=False)


def _is_by_another(result: Result, judge: Judge) -> bool:
    """Whether a judge of the same engine made it that answers no more. What a person corrected has no engine of its own."""
    engine = judge.name.partition("/")[0] + "/"
    return any(model != judge.name for model in result.meta.model.split() if model.startswith(engine))


def _parts(body: object) -> Iterator[Body]:
    """Every table in a dumped result, itself among them."""
    if isinstance(body, dict):
        yield body
    for part in body.values() if isinstance(body, dict) else body if isinstance(body, tuple | list) else ():
        yield from _parts(part)


def _is_quote(part: object) -> bool:
    return isinstance(part, dict) and "start" in part and "text" in part


def _quotes(body: Body) -> Iterator[Body]:
    """Every quote in a dumped result."""
    return filter(_is_quote, _parts(body))


def _cited(body: Body) -> Iterator[str]:
    """The id of every review that a dumped result cites or quotes."""
    for part in _parts(body):
        yield from part.get("review_ids", ())
        if _is_quote(part):
            yield part["review_id"]


def _withhold(body: Body, *, kept: Collection[str]) -> None:
    """Leave only citations and quotes of these reviews in a dumped result; its counts stay those of its time."""
    for part in list(_parts(body)):
        for name, value in part.items():
            if name == "review_ids":
                part[name] = tuple(one for one in value if one in kept)
            elif name == "quotes":
                part[name] = tuple(quote for quote in value if quote["review_id"] in kept)
            elif _is_quote(value) and value["review_id"] not in kept:
                part[name] = None


def _most_written_in(snapshot: Snapshot) -> str:
    """The language of most of the reviews; Korean on a tie, as for the sentences; none without reviews."""
    written = Counter(review.language for review in snapshot.reviews)
    return min(written, key=lambda language: (-written[language], language != "ko", language), default="")


def _check(ask: Ask) -> None:
    """Raise Invalid with every fault of the ask."""
    faults: list[Fault] = []
    if ask.language is not None and ask.language not in wording.LANGUAGES:
        faults.append(Fault(where="language", wrong=f"is {ask.language!r}", right="ko or en"))
    window = ask.window
    if window.since is not None and window.until is not None and window.since >= window.until:
        faults.append(Fault(where="window.since", wrong="is not before window.until", right="an earlier time"))
    if any(at is not None and at.tzinfo is None for at in (window.since, window.until)):
        faults.append(
            Fault(where="window", wrong="holds a time without its zone", right="ISO 8601 with Z or an offset")
        )
    seen: set[str] = set()
    for at, review in enumerate(ask.reviews or ()):
        where = f"reviews[{at}]"
        if review.id in seen:
            faults.append(Fault(where=f"{where}.id", wrong="is used twice", right="an id of its own"))
        seen.add(review.id)
        if review.created_at is not None and review.created_at.year not in YEARS:
            right = f"a year from {YEARS[0]} to {YEARS[-1]}"
            faults.append(
                Fault(where=f"{where}.created_at", wrong=f"is in the year {review.created_at.year}", right=right)
            )
        if len(review.content) > MAX_CONTENT_CHARS:
            wrong = f"has {len(review.content):,} characters"
            faults.append(Fault(where=f"{where}.content", wrong=wrong, right=f"at most {MAX_CONTENT_CHARS:,}"))
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in review.content):
            faults.append(Fault(where=f"{where}.content", wrong="holds a NUL or half a surrogate pair", right="text"))
    if faults:
        raise Invalid.of(*faults)


def _ask_hash(ask: Ask) -> str:
    """Equal for asks that a result of one answers for the other: the same window and language."""
    same = orjson.dumps([ask.window.model_dump(mode="json"), ask.language])
    return hashlib.blake2b(same, digest_size=ASK_HASH_BYTES).hexdigest()


PLAIN = _ask_hash(Ask(restaurant_id=""))  # of all reviews, in their own language; the same of every restaurant


def _cursor(run: Run) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([to_micros(run.started_at), run.run_id])).decode().rstrip("=")


def _after(cursor: str) -> RunCursor:
    try:
        content = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        content = None
    match content:
        case [int(started_us), str(run_id)]:
            return started_us, run_id
    raise Invalid.of(Fault(where="cursor", wrong="was not made here", right="the next_cursor of a page, unchanged"))
