"""Counts that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.analysis.proportions import wilson
from matjip.analysis.sentiment import ratios


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=3))
def test_ratios_sum_to_100_and_each_is_within_one_of_its_share(counts):
    total = sum(counts)
    made = ratios(counts)
    assert sum(made) == (100 if total else 0)
    assert all(abs(whole - 100 * count / total) < 1 for whole, count in zip(made, counts, strict=True) if total)


def test_thirds_sum_to_100():
    assert ratios([1, 1, 1]) == [34, 33, 33]


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share_and_stays_between_0_and_1(hits, total):
    hits = min(hits, total)
    interval = wilson(hits, total)
    assert 0 <= interval.low <= hits / total <= interval.high <= 1


def test_the_interval_agrees_with_the_published_formula():
    assert (wilson(81, 263).low, wilson(81, 263).high) == pytest.approx((0.2553, 0.3662), abs=5e-4)  # Newcombe 1998
