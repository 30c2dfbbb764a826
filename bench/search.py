"""The indexes side by side: how long a search takes, with and without filters, what it finds, and what it costs to hold.

Words are drawn as words are (few common, many rare). *recall* is of searches by meaning alone: the share of the true
first ten, judged by the similarity of the tenth, that are found. The stand-in of the Qdrant client is for tests and is
measured on fewer points, as `points` says. Edge is measured with its graph built, and its memory is its worker's.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from matjip.index.edge import EdgeIndex
from matjip.index.exact import MIN_SIMILARITY, ExactIndex
from matjip.index.index import Filter, Index, Point, Query
from matjip.index.qdrant import QdrantIndex

__all__ = ["rows"]

BARS = ("of", "p50_ms")
SEED = 7
DIMENSIONS = 64
RESTAURANTS = 500
VOCABULARY = 30_000
WORD_CURVE = 0.9  # a word's frequency falls as rank ** -0.9: the commonest is in half the reviews
POINTS_PER_BATCH = 500
QUERY_WORDS = 3
FIRST = 10  # hits that recall looks at
BLOCK_BYTES = 512  # the unit of `st_blocks`
CLOSE = 2e-6  # of similarities, which an index rounds to 6 digits
STAND_IN_POINTS = (500, 2_000)  # quick and full: with more, one search of the client's stand-in takes half a second
STAND_IN_SEARCHES = 15
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS = {
    "none": Filter(),
    "images, rating from 3": Filter(has_image=True, rating_min=3.0),
    "one restaurant": Filter(restaurant_ids=frozenset({"r7"})),
    "half the restaurants": Filter(restaurant_ids=frozenset(f"r{at}" for at in range(RESTAURANTS // 2))),
}
Row = dict[str, object]
Opened = Callable[[Path], Coroutine[Any, Any, ExactIndex | EdgeIndex | QdrantIndex]]
INDEXES: dict[str, Opened] = {
    "exact": lambda folder: ExactIndex.open(folder / "index.sqlite", embedder="bench/1", dimensions=DIMENSIONS),
    "edge": lambda folder: EdgeIndex.open(folder / "edge", embedder="bench/1", dimensions=DIMENSIONS),
    "qdrant stand-in": lambda _: QdrantIndex.open(":memory:", embedder="bench/1", dimensions=DIMENSIONS),
}


def rows(quick: bool) -> list[Row]:
    """A row for each index's building and one for each filter: milliseconds of a warm search through the public method."""
    return asyncio.run(_rows(10_000 if quick else 100_000, 60 if quick else 300, STAND_IN_POINTS[not quick]))


async def _rows(points: int, searches: int, stand_in_points: int) -> list[Row]:
    measured: list[Row] = []
    for name, opened in INDEXES.items():
        stand_in = name == "qdrant stand-in"
        made = _Made(np.random.default_rng(SEED), stand_in_points if stand_in else points)
        with tempfile.TemporaryDirectory() as folder:
            about: Row = {"index": name, "points": made.points}
            number = STAND_IN_SEARCHES if stand_in else searches
            measured += [about | each for each in await _measured(opened, Path(folder), made, number)]
    return measured


async def _measured(opened: Opened, folder: Path, made: "_Made", searches: int) -> list[Row]:
    before = _resident_bytes()
    index = await opened(folder)
    began = time.perf_counter()
    for start in range(0, made.points, POINTS_PER_BATCH):
        await index.apply(made.batch(start), [], start + POINTS_PER_BATCH)
    stored_s = time.perf_counter() - began
    began = time.perf_counter()
    if isinstance(index, EdgeIndex):
        await index.settle()
    settled_s = time.perf_counter() - began
    if isinstance(index, ExactIndex):  # its copy in memory is what a new process reads, without what storing left
        await index.close()
        before, index = _resident_bytes(), await opened(folder)
    began = time.perf_counter()
    await index.search("t", made.query(Filter()))
    first_s = time.perf_counter() - began
    built: Row = {
        "of": "building",
        "store_s": round(stored_s, 1),
        "graph_s": round(settled_s, 1),
        "first_ms": round(first_s * 1e3, 1),
        "mb": round((_resident_bytes() - before) / 1e6, 1),
        "disk_mb": round(_disk_bytes(folder) / 1e6, 1),
    }
    timed = [{"of": name} | await _timed(index, made, wanted, searches) for name, wanted in FILTERS.items()]
    await index.close()
    return [built, *timed]


