"""Which aspects a restaurant is praised for more than its group: every restaurant of the group is tested, so that the share of
wrong discoveries is bounded over all of them, and over the aspects of each."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matjip.analysis.profiles import Profile, together
from matjip.analysis.proportions import Share, discoveries, more_by_chance
from matjip.inference.task import Aspect

__all__ = ["Tested", "against_group"]

HERE = ""  # no restaurant's id
WORTH_TESTING = 1.0  # standard errors above the group; below, a p-value is above any q in use and counts as 1


Q_OUTSTANDING = 0.05  # of the first pass, which only says whom the others are not to be measured by
Pair = tuple[str, Aspect]  # restaurant, aspect


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
    all_of_them = together(everyone.values())
    for aspect, praised in all_of_them.praise.items():
        ordinary = {name: profile for name, profile in everyone.items() if (name, aspect) not in outstanding}
        reviews = sum(profile.reviews for profile in ordinary.values())
        hits = sum(profile.praise.get(aspect, 0) for profile in ordinary.values())
        for name, profile in everyone.items():
            mine = Share(profile.praise.get(aspect, 0), profile.reviews)
            others = Share(hits - mine.hits, reviews - mine.total) if name in ordinary else Share(hits, reviews)
            if others.total and mine.total and praised * mine.total >= min_expected * all_of_them.reviews:
                worth = name == HERE or _stands_above(mine, others)
                yield (name, aspect), others, more_by_chance(mine, others) if worth else 1.0


def _stands_above(mine: Share, others: Share) -> bool:
    share = (mine.hits + others.hits) / (mine.total + others.total)
    return mine.value > share + WORTH_TESTING * math.sqrt(share * (1 - share) / mine.total)
