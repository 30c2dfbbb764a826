"""Measures of rankings, against values worked by hand."""

from math import log2

import numpy as np
import pytest

from matjip.evaluation.ranking import average_precision, mean, ndcg, precision
from matjip.evaluation.resampling import Figure


def ranking(places: str) -> np.ndarray:
    return np.array([place == "x" for place in places], np.bool_)


def test_precision_is_the_share_of_the_first_places():
    assert precision(ranking("x.x.xxx"), 5) == 0.6


def test_places_that_a_short_ranking_lacks_count_as_misses():
    assert precision(ranking("xx"), 10) == 0.2


def test_average_precision_is_the_mean_of_the_precision_at_each_hit():
    assert average_precision(ranking("x.x"), 2) == pytest.approx((1 + 2 / 3) / 2)


def test_what_was_never_found_lowers_average_precision():
    assert average_precision(ranking("x.."), 4) == 0.25


def test_ndcg_discounts_a_hit_by_the_logarithm_of_its_place():
    assert ndcg(ranking("..x"), 10, relevant=1) == pytest.approx(1 / log2(4))


def test_ndcg_of_the_best_ranking_is_one_however_few_there_are_to_find():
    assert ndcg(ranking("xx........"), 10, relevant=2) == pytest.approx(1)


def test_ndcg_looks_no_further_than_its_depth():
    assert ndcg(ranking("..x"), 2, relevant=1) == 0


def test_nothing_to_find_is_nought():
    assert (average_precision(ranking("..."), 0), ndcg(ranking("..."), 10, relevant=0)) == (0, 0)


def test_a_mean_over_equal_queries_has_no_width():
    assert mean([0.5] * 8, seed=1) == Figure(0.5, 0.5, 0.5)


def test_a_mean_over_queries_lies_inside_its_interval():
    found = mean([0.0, 1.0] * 20, seed=1)
    assert found.low < found.value == 0.5 < found.high


def test_a_mean_over_no_query_is_unknown():
    assert mean([], seed=1) == Figure(None, None, None)
