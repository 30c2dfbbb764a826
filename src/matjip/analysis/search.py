"""Finding reviews by words and by meaning; hits are read again from the record, so that what is shown is what stands."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from matjip.analysis.ask import SearchAsk
from matjip.analysis.projection import Projector, said
from matjip.analysis.result import Hit, SearchResult, Span, Why
from matjip.caller import Caller
from matjip.clock import Clock
from matjip.errors import Fault, Invalid, MatjipError, NotFound, NotReady, Unavailable
from matjip.index.index import Filter, Found, Index, Query, Weights
from matjip.index.words import highlights, runs
from matjip.inference.embedder import Embedder, EmbedderOf
from matjip.inference.judge import Judge
from matjip.inference.task import ExpandQuery, Expansion, FindAspects, Mention
from matjip.reviews.review import Restaurant, Review
from matjip.reviews.store import Reviews
from matjip.reviews.validate import is_storable
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import AnalysisFinished, Hook

__all__ = ["MAX_LIMIT", "MAX_QUERY_CHARS", "THING_WEIGHTS", "WEIGHTS", "Indexed", "Search", "asked_words", "weights_of"]

MAX_LIMIT = 100  # hits a page; each is read from the record
MAX_QUERY_CHARS = 1_000  # a situation takes a paragraph; more is a review, not a query
RESTAURANTS_PER_PAGE = 1_000
EXPANDED_WEIGHT = 0.5  # a word that was added counts half of one that was asked
THING_WEIGHT = 3.0  # "파스타" in "파스타 맛있는 집": what a review must hold to be an answer
OPINION_WEIGHT = 0.5  # "맛있는": a review may say so in other words, and agreement counts that it does
PLACE_WEIGHT = 0.25  # "집": every review is of one
PLACES = frozenset(
    [
        "집",
        "곳",
        "데",
        "식당",
        "가게",
        "맛집",
        "카페",
        "음식점",
        "레스토랑",
        "place",
        "places",
        "restaurant",
        "restaurants",
        "spot",
        "cafe",
    ]
)
# Names of a whole aspect: a review speaks of it in a hundred words, and agreement counts that it does.
WHOLE = frozenset(
    [
        "맛",
        "음식",
        "요리",
        "메뉴",
        "식사",
        "향",
        "재료",
        "반찬",
        "food",
        "foods",
        "meal",
        "meals",
        "dish",
        "dishes",
        "taste",
        "flavor",
        "flavors",
        "menu",
    ]
)
# Chosen on the tuning half of `scripts/bench retrieval`; bench/reports/retrieval.md.
WEIGHTS = Weights(dense=1.0, words=1.0, said=2.0)
# Where the query names a dish, what holds it comes first. The labels there cannot tell one dish from another, and people can.
THING_WEIGHTS = Weights(dense=1.0, words=4.0, said=1.0)
CURSOR_BYTES = 16  # of the fingerprint: enough to tell two queries apart
THINGS = frozenset({"taste", "menu"})  # aspects whose things are without end: dishes
Kind = Literal["search", "images"]
NO_EXPANSION = Expansion(situation=None, terms=())


@dataclass(frozen=True, slots=True)
class Indexed:
    """An index, who makes a query's vector for it, and who brings it up to date."""

    index: Index
    embedder: Embedder
    projector: Projector


class _Page(NamedTuple):
    """Where a page begins, by what its cursor says."""

    offset: int = 0
    position: int = 0  # of the index, when the cursor was made
    is_by_words: bool = False  # whoever embeds was away then: the whole search goes on without it


