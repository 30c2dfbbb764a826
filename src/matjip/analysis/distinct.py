"""Which aspects a restaurant is praised for more than its group: every restaurant of the group is tested, so that the share of
wrong discoveries is bounded over all of them, and over the aspects of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matjip.analysis.profiles import Profile
from matjip.analysis.proportions import Share, discoveries, more_by_chance
from matjip.inference.task import Aspect

__all__ = ["Tested", "against_group"]

HERE, HERE_AT = "", 0  # no restaurant's id, and the first of the group
WORTH_TESTING = (
    1.5  # standard errors above the group; below, the p-value is above 0.05 and counts as 1, which claims no more
)
Q_OUTSTANDING = 0.05  # of the first pass, which only says whom the others are not to be measured by
Pair = tuple[int, int]  # restaurant and aspect, by their places in the group
Counts = NDArray[np.int64]


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
    group = _Group.of({HERE: here, **peers})
    first, tests = group.test(min_expected)
    q_values = discoveries({pair: p for pair, (_, p) in first.items()}, tests=tests)
    second, tests = group.test(min_expected, outstanding=[pair for pair, q in q_values.items() if q <= Q_OUTSTANDING])
    among_all = discoveries({pair: p for pair, (_, p) in second.items()}, tests=tests)
    mine = {aspect: found for (at, aspect), found in second.items() if at == HERE_AT}
    own = discoveries({aspect: p for aspect, (_, p) in mine.items()})
    return {
        group.aspects[aspect]: Tested(ordinary, p, max(own[aspect], among_all[HERE_AT, aspect]), tests)
        for aspect, (ordinary, p) in sorted(mine.items())
    }


@dataclass(frozen=True, slots=True)
class _Group:
    """Reviews of each restaurant, and praise of each restaurant (down) for each aspect (across)."""

    aspects: tuple[Aspect, ...]
    reviews: Counts
    praise: Counts

    @classmethod
    def of(cls, everyone: Mapping[str, Profile]) -> "_Group":
        profiles = list(everyone.values())
        aspects = tuple(sorted({aspect for profile in profiles for aspect in profile.praise}))
        praise = [[profile.praise.get(aspect, 0) for aspect in aspects] for profile in profiles]
        reviews = np.array([[profile.reviews] for profile in profiles])
        return cls(aspects, reviews, np.array(praise, dtype=np.int64).reshape(len(profiles), len(aspects)))

    def test(
        self, min_expected: float, *, outstanding: Sequence[Pair] = ()
    ) -> tuple[dict[Pair, tuple[Share, float]], int]:
        """The others' share and the p-value, of each test here and of those elsewhere that may find something; and how many tests."""
        ordinary = np.ones_like(self.praise)
        for pair in outstanding:
            ordinary[pair] = 0
        others = (ordinary * self.reviews).sum(axis=0) - ordinary * self.reviews
        their_praise = (ordinary * self.praise).sum(axis=0) - ordinary * self.praise
        is_common = self.praise.sum(axis=0) * self.reviews >= min_expected * self.reviews.sum()
        is_tested = (self.reviews > 0) & (others > 0) & is_common
        is_worth = _stand_above(self.praise, self.reviews, their_praise, others)
        is_worth[HERE_AT] = True
        found = {}
        for at, aspect in np.argwhere(is_tested & is_worth).tolist():
            there = Share(int(their_praise[at, aspect]), int(others[at, aspect]))
            mine = Share(int(self.praise[at, aspect]), int(self.reviews[at, 0]))
            found[at, aspect] = there, more_by_chance(mine, there)
        return found, int(is_tested.sum())


def _stand_above(praise: Counts, reviews: Counts, their_praise: Counts, others: Counts) -> NDArray[np.bool_]:
    """Whose share is so far above all of theirs that a test may find it."""
    share = (praise + their_praise) / np.maximum(reviews + others, 1)
    own = np.maximum(reviews, 1)
    far: NDArray[np.bool_] = praise / own > share + WORTH_TESTING * np.sqrt(share * (1 - share) / own)
    return far
