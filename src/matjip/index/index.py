"""Finding points by meaning and by words, under filters that apply before limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Filter", "Found", "Index", "Point", "PointKey", "Query"]

PointKey = tuple[str, str]  # (restaurant id, review id), inside a tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One review, ready to be found."""

    tenant: str
    restaurant_id: str
    review_id: str
    vector: NDArray[np.int8]
    text: str
    rating: float | None
    language: str
    source: str | None
    created_at: datetime
    has_image: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What may be found; every field narrows. Categories and regions are resolved to restaurants by the caller."""

    restaurant_ids: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    rating_min: float | None = None
    rating_max: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_image: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for: words (with their weight) and a vector."""

    words: tuple[tuple[str, float], ...]  # ("국물", 1.0), ("얼큰", 0.5): the asked ones and the expansion's
    vector: NDArray[np.int8]
    wanted: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One hit and why: its place in each list that held it (from 1), None where it was not there."""

    restaurant_id: str
    review_id: str
    score: float  # reciprocal rank fusion, sum of 1 / (60 + rank)
    dense_rank: int | None
    dense_similarity: float  # cosine, -1 to 1
    word_rank: int | None


class Index(Protocol):
    """Points of every tenant. A change and the position that it brings the index to are stored together."""

    async def apply(
        self, upserts: Sequence[Point], deletes: Sequence[tuple[str, PointKey]], position: int, *, after: int = 0
    ) -> None:
        """Store, replace and remove points (deletes name tenant and key), and move to the position, in one transaction.

        Idempotent; a position at or below the present one changes nothing. Neither does a change that was read `after`
        a position that the index has not reached, as when another process cleared it meanwhile: it would leave a gap.
        """
        ...

    async def position(self) -> int:
        """The log position that the index has reached; 0 when new."""
        ...

    async def search(self, tenant: str, query: Query, *, offset: int = 0, limit: int = 10) -> tuple[list[Found], int]:
        """Hits by fused score, best first (ties by restaurant and review id), and how many there are in all."""
        ...

    async def centroid(self, tenant: str, restaurant_id: str) -> tuple[NDArray[np.int64], int]:
        """The exact sum of a restaurant's vectors and how many they are."""
        ...

    async def count(self, tenant: str, wanted: Filter) -> int:
        """Points that pass the filter."""
        ...

    async def clear(self) -> None:
        """Forget everything and go back to position 0."""
        ...
