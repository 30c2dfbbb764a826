"""Alarms about negative reviews: what is one, what is none, and how often one is wrong."""

import random
from datetime import UTC, datetime, timedelta

from matjip.analysis.spikes import Written, current_spike, spikes

START = datetime(2025, 1, 1, tzinfo=UTC)
A_YEAR = 365


def history(*, days: int = A_YEAR, a_day: int = 5, negative: float = 0.1, seed: int = 1) -> list[Written]:
    dice = random.Random(seed)
    return [
        Written(START + timedelta(days=day, hours=12 + number), dice.random() < negative)
        for day in range(days)
        for number in range(a_day)
    ]


def bad_days(count: int, *, a_day: int = 8) -> list[Written]:
    return [
        Written(START + timedelta(days=A_YEAR + day, hours=12 + number), number != 0)
        for day in range(count)
        for number in range(a_day)
    ]


def test_two_bad_days_are_one_spike_with_its_counts():
    (found,) = spikes([*history(), *bad_days(2)], since=START + timedelta(days=A_YEAR))
    assert found.started_at >= START + timedelta(days=A_YEAR - 7)
    assert (found.found_at - (START + timedelta(days=A_YEAR))).days == 0
    assert found.negatives / found.reviews > 3 * found.negatives_before / found.reviews_before
    assert found.p_value <= found.threshold


def test_a_busy_weekend_with_the_usual_share_is_none():
    busy = [Written(START + timedelta(days=A_YEAR, minutes=each), each % 10 == 0) for each in range(200)]
    assert list(spikes([*history(), *busy], since=START + timedelta(days=A_YEAR))) == []


def test_with_less_than_four_weeks_of_history_nothing_is_claimed():
    reviews = [Written(each.at + timedelta(days=A_YEAR - 20), each.is_negative) for each in history(days=20)]
    assert list(spikes([*reviews, *bad_days(2)])) == []


def test_two_negatives_in_a_row_are_no_spike():
    assert list(spikes([*history(), *bad_days(1, a_day=3)], since=START + timedelta(days=A_YEAR))) == []


def test_bad_days_that_come_all_the_time_need_more_to_be_a_spike():
    usual = [
        Written(START + timedelta(days=day, hours=12 + number), day % 10 == 0)
        for day in range(A_YEAR)
        for number in range(8)
    ]
    bad = [Written(START + timedelta(days=A_YEAR + 5, hours=12 + number), True) for number in range(8)]
    steady = [*history(negative=0.1), *bad]
    assert list(spikes([*usual, *bad], since=START + timedelta(days=A_YEAR))) == []
    assert len(list(spikes(steady, since=START + timedelta(days=A_YEAR)))) == 1


def test_what_comes_later_changes_no_earlier_spike():
    reviews = [*history(), *bad_days(2)]
    later = [Written(START + timedelta(days=A_YEAR + 30 + day), False) for day in range(60)]
    assert list(spikes([*reviews, *later])) == list(spikes(reviews))


def test_a_spike_is_over_after_a_week_without_a_sign():
    reviews = [*history(), *bad_days(2)]
    assert current_spike(reviews, START + timedelta(days=A_YEAR + 3)) is not None
    assert current_spike(reviews, START + timedelta(days=A_YEAR + 12)) is None


def test_wrong_alarms_of_a_hundred_steady_years_are_fewer_than_fifty():
    wrong = sum(
        len(list(spikes(history(days=2 * A_YEAR, a_day=2, seed=seed), since=START + timedelta(days=A_YEAR))))
        for seed in range(100)
    )
    assert wrong < 50
