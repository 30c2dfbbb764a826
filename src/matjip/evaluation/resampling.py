"""How sure a figure is: the bootstrap over rows (B. Efron, Annals of Statistics 7, 1979), for measures made of sums."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROUNDS", "Figure", "figure", "ratio", "resampled"]

ROUNDS = 1_000  # resamples: the ends of the interval are then steady in the second digit
CELLS = 4_000_000  # drawn at once: 32 MB
INTERVAL = (2.5, 97.5)  # per cent: 95 % lie between

Sums = NDArray[np.float64]  # the sum over the rows, then one over each resample


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure and its 95 % interval; None where there was nothing to divide by."""

    value: float | None
    low: float | None
    high: float | None


def resampled(columns: Mapping[str, NDArray[np.float64]], *, seed: int, rounds: int = ROUNDS) -> dict[str, Sums]:
    """The sum of each column over the rows, and over `rounds` draws of as many rows with replacement."""
    table = np.stack(list(columns.values()), axis=1)
    rows, dice = len(table), np.random.default_rng(seed)
    sums = [table.sum(axis=0, keepdims=True)]
    step = max(1, CELLS // rows)
    for start in range(0, rounds, step):
        size = min(step, rounds - start)
        drawn = dice.integers(0, rows, (size, rows)) + np.arange(size)[:, None] * rows
        counts = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
        sums.append(counts.astype(np.float64) @ table)
    return dict(zip(columns, np.concatenate(sums).T, strict=True))


def ratio(part: Sums, whole: Sums) -> Sums:
    """Part by whole; not a number where the whole is nought."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole != 0)


def figure(values: Sums) -> Figure:
    """The value on the rows themselves, and where 95 % of the resamples lie."""
    if np.isnan(values[0]):
        return Figure(None, None, None)
    low, high = np.percentile(values[~np.isnan(values)], INTERVAL)
    return Figure(float(values[0]), float(low), float(high))
