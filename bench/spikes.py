"""Alarms about negative reviews: how many are wrong, and how many real ones are found, in simulated restaurants.

Each restaurant writes for two years: a mean rate of reviews a day, a weekly rhythm (Friday to Sunday twice the other days),
days that differ (gamma, shape 2), and one of seven negative. The first year is history; alarms are counted in the second.
"steady": every review is negative by the same chance. "bad days": that chance differs by day (beta, correlation 0.05 of
reviews of a day), which is not a spike. Wrong alarms are counted per restaurant and year over all seeds, with the 95 %
interval of a Poisson count (exact); stated is at most 0.5. "found" is the share of planted spikes, two days of three times as
many negative ones, that are alarmed within seven days of their beginning, and "median_delay_h" the median time until then.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from matjip.analysis.spikes import Written, spikes

__all__ = ["rows"]

BARS = ("setting", "found")
START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, FIRST_YEAR = 730, 365
RATES = (0.5, 2.0, 8.0, 30.0)  # reviews a day
NEGATIVE = 1 / 7
CORRELATIONS = {"steady": 0.0, "bad days": 0.05}
TIMES, SPIKE_DAYS = 3.0, 2
SEEDS, QUICK_SEEDS = 200, 20
WEEK = np.array([1, 1, 1, 1, 2, 2, 2]) / (10 / 7)  # Monday to Sunday
DAY_SHAPE = 2.0
FOUND_WITHIN = timedelta(days=7)


def rows(quick: bool) -> list[dict[str, object]]:
    seeds = QUICK_SEEDS if quick else SEEDS
    return [row(days, rate, seeds) for days in CORRELATIONS for rate in RATES]


def row(days: str, rate: float, seeds: int) -> dict[str, object]:
    wrong, delays = 0, []
    for seed in range(seeds):
        dice = np.random.default_rng([seed, round(10 * rate), len(days)])
        wrong += sum(
            1 for _ in spikes(history(dice, rate, CORRELATIONS[days]), since=START + timedelta(days=FIRST_YEAR))
        )
        begins = START + timedelta(days=FIRST_YEAR + int(dice.integers(30, 300)))
        planted = history(dice, rate, CORRELATIONS[days], spike=begins)
        alarms = (each.found_at for each in spikes(planted, since=begins))
        delays += [at - begins for at in list(alarms)[:1] if at - begins <= FOUND_WITHIN]
    years = seeds * (DAYS - FIRST_YEAR) / 365
    low, high = poisson_interval(wrong)
    return {
        "setting": f"{days}, {rate:g} a day",
        "restaurant_years": round(years),
        "wrong_alarms": wrong,
        "false_alarms_per_restaurant_year": round(wrong / years, 4),
        "low": round(low / years, 4),
        "high": round(high / years, 4),
        "found": round(len(delays) / seeds, 3),
        "median_delay_h": round(sorted(delays)[len(delays) // 2].total_seconds() / 3600, 1) if delays else None,
    }


def history(
    dice: np.random.Generator, rate: float, correlation: float, *, spike: datetime | None = None
) -> Sequence[Written]:
    """Two years of reviews in order of time."""
    found = []
    for day in range(DAYS):
        midnight = START + timedelta(days=day)
        count = dice.poisson(rate * WEEK[midnight.weekday()] * dice.gamma(DAY_SHAPE, 1 / DAY_SHAPE))
        chance = NEGATIVE
        if correlation:
            size = 1 / correlation - 1
            chance = dice.beta(NEGATIVE * size, (1 - NEGATIVE) * size)
        if spike is not None and 0 <= (midnight - spike).days < SPIKE_DAYS:
            chance = min(1.0, TIMES * chance)
        hours = np.sort(dice.uniform(11, 23, count))
        bad = dice.random(count) < chance
        found += [
            Written(midnight + timedelta(hours=float(hour)), bool(is_bad))
            for hour, is_bad in zip(hours, bad, strict=True)
        ]
    return found


def poisson_interval(count: int) -> tuple[float, float]:
    """Exact 95 % interval of the mean behind a count (F. Garwood, Biometrika 28, 1936), by bisection."""
    low = bisected(lambda mean: 1 - below(count, mean) - 0.025, 0.0, count + 1.0) if count else 0.0
    return low, bisected(lambda mean: 0.025 - below(count + 1, mean), 0.0, 2.0 * count + 10)


def below(count: int, mean: float) -> float:
    """The chance of fewer than so many."""
    return sum(math.exp(each * math.log(mean) - mean - math.lgamma(each + 1)) for each in range(count)) if mean else 1.0


def bisected(rises, low: float, high: float) -> float:
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if rises(middle) > 0 else (middle, high)
    return (low + high) / 2
