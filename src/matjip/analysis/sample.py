"""A sample that keeps minorities: strata by label and recency, each drawn by chance that repeats."""

from dataclasses import dataclass
from datetime import UTC, datetime

from matjip.analysis.evidence import Judged
from matjip.clock import new_dice

__all__ = ["Sample", "stratified"]

AGES = 3  # newest third, middle third, oldest third
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Numbers of reviews in the snapshot, in order, and how they were drawn."""

    reviews: tuple[int, ...]
    seed: int
    strata: tuple[tuple[str, int, int], ...]  # name, size, drawn


def stratified(judged: Judged, *, size: int, seed: int) -> Sample:
    """At most about `size` reviews: from each stratum its share, and never fewer than its share of an even split's half.

    A small stratum (the few negative reviews of a loved place) is thus over-represented on purpose: B looks for
    candidates in the sample, and C counts them in all the reviews.
    """
    by_age = sorted(
        range(judged.considered),
        key=lambda at: (judged.snapshot.reviews[at].created_at or UNDATED, judged.snapshot.reviews[at].id),
    )
    strata: dict[str, list[int]] = {}
    for rank, review in enumerate(by_age):
        age = rank * AGES // len(by_age)
        strata.setdefault(f"{judged.sentiments[review].answer.label}/{age}", []).append(review)
    dice = new_dice(seed)
    drawn: list[int] = []
    sizes: list[tuple[str, int, int]] = []
    for name, reviews in sorted(strata.items()):
        share = max(size * len(reviews) // judged.considered, size // (2 * len(strata)), 1)
        chosen = dice.sample(sorted(reviews), min(share, len(reviews)))
        drawn += chosen
        sizes.append((name, len(reviews), len(chosen)))
    return Sample(reviews=tuple(sorted(drawn)), seed=seed, strata=tuple(sizes))
