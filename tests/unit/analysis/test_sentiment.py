"""Counts that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.analysis.proportions import wilson
from matjip.analysis.sentiment import ratios
from matjip.inference.quality import Detection, Quality, Rate


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


FALLIBLE = Quality(
    positive=Detection(rightly=Rate(hits=87, total=100), wrongly=Rate(hits=34, total=100)),
)


async def leaning(quality: Quality | None):
    world = World(quality=quality)
    await world.write(*["국물이 진해요"] * 30, *["국물이 짜요"] * 20)
    return await world.analyses.sentiment(Ask(restaurant_id="r"), CALLER)


async def test_the_interval_of_the_ratio_holds_sampling_and_the_judges_errors():
    interval = (await leaning(FALLIBLE)).positive_interval
    sampling, corrected = wilson(30, 50), (0.6 - 0.34) / (0.87 - 0.34)
    assert interval.low < corrected < sampling.low + 0.1
    assert interval.high >= sampling.high


async def test_a_judge_that_was_not_measured_leaves_the_interval_of_sampling():
    answer = await leaning(None)
    assert answer.positive_interval == answer.sampling_interval == wilson(30, 50)
