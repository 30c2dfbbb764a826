"""Finding points by meaning and by words, under filters that apply before limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matjip.errors import Fault, Invalid

__all__ = [
    "RRF_K",
    "Filter",
    "Found",
    "Index",
    "Point",
    "PointKey",
    "Query",
    "Weights",
    "check_vectors",
    "opposite",
]

PointKey = tuple[str, str]  # (restaurant id, review id), inside a tenant
RRF_K = 60  # reciprocal rank fusion's constant (G. Cormack et al., 2009)


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
    said: frozenset[str] = frozenset()  # what the review praises and blames: "taste+", "service-"


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
class Weights:
    """How much each list counts in the sum that orders the hits."""

    dense: float = 1.0
    words: float = 1.0
    said: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for: words (with their weight), a vector, and what a hit should say."""

    words: tuple[tuple[str, float], ...]  # ("국물", 1.0), ("얼큰", 0.5): the asked ones and the expansion's
    vector: NDArray[np.int8]
    said: tuple[
        str, ...
    ] = ()  # "service+": moves hits up that say so, and down that say the opposite; finds none by itself
    wanted: Filter = field(default_factory=Filter)
    weights: Weights = field(default_factory=Weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One hit and why: its place in each list that held it (from 1), None where it was not there."""

    restaurant_id: str
    review_id: str
    # weights.dense / (60 + dense_rank) + weights.words / (60 + word_rank) + weights.said * agreement / 61, where agreement
    # is the share of `query.said` that the review says, less the share whose opposite it says and which it does not say.
    score: float
    dense_rank: int | None
    dense_similarity: float  # cosine, -1 to 1
    word_rank: int | None
    said: tuple[str, ...] = ()  # of the asked, in their order
    against: tuple[str, ...] = ()  # of the asked, those whose opposite alone it says


def opposite(said: str) -> str:
    """What contradicts it: service- for service+."""
    return said[:-1] + ("-" if said.endswith("+") else "+")


def check_vectors(vectors: Mapping[str, NDArray[np.int8]], dimensions: int) -> None:
    """Raise Invalid, naming whose vector it is, unless each is int8 of so many dimensions."""
    faults = [
        Fault(
            where=f"{whose}.vector",
            wrong=f"is {vector.dtype} of shape {vector.shape}",
            right=f"int8 of shape ({dimensions},)",
        )
        for whose, vector in vectors.items()
        if vector.shape != (dimensions,) or vector.dtype != np.int8
    ]
    if faults:
        raise Invalid.of(*faults)


class Index(Protocol):
    """Points of every tenant. A change and the position that it brings the index to are stored together."""

    async def apply(
        self, upserts: Sequence[Point], deletes: Sequence[tuple[str, PointKey]], position: int, *, after: int = 0
    ) -> None:
        """Store, replace and remove points (deletes name tenant and key), and move to the position, in one transaction.

        Idempotent; a position at or below the present one changes nothing. Neither does a change that was read `after`
        a position that the index has not reached, as when another process published a new one meanwhile: it would leave a gap.
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

    async def beside(self) -> "Index":
        """An empty collection at position 0 beside the one that is searched; one begun before and never published is dropped.

        The caller brings it to the log's end, calls `publish`, and closes it.
        """
        ...

    async def publish(self) -> None:
        """Take the place of the collection that this one was made beside, at once and for every process; drop that one.

        On an index that stands beside none it does nothing.
        """
        ...

    async def forget(self, tenant: str, keys: Sequence[PointKey]) -> None:
        """Remove these points from every collection, those of other embedders too; positions stay. For erased persons."""
        ...

    async def others(self) -> list[str]:
        """What other collections are kept, as a former embedder leaves its own: for people to read."""
        ...

    async def drop_others(self) -> None:
        """Remove the other collections."""
        ...

    async def close(self) -> None:
        """Release what it holds."""
        ...
