"""What each restaurant's reviews praise and blame, worked out once a change and kept in memory under a bound."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection

from matjip.analysis.result import Window
from matjip.analysis.strengths import Profile
from matjip.reviews.event import PersonErased, RestaurantDeleted, RestaurantUpserted, ReviewDeleted, ReviewUpserted
from matjip.reviews.store import Reviews

__all__ = ["GroupProfiles"]

ENTRIES = 20_000  # restaurants and windows; about 1 KB each
MakeProfile = Callable[[str, str, Window], Awaitable[Profile]]


class GroupProfiles:
    """Profiles by restaurant and window. The log says which restaurants have changed; only those are worked out again."""

    def __init__(self, reviews: Reviews, make: MakeProfile, *, entries: int = ENTRIES) -> None:
        self._reviews = reviews
        self._make = make
        self._entries = entries
        self._known: OrderedDict[tuple[str, str, Window], Profile] = OrderedDict()
        self._position: int | None = None

    async def of(self, tenant: str, restaurant_ids: Collection[str], window: Window) -> dict[str, Profile]:
        """The profile of each, as of now."""
        await self._notice_changes()
        profiles = {}
        for restaurant_id in restaurant_ids:
            key = (tenant, restaurant_id, window)
            profile = self._known.get(key) or await self._make(*key)
            self._known[key] = profiles[restaurant_id] = profile
            self._known.move_to_end(key)
        while len(self._known) > self._entries:
            self._known.popitem(last=False)
        return profiles

    async def _notice_changes(self) -> None:
        if self._position is None or not self._known:
            self._position = await self._reviews.position()
            return
        changed: set[tuple[str, str]] = set()
        position = self._position
        async for batch in self._reviews.events(after=position):
            for event in batch:
                changed |= {(event.tenant, restaurant_id) for restaurant_id in _touched(event.change)}
                position = event.position
        for key in [key for key in self._known if key[:2] in changed]:
            del self._known[key]
        self._position = max(self._position, position)


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
