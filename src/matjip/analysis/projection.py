"""The projections follow the record: events become points of the index and numbers of the counters, each batch with the
position that it brings them to. Each has its own position; what both need of a review is worked out once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from matjip.analysis.counters import Counters, Opinions, month_of
from matjip.clock import Clock
from matjip.errors import Unavailable
from matjip.index.index import Index, Point, PointKey
from matjip.inference.embedder import Embedder
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

__all__ = ["ProjectionSettings", "Projector", "said"]

INDEX, COUNTERS = "index", "counters"
ReviewKey = tuple[str, str, str]  # tenant, restaurant id, review id


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


class Projector:
    """Brings the index and the counters to the end of the log. Safe to run twice, to stop anywhere, in several processes."""

    def __init__(
        self,
        reviews: Reviews,
        index: Index,
        embedder: Embedder,
        *,
        judge: Judge,
        counters: Counters,
        language_of: Callable[[str], str],
        clock: Clock,
        hooks: Sequence[Hook] = (),
        settings: ProjectionSettings | None = None,
    ) -> None:
        self._reviews = reviews
        self._index = index
        self._embedder = embedder
        self._judge = judge
        self._counters = counters
        self._language_of = language_of
        self._clock = clock
        self._hooks = hooks
        self._settings = settings or ProjectionSettings()
        self._one_at_a_time = asyncio.Lock()
        self._woken = asyncio.Event()
        self._stood: dict[str, int] = {}  # where each was last seen, for when it cannot be asked

    async def catch_up(self) -> int:
        """Apply every event committed before the call; returns the position reached. A second caller waits for the first."""
        async with self._one_at_a_time:
            return await self._catch_up(self._index, self._counters)

    async def catch_up_if_near(self) -> int:
        """Catch up where that takes a moment (`wait_max_events`); returns the position reached, behind the log or not."""
        if await self.behind() <= self._settings.wait_max_events:
            return await self.catch_up()
        self.wake()
        return await self._index.position()

    async def behind(self) -> int:
        """Events still ahead of the index."""
        return await self._reviews.position() - await self._index.position()

    async def rebuild(self, *, on_progress: Callable[[int], None] = lambda _: None) -> int:
        """Make index and counters again from the log, beside those in use, and put them in their place; the position.

        Searches go on in the old ones until then, in this process and in others, and lose nothing if this one is stopped.
        Where nothing was indexed yet there is nothing to go on with, and they are filled in place. `on_progress` hears
        each position that was reached.
        """
        if not await self._index.position():
            async with self._one_at_a_time:
                return await self._catch_up(self._index, self._counters, on_progress=on_progress)
        index, counters = await self._index.beside(), await self._counters.beside()
        try:
            await self._catch_up(index, counters, on_progress=on_progress)
            async with self._one_at_a_time:
                reached = await self._catch_up(index, counters)  # what was written meanwhile
                await index.publish()
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
            followers: tuple[tuple[str, Index | Counters], ...] = ((INDEX, self._index), (COUNTERS, self._counters))
            for projection, follower in followers:
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

    async def _catch_up(
        self, index: Index, counters: Counters, *, on_progress: Callable[[int], None] = lambda _: None
    ) -> int:
        target = await self._reviews.position()
        while True:
            indexed, counted = await index.position(), await counters.position()
            start = min(indexed, counted)
            if start >= target:
                return indexed
            began = self._clock.monotonic()
            # The one that is behind catches up alone as far as the other stands; then they go on together.
            events = await self._next_batch(start, target if indexed == counted else min(target, max(indexed, counted)))
            if not events:
                return indexed
            upserts, removed = _last_states(events)
            reached = events[-1].position
            mentions = await self._mentions(upserts)
            languages = await self._languages(upserts)
            moved = []
            if indexed == start:
                points = await self._points(upserts, mentions, languages)
                await index.apply(points, removed, reached, after=start)
                moved.append(INDEX)
            if counted == start:
                opinions = [
                    _opinions(tenant, review, language=language, mentions=found)
                    for (tenant, _, _), review, language, found in zip(
                        upserts, upserts.values(), languages, mentions, strict=True
                    )
                ]
                gone = [(tenant, *key) for tenant, key in removed]
                await counters.apply(opinions, gone, reached, after=start)
                moved.append(COUNTERS)
            seconds = self._clock.monotonic() - began
            on_progress(reached)
            for projection in moved:
                self._report(projection, reached, target - reached, len(upserts) + len(removed), seconds)

    async def _mentions(self, upserts: dict[ReviewKey, ReviewDraft]) -> list[tuple[Mention, ...]]:
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

    async def _languages(self, upserts: dict[ReviewKey, ReviewDraft]) -> list[str]:
        return await asyncio.to_thread(
            lambda: [review.language or self._language_of(review.content) for review in upserts.values()]
        )

    async def _points(
        self, upserts: dict[ReviewKey, ReviewDraft], mentions: Sequence[Sequence[Mention]], languages: Sequence[str]
    ) -> list[Point]:
        if not upserts:
            return []
        texts = [review.content for review in upserts.values()]
        vectors = await self._embedder.embed(texts)
        return [
            _point(tenant, review, vector=vector, language=language, says=said(found))
            for (tenant, _, _), review, vector, language, found in zip(
                upserts, upserts.values(), vectors, languages, mentions, strict=True
            )
        ]

    def _report(self, projection: str, position: int, behind: int, points: int, seconds: float) -> None:
        record = CaughtUp(projection=projection, position=position, behind=behind, points=points, seconds=seconds)
        tell(self._hooks, record)


def said(mentions: Sequence[Mention]) -> frozenset[str]:
    """What is praised and blamed, as the index and the counters know it: "taste+", "service-"."""
    return frozenset(each.aspect + ("+" if each.polarity == "positive" else "-") for each in mentions)


def _last_states(events: Sequence[Event]) -> tuple[dict[ReviewKey, ReviewDraft], list[tuple[str, PointKey]]]:
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


def _opinions(tenant: str, review: ReviewDraft, *, language: str, mentions: Sequence[Mention]) -> Opinions:
    assert review.created_at is not None  # an event always carries it
    return Opinions(
        tenant=tenant,
        restaurant_id=review.restaurant_id,
        review_id=review.id,
        author_id=review.author_id,
        month=month_of(review.created_at),
        language=language,
        source=review.source,
        said=said(mentions),
    )


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
