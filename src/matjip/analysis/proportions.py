"""The statistics of shares: intervals, exact tests, false-discovery control, and what a fallible reader's counts say of the truth."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matjip.analysis.result import Interval
from matjip.inference.quality import Detection

__all__ = [
    "Share",
    "corrected_difference",
    "corrected_share",
    "differ_by_chance",
    "discoveries",
    "more_by_chance",
    "percentile",
    "shrunk_difference",
    "wilson",
]

Z_95 = 1.959964  # two-sided 95 % of the normal distribution
LEAST_POWER = 0.1  # a reader who finds hardly more where there is something than where there is nothing tells nothing
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else 0.0

    @property
    def variance(self) -> float:
        """Of the value, from two more hits and two more misses than were seen (A. Agresti and B. Coull, Am. Stat. 52, 1998)."""
        value = (self.hits + 2) / (self.total + 4)
        return value * (1 - value) / (self.total + 4)


def wilson(hits: int, total: int) -> Interval:
    """The 95 % Wilson score interval of a share (E. B. Wilson, JASA 22, 1927); 0 to 1 when nothing was counted."""
    if not total:
        return Interval(low=0.0, high=1.0)
    share, square = hits / total, Z_95 * Z_95
    centre = (share + square / (2 * total)) / (1 + square / total)
    reach = Z_95 * math.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return Interval(
        low=0.0 if hits == 0 else max(0.0, centre - reach), high=1.0 if hits == total else min(1.0, centre + reach)
    )


def more_by_chance(here: Share, there: Share) -> float:
    """The chance of at least so many hits here if both shares were equal: Fisher's exact test, one-sided."""
    return min(1.0, float(np.exp(_log_chances(here, there)[here.hits - _least(here, there) :]).sum()))


def differ_by_chance(one: Share, other: Share) -> float:
    """The chance of a split at least as unlikely as this one if both shares were equal: Fisher's exact test, two-sided."""
    chances = _log_chances(one, other)
    if not len(chances):
        return 1.0
    seen = chances[one.hits - _least(one, other)]
    return min(1.0, float(np.exp(chances[chances <= seen + 1e-7]).sum()))  # rounding must not part what is equal


def discoveries(p_values: Mapping[K, float], *, tests: int | None = None) -> dict[K, float]:
    """The q-value of each test (Y. Benjamini and Y. Hochberg, JRSS B 57, 1995).

    Where more `tests` were made than have a p-value, the others count as 1.
    """
    q_values: dict[K, float] = {}
    least = 1.0
    ordered = sorted(p_values, key=p_values.__getitem__)  # the order of equals changes no q
    tests = len(ordered) if tests is None else tests
    for rank in range(len(ordered), 0, -1):
        test = ordered[rank - 1]
        least = min(least, p_values[test] * tests / rank)
        q_values[test] = least
    return q_values


def shrunk_difference(here: Share, there: Share, *, shrink: int) -> tuple[float, Interval]:
    """This share minus the other, as if `shrink` more had been seen here at the other's share; and its 95 % interval."""
    weight = here.total + shrink
    share = (here.hits + shrink * there.value) / weight
    reach = Z_95 * math.sqrt(share * (1 - share) / weight + there.value * (1 - there.value) / there.total)
    difference = share - there.value
    return difference, Interval(low=max(-1.0, difference - reach), high=min(1.0, difference + reach))


def corrected_share(found: Share, detection: Detection) -> tuple[float, Interval] | None:
    """The true share behind one that a fallible reader counted, and its 95 % interval, sampling and measured error together.

    W. Rogan and B. Gladen, Am. J. Epidemiology 107, 1978. None where the reader is too poor to tell.
    """
    power = detection.power
    if power < LEAST_POWER or not found.total:
        return None
    share = (found.value - detection.wrongly.value) / power
    right, wrong = _variances(detection)
    inside = min(1.0, max(0.0, share))
    reach = Z_95 * math.sqrt(found.variance + inside**2 * right + (1 - inside) ** 2 * wrong) / power
    return inside, Interval(low=max(0.0, share - reach), high=min(1.0, max(0.0, share + reach)))


def corrected_difference(
    difference: float, interval: Interval, detection: Detection | None
) -> tuple[float, Interval] | None:
    """The true difference behind one between two shares that the same fallible reader counted, and its interval."""
    if detection is None or detection.power < LEAST_POWER:
        return None
    power, true = detection.power, difference / detection.power
    reach = (interval.high - interval.low) / 2
    whole = math.hypot(reach, Z_95 * abs(true) * math.sqrt(sum(_variances(detection)))) / power
    return max(-1.0, min(1.0, true)), Interval(low=max(-1.0, true - whole), high=min(1.0, true + whole))


def percentile(value: float, others: Mapping[str, float]) -> float:
    """The share of the others that lie below, those that are equal by half."""
    if not others:
        return 0.5
    return sum((other < value) + 0.5 * (other == value) for other in others.values()) / len(others)


def _variances(detection: Detection) -> tuple[float, float]:
    return tuple(Share(rate.hits, rate.total).variance for rate in (detection.rightly, detection.wrongly))  # type: ignore[return-value]


def _least(here: Share, there: Share) -> int:
    return max(0, here.hits + there.hits - there.total)


def _log_chances(here: Share, there: Share) -> NDArray[np.float64]:
    """Of each number of hits here, from the least that is possible, when the sums stay as they are (hypergeometric)."""
    hits, everyone = here.hits + there.hits, here.total + there.total
    at = np.arange(_least(here, there), min(here.total, hits) + 1)
    logs = _log_factorials(everyone)
    ways = logs[everyone] - logs[here.total] - logs[there.total]
    return (  # type: ignore[no-any-return]
        logs[hits]
        - logs[at]
        - logs[hits - at]
        + logs[everyone - hits]
        - logs[here.total - at]
        - logs[there.total - (hits - at)]
        - ways
    )


_known = np.zeros(1)


def _log_factorials(up_to: int) -> NDArray[np.float64]:
    """log(0!), log(1!) … at least up to the number; grown by doubling and kept, 8 bytes each."""
    global _known  # a table of constants, worked out as far as anybody asked
    if len(_known) <= up_to:
        _known = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 2 * up_to + 2)))])
    return _known
