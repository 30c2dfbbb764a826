"""What an analysis would take, from runs that were measured."""

import pytest
from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.analysis.estimate import Estimate, Expected, Measured, Price, expected_of, price_of, tokens_of, total_of

ASK = Ask(restaurant_id="r")


def test_the_time_follows_the_number_of_reviews():
    measured = [Measured(size, 0.01 + 0.002 * size) for size in (10, 20, 40, 60, 80, 100)]
    assert expected_of(500, measured).seconds == pytest.approx(1.01)


def test_the_bounds_hold_four_of_five_of_the_measured_runs():
    measured = [Measured(50, 0.1 * (1 + each / 100)) for each in range(100)]
    found = expected_of(50, measured)
    inside = sum(found.low <= each.seconds <= found.high for each in measured)
    assert (round(found.seconds, 4), inside, found.runs) == (0.1495, 80, 100)


def test_a_line_that_would_fall_or_begin_below_zero_does_neither():
    falling = [Measured(size, 1 / size) for size in (1, 2, 4, 8, 16)]
    late = [Measured(size, 0.01 * size - 0.05) for size in (10, 20, 40, 60, 80)]
    assert expected_of(1_000, falling).seconds > 0
    assert expected_of(1, late).seconds > 0


def test_too_few_runs_are_unknown_not_a_guess():
    assert expected_of(50, [Measured(50, 0.1)] * 4) is None


def test_an_unknown_price_is_unknown_not_nothing():
    assert price_of(3_600.0, machine_hour=1.5, currency="USD") == Price(amount_micros=1_500_000, currency="USD")
    assert price_of(3_600.0, machine_hour=None, currency="USD") is None
    assert price_of(None, machine_hour=1.5, currency="USD") is None


def test_tokens_are_what_measured_runs_spent_a_review():
    measured = [
        Measured(10, 0.1, 120),
        Measured(30, 0.3, 0),
        Measured(10, 0.1, 80),
        Measured(25, 0.1),
        Measured(25, 0.1),
    ]
    assert tokens_of(50, measured) == 100
    assert tokens_of(50, measured[:4]) is None


def an_estimate(**but: object) -> Estimate:
    known = Expected(seconds=2.0, low=1.0, high=3.0, runs=9)
    told = {
        "restaurant_id": "r",
        "analysis": "summary",
        "would": "run",
        "engine": "lite",
        "model": "lite/3",
        "tokens": 0,
    }
    return Estimate.model_validate({**told, "reviews": 10, "time": known, "cost": None, **but})


def test_a_total_is_unknown_where_a_part_of_it_is():
    both = total_of([an_estimate(), an_estimate(restaurant_id="s")])
    assert (both.restaurants, both.reviews, both.seconds, both.cost) == (2, 20, 4.0, None)
    assert total_of([an_estimate(), an_estimate(time=None)]).seconds is None


async def test_a_dry_run_judges_nothing_and_leaves_no_run():
    world = World()
    await world.write("국물이 진해요", "국물이 짜요")
    found = await world.analyses.expect("summary", ASK, CALLER)
    assert (found.would, found.reviews, found.time, world.judge.texts_judged) == ("run", 2, None, 0)
    assert await world.analyses.history("default", "r") == ([], None)


async def test_what_has_not_changed_would_be_given_again_and_takes_no_time():
    world = World()
    await world.write("국물이 진해요", "국물이 짜요")
    await world.analyses.strengths(ASK, CALLER)
    found = await world.analyses.expect("strengths", ASK, CALLER)
    assert (found.would, found.time.seconds) == ("reuse", 0.0)


async def test_runs_that_were_made_are_what_the_time_is_measured_from():
    world = World()
    for number in range(6):
        await world.write("국물이 진해요", prefix=f"p{number}")
        await world.analyses.summary(ASK, CALLER)
    await world.write("국물이 짜요", prefix="new")
    assert (await world.analyses.expect("summary", ASK, CALLER)).time.runs == 6
