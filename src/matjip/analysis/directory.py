"""A tenant's restaurants and how many reviews each has, read again only when something was written."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from matjip.reviews.review import Restaurant
from matjip.reviews.store import Reviews

__all__ = ["Directory", "Listing"]

TENANTS = 50  # kept; a thousand restaurants are about 1 MB


@dataclass(frozen=True, slots=True)
class Listing:
    """As of one log position."""

    restaurants: Mapping[str, Restaurant]  # the living ones by id
    review_counts: Mapping[str, int]  # of those with living reviews


class Directory:
    """Listings by tenant, each as of the log position that it was read at."""

    def __init__(self, reviews: Reviews, *, tenants: int = TENANTS) -> None:
        self._reviews = reviews
        self._tenants = tenants
        self._known: OrderedDict[str, tuple[int, Listing]] = OrderedDict()

    async def of(self, tenant: str, position: int) -> Listing:
        """The tenant's restaurants, at this log position or a later one."""
        read_at, listing = self._known.get(tenant, (-1, None))
        if listing is None or read_at < position:
            restaurants = {each.id: each for each in await self._reviews.restaurants(tenant)}
            listing = Listing(restaurants, await self._reviews.counts(tenant))
            self._known[tenant] = (position, listing)
        self._known.move_to_end(tenant)
        while len(self._known) > self._tenants:
            self._known.popitem(last=False)
        return listing
