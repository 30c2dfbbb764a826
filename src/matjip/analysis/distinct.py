"""Which aspects a restaurant is praised for more than its group: every restaurant of the group is tested, so that the share of
wrong discoveries is bounded over all of them, and over the aspects of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matjip.analysis.profiles import Profile, together
from matjip.analysis.proportions import Share, discoveries, more_by_chance
from matjip.inference.task import Aspect

__all__ = ["Tested", "against_group"]

HERE = ""  # no restaurant's id
WORTH_TESTING = (
    1.5  # standard errors above the group; below, the p-value is above 0.05 and counts as 1, which claims no more
)


Q_OUTSTANDING = 0.05  # of the first pass, which only says whom the others are not to be measured by
Pair = tuple[str, Aspect]  # restaurant, aspect
Counts = NDArray[np.int64]  # one a restaurant


@dataclass(frozen=True, slots=True)
class Tested:
    """One aspect here. `tests` were made in the group, of which this was one."""

    ordinary: Share  # what it was tested against: the praise of the peers that do not stand out for it themselves
    p_value: float
    q_value: float  # the larger of the one among the restaurant's own aspects and the one among all of the group's
    tests: int


def against_group(here: Profile, peers: Mapping[str, Profile], *, min_expected: float) -> dict[Aspect, Tested]:
    """Each aspect whose praise is common enough to be tested here.

    A test is Fisher's exact one, one-sided, of a restaurant against the others of the group. Whether it is made depends
    on the sums alone, which that test holds fixed: praise that would be expected here if all were alike, `min_expected` at
    least. It is made twice: peers that stand out for an aspect in the first pass are nobody's measure of it in the second,
    or several strong restaurants would hide each other.

    Two bounds hold together: of restaurants without any strength, at most a share q has one claimed (its own aspects as the
    family); of the claims in the whole group, at most a share q is wrong (all pairs of restaurant and aspect as the family).
    Both by Benjamini and Hochberg, and shown for the two passes on simulated groups in the tests.
    """
    everyone = {HERE: here, **peers}
    first = {pair: p for pair, _, p in _tests(everyone, min_expected, frozenset())}
    outstanding = frozenset(pair for pair, q in discoveries(first).items() if q <= Q_OUTSTANDING)
    second = list(_tests(everyone, min_expected, outstanding))
    among_all = discoveries({pair: p for pair, _, p in second})
    mine = {aspect: (ordinary, p) for (name, aspect), ordinary, p in second if name == HERE}
    own = discoveries({aspect: p for aspect, (_, p) in mine.items()})
    return {
        aspect: Tested(ordinary, p, max(own[aspect], among_all[HERE, aspect]), len(second))
        for aspect, (ordinary, p) in sorted(mine.items())
    }


def _tests(
    everyone: Mapping[str, Profile], min_expected: float, outstanding: frozenset[Pair]
) -> Iterator[tuple[Pair, Share, float]]:
    """Restaurant and aspect, the others' share, and the p-value."""
    names = list(everyone)
    reviews = np.array([profile.reviews for profile in everyone.values()])
    all_reviews = int(reviews.sum())
    for aspect in together(everyone.values()).praise:
        praise = np.array([profile.praise.get(aspect, 0) for profile in everyone.values()])
        ordinary = np.array([(name, aspect) not in outstanding for name in names])
        others = (ordinary * reviews).sum() - ordinary * reviews
        their_praise = (ordinary * praise).sum() - ordinary * praise
        is_tested = (reviews > 0) & (others > 0) & (praise.sum() * reviews >= min_expected * all_reviews)
        above = _stand_above(praise, reviews, their_praise, others)
        for at in np.flatnonzero(is_tested).tolist():
            there = Share(int(their_praise[at]), int(others[at]))
            worth = above[at] or names[at] == HERE
            mine = Share(int(praise[at]), int(reviews[at]))
            yield (names[at], aspect), there, more_by_chance(mine, there) if worth else 1.0


def _stand_above(praise: Counts, reviews: Counts, their_praise: Counts, others: Counts) -> NDArray[np.bool_]:
    """Whose share is so far above all of theirs that a test may find it."""
    share = (praise + their_praise) / np.maximum(reviews + others, 1)
    own = np.maximum(reviews, 1)
    far: NDArray[np.bool_] = praise / own > share + WORTH_TESTING * np.sqrt(share * (1 - share) / own)
    return far
