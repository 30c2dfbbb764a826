"""Keeps published results fresh: follows the log, decides at each tick what is due, and runs it through the analyses.

What waits is held in memory and found again after a start: where the stored results stand, and what the log has after that.
Only the plain result of a restaurant is kept fresh, of all reviews and in their own language; one of a window or of another
language is worked out when it is asked for. One process refreshes at a time: nothing keeps two from doing the same work
but that the second finds it done.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from matjip.analysis.analyses import Analyses
from matjip.analysis.ask import Ask
from matjip.analysis.freshness import (
    HOUR_S,
    Every,
    Key,
    Policy,
    Priced,
    Said,
    Staleness,
    Tiers,
    Tracker,
    UpdateScore,
    novelty_ratio,
)
from matjip.analysis.reads import ACTOR, ReadCounter, Reads
from matjip.caller import Caller
from matjip.clock import Clock, Ids
from matjip.errors import MatjipError, NotFound
from matjip.inference.judge import Judge
from matjip.inference.task import FindAspects
from matjip.reviews.event import (
    Event,
    PersonErased,
    RestaurantDeleted,
    RestaurantUpserted,
    ReviewDeleted,
    ReviewUpserted,
)
from matjip.reviews.store import Reviews
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import logger
from matjip.telemetry.record import FreshnessStands, Hook, Record, RefreshFinished, ResultPublished

__all__ = ["FreshnessSettings", "News", "PolicyName", "Promise", "Refresher"]

PolicyName = Literal["matjip", "update_score", "tiers", "every"]
ROLL_CALL_S = HOUR_S  # how often what other processes published, and what was read, is looked up
DAY_S = 24 * HOUR_S
COST_LEAST, COST_MOST = 0.1, 10.0  # of a run beside a usual one: beyond these it was the machine
COST_MEMORY = 0.05  # weight of the newest run in what is usual
EVENTS_PER_BATCH = 1_000
PLAIN = ("sentiment", "summary", "strengths")


class FreshnessSettings(BaseModel):
    """How published results are kept fresh."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether `matjip serve` refreshes published results by itself.")
    policy: PolicyName = Field(
        default="matjip",
        description="What decides: matjip (fewest runs for the target), update_score, tiers (by reads), or every.",
    )
    target_hours: float = Field(
        default=1.0,
        gt=0,
        description="A published result is on average at most so far behind, under the policy matjip.",
    )
    window_hours: float = Field(default=24.0, ge=1, description="Changes of so long ago make the average.")
    tick_s: float = Field(default=60.0, gt=0, description="How often it is decided what to refresh.")
    max_wait_hours: float = Field(
        default=6.0,
        gt=0,
        description="No change waits longer than this to be reflected, under the policies matjip and update_score.",
    )
    max_runs_per_hour: int | None = Field(
        default=None, ge=1, description="Restaurants refreshed in an hour, at most; those that gain most go first."
    )
    first_results: bool = Field(
        default=False, description="Whether a restaurant without any result gets its first at its next change."
    )
    interval_minutes: float = Field(default=10.0, gt=0, description="Between refreshes, under the policy every.")
    score_threshold: float = Field(
        default=3.0, gt=0, description="review_count × novelty_ratio that is due, under the policy update_score."
    )
    hot_reads_per_day: float = Field(default=1_000.0, ge=0, description="From so many reads a restaurant is hot.")
    warm_reads_per_day: float = Field(default=100.0, ge=0, description="From so many it is warm; below, cold.")
    hot_minutes: float = Field(
        default=10.0, gt=0, description="Between refreshes of a hot one, under the policy tiers."
    )
    warm_minutes: float = Field(default=60.0, gt=0, description="The same of a warm one.")
    cold_minutes: float = Field(default=1_440.0, gt=0, description="The same of a cold one.")

    def chosen(self) -> Policy:
        """The policy, with its numbers."""
        target_s, max_wait_s = self.target_hours * HOUR_S, self.max_wait_hours * HOUR_S
        tiers = {self.hot_reads_per_day: self.hot_minutes, self.warm_reads_per_day: self.warm_minutes}
        made: dict[PolicyName, Callable[[], Policy]] = {
            "matjip": lambda: Priced(target_s, max_wait_s=max_wait_s),
            "update_score": lambda: UpdateScore(self.score_threshold, max_wait_s=max_wait_s),
            "tiers": lambda: Tiers(
                {0.0: self.cold_minutes * 60} | {reads: minutes * 60 for reads, minutes in tiers.items()}
            ),
            "every": lambda: Every(self.interval_minutes * 60),
        }
        return made[self.policy]()