class Search:
    """Pages of reviews that match a query.

    Pages of one query hold every match once while `index_position` stays the same; a review that is written between
    two pages may move one hit across their border.
    """

    def __init__(
        self,
        reviews: Reviews,
        index: Index,
        embedder: Embedder,
        judge: Judge,
        projector: Projector,
        *,
        embedder_of: EmbedderOf | None = None,
        images: Indexed | None = None,
        language_of: Callable[[str], str],
        clock: Clock,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._reviews = reviews
        self._judge = judge
        self._texts = Indexed(index, embedder, projector)
        self._embedder_of = embedder_of or (lambda _: embedder)
        self._images = images or self._texts
        self._language_of = language_of
        self._clock = clock
        self._hooks = hooks

    async def search(self, ask: SearchAsk, caller: Caller) -> SearchResult:
        """One page of the reviews that match. Raises Invalid with every fault of the ask.

        While whoever embeds is away the query is read by its words alone, and the page says so (`degraded`). Raises
        Unavailable where no word finds anything then, and on a later page of a search that was read by its meaning too.
        """
        return await self._reported("search", ask, caller, among=self._texts)

    async def images(self, ask: SearchAsk, caller: Caller) -> SearchResult:
        """The same among the reviews that have images; they are chosen before the limit, not after.

        With an image index the vectors are of what the images show, else of the words. Raises Unavailable where whoever
        embeds images does not answer: a query that nobody has read finds nothing, which is not that nothing is there.
        """
        return await self._reported("images", replace(ask, has_image=True), caller, among=self._images)

    async def _reported(self, kind: Kind, ask: SearchAsk, caller: Caller, *, among: Indexed) -> SearchResult:
        began = self._clock.monotonic()
        outcome, found = "internal", 0
        try:
            result = await self._search(kind, ask, caller, among=among)
            outcome, found = "ok", len(result.hits)
        except MatjipError as error:
            outcome = error.code
            raise
        finally:
            record = AnalysisFinished(
                analysis=kind,
                engine="index",
                outcome=outcome,
                reviews=found,
                seconds=self._clock.monotonic() - began,
            )
            tell(self._hooks, record)
        return result

    async def _search(self, kind: Kind, ask: SearchAsk, caller: Caller, *, among: Indexed) -> SearchResult:
        whole = _fingerprint(kind, ask, caller)
        by_words = _fingerprint(kind, ask, caller, is_by_words=True)
        page = _check(ask, whole, by_words)
        vector, away = await self._meaning(ask, page, caller, among=among)  # first of all: another machine may be away
        index_position = await among.projector.catch_up_if_near()
        if page.position > index_position:
            raise NotReady("The index is being rebuilt and has not reached this page's state yet.", retry_after_s=5)
        log_position = await self._reviews.position()
        expansion = await self._expand(ask)
        heard = await self._heard(ask)
        words = asked_words(ask.query, heard)
        asked = tuple(words)
        added = tuple(term for term in expansion.terms if term.lower() not in asked)
        leaning = tuple(sorted(said(heard)))
        found, total = await among.index.search(
            caller.tenant,
            Query(
                words=(*words.items(), *((term, EXPANDED_WEIGHT) for term in added)),
                vector=np.zeros(among.embedder.dimensions, np.int8) if vector is None else vector,
                said=leaning,
                weights=weights_of(words),
                wanted=await self._wanted(ask, caller.tenant),
            ),
            offset=page.offset,
            limit=ask.limit,
        )
        if away and not total:
            raise away
        following, fingerprint = page.offset + len(found), by_words if vector is None else whole
        return SearchResult(
            query=ask.query,
            situation=expansion.situation,
            expanded_terms=added,
            asked=leaning,
            hits=await self._hits(found, (*asked, *added), caller.tenant),
            total=total,
            degraded=vector is None,
            next_cursor=_cursor(following, fingerprint, index_position) if found and following < total else None,
            request_id=caller.request_id,
            as_of=self._clock.now(),
            index_position=index_position,
            log_position=max(log_position, index_position),
            model=among.embedder.name,
        )

    async def _meaning(
        self, ask: SearchAsk, page: _Page, caller: Caller, *, among: Indexed
    ) -> tuple[NDArray[np.int8] | None, Unavailable | None]:
        """The query's vector; None where it is read by its words alone, with the reason where that begins here."""
        if page.is_by_words:
            return None, None
        embedder = self._embedder_of(caller.tenant) if among is self._texts else among.embedder
        try:
            return (await embedder.embed([ask.query]))[0], None
        except Unavailable as error:
            if among is not self._texts or ask.cursor is not None:
                raise
            return None, error

    async def _expand(self, ask: SearchAsk) -> Expansion:
        if not ask.expand:
            return NO_EXPANSION
        (verdict,) = await self._judge.judge(ExpandQuery((ask.query,)))
        return verdict.answer

    async def _heard(self, ask: SearchAsk) -> tuple[Mention, ...]:
        """What the query praises and blames: it asks for reviews that do the same."""
        if not ask.polarity:
            return ()
        (verdict,) = await self._judge.judge(FindAspects((ask.query,)))
        return verdict.answer

    async def _wanted(self, ask: SearchAsk, tenant: str) -> Filter:
        return Filter(
            restaurant_ids=await self._restaurant_ids(ask, tenant),
            languages=frozenset(ask.window.languages) or None,
            sources=frozenset(ask.window.sources) or None,
            rating_min=ask.rating_min,
            rating_max=ask.rating_max,
            since=ask.window.since,
            until=ask.window.until,
            has_image=ask.has_image,
        )

    async def _restaurant_ids(self, ask: SearchAsk, tenant: str) -> frozenset[str] | None:
        """Restaurants that are named, of one of the categories, and in one of the regions; None: all."""
        named = frozenset(ask.restaurant_ids)
        if not ask.categories and not ask.regions:
            return named or None
        categories, regions = _folded(ask.categories), _folded(ask.regions)
        chosen: set[str] = set()
        after: str | None = None
        while page := await self._reviews.restaurants(tenant, after=after, limit=RESTAURANTS_PER_PAGE):
            chosen |= {restaurant.id for restaurant in page if _is_among(restaurant, categories, regions)}
            after = page[-1].id
        return frozenset(chosen & named if named else chosen)

    async def _hits(self, found: Sequence[Found], words: Sequence[str], tenant: str) -> tuple[Hit, ...]:
        keys = [(hit.restaurant_id, hit.review_id) for hit in found]
        living = {
            (review.restaurant_id, review.id): review for review in await self._reviews.reviews_by_id(tenant, keys)
        }
        names = {restaurant_id: await self._name(tenant, restaurant_id) for restaurant_id in {key[0] for key in living}}
        return tuple(
            self._hit(hit, living[key], words=words, restaurant_name=names[key[0]])
            for key, hit in zip(keys, found, strict=True)
            if key in living
        )

    async def _name(self, tenant: str, restaurant_id: str) -> str | None:
        try:
            return (await self._reviews.restaurant(tenant, restaurant_id)).name
        except NotFound:
            return None

    def _hit(self, found: Found, review: Review, *, words: Sequence[str], restaurant_name: str | None) -> Hit:
        held, spans = highlights(review.content, words)
        return Hit(
            review_id=review.id,
            restaurant_id=review.restaurant_id,
            restaurant_name=restaurant_name,
            content=review.content,
            highlights=tuple(Span(start=start, end=end) for start, end in spans),
            rating=review.rating,
            language=review.language or self._language_of(review.content),
            source=review.source,
            images=review.images,
            created_at=review.created_at,
            score=found.score,
            why=Why(
                words=tuple(held),
                word_rank=found.word_rank,
                dense_rank=found.dense_rank,
                similarity=found.dense_similarity,
                said=found.said,
                against=found.against,
            ),
        )


def asked_words(query: str, heard: Sequence[Mention]) -> dict[str, float]:
    """The words of a query and how much each counts: a thing that it names the most, an opinion and the word for a place least."""
    words: dict[str, float] = {}
    for run in runs(query):
        weight = PLACE_WEIGHT if run.text in PLACES else 1.0
        for mention in heard:
            if mention.start <= run.start and run.end <= mention.end:
                thing = mention.target is not None and any(
                    run.text.startswith(one.text) for one in runs(mention.target)
                )
                weight = (
                    OPINION_WEIGHT
                    if not thing
                    else 1.0
                    if run.text in WHOLE or mention.aspect not in THINGS
                    else THING_WEIGHT
                )
        words[run.text] = max(weight, words.get(run.text, 0.0))
    return words


def weights_of(words: Mapping[str, float]) -> Weights:
    """How much each list counts for a query of these words."""
    return THING_WEIGHTS if THING_WEIGHT in words.values() else WEIGHTS


def _check(ask: SearchAsk, whole: str, by_words: str) -> _Page:
    """Where the page begins: its cursor was made for one of the two fingerprints. Raises Invalid."""
    faults: list[Fault] = []
    query = ask.query
    if not query.strip():
        faults.append(Fault(where="query", wrong="is empty", right="words to look for"))
    if len(query) > MAX_QUERY_CHARS:
        faults.append(Fault(where="query", wrong=f"has {len(query)} characters", right=f"at most {MAX_QUERY_CHARS}"))
    if not is_storable(query):
        faults.append(Fault(where="query", wrong="holds a NUL or half a surrogate pair", right="text"))
    if not 1 <= ask.limit <= MAX_LIMIT:
        faults.append(Fault(where="limit", wrong=f"is {ask.limit}", right=f"a number from 1 to {MAX_LIMIT}"))
    if ask.rating_min is not None and ask.rating_max is not None and ask.rating_min > ask.rating_max:
        faults.append(
            Fault(where="rating_min", wrong=f"is above rating_max ({ask.rating_max})", right="at most rating_max")
        )
    window = ask.window
    if window.since is not None and window.until is not None and window.since >= window.until:
        faults.append(Fault(where="window.since", wrong="is not before window.until", right="an earlier time"))
    if faults:
        raise Invalid.of(*faults)
    return _page(ask.cursor, whole, by_words) if ask.cursor is not None else _Page()


def _fingerprint(kind: Kind, ask: SearchAsk, caller: Caller, *, is_by_words: bool = False) -> str:
    """Equal for asks that differ in cursor and limit alone."""
    same = repr((caller.tenant, kind, replace(ask, cursor=None, limit=1), *(["words"] if is_by_words else [])))
    return hashlib.blake2b(same.encode(errors="surrogatepass"), digest_size=CURSOR_BYTES).hexdigest()


def _cursor(offset: int, fingerprint: str, position: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([offset, fingerprint, position])).decode().rstrip("=")


def _page(cursor: str, whole: str, by_words: str) -> _Page:
    broken = Fault(where="cursor", wrong="was not made here", right="the next_cursor of a page, unchanged")
    try:
        content = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise Invalid.of(broken) from None
    match content:
        case [int(offset), str(made_for), int(position)] if offset >= 0:
            if made_for not in (whole, by_words):
                raise Invalid.of(
                    Fault(
                        where="cursor", wrong="belongs to another query", right="the same query and filters as its page"
                    )
                )
            return _Page(offset, position, made_for == by_words)
    raise Invalid.of(broken)


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _is_among(restaurant: Restaurant, categories: frozenset[str], regions: frozenset[str]) -> bool:
    return (not categories or bool(categories & _folded(restaurant.categories))) and (
        not regions or (restaurant.region or "").casefold() in regions
    )
