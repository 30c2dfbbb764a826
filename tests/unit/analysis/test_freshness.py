"""Staleness and the policies that keep it low: when a restaurant is due, what is counted, and which promise is kept."""

import itertools
import math
from collections import Counter

import pytest
from bench.freshness import power_law, simulate

from matjip.analysis.freshness import (
    HOUR_S,
    Every,
    Priced,
    Said,
    Tiers,
    Tracker,
    UpdateScore,
    Waiting,
    novelty_ratio,
    worth,
)

R, S = ("t", "r"), ("t", "s")
DAY_S = 24 * HOUR_S


def waiting(changes: int = 1, **about) -> Waiting:
    return Waiting(**({"key": R, "since": 0.0, "refreshed_at": 0.0, "rate_per_h": 1.0} | about), changes=changes)


def tracker(policy=None, *keys, **about) -> Tracker:
    made = Tracker(policy or Every(600), now=0.0, **about)
    for key in keys or (R, S):
        made.publish(key, at=0.0)
    return made


def change(made: Tracker, key, at: float, position: int | None = None) -> None:
    made.changed(key, at=at, position=round(at) if position is None else position)


def refresh(made: Tracker, key, at: float) -> None:
    made.reflected(key, at=at, position=round(at))


def priced(price: float = 10.0, *, max_wait_h: float = 6.0) -> Priced:
    return Priced(HOUR_S, max_wait_s=max_wait_h * HOUR_S, price=price)


def test_truth_8_the_mean_lag_is_an_hour_at_fewer_runs_than_every_ten_minutes_and_than_tiers():
    for seed in (11, 12):
        stream = power_law(seed, restaurants=60, a_day=8.0, days=4)
        ours = simulate(stream, Priced(HOUR_S, max_wait_s=6 * HOUR_S), days=4)
        often = simulate(stream, Every(600), days=4)
        interval_s = max(each for each in range(3_600, 14_400, 900) if simulate_tiers(stream, each).mean_h <= 1)
        assert ours.mean_h <= 1.0
        assert ours.runs < 0.9 * simulate_tiers(stream, interval_s).runs
        assert ours.runs < 0.6 * often.runs


def simulate_tiers(stream, interval_s: float):
    busiest = sorted(stream.reads_per_day)[-6]
    return simulate(stream, Tiers({busiest: interval_s / 2, 0: interval_s}), days=4)


@pytest.mark.parametrize(("rate", "price"), [(0.1, 5.0), (1.0, 5.0), (3.0, 10.0), (20.0, 8.0)])
def test_a_run_comes_at_as_many_changes_as_cost_least_an_hour(rate, price):
    costs = {k: rate * price / k + (k - 1) / 2 for k in range(1, 60)}
    cheapest = min(costs, key=costs.__getitem__)
    first = next(n for n in costs if worth(waiting(n, rate_per_h=rate)) >= price)
    assert costs[first] == pytest.approx(costs[cheapest])


def test_a_dearer_run_waits_for_more_changes():
    assert worth(waiting(4, cost=2.0)) == worth(waiting(4)) / 2


def test_a_restaurant_that_hardly_changes_is_refreshed_at_its_review():
    assert priced().due_at(waiting(1, rate_per_h=0.05, since=7.0), 7.0) == 7.0


def test_a_busy_restaurant_waits_for_company_but_never_longer_than_the_most():
    due = priced(max_wait_h=0.5).due_at(waiting(1, rate_per_h=50.0, since=100.0), 160.0)
    assert due == 100.0 + 0.5 * HOUR_S


def test_silence_makes_the_last_changes_of_a_day_due():
    made = tracker(priced(5.0, max_wait_h=1_000), R)
    for minute in range(10, 311, 10):  # six an hour, and none any more
        change(made, R, minute * 60.0)
    refresh(made, R, 310 * 60.0)
    for minute in (311, 312, 313):
        change(made, R, minute * 60.0)
    due = next(minute for minute in range(313, 3_000) if made.due(minute * 60.0))
    assert 20 < due - 313 < 6 * 60


def test_what_did_not_change_is_never_due():
    made = tracker(priced())
    change(made, R, 10.0)
    assert made.due(DAY_S) == [R]
    refresh(made, R, DAY_S)
    assert [made.due(DAY_S * day) for day in range(2, 5)] == [[], [], []]


def test_changes_of_one_moment_make_one_run():
    made = tracker(Every(600), R)
    for position in (1, 2):
        change(made, R, 10.0, position)
    assert made.due(600.0) == [R]


def test_a_restaurant_that_runs_is_not_due_again_until_it_has_ended():
    made = tracker(Every(600), R)
    change(made, R, 10.0)
    assert made.due(600.0) == [R]
    change(made, R, 700.0)
    assert made.due(1_200.0) == []
    made.reflected(R, at=1_201.0, position=-1)
    assert made.due(1_260.0) == [R]


def test_a_result_reflects_the_changes_up_to_its_position_and_no_later_one():
    made = tracker(Every(600), R)
    for position in (3, 5, 8):
        change(made, R, float(position))
    made.reflected(R, at=100.0, position=5)
    assert made.waiting == (1, 1)
    assert made.lag_of(R, 108.0) == (1, 100.0)


def test_staleness_is_the_mean_over_changes_those_that_still_wait_among_them():
    made = tracker(Every(600))
    change(made, R, 0.0)
    refresh(made, R, 600.0)
    change(made, S, 400.0)
    found = made.staleness(700.0)
    assert (found.mean_s, found.changes) == ((600.0 + 300.0) / 2, 2)


