"""What each restaurant's reviews praise and blame: its own from the judge's answers, its peers' from the counters."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from matjip.analysis.counters import Counted, Counters, RestaurantCounts, month_of
from matjip.analysis.evidence import Judged
from matjip.analysis.result import Window
from matjip.errors import Unavailable
from matjip.inference.task import Aspect
from matjip.reviews.event import PersonErased, RestaurantDeleted, RestaurantUpserted, ReviewDeleted, ReviewUpserted
from matjip.reviews.store import Reviews

__all__ = ["GroupProfiles", "Profile", "counted_in", "profile_of", "together"]

ENTRIES = 20_000  # restaurants and windows; about 1 KB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How many of a restaurant's reviews praise and blame each aspect."""

    reviews: int = 0
    praise: Mapping[Aspect, int] = field(default_factory=dict)
    blame: Mapping[Aspect, int] = field(default_factory=dict)


class GroupProfiles:
    """Profiles from the counters, kept under a bound. The log says which restaurants have changed; only those are read again."""

    def __init__(
        self, reviews: Reviews, counters: Counters, catch_up: Callable[[], Awaitable[object]], *, entries: int = ENTRIES
    ) -> None:
        self._reviews = reviews
        self._counters = counters
        self._catch_up = catch_up
        self._entries = entries
        self._known: OrderedDict[tuple[str, str, Counted], Profile] = OrderedDict()
        self._position = 0
        self._one_at_a_time = asyncio.Lock()  # or an answer that was read before a write would be kept after it

    async def of(
        self, tenant: str, restaurant_ids: Collection[str], counted: Counted, *, position: int
    ) -> tuple[dict[str, Profile], int]:
        """The profile of each at this log position or later, and the position that the counters behind them have reached.

        That is an earlier one where the counters cannot be brought to it in a moment.
        """
        async with self._one_at_a_time:
            return await self._of(tenant, restaurant_ids, counted, position)

    async def _of(
        self, tenant: str, restaurant_ids: Collection[str], counted: Counted, position: int
    ) -> tuple[dict[str, Profile], int]:
        if position > self._position:
            with suppress(Unavailable):
                await self._catch_up()
            await self._notice_changes()
        unknown = [each for each in restaurant_ids if (tenant, each, counted) not in self._known]
        if unknown:
            for restaurant_id, counts in (await self._counters.of(tenant, unknown, counted)).items():
                self._known[tenant, restaurant_id, counted] = _profile(counts)
        profiles = {}
        for restaurant_id in restaurant_ids:
            key = (tenant, restaurant_id, counted)
            profiles[restaurant_id] = self._known[key]
            self._known.move_to_end(key)
        while len(self._known) > self._entries:
            self._known.popitem(last=False)
        return profiles, self._position

    async def _notice_changes(self) -> None:
        reached = await self._counters.position()
        if reached < self._position or not self._known:  # counted anew from the start, or nothing to forget
            self._known.clear()
            self._position = reached
        elif reached > self._position:
            changed: set[tuple[str, str]] = set()
            async for batch in self._reviews.events(after=self._position, until=reached):
                for event in batch:
                    changed |= {(event.tenant, restaurant_id) for restaurant_id in _touched(event.change)}
            for key in [key for key in self._known if key[:2] in changed]:
                del self._known[key]
            self._position = reached


def profile_of(judged: Judged, *, language: str | None = None) -> Profile:
    """Praise and blame by aspect, in independent voices, of all the reviews or of those in one language."""
    considered = {
        at for at, review in enumerate(judged.snapshot.reviews) if language is None or review.language == language
    }
    voices: dict[tuple[Aspect, str], set[int]] = {}
    for place in judged.places():
        if place.review in considered:
            voices.setdefault((place.mention.aspect, place.mention.polarity), set()).add(judged.units[place.review])
    return Profile(
        reviews=len(considered),
        praise={aspect: len(of) for (aspect, polarity), of in sorted(voices.items()) if polarity == "positive"},
        blame={aspect: len(of) for (aspect, polarity), of in sorted(voices.items()) if polarity == "negative"},
    )


def together(profiles: Iterable[Profile]) -> Profile:
    """One profile of them all."""
    praise: Counter[Aspect] = Counter()
    blame: Counter[Aspect] = Counter()
    reviews = 0
    for profile in profiles:
        praise.update(profile.praise)
        blame.update(profile.blame)
        reviews += profile.reviews
    return Profile(reviews=reviews, praise=praise, blame=blame)


def counted_in(window: Window, language: str) -> Counted:
    """What the counters hold of a window, in whole months, and of one language: they know no days."""
    return Counted(
        since_month=None if window.since is None else month_of(window.since),
        until_month=None if window.until is None else month_of(window.until),
        languages=frozenset({language}),
        sources=frozenset(window.sources),
    )


def _profile(counts: RestaurantCounts) -> Profile:
    totals: Counter[str] = Counter()
    for (_, said), reviews in counts.said.items():
        totals[said] += reviews
    return Profile(
        reviews=counts.reviews,
        praise={said[:-1]: reviews for said, reviews in sorted(totals.items()) if said.endswith("+")},
        blame={said[:-1]: reviews for said, reviews in sorted(totals.items()) if said.endswith("-")},
    )


def _touched(
    change: RestaurantUpserted | RestaurantDeleted | ReviewUpserted | ReviewDeleted | PersonErased,
) -> set[str]:
    match change:
        case RestaurantUpserted():
            return {change.restaurant.id}
        case ReviewUpserted():
            return {change.review.restaurant_id}
        case RestaurantDeleted() | ReviewDeleted():
            return {change.restaurant_id}
        case PersonErased():
            return {restaurant_id for restaurant_id, _ in change.reviews}
