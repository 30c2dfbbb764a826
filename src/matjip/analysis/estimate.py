"""What an analysis would take, before it is made: from how long like ones took here, never from a guess."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from matjip.analysis.result import AnalysisName, Shape

__all__ = [
    "MICROS",
    "Estimate",
    "Expected",
    "Measured",
    "Price",
    "Total",
    "expected_of",
    "price_of",
    "tokens_of",
    "total_of",
]

LEAST_RUNS = 5  # fewer measured runs say nothing of the next
SPREAD_PERCENT = (10, 90)  # of how far measured runs were from the line through them
SECONDS_AN_HOUR = 3_600
MICROS = 1_000_000


class Measured(NamedTuple):
    """One run that was made: how many reviews it considered and how long it took."""

    reviews: int
    seconds: float
    tokens: int = 0


class Expected(Shape):
    """A time in seconds, and between which two four of five runs like it lay."""

    seconds: float
    low: float
    high: float
    runs: int = Field(description="Measured runs behind it.")


class Price(Shape):
    """Money in millionths of the currency."""

    amount_micros: int
    currency: str


class Estimate(Shape):
    """What one analysis would take."""

    dry_run: Literal[True] = True
    restaurant_id: str
    analysis: AnalysisName
    would: Literal["run", "reuse"] = Field(
        description="reuse: nothing has changed, and the stored result would be given."
    )
    engine: str
    model: str
    reviews: int = Field(description="Reviews that it would consider.")
    tokens: int | None = Field(
        description="Of a language model; 0 while only the built-in models answer, null while too few runs were measured."
    )
    time: Expected | None = Field(description="Null while too few runs of this analysis and model were measured.")
    cost: Price | None = Field(description="Null while the time, or the price of a machine's hour, is unknown.")


class Total(Shape):
    """What a batch would take, one analysis after the other."""

    dry_run: Literal[True] = True
    restaurants: int
    reviews: int
    tokens: int | None = Field(description="Null where those of some are unknown.")
    seconds: float | None = Field(description="Null where the time of some is unknown.")
    cost: Price | None


def expected_of(reviews: int, measured: Sequence[Measured]) -> Expected | None:
    """The time for so many reviews: the least-squares line through measured runs, neither end of it below zero."""
    if len(measured) < LEAST_RUNS:
        return None
    sizes, seconds, _ = np.array(measured, dtype=np.float64).T
    slope, fixed = _line(sizes, seconds)
    line = np.maximum(fixed + slope * sizes, np.finfo(np.float64).tiny)
    low, high = np.percentile(seconds / line, SPREAD_PERCENT)
    found = fixed + slope * reviews
    return Expected(
        seconds=found, low=min(1.0, float(low)) * found, high=max(1.0, float(high)) * found, runs=len(measured)
    )


def tokens_of(reviews: int, measured: Sequence[Measured]) -> int | None:
    """The tokens for so many reviews, as measured runs spent them a review: what is remembered costs none."""
    seen = sum(each.reviews for each in measured)
    if len(measured) < LEAST_RUNS or not seen:
        return None
    return round(reviews * sum(each.tokens for each in measured) / seen)


def price_of(seconds: float | None, *, machine_hour: float | None, currency: str) -> Price | None:
    """What so long on one machine costs; unknown is None, not 0."""
    if seconds is None or machine_hour is None:
        return None
    return Price(amount_micros=round(seconds / SECONDS_AN_HOUR * machine_hour * MICROS), currency=currency)


def total_of(estimates: Sequence[Estimate]) -> Total:
    """The sum, unknown where a part of it is."""
    times = [each.time.seconds for each in estimates if each.time is not None]
    tokens = [each.tokens for each in estimates if each.tokens is not None]
    costs = [each.cost for each in estimates if each.cost is not None]
    is_priced = len(costs) == len(estimates) and bool(costs)
    return Total(
        restaurants=len({each.restaurant_id for each in estimates}),
        reviews=sum(each.reviews for each in estimates),
        tokens=sum(tokens) if len(tokens) == len(estimates) else None,
        seconds=sum(times) if len(times) == len(estimates) else None,
        cost=Price(amount_micros=sum(each.amount_micros for each in costs), currency=costs[0].currency)
        if is_priced
        else None,
    )


def _line(sizes: NDArray[np.float64], seconds: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept, both at least 0."""
    spread = float(((sizes - sizes.mean()) ** 2).sum())
    slope = float(((sizes - sizes.mean()) * (seconds - seconds.mean())).sum()) / spread if spread else 0.0
    fixed = float(seconds.mean()) - slope * float(sizes.mean())
    if slope < 0:
        return 0.0, float(seconds.mean())
    if fixed < 0:
        return float((sizes * seconds).sum() / (sizes**2).sum()), 0.0
    return slope, fixed
