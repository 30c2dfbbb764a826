"""How long the embedded index takes to search: words drawn as words are (few common, many rare), with and without filters."""

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from matjip.index.exact import ExactIndex
from matjip.index.index import Filter, Point, Query

__all__ = ["rows"]

BARS = ("filter", "p50_ms")
SEED = 7
DIMENSIONS = 64
RESTAURANTS = 500
VOCABULARY = 30_000
WORD_CURVE = 0.9  # a word's frequency falls as rank ** -0.9: the commonest is in half the reviews
POINTS_PER_BATCH = 500
QUERY_WORDS = 3
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS = {
    "none": Filter(),
    "images, rating from 3": Filter(has_image=True, rating_min=3.0),
    "one restaurant": Filter(restaurant_ids=frozenset({"r7"})),
    "half the restaurants": Filter(restaurant_ids=frozenset(f"r{at}" for at in range(RESTAURANTS // 2))),
}


def rows(quick: bool) -> list[dict[str, object]]:
    """One row a measurement: milliseconds of a warm search through the public method, threads included."""
    return asyncio.run(_rows(10_000 if quick else 100_000, 100 if quick else 300))


async def _rows(points: int, searches: int) -> list[dict[str, object]]:
    dice = np.random.default_rng(SEED)
    made = _Made(dice, points)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        async with await ExactIndex.open(path, embedder="bench/1", dimensions=DIMENSIONS) as index:
            began = time.perf_counter()
            for start in range(0, points, POINTS_PER_BATCH):
                await index.apply(made.batch(start), [], start + POINTS_PER_BATCH)
            stored_s = time.perf_counter() - began
        async with await ExactIndex.open(path, embedder="bench/1", dimensions=DIMENSIONS) as index:
            before = _resident_bytes()
            began = time.perf_counter()
            await index.count("t", Filter())
            cold_s = time.perf_counter() - began
            about = {"points": points, "dimensions": DIMENSIONS}
            measured = [
                about | {"measure": "store and make the data", "points_per_s": round(points / stored_s)},
                about | {"measure": "first search of a process", "ms": round(cold_s * 1e3)},
                about | {"measure": "file", "mb": round(path.stat().st_size / 1e6, 1)},
                about | {"measure": "resident memory", "mb": round((_resident_bytes() - before) / 1e6, 1)},
            ]
            for name, wanted in FILTERS.items():
                measured.append(
                    about | {"measure": "search", "filter": name} | await _timed(index, made, wanted, searches)
                )
            return measured


async def _timed(index: ExactIndex, made: "_Made", wanted: Filter, searches: int) -> dict[str, object]:
    taken, totals = [], []
    for _ in range(searches):
        query = made.query(wanted)
        began = time.perf_counter()
        _, total = await index.search("t", query)
        taken.append((time.perf_counter() - began) * 1e3)
        totals.append(total)
    p50, p95, p99 = np.percentile(taken, [50, 95, 99])
    return {
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "p99_ms": round(float(p99), 2),
        "median_matches": int(np.median(totals)),
    }


class _Made:
    """Reviews and queries that repeat with the seed."""

    def __init__(self, dice: np.random.Generator, points: int) -> None:
        self._dice = dice
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


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    for row in rows(quick=False):
        print(row)