async def _timed(index: Index, made: "_Made", wanted: Filter, searches: int) -> Row:
    taken, totals, found, expected = [], [], 0, 0
    passes = made.passes(wanted)
    for _ in range(searches):
        query = made.query(wanted)
        began = time.perf_counter()
        _, total = await index.search("t", query)
        taken.append((time.perf_counter() - began) * 1e3)
        totals.append(total)
        hits, _ = await index.search("t", Query(words=(), vector=query.vector, wanted=wanted), limit=FIRST)
        nearest = made.nearest(query.vector, passes)
        expected += len(nearest)
        found += sum(hit.dense_similarity >= nearest[-1] - CLOSE for hit in hits) if len(nearest) else 0
    p50, p95 = np.percentile(taken, [50, 95])
    return {
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "recall": round(found / expected, 4) if expected else 1.0,
        "median_matches": int(np.median(totals)),
    }


class _Made:
    """Reviews and queries that repeat with the seed."""

    def __init__(self, dice: np.random.Generator, points: int) -> None:
        self._dice = dice
        self.points = points
        syllables = [chr(0xAC00 + at * 7) for at in range(900)]
        self._words = ["".join(dice.choice(syllables, dice.integers(2, 5))) for _ in range(VOCABULARY)]
        curve = np.arange(1, VOCABULARY + 1) ** -WORD_CURVE
        self._curve = np.cumsum(curve / curve.sum())
        lean = dice.normal(size=DIMENSIONS) * 0.35  # reviews are nearer each other than chance
        vectors = dice.normal(size=(points, DIMENSIONS)) + lean
        self._vectors = np.round(vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * 127).astype(np.int8)

    def batch(self, start: int) -> list[Point]:
        return [self._point(at) for at in range(start, start + POINTS_PER_BATCH)]

    def query(self, wanted: Filter) -> Query:
        words = tuple((word, 1.0) for word in self._some_words(QUERY_WORDS))
        return Query(words=words, vector=self._vectors[self._dice.integers(len(self._vectors))], wanted=wanted)

    def passes(self, wanted: Filter) -> NDArray[np.bool_]:
        """Which points a filter of `FILTERS` lets through, by how they are made and not by an index."""
        at = np.arange(self.points)
        passes = np.ones(self.points, np.bool_)
        if wanted.has_image:
            passes &= (at % 7 == 0) & (at % 6 >= (wanted.rating_min or 0))
        if wanted.restaurant_ids:
            passes &= np.isin(at % RESTAURANTS, [int(each[1:]) for each in wanted.restaurant_ids])
        return passes

    def nearest(self, vector: NDArray[np.int8], passes: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The similarities of the true first ten, best first, of those that are near enough to match."""
        among = self._vectors[passes].astype(np.float64)
        lengths = np.linalg.norm(among, axis=1) * np.linalg.norm(vector.astype(np.float64))
        first = np.sort(among @ vector / lengths)[::-1][:FIRST]
        return first[first >= MIN_SIMILARITY]

    def _point(self, at: int) -> Point:
        return Point(
            tenant="t",
            restaurant_id=f"r{at % RESTAURANTS}",
            review_id=f"review-{at}",
            vector=self._vectors[at],
            text=" ".join(self._some_words(int(self._dice.integers(5, 25)))),
            rating=float(at % 6),
            language="ko",
            source="app",
            created_at=FIRST_DAY + timedelta(seconds=at),
            has_image=at % 7 == 0,
        )

    def _some_words(self, number: int) -> list[str]:
        return [self._words[at] for at in np.searchsorted(self._curve, self._dice.random(number) * self._curve[-1])]


def _disk_bytes(folder: Path) -> int:
    """As the disk holds them: files with holes take less than they are long."""
    return sum(each.stat().st_blocks * BLOCK_BYTES for each in folder.rglob("*") if each.is_file())


def _resident_bytes() -> int:
    """Of this process and of the workers that it started."""
    this = psutil.Process()
    return sum(each.memory_info().rss for each in (this, *this.children()))


if __name__ == "__main__":
    for row in rows(quick=False):
        print(row)
