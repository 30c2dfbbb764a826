"""Truth 6, the statistics: on labels that a simulator draws, few claims are wrong and most true strengths are found."""

import numpy as np
import pytest

from matjip.analysis.distinct import against_group
from matjip.analysis.profiles import Profile

SHARES = {"taste": 0.4, "service": 0.11, "atmosphere": 0.09, "price": 0.06, "portion": 0.03, "waiting": 0.02}
RESTAURANTS, REVIEWS, SEEDS, Q, MIN_EXPECTED = 40, 200, 200, 0.05, 3.0
HERE = 0


@pytest.fixture(scope="module")
def nobody_stands_out() -> list[set[str]]:
    return [claimed(draw(seed, strong=0)) for seed in range(SEEDS)]


def test_truth_6_a_restaurant_without_a_strength_has_one_claimed_at_most_5_times_of_100(nobody_stands_out):
    assert sum(map(bool, nobody_stands_out)) <= Q * SEEDS


def test_truth_6_of_the_claims_in_a_group_at_most_5_of_100_are_wrong():
    shares = [wrong / claims if claims else 0.0 for seed in range(SEEDS) for wrong, claims in [everywhere(seed)]]
    assert sum(shares) / SEEDS <= Q


def test_truth_6_a_strength_of_three_times_the_share_is_mostly_found():
    found = sum("service" in claimed(draw(seed, strong=RESTAURANTS // 8)) for seed in range(SEEDS))
    assert found >= 0.95 * SEEDS


def test_truth_6_strong_restaurants_do_not_hide_each_other():
    found = sum("service" in claimed(draw(seed, strong=RESTAURANTS // 2)) for seed in range(SEEDS))
    assert found >= 0.95 * SEEDS


def test_whether_a_test_is_made_does_not_depend_on_who_has_the_praise():
    few = Profile(reviews=10, praise={"price": 2})
    many = {"a": Profile(reviews=990, praise={"price": 8})}
    assert against_group(few, many, min_expected=3) == {}


def test_a_group_without_other_reviews_tests_nothing():
    assert against_group(Profile(reviews=10, praise={"taste": 9}), {"a": Profile()}, min_expected=1) == {}


def draw(seed: int, *, strong: int, restaurants: int = RESTAURANTS) -> list[Profile]:
    """A group whose first `strong` restaurants are praised for their service three times as often as the others."""
    dice = np.random.default_rng(seed)
    return [
        Profile(
            reviews=REVIEWS,
            praise={
                aspect: int(dice.binomial(REVIEWS, share * (3 if aspect == "service" and at < strong else 1)))
                for aspect, share in SHARES.items()
            },
        )
        for at in range(restaurants)
    ]


def claimed(group: list[Profile], at: int = HERE) -> set[str]:
    peers = {f"r{number}": profile for number, profile in enumerate(group) if number != at}
    found = against_group(group[at], peers, min_expected=MIN_EXPECTED)
    return {aspect for aspect, test in found.items() if test.q_value <= Q}


def everywhere(seed: int) -> tuple[int, int]:
    """Wrong claims and all claims over every restaurant of a group of 16, two of which stand out."""
    group = draw(seed, strong=2, restaurants=16)
    claims = [(at, aspect) for at in range(16) for aspect in claimed(group, at)]
    return sum(aspect != "service" or at >= 2 for at, aspect in claims), len(claims)