class Promise(BaseModel):
    """What is promised of published results, and how it is kept by this process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(description="False: nobody refreshes in this process, and nothing is measured.")
    policy: PolicyName
    target_s: float = Field(description="The mean that the policy matjip keeps to.")
    window_s: float = Field(description="Changes recorded within it, and all that wait, are measured.")
    mean_s: float = Field(description="Mean time from a change to the published result that reflects it.")
    p95_s: float = Field(description="95 of 100 changes were reflected within this, to a twentieth.")
    changes: int = Field(description="How many changes were measured.")
    waiting_restaurants: int = Field(description="Restaurants whose results do not reflect their last changes.")
    waiting_changes: int
    published: int = Field(description="Restaurants whose results are kept fresh.")
    runs_last_day: int = Field(description="Restaurants refreshed in the last 24 hours, by this process.")
    failures_last_day: int = Field(description="Refreshes that failed meanwhile and were tried again.")
    price: float = Field(description="Review-hours that a run is worth at the moment; 0 for policies without a price.")


class News:
    """What was published since it was last asked: a hook for the analyses, as small as the number of restaurants."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._published: dict[tuple[Key, str], tuple[int, datetime]] = {}

    def hear(self, record: Record) -> None:
        """A hook."""
        if isinstance(record, ResultPublished):
            key = (record.tenant, record.restaurant_id)
            self._published[key, record.analysis] = (record.revision, self._clock.now())

    def take(self) -> Mapping[tuple[Key, str], tuple[int, datetime]]:
        """Restaurant and analysis → the log position that is reflected, and since when; in the order of publication."""
        taken, self._published = self._published, {}
        return taken


