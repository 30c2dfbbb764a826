"""Intervals: the same for the same seed, as wide as theory says, and silent where nothing can be said."""

import numpy as np
import pytest

from matjip.evaluation.resampling import Figure, figure, ratio, resampled


def share(hits: int, of: int, *, seed: int = 0) -> Figure:
    right = (np.arange(of) < hits).astype(float)
    sums = resampled({"right": right, "all": np.ones(of)}, seed=seed)
    return figure(ratio(sums["right"], sums["all"]))


def test_the_value_is_that_of_the_rows_themselves():
    assert share(30, 40).value == 0.75


def test_the_interval_of_a_share_is_about_two_standard_errors_each_way():
    found = share(800, 1_000)
    reach = 1.96 * (0.8 * 0.2 / 1_000) ** 0.5
    assert (found.low, found.high) == (pytest.approx(0.8 - reach, abs=0.004), pytest.approx(0.8 + reach, abs=0.004))


def test_the_same_seed_gives_the_same_interval_and_another_another():
    assert share(61, 97) == share(61, 97) != share(61, 97, seed=1)


def test_resamples_drawn_in_parts_are_all_there(monkeypatch):
    monkeypatch.setattr("matjip.evaluation.resampling.CELLS", 70)
    sums = resampled({"all": np.ones(10)}, seed=0, rounds=25)
    assert sums["all"].tolist() == [10.0] * 26


def test_nothing_by_nothing_is_unknown_not_nought():
    assert figure(ratio(np.zeros(5), np.zeros(5))) == Figure(None, None, None)


def test_resamples_without_a_case_are_left_out_of_the_interval():
    assert figure(np.array([0.5, np.nan, 0.5, np.nan])) == Figure(0.5, 0.5, 0.5)
