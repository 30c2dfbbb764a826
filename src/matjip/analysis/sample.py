"""Which of many reviews to look at: strata that keep minorities, drawn by chance that repeats, or the K nearest to the centre.

How far each is off is measured in bench/reports/sampling.md. The nearest to the centre speak of more aspects than chance draws
do, and under-count the unhappy where those are few; strata estimate shares best. Clusters beside label and age gained nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from matjip.analysis.evidence import Judged
from matjip.clock import new_dice

__all__ = ["Sample", "clusters", "representative", "stratified"]

AGES = 3  # newest third, middle third, oldest third
REVIEWS_PER_CLUSTER = 30  # fewer make strata of one or two reviews, of which no share can be drawn
MOST_CLUSTERS = 6
ROUNDS = 20  # of k-means; it stands still after about ten
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Numbers of reviews in the snapshot, in order, and how they were drawn."""

    reviews: tuple[int, ...]
    seed: int
    strata: tuple[tuple[str, int, int], ...]  # name, size, drawn
    # How many reviews each stands for: its stratum's size by what was drawn of it (D. Horvitz and D. Thompson, 1952).
    weights: tuple[float, ...] = ()


def stratified(judged: Judged, *, size: int, seed: int, vectors: NDArray[np.int8] | None = None) -> Sample:
    """At most `size` reviews, or one a stratum: half an even split from each stratum, the rest by their shares.

    Strata are by label, third of the time, and, where vectors are given (one a review), cluster of what is spoken of.

    A small stratum (the few negative reviews of a loved place) is thus over-represented on purpose: B looks for
    candidates in the sample, and C counts them in all the reviews.
    """
    by_age = sorted(
        range(judged.considered),
        key=lambda at: (judged.snapshot.reviews[at].created_at or UNDATED, judged.snapshot.reviews[at].id),
    )
    cluster = None if vectors is None else clusters(vectors, seed=seed).tolist()
    strata: dict[str, list[int]] = {}
    for rank, review in enumerate(by_age):
        age = rank * AGES // len(by_age)
        name = f"{judged.sentiments[review].answer.label}/{age}"
        strata.setdefault(name if cluster is None else f"{name}/{cluster[review]}", []).append(review)
    dice = new_dice(seed)
    drawn: dict[int, float] = {}
    sizes: list[tuple[str, int, int]] = []
    shares = _shares([len(reviews) for _, reviews in sorted(strata.items())], size)
    for (name, reviews), share in zip(sorted(strata.items()), shares, strict=True):
        chosen = dice.sample(reviews, share)  # by age and id, so that the order of the input changes nothing
        drawn |= dict.fromkeys(chosen, len(reviews) / len(chosen))
        sizes.append((name, len(reviews), len(chosen)))
    ordered = sorted(drawn)
    weights = tuple(drawn[review] for review in ordered)
    return Sample(reviews=tuple(ordered), seed=seed, strata=tuple(sizes), weights=weights)


def _shares(sizes: Sequence[int], wanted: int) -> list[int]:
    """How many to draw of each stratum: at least one and half of an even split, then by what is left of each; the sum is `wanted`."""
    least = [min(size, max(1, wanted // (2 * len(sizes)))) for size in sizes]
    rest = max(0, min(wanted, sum(sizes)) - sum(least))
    left = [size - drawn for size, drawn in zip(sizes, least, strict=True)]
    exact = [rest * more / max(sum(left), 1) for more in left]
    shares = [drawn + int(more) for drawn, more in zip(least, exact, strict=True)]
    largest = sorted(range(len(sizes)), key=lambda at: (int(exact[at]) - exact[at], at))  # by what rounding took
    for at in largest[: rest - sum(int(more) for more in exact)]:
        shares[at] += 1
    return shares


def representative(vectors: NDArray[np.int8], *, weights: Sequence[float], size: int) -> list[tuple[int, float]]:
    """The `size` reviews nearest to the weighted centre of all, nearest first, with the cosine of each; equals by number.

    Each review pulls by its weight (how recent, how useful) and not by the length of its vector.
    """
    units = _units(vectors)
    centre = np.asarray(weights, np.float64) @ units
    norm = np.linalg.norm(centre)
    near = np.round(units @ (centre / norm if norm else centre), 9)
    order = np.lexsort((np.arange(len(near)), -near))[:size]
    return [(int(review), float(near[review])) for review in order]


def clusters(vectors: NDArray[np.int8], *, seed: int) -> NDArray[np.int64]:
    """What each review speaks of, as the number of its cluster: spherical k-means, the first centres far apart by chance."""
    count = min(MOST_CLUSTERS, len(vectors) // REVIEWS_PER_CLUSTER)
    if count < 2:
        return np.zeros(len(vectors), np.int64)
    order = np.lexsort(vectors.T)  # the order of the input changes nothing
    units = _units(vectors[order])
    dice = new_dice(seed)
    centres = [units[dice.randrange(len(units))]]
    while len(centres) < count:  # D. Arthur and S. Vassilvitskii, 2007
        distance = np.maximum(1 - (units @ np.array(centres).T).max(axis=1), 0)
        centres.append(units[dice.choices(range(len(units)), weights=(distance + 1e-12).tolist())[0]])
    middle = np.array(centres)
    nearest = np.zeros(len(units), np.int64)
    for _ in range(ROUNDS):
        nearest = (units @ middle.T).argmax(axis=1)
        sums = np.zeros_like(middle)
        np.add.at(sums, nearest, units)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        middle = np.where(length > 0, sums / np.maximum(length, 1e-12), middle)
    found = np.zeros(len(vectors), np.int64)
    found[order] = nearest
    return found


def _units(vectors: NDArray[np.int8]) -> NDArray[np.float64]:
    long = vectors.astype(np.float64)
    length = np.linalg.norm(long, axis=1, keepdims=True)
    units: NDArray[np.float64] = np.divide(long, length, out=np.zeros_like(long), where=length > 0)
    return units
