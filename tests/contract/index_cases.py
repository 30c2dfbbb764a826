"""Every implementation of the index, fresh and empty, and what the tests of the contract put in and ask."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from matjip.index.edge import EdgeIndex
from matjip.index.exact import ExactIndex
from matjip.index.index import Filter, Index, Point, Query
from matjip.index.qdrant import QdrantIndex

DAY = datetime(2026, 3, 1, tzinfo=UTC)
EAST, NORTH, NOWHERE = (127, 0, 0, 0), (0, 127, 0, 0), (0, 0, 0, 0)
MIN_SIMILARITY = 0.4999  # no cosine of the small vectors below falls on it
OPENED = {"embedder": "e/1", "dimensions": 4, "min_similarity": MIN_SIMILARITY}
DEEP = {"depth": 1_000}  # no list of the tests is longer, so that every index finds all
KINDS = ("exact file", "exact memory", "qdrant", "edge")


async def opened(kind: str, folder: Path, **about) -> Index:
    about = OPENED | about
    match kind:
        case "exact file":
            return await ExactIndex.open(folder / "index.sqlite", **about)
        case "exact memory":
            return await ExactIndex.open(":memory:", **about)
        case "qdrant":
            return await QdrantIndex.open(":memory:", **(DEEP | about))
        case _:
            return await EdgeIndex.open(folder / "edge", **(DEEP | about))


@pytest.fixture(params=KINDS)
async def index(request, tmp_path) -> AsyncIterator[Index]:
    made = await opened(request.param, tmp_path)
    yield made
    await made.close()


def vector(numbers: tuple[int, ...]) -> np.ndarray:
    return np.array(numbers, np.int8)


def point(review_id: str, text: str = "국물이 진해요", *, at: tuple[int, ...] = EAST, **fields) -> Point:
    about = {"tenant": "t", "restaurant_id": "r", "rating": 4.0, "language": "ko", "source": "app"}
    about |= {"created_at": DAY, "has_image": False}
    return Point(review_id=review_id, text=text, vector=vector(at), **(about | fields))


def words(*asked: str, **wanted) -> Query:
    return Query(words=tuple((word, 1.0) for word in asked), vector=vector(NOWHERE), wanted=Filter(**wanted))


def near(at: tuple[int, ...], **wanted) -> Query:
    return Query(words=(), vector=vector(at), wanted=Filter(**wanted))


async def ids(index: Index, query: Query, *, tenant: str = "t", **page) -> list[str]:
    return [hit.review_id for hit in (await index.search(tenant, query, **page))[0]]


async def empty(index) -> None:
    """Put an empty collection in the place of what is searched."""
    new = await index.beside()
    await new.publish()
    await new.close()