class Refresher:
    """Refreshes what is due, one restaurant after the other. A run that fails is tried again, later each time."""

    def __init__(
        self,
        reviews: Reviews,
        analyses: Analyses,
        judge: Judge,
        reads: Reads,
        *,
        news: News,
        counter: ReadCounter,
        clock: Clock,
        new_id: Ids,
        hooks: Sequence[Hook] = (),
        settings: FreshnessSettings | None = None,
    ) -> None:
        self._reviews = reviews
        self._analyses = analyses
        self._judge = judge
        self._reads = reads
        self._news = news
        self._counter = counter
        self._clock = clock
        self._new_id = new_id
        self._hooks = hooks
        self._settings = settings or FreshnessSettings()
        self._tracker: Tracker | None = None  # until the first step
        self._position = 0  # of the log, up to which it was heard
        self._reflected: dict[Key, dict[str, int]] = {}  # by analysis
        self._said: dict[Key, tuple[Said, Said]] = {}  # of what waits: reflected and new
        self._called_at = -float("inf")
        self._usual_s = 0.0  # time of a run
        self._ended: deque[tuple[float, bool]] = deque()  # runs of the last day, and whether they succeeded

    async def follow(self) -> None:
        """After each tick a step, until cancelled; what was read is written down meanwhile and at the end.

        Where a part does not answer, it is asked again at the next tick; any other error ends it.
        """
        try:
            while True:
                await self._clock.sleep(self._settings.tick_s)
                try:
                    if self._settings.enabled:
                        await self.step()
                    await self._counter.flush()
                except MatjipError as error:
                    logger("matjip").warning("results could not be refreshed", reason=error.message)
        finally:
            with suppress(MatjipError):
                await self._counter.flush()

    async def step(self, *, on_progress: Callable[[int, int], None] = lambda _done, _of: None) -> Counter[str]:
        """Hear what changed, and refresh what is due now; how the runs ended. `on_progress` hears how many of how many."""
        tracker = await self._heard()
        outcomes: Counter[str] = Counter()
        due = tracker.due(self._now())
        for done, key in enumerate(due):
            on_progress(done, len(due))
            outcomes[await self._refresh(tracker, key)] += 1
        self._tell(tracker)
        return outcomes

    def promise(self) -> Promise:
        """How fresh results are, as of the last step."""
        settings, tracker = self._settings, self._tracker
        found = tracker.staleness(self._now()) if tracker else Staleness()
        restaurants, changes = tracker.waiting if tracker else (0, 0)
        self._forget_ended()
        return Promise(
            enabled=settings.enabled,
            policy=settings.policy,
            target_s=settings.target_hours * HOUR_S,
            window_s=settings.window_hours * HOUR_S,
            mean_s=found.mean_s,
            p95_s=found.p95_s,
            changes=found.changes,
            waiting_restaurants=restaurants,
            waiting_changes=changes,
            published=len(tracker.published) if tracker else 0,
            runs_last_day=sum(succeeded for _, succeeded in self._ended),
            failures_last_day=sum(not succeeded for _, succeeded in self._ended),
            price=tracker.policy.price if tracker else 0.0,
        )

    async def _heard(self) -> Tracker:
        """The tracker with all that was recorded and published by now."""
        if self._tracker is None:
            tracker = Tracker(
                self._settings.chosen(),
                now=self._now(),
                window_s=self._settings.window_hours * HOUR_S,
                max_runs_per_hour=self._settings.max_runs_per_hour,
            )
            self._news.take()  # what was published before is found in the store
            self._position = await self._start_of(await self._call_roll(tracker))
            self._tracker = tracker
        elif self._now() - self._called_at >= ROLL_CALL_S:
            await self._call_roll(self._tracker)
        for (key, analysis), (revision, at) in self._news.take().items():
            self._stands(key, analysis, revision)
            self._published(self._tracker, key, at)
        end = await self._reviews.position()
        async for batch in self._reviews.events(after=self._position, until=end, batch=EVENTS_PER_BATCH):
            for event in batch:
                await self._hear(self._tracker, event)
                self._position = event.position
        return self._tracker

    async def _call_roll(self, tracker: Tracker) -> set[str]:
        """Take over what is published, whoever published it, and how often it is read; the tenants."""
        self._called_at = self._now()
        last: dict[Key, datetime] = {}
        for each in await self._analyses.published():
            key = (each.tenant, each.restaurant_id)
            self._stands(key, each.analysis, each.revision)
            last[key] = max(each.as_of, last.get(key, each.as_of))
        for key, at in last.items():
            self._published(tracker, key, at)
        if self._settings.policy == "tiers":
            read = await self._reads.since(self._clock.now() - timedelta(days=1))
            for key in tracker.published:
                tracker.weigh(key, reads_per_day=read.get(key, 0))
        return {tenant for tenant, _ in last}

    async def _start_of(self, tenants: set[str]) -> int:
        """The log position from which on something may not be reflected."""
        start = await self._reviews.position()
        for tenant in sorted(tenants):
            revisions = await self._reviews.revisions(tenant)
            for (of, restaurant_id), by_analysis in self._reflected.items():
                reflected = min(by_analysis.values())
                if of == tenant and revisions.get(restaurant_id, 0) > reflected:
                    start = min(start, reflected)
        return start

    def _stands(self, key: Key, analysis: str, revision: int) -> None:
        by_analysis = self._reflected.setdefault(key, {})
        by_analysis[analysis] = max(revision, by_analysis.get(analysis, 0))

    def _published(self, tracker: Tracker, key: Key, at: datetime) -> None:
        """What all of its stored results reflect, its published result reflects."""
        reflected = min(self._reflected[key].values())
        tracker.publish(key, at=at.timestamp(), position=reflected)
        self._reflect(tracker, key, at.timestamp(), reflected)

    def _reflect(self, tracker: Tracker, key: Key, at: float, position: int) -> None:
        tracker.reflected(key, at=at, position=position)
        self._said.pop(key, None)

    async def _hear(self, tracker: Tracker, event: Event) -> None:
        if isinstance(event.change, RestaurantDeleted):
            key = (event.tenant, event.change.restaurant_id)
            tracker.withdraw(key)
            self._reflected.pop(key, None)
            return
        for restaurant_id in _restaurants_of(event):
            key, at = (event.tenant, restaurant_id), event.at.timestamp()
            if self._settings.first_results and isinstance(event.change, ReviewUpserted):
                tracker.publish(key, at=at)
            novelty = await self._novelty(key, event) if self._settings.policy == "update_score" else 1.0
            tracker.changed(key, at=at, position=event.position, novelty=novelty)

    async def _novelty(self, key: Key, event: Event) -> float:
        """See `novelty_ratio`: of all that waits, this change among it, beside what is reflected."""
        review = event.change.review if isinstance(event.change, ReviewUpserted) else None
        if key not in self._said:
            tenant, restaurant_id = key
            others = [
                each.content
                for each in await self._reviews.reviews(tenant, restaurant_id)
                if review is None or each.id != review.id
            ]
            self._said[key] = (await self._says(others), Said())
        old, new = self._said[key]
        if review is not None:
            said = await self._says([review.content])
            new.aspects.update(said.aspects)
            new.pairs.update(said.pairs)
        return novelty_ratio(old, new)

    async def _says(self, texts: list[str]) -> Said:
        if not texts:
            return Said()
        found = [each for verdict in await self._judge.judge(FindAspects(tuple(texts))) for each in verdict.answer]
        return Said(
            aspects=Counter(each.aspect + ("+" if each.polarity == "positive" else "-") for each in found),
            pairs=Counter((each.aspect, each.opinion) for each in found if each.opinion),
        )

    async def _refresh(self, tracker: Tracker, key: Key) -> str:
        """Work out the three analyses anew; how it ended."""
        tenant, restaurant_id = key
        caller = Caller(tenant=tenant, actor=ACTOR, request_id=self._new_id())
        began, outcome = self._clock.monotonic(), "refreshed"
        try:
            # Read before the reviews are: a result that is given again names the position of its own time.
            position = await self._reviews.revision(tenant, restaurant_id)
            ask = Ask(restaurant_id=restaurant_id, urgency="background")
            results = await self._analyses.every(ask, caller)
            if any(result.meta.stale for result in results):
                outcome = "unavailable"
        except NotFound:
            tracker.withdraw(key)
            return "not_found"
        except MatjipError as error:
            outcome = error.code
            logger("matjip").warning("a refresh failed", restaurant=restaurant_id, reason=error.message)
        except Exception as error:  # noqa: BLE001 - one restaurant's fault stops no other's refresh
            outcome = "internal"
            logger("matjip").error("a refresh failed", restaurant=restaurant_id, exc_info=error)
        seconds, now = self._clock.monotonic() - began, self._now()
        if outcome == "refreshed":
            self._reflected[key] = dict.fromkeys(PLAIN, position)
            self._reflect(tracker, key, now, position)
            tracker.weigh(key, cost=self._cost(seconds))
        else:
            tracker.failed(key, now)
        self._ended.append((now, outcome == "refreshed"))
        tell(self._hooks, RefreshFinished(policy=tracker.policy.name, outcome=outcome, seconds=seconds))
        return outcome

    def _cost(self, seconds: float) -> float:
        """Of a run that took so long, beside a usual one."""
        self._usual_s += (seconds - self._usual_s) * (COST_MEMORY if self._usual_s else 1.0)
        return max(COST_LEAST, min(COST_MOST, seconds / self._usual_s)) if self._usual_s else 1.0

    def _tell(self, tracker: Tracker) -> None:
        found, (restaurants, changes) = tracker.staleness(self._now()), tracker.waiting
        tell(
            self._hooks,
            FreshnessStands(
                mean_s=found.mean_s,
                p95_s=found.p95_s,
                restaurants=restaurants,
                changes=changes,
                price=tracker.policy.price,
            ),
        )

    def _forget_ended(self) -> None:
        while self._ended and self._ended[0][0] < self._now() - DAY_S:
            self._ended.popleft()

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _restaurants_of(event: Event) -> Iterator[str]:
    """Whose results the change is not in: of each review, its restaurant's."""
    match event.change:
        case ReviewUpserted(review=review):
            yield review.restaurant_id
        case RestaurantUpserted(restaurant=restaurant):
            yield restaurant.id
        case ReviewDeleted(restaurant_id=restaurant_id):
            yield restaurant_id
        case PersonErased(reviews=reviews):
            yield from (restaurant_id for restaurant_id, _ in reviews)
        case RestaurantDeleted():
            pass
