"""The projections follow the record: events become points of the index and numbers of the counters, each batch with the
position that it brings them to. Each has its own position; what both need of a review is worked out once.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from matjip.analysis.counters import Counters, Opinions, month_of
from matjip.clock import Clock
from matjip.errors import NotReady, Unavailable
from matjip.index.index import Index, Point, PointKey
from matjip.inference.embedder import Embedder, EmbedderOf, ImageEmbedder, Vectors, unit_vectors
from matjip.inference.judge import Judge
from matjip.inference.task import FindAspects, Mention
from matjip.reviews.event import (
    Event,
    PersonErased,
    RestaurantDeleted,
    RestaurantUpserted,
    ReviewDeleted,
    ReviewUpserted,
)
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Reviews
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import CaughtUp, Hook, ProjectionStands

__all__ = ["ImageProjector", "ProjectionSettings", "Projector", "said"]

INDEX, IMAGES, COUNTERS = "index", "images", "counters"
RETRY_AFTER_S = 5  # as a search that waits for a rebuilt index
PATIENCE = 12  # failures that one step of a rebuild sits out: a minute, in which a model server starts again
T = TypeVar("T")
ReviewKey = tuple[str, str, str]  # tenant, restaurant id, review id
Upserts = dict[ReviewKey, ReviewDraft]
Removed = list[tuple[str, PointKey]]


class ProjectionSettings(BaseModel):
    """How the index and the counters follow the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events_per_batch: int = Field(
        default=2_000, ge=1, le=10_000, description="Events that become one transaction of each."
    )
    poll_interval_s: float = Field(
        default=1.0,
        gt=0,
        description="How soon writes of other processes are noticed; this process's own wake it at once.",
    )
    wait_max_events: int = Field(
        default=2_000,
        ge=0,
        description="A search first waits for an index at most so far behind; else it says how far it is.",
    )
    wait_max_s: float = Field(default=10.0, gt=0, le=600, description="And for so long at most.")

    def waiting_for(self, events: int, seconds: float) -> "ProjectionSettings":
        """The same for an embedder that takes its time: steps of so many events at most, and no search waits for more."""
        least = {name: min(getattr(self, name), events) for name in ("events_per_batch", "wait_max_events")}
        return self.model_copy(update={**least, "wait_max_s": min(self.wait_max_s, seconds)})


