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


@dataclass(frozen=True, slots=True)
class Tested:
    """One aspect here. `tests` were made in the group, of which this was one."""

    p_value: float
    q_value: float  # the larger of the one among the restaurant's own aspects and the one among all of the group's
    tests: int


def against_group(here: Profile, peers: Mapping[str, Profile], *, min_expected: float) -> dict[Aspect, Tested]:
    """Each aspect whose praise is common enough to be tested here.

    A test is Fisher's exact one, one-sided, of a restaurant against all the others of the group. Whether it is made depends
    on the sums alone, which that test holds fixed: praise that would be expected here if all were alike, `min_expected` at
    least. Two bounds hold together: of a restaurant without any strength, at most a share q has one claimed (its own aspects
    as the family); of the claims in the whole group, at most a share q is wrong (all pairs of restaurant and aspect as the
    family). Both by Benjamini and Hochberg.
    """
    everyone = {HERE: here, **peers}
    p_values = dict(_p_values(everyone, min_expected))
    mine = {aspect: p for (name, aspect), p in p_values.items() if name == HERE}
    own, among_all = discoveries(mine), discoveries(p_values)
    return {
        aspect: Tested(p, max(own[aspect], among_all[HERE, aspect]), len(p_values))
        for aspect, p in sorted(mine.items())
    }


def _p_values(everyone: Mapping[str, Profile], min_expected: float) -> Iterator[tuple[tuple[str, Aspect], float]]:
    all_of_them = together(list(everyone.values()))
    for name, profile in everyone.items():
        others = all_of_them.reviews - profile.reviews
        if not profile.reviews or not others:
            continue
        for aspect, praised in all_of_them.praise.items():
            share = praised / all_of_them.reviews
            if share * profile.reviews < min_expected:
                continue
            hits = profile.praise.get(aspect, 0)
            error = math.sqrt(share * (1 - share) / profile.reviews)
            if name == HERE or hits / profile.reviews > share + WORTH_TESTING * error:
                yield (name, aspect), more_by_chance(Share(hits, profile.reviews), Share(praised - hits, others))
            else:
                yield (name, aspect), 1.0
