"""Which restaurants' reviews are most like one's: by the angle between the sums of their vectors."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alike"]

CANDIDATES = 300  # looked at, of more a sample by a hash of their ids, which favours nobody and repeats
ENTRIES = 20_000  # vectors kept, 256 bytes each
Centroid = Callable[[str, str], Awaitable[tuple[NDArray[np.int64], int]]]  # `Index.centroid`


class Alike:
    """Restaurants by similarity. A vector is read again when its restaurant has more or fewer reviews than it was read with."""

    def __init__(self, centroid: Centroid, *, entries: int = ENTRIES) -> None:
        self._centroid = centroid
        self._entries = entries
        self._known: OrderedDict[tuple[str, str], tuple[int, NDArray[np.float64]]] = OrderedDict()

    async def to(self, tenant: str, restaurant_id: str, review_counts: Mapping[str, int]) -> tuple[str, ...]:
        """The others with reviews, the most alike first; none where this restaurant has nothing to compare."""
        mine = await self._direction(tenant, restaurant_id, review_counts.get(restaurant_id, 0))
        if not mine.any():
            return ()
        others = sorted((each for each in review_counts if each != restaurant_id and review_counts[each]), key=_hash)
        near = {
            each: float(mine @ await self._direction(tenant, each, review_counts[each])) for each in others[:CANDIDATES]
        }
        return tuple(sorted(near, key=lambda each: (-near[each], each)))

    async def _direction(self, tenant: str, restaurant_id: str, reviews: int) -> NDArray[np.float64]:
        key = (tenant, restaurant_id)
        read_with, direction = self._known.get(key, (-1, None))
        if direction is None or read_with != reviews:
            total, _ = await self._centroid(tenant, restaurant_id)
            length = float(np.linalg.norm(total))
            direction = total / length if length else np.zeros(len(total))
            self._known[key] = (reviews, direction)
        self._known.move_to_end(key)
        while len(self._known) > self._entries:
            self._known.popitem(last=False)
        return direction


def _hash(restaurant_id: str) -> bytes:
    return hashlib.blake2b(restaurant_id.encode()).digest()
