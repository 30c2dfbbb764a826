"""A pretended site: the sample's reviews with their stars, each of its restaurants as four."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from matjip.evaluation.adapt import Adapted, adapt
from matjip.evaluation.examples import Example
from matjip.inference.cached import CachedJudge
from matjip.inference.judge import Judge
from matjip.inference.lite.judge import LiteJudge

_learned: list[Adapted] = []
SAMPLE = Path(__file__).parents[3] / "examples" / "reviews.jsonl"


@cache
def shipped() -> Judge:
    return CachedJudge(LiteJudge.load())


@cache
def site() -> tuple[Example, ...]:
    return tuple(_rated())


async def adapted() -> Adapted:
    """What the site teaches, learned once for all tests."""
    if not _learned:
        _learned.append(await adapt(site(), shipped(), tenant="default"))
    return _learned[0]


def _rated() -> Iterator[Example]:
    lines = map(json.loads, SAMPLE.read_text(encoding="utf-8").splitlines())
    for place, row in enumerate(row for row in lines if row.get("rating") is not None):
        label = "negative" if row["rating"] <= 2 else "positive" if row["rating"] >= 4 else "neutral"
        restaurant = f"{row['restaurant_id']} {place % 4}"
        yield Example(text=row["content"], label=label, source="ratings", restaurant_id=restaurant)