class Projector:
    """Brings the index and the counters to the end of the log. Safe to run twice, to stop anywhere, in several processes."""

    name = INDEX  # of the index, where it reports
    called = "index"  # in a sentence

    def __init__(
        self,
        reviews: Reviews,
        index: Index,
        embedder: Embedder,
        *,
        judge: Judge,
        counters: Counters | None,
        language_of: Callable[[str], str],
        clock: Clock,
        embedder_of: EmbedderOf | None = None,
        hooks: Sequence[Hook] = (),
        settings: ProjectionSettings | None = None,
    ) -> None:
        self._reviews = reviews
        self._index = index
        self._embedder_of = embedder_of or (lambda _: embedder)
        self._judge = judge
        self._counters = counters
        self._language_of = language_of
        self._clock = clock
        self._hooks = hooks
        self._settings = settings or ProjectionSettings()
        self._one_at_a_time = asyncio.Lock()
        self._woken = asyncio.Event()
        self._stood: dict[str, int] = {}  # where each was last seen, for when it cannot be asked

    async def catch_up(self, *, on_progress: Callable[[int], None] = lambda _: None) -> int:
        """Apply every event committed before the call; returns the position reached. Others who do so take turns with it.

        Raises Unavailable where whoever embeds, or the index, does not answer; the counters go on to the end without it.
        """
        target = await self._reviews.position()
        while True:
            async with self._one_at_a_time:
                try:
                    reached = await self._step(self._index, self._counters, target)
                except Unavailable:
                    await self._count_alone(target)
                    raise
            if reached is None:
                return await self._index.position()
            on_progress(reached)

    async def catch_up_if_near(self) -> int:
        """Catch up where that takes a moment (`wait_max_events`, `wait_max_s`); returns the position reached, behind the log or
        not. While whoever embeds is away, what is indexed has to do.

        Raises NotReady where nothing is indexed yet: an empty page would say that there is nothing.
        """
        if await self.behind() <= self._settings.wait_max_events:
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(self._settings.wait_max_s):
                    return await self.catch_up()
        self.wake()
        reached = await self._index.position()
        if not reached and await self._reviews.position():
            raise NotReady(
                f"The {self.called} is not built yet: a running server builds it, or `matjip rebuild-index`.",
                retry_after_s=RETRY_AFTER_S,
            )
        return reached

    async def behind(self) -> int:
        """Events still ahead of the index."""
        return await self._reviews.position() - await self._index.position()

    async def forget(self, tenant: str, keys: Sequence[PointKey]) -> None:
        """Take an erased person's reviews out of every collection now, whoever is away; positions stay.

        A step that read them before the erasure ends first, so that it cannot bring them back.
        """
        async with self._one_at_a_time:
            await self._index.forget(tenant, keys)
            if self._counters:
                await self._counters.forget(tenant, keys)

    async def rebuild(self, *, on_progress: Callable[[int], None] = lambda _: None) -> int:
        """Make index and counters again from the log, beside those in use, and put them in their place; the position.

        Searches go on in the old ones until then, in this process and in others, and lose nothing if this one is stopped.
        Where nothing was indexed yet there is nothing to go on with, and they are filled in place. An embedder that is away for
        a moment is waited for. `on_progress` hears each position that was reached.
        """
        if not await self._index.position():
            return await self._patiently(lambda: self.catch_up(on_progress=on_progress))
        index = await self._index.beside()
        counters = await self._counters.beside() if self._counters else None
        try:
            await self._fill(index, counters, on_progress=on_progress)
            async with self._one_at_a_time:
                await self._fill(index, counters)  # what was written meanwhile
                reached = await index.position()
                await index.publish()
                if counters:
                    await counters.publish()
        finally:
            await index.close()
        return reached

    def wake(self) -> None:
        """Tell `follow` that something was written."""
        self._woken.set()

    async def follow(self) -> None:
        """Catch up after each wake and at each interval, and tell each time how far behind it is, until cancelled.

        A dependency that does not answer is asked again at the next interval; any other error ends it.
        """
        while True:
            self._woken.clear()
            try:
                await self.catch_up()
            except Unavailable:
                self._woken.clear()
            await self._tell_where_it_stands()
            await self._rest()

    async def _tell_where_it_stands(self) -> None:
        """Report each projection's lag; one that does not answer stands where it was last seen."""
        with suppress(Unavailable):
            end = await self._reviews.position()
            followers: dict[str, Index | Counters] = {self.name: self._index}
            if self._counters:
                followers[COUNTERS] = self._counters
            for projection, follower in followers.items():
                with suppress(Unavailable):
                    self._stood[projection] = await follower.position()
                if projection in self._stood:
                    stood = self._stood[projection]
                    behind = max(0, end - stood)  # another process may write and index between the two readings
                    tell(self._hooks, ProjectionStands(projection=projection, position=stood, behind=behind))

    async def _rest(self) -> None:
        naps = {
            asyncio.create_task(self._clock.sleep(self._settings.poll_interval_s), name="projection-poll"),
            asyncio.create_task(self._woken.wait(), name="projection-wake"),
        }
        try:
            await asyncio.wait(naps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nap in naps:
                nap.cancel()
            await asyncio.gather(*naps, return_exceptions=True)

    async def _fill(
        self, index: Index, counters: Counters | None, *, on_progress: Callable[[int], None] = lambda _: None
    ) -> None:
        target = await self._reviews.position()
        while (reached := await self._patiently(lambda: self._step(index, counters, target))) is not None:
            on_progress(reached)

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Its answer, though a dependency be away for a moment: of what may be hours of work that must not cost all."""
        for _ in range(PATIENCE):
            try:
                return await act()
            except Unavailable as error:
                await self._clock.sleep(error.retry_after_s or RETRY_AFTER_S)
        return await act()

    async def _count_alone(self, target: int) -> None:
        """Bring the counters to the target, as far as that goes, while the index cannot follow."""
        with suppress(Unavailable):
            while self._counters and await self._step(None, self._counters, target) is not None:
                pass

    async def _step(self, index: Index | None, counters: Counters | None, target: int) -> int | None:
        """Apply one batch; the position that it brings to, or None where all stand at the target. None stays as it is."""
        stand = [await each.position() for each in (index, counters) if each]
        indexed, counted = stand[0], stand[-1]
        start = min(indexed, counted)
        if start >= target:
            return None
        began = self._clock.monotonic()
        # The one that is behind catches up alone as far as the other stands; then they go on together.
        events = await self._next_batch(start, target if indexed == counted else min(target, max(indexed, counted)))
        if not events:
            return None
        upserts, removed = self._kept(*_last_states(events))
        reached = events[-1].position
        is_indexed = index is not None and indexed == start
        vectors = (
            await self._vectors(upserts) if is_indexed and upserts else ()
        )  # first of all: another machine may be away
        says = [said(mentions) for mentions in await self._mentions(upserts)]
        languages = await self._languages(upserts)
        moved = []
        if index and indexed == start:
            points = _points(upserts, vectors, says, languages)
            await index.apply(points, removed, reached, after=start)
            moved.append(self.name)
        if counters and counted == start:
            opinions = [
                _opinions(tenant, review, language=language, says=each)
                for (tenant, _, _), review, language, each in zip(
                    upserts, upserts.values(), languages, says, strict=True
                )
            ]
            gone = [(tenant, *key) for tenant, key in removed]
            await counters.apply(opinions, gone, reached, after=start)
            moved.append(COUNTERS)
        seconds = self._clock.monotonic() - began
        for projection in moved:
            self._report(projection, reached, target - reached, len(upserts) + len(removed), seconds)
        return reached

    def _kept(self, upserts: Upserts, removed: Removed) -> tuple[Upserts, Removed]:
        """Which of the changed reviews have a place in the index, and which leave it."""
        return upserts, removed

    async def _vectors(self, upserts: Upserts) -> Vectors:
        """One row a review."""
        texts: dict[str, dict[ReviewKey, str]] = {}
        for key, review in upserts.items():
            texts.setdefault(key[0], {})[key] = review.content
        rows: dict[ReviewKey, NDArray[np.int8]] = {}
        for tenant, of in texts.items():
            rows |= zip(of, await self._embedder_of(tenant).embed(list(of.values())), strict=True)
        return np.array([rows[key] for key in upserts])

    async def _mentions(self, upserts: Upserts) -> list[tuple[Mention, ...]]:
        if not upserts:
            return []
        texts = tuple(review.content for review in upserts.values())
        return [verdict.answer for verdict in await self._judge.judge(FindAspects(texts))]

    async def _next_batch(self, after: int, until: int) -> list[Event]:
        batches = self._reviews.events(after=after, until=until, batch=self._settings.events_per_batch)
        try:
            return await anext(batches, [])
        finally:
            if isinstance(batches, AsyncGenerator):
                await batches.aclose()  # its transaction ends here, not when it is collected

    async def _languages(self, upserts: Upserts) -> list[str]:
        return await asyncio.to_thread(
            lambda: [review.language or self._language_of(review.content) for review in upserts.values()]
        )

    def _report(self, projection: str, position: int, behind: int, points: int, seconds: float) -> None:
        record = CaughtUp(projection=projection, position=position, behind=behind, points=points, seconds=seconds)
        tell(self._hooks, record)


class ImageProjector(Projector):
    """Brings the image index to the end of the log: only reviews with images, each found by what its pictures show.

    It stands by itself: while whoever embeds images is away, nothing else waits for it.
    """

    name = IMAGES
    called = "image index"

    def __init__(
        self,
        reviews: Reviews,
        index: Index,
        embedder: ImageEmbedder,
        *,
        judge: Judge,
        language_of: Callable[[str], str],
        clock: Clock,
        hooks: Sequence[Hook] = (),
        settings: ProjectionSettings | None = None,
    ) -> None:
        super().__init__(
            reviews,
            index,
            embedder,
            judge=judge,
            counters=None,
            language_of=language_of,
            clock=clock,
            hooks=hooks,
            settings=settings,
        )
        self._images = embedder

    def _kept(self, upserts: Upserts, removed: Removed) -> tuple[Upserts, Removed]:
        shown = {key: review for key, review in upserts.items() if review.images}
        bare = [(tenant, (restaurant_id, review_id)) for tenant, restaurant_id, review_id in upserts.keys() - shown]
        return shown, [*removed, *bare]

    async def _vectors(self, upserts: Upserts) -> Vectors:
        """The normalised sum of a review's images; of one whose images cannot be read, zeros: its words still find it."""
        reviews = upserts.values()
        urls = list(dict.fromkeys(url for review in reviews for url in review.images))
        rows = dict(zip(urls, (await self._images.embed_images(urls)).astype(np.float64), strict=True))
        return unit_vectors(np.array([sum(rows[url] for url in review.images) for review in reviews]))


def said(mentions: Sequence[Mention]) -> frozenset[str]:
    """What is praised and blamed, as the index and the counters know it: "taste+", "service-"."""
    return frozenset(each.aspect + ("+" if each.polarity == "positive" else "-") for each in mentions)


def _last_states(events: Sequence[Event]) -> tuple[Upserts, Removed]:
    """What the batch leaves of each review that it touches: the last text, or nothing."""
    last: dict[ReviewKey, ReviewDraft | None] = {}
    for event in events:
        match event.change:
            case ReviewUpserted(review=review):
                last[event.tenant, review.restaurant_id, review.id] = review
            case ReviewDeleted(restaurant_id=restaurant_id, review_id=review_id):
                last[event.tenant, restaurant_id, review_id] = None
            case PersonErased(reviews=keys):
                last |= {(event.tenant, *key): None for key in keys}
            case RestaurantUpserted() | RestaurantDeleted():
                pass  # a deleted restaurant's reviews have their own events
    upserts = {key: review for key, review in last.items() if review is not None}
    return upserts, [
        (tenant, (restaurant_id, review_id)) for (tenant, restaurant_id, review_id) in last.keys() - upserts.keys()
    ]


def _opinions(tenant: str, review: ReviewDraft, *, language: str, says: frozenset[str]) -> Opinions:
    assert review.created_at is not None  # an event always carries it
    return Opinions(
        tenant=tenant,
        restaurant_id=review.restaurant_id,
        review_id=review.id,
        author_id=review.author_id,
        month=month_of(review.created_at),
        language=language,
        source=review.source,
        said=says,
    )


def _points(
    upserts: Upserts, vectors: Iterable[NDArray[np.int8]], says: Sequence[frozenset[str]], languages: Sequence[str]
) -> list[Point]:
    return [
        _point(tenant, review, vector=vector, language=language, says=each)
        for (tenant, _, _), review, vector, language, each in zip(
            upserts, upserts.values(), vectors, languages, says, strict=True
        )
    ]


def _point(tenant: str, review: ReviewDraft, *, vector: NDArray[np.int8], language: str, says: frozenset[str]) -> Point:
    assert review.created_at is not None  # an event always carries it
    return Point(
        tenant=tenant,
        restaurant_id=review.restaurant_id,
        review_id=review.id,
        vector=vector,
        text=review.content,
        rating=review.rating,
        language=language,
        source=review.source,
        created_at=review.created_at,
        has_image=bool(review.images),
        said=says,
    )
