"""Shares, tests and corrections, against tables from the literature and against chance."""

import random

import pytest

from matjip.analysis.proportions import (
    Share,
    corrected_difference,
    corrected_share,
    differ_by_chance,
    discoveries,
    more_by_chance,
    percentile,
    shrunk_difference,
)
from matjip.analysis.result import Interval
from matjip.inference.quality import Detection, Rate

FALLIBLE = Detection(rightly=Rate(hits=175, total=200), wrongly=Rate(hits=60, total=200))
BLIND = Detection(rightly=Rate(hits=50, total=100), wrongly=Rate(hits=45, total=100))


def test_the_one_sided_exact_test_agrees_with_a_worked_table():
    assert more_by_chance(Share(3, 4), Share(1, 4)) == pytest.approx(17 / 70)  # Fisher's tea: 16/70 + 1/70


def test_the_two_sided_exact_test_agrees_with_a_worked_table():
    assert differ_by_chance(Share(3, 4), Share(1, 4)) == pytest.approx(34 / 70)  # the same, both tails
    assert differ_by_chance(Share(2, 4), Share(2, 4)) == pytest.approx(1.0)


def test_nothing_seen_differs_from_nothing():
    assert more_by_chance(Share(0, 0), Share(5, 9)) == differ_by_chance(Share(0, 0), Share(5, 9)) == 1.0


def test_q_values_agree_with_a_worked_table():
    q_values = discoveries({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.5})
    assert q_values == pytest.approx({"a": 0.04, "b": 0.04 * 4 / 3, "c": 0.04 * 4 / 3, "d": 0.5})


def test_few_reviews_are_shrunk_towards_the_group():
    small, _ = shrunk_difference(Share(2, 2), Share(10, 100), shrink=20)
    large, _ = shrunk_difference(Share(200, 200), Share(10, 100), shrink=20)
    assert small < 0.1 < 0.8 < large


def test_a_percentile_counts_equals_by_half():
    assert percentile(0.2, {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.0}) == pytest.approx(0.625)


def test_the_corrected_interval_holds_the_truth_about_95_times_of_100():
    dice = random.Random(4)
    held, runs = 0, 400
    for _ in range(runs):
        truth = dice.uniform(0.1, 0.9)
        measured = Detection(rightly=_drawn(0.85, 200, dice), wrongly=_drawn(0.25, 200, dice))
        found = _drawn(truth * 0.85 + (1 - truth) * 0.25, 150, dice)
        _, interval = corrected_share(Share(found.hits, found.total), measured)
        held += interval.low <= truth <= interval.high
    assert held >= 0.93 * runs


def test_a_reader_who_errs_widens_the_interval_of_a_difference():
    difference, interval = corrected_difference(0.1, Interval(low=0.02, high=0.18), FALLIBLE)
    assert difference == pytest.approx(0.1 / 0.575)
    assert interval.high - interval.low > 0.16 / 0.575


def test_a_reader_who_cannot_tell_gives_no_correction():
    assert corrected_share(Share(40, 100), BLIND) is None
    assert corrected_difference(0.1, Interval(low=0.02, high=0.18), BLIND) is None


def _drawn(share: float, total: int, dice: random.Random) -> Rate:
    return Rate(hits=sum(dice.random() < share for _ in range(total)), total=total)
