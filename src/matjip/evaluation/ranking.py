"""How good a ranking is, by which of its places hold what was looked for: 1 where they do, 0 where they do not."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matjip.evaluation.resampling import Figure, figure, ratio, resampled

__all__ = ["average_precision", "mean", "ndcg", "precision"]


def precision(hits: NDArray[np.bool_], depth: int) -> float:
    """The share of the first `depth` places that hold what was looked for; places that the ranking lacks do not."""
    return float(hits[:depth].sum()) / depth


def average_precision(hits: NDArray[np.bool_], relevant: int) -> float:
    """The precision at each hit, summed and divided by all that there was to find; 0 where there was nothing."""
    places = np.flatnonzero(hits) + 1
    return float((np.arange(1, len(places) + 1) / places).sum()) / relevant if relevant else 0.0


def ndcg(hits: NDArray[np.bool_], depth: int, *, relevant: int) -> float:
    """The gain of the first `depth` places, discounted by log2 of the place + 1, over that of the best ranking.

    K. Järvelin and J. Kekäläinen, ACM TOIS 20 (2002), with gains of 0 and 1; 0 where there was nothing to find.
    """
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    first = hits[:depth]
    best = discounts[:relevant].sum()
    return float((first * discounts[: len(first)]).sum() / best) if best else 0.0


def mean(values: Sequence[float], *, seed: int) -> Figure:
    """The mean over queries and its 95 % interval, by drawing queries anew; of differences, the paired interval."""
    columns = {"values": np.array(values, np.float64), "all": np.ones(len(values))}
    if not values:
        return Figure(None, None, None)
    sums = resampled(columns, seed=seed)
    return figure(ratio(sums["values"], sums["all"]))