def test_the_95th_percentile_is_within_a_twentieth():
    made = tracker(Every(600), R)
    for minute in range(1, 101):
        change(made, R, 6_000.0 - 60 * minute)
    refresh(made, R, 6_000.0)
    assert made.staleness(6_000.0).p95_s == pytest.approx(95 * 60, rel=0.05)


def test_lags_are_forgotten_with_the_window():
    made = tracker(Every(600), R, window_s=DAY_S)
    change(made, R, 0.0)
    refresh(made, R, 600.0)
    assert made.staleness(DAY_S * 2).changes == 0


def test_a_change_of_a_restaurant_without_a_result_counts_for_nothing():
    made = tracker(Every(600), R)
    change(made, S, 1.0)
    assert (made.due(600.0), made.waiting) == ([], (0, 0))


def test_a_withdrawn_restaurant_takes_what_waited_along():
    made = tracker(Every(600))
    change(made, R, 1.0)
    made.withdraw(R)
    assert (made.due(600.0), made.mean_lag_s(600.0)) == ([], 0.0)


def test_a_run_that_failed_is_tried_again_later_and_later():
    made, tries, now = tracker(Every(600), R), [], 0.0
    change(made, R, 1.0)
    while len(tries) < 8:
        now += 60.0
        if made.due(now):
            tries.append(now)
            made.failed(R, now)
    gaps = [round((later - one) / 60) for one, later in itertools.pairwise(tries)]
    assert gaps == [1, 2, 4, 8, 16, 32, 60]


def test_a_budget_goes_to_those_that_gain_most():
    made = tracker(Every(60), *((("t", name)) for name in "abc"), max_runs_per_hour=1)
    for name, changes in zip("abc", (1, 3, 2), strict=True):
        for _ in range(changes):
            change(made, ("t", name), 1.0)
    ran = []
    for minute in range(1, 180):
        for key in made.due(minute * 60.0):
            ran.append(key[1])
            refresh(made, key, minute * 60.0)
    assert ran == ["b", "c", "a"]


def test_the_price_rises_while_lags_are_short_and_falls_while_they_are_long():
    short, long = priced(), priced()
    for hour in range(5):
        short.learn(0.1 * HOUR_S, hour * HOUR_S)
        long.learn(3 * HOUR_S, hour * HOUR_S)
    assert long.price < 10.0 < short.price


def test_every_refreshes_at_the_stroke_after_a_change():
    assert Every(600).due_at(waiting(since=601.0), 700.0) == 1_200.0


def test_tiers_go_by_reads():
    tiers = Tiers({0: DAY_S, 100: 600.0})
    due = [tiers.due_at(waiting(reads_per_day=reads, since=60.0), 60.0) for reads in (99, 100)]
    assert due == [DAY_S, 600.0]


def test_update_score_is_due_at_the_threshold_or_at_the_sweep():
    policy = UpdateScore(3.0, max_wait_s=DAY_S)
    due = [policy.due_at(waiting(4, novelty=novelty, since=5.0), 60.0) for novelty in (0.5, 0.75)]
    assert due == [5.0 + DAY_S, 60.0]


def test_reviews_that_say_the_same_are_no_news():
    said = Said(aspects=Counter({"taste+": 4, "service-": 2}), pairs=Counter({("taste", "맛있다"): 4}))
    same = Said(aspects=Counter({"taste+": 2, "service-": 1}), pairs=Counter({("taste", "맛있다"): 1}))
    assert novelty_ratio(said, same) == pytest.approx(0.0, abs=1e-7)


def test_reviews_that_say_nothing_of_what_was_said_are_all_news():
    said = Said(aspects=Counter({"taste+": 4}), pairs=Counter({("taste", "맛있다"): 4}))
    other = Said(aspects=Counter({"waiting-": 1}), pairs=Counter({("waiting", "길다"): 1}))
    assert novelty_ratio(said, other) == pytest.approx(1.0)


def test_novelty_is_the_mean_of_the_shift_and_the_unseen_pairs():
    said = Said(aspects=Counter({"taste+": 1}), pairs=Counter({("taste", "맛있다"): 1}))
    new = Said(
        aspects=Counter({"taste+": 1, "taste-": 1}), pairs=Counter({("taste", "맛있다"): 1, ("taste", "짜다"): 1})
    )
    shift = math.sqrt(1.5 - 0.75 * math.log2(3))  # of (1, 0) and (1/2, 1/2)
    assert novelty_ratio(said, new) == pytest.approx((shift + 0.5) / 2)


def test_reviews_without_any_aspect_are_no_news():
    assert novelty_ratio(Said(aspects=Counter({"taste+": 1})), Said()) == 0.0


def test_the_first_thing_that_is_said_is_news():
    assert novelty_ratio(Said(), Said(aspects=Counter({"taste+": 1}))) == 1.0


def test_a_change_that_was_reflected_before_it_was_heard_of_has_the_lag_that_it_had():
    made = tracker(Every(600), R)
    made.reflected(R, at=40.0, position=3)
    change(made, R, 10.0, position=3)
    assert (made.waiting, made.staleness(100.0).mean_s) == ((0, 0), 30.0)


def test_what_was_reflected_before_the_tracker_began_counts_for_nothing():
    made = Tracker(Every(600), now=1_000.0)
    made.publish(R, at=900.0, position=7)
    change(made, R, 100.0, position=5)
    change(made, R, 950.0, position=8)
    assert (made.waiting, made.staleness(1_000.0).changes) == ((1, 1), 1)
