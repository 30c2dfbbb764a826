"""When a dependency is left alone, as a table and as rules; and the gate that holds it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.clock import FakeClock
from matjip.errors import Internal, Invalid
from matjip.inference.breaker import CLOSED, Breaker, BreakerSettings, Gate, admit, ending_of, seen
from matjip.inference.failure import ModelFailure

RULES = BreakerSettings(failures=5, window_s=60, pause_s=60)


def after(*ended: tuple[float, str]) -> Breaker:
    """The breaker after calls that were let through and ended at these times."""
    breaker = CLOSED
    for now, ending in ended:
        breaker = admit(breaker, now) or breaker
        breaker = seen(breaker, breaker.era, ending, now=now, rules=RULES)
    return breaker


FIVE = [(float(at), "failed") for at in range(5)]  # opens at 4 s, until 64 s


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        ([], "closed"),
        (FIVE[:4], "closed"),
        (FIVE, "open"),
        ([*FIVE[:4], (4.0, "answered"), (5.0, "failed")], "closed"),  # not in a row
        ([*FIVE[:4], (4.0, "left"), (5.0, "failed")], "open"),  # who left saw nothing
        ([*FIVE[:4], (60.0, "failed")], "closed"),  # the first is a minute old
        ([*FIVE[:4], (59.9, "failed")], "open"),
        ([*FIVE, (64.0, "answered")], "closed"),
        ([*FIVE, (64.0, "failed")], "open"),
        ([*FIVE, (64.0, "left")], "open"),
    ],
)
def test_the_state_after_calls_that_ended_so(ended, state):
    assert after(*ended).state == state


@pytest.mark.parametrize(("now", "passes"), [(4.0, False), (63.9, False), (64.0, True)])
def test_an_open_breaker_lets_a_call_through_when_its_pause_is_over(now, passes):
    assert (admit(after(*FIVE), now) is not None) == passes


def test_only_one_call_is_the_probe():
    probing = admit(after(*FIVE), 64.0)
    assert (probing.state, admit(probing, 64.0), admit(probing, 1_000.0)) == ("half_open", None, None)


def test_a_probe_that_fails_opens_for_a_whole_pause_again():
    again = after(*FIVE, (64.0, "failed"))
    assert (admit(again, 123.9), admit(again, 124.0).state) == (None, "half_open")


def test_a_probe_that_left_makes_the_next_call_the_probe():
    assert admit(after(*FIVE, (64.0, "left")), 64.0).state == "half_open"


def test_after_a_probe_that_was_answered_five_failures_are_needed_again():
    recovered = after(*FIVE, (64.0, "answered"))
    assert after(*FIVE, (64.0, "answered"), *[(65.0 + at, "failed") for at in range(4)]).state == "closed"
    assert recovered.failed_at == ()


@pytest.mark.parametrize("ending", ["answered", "failed"])
def test_a_call_of_another_era_changes_nothing(ending):
    opened = after(*FIVE)
    assert seen(opened, opened.era - 1, ending, now=5.0, rules=RULES) == opened


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["answered", "failed", "left"])), max_size=60))
def test_it_is_open_only_after_as_many_failures_as_the_rules_say(calls):
    now, breaker, in_a_row = 0.0, CLOSED, 0
    for pause_s, ending in calls:
        now += pause_s
        passed = admit(breaker, now)
        was_probe = passed is not None and passed.state == "half_open"
        if passed is None:
            continue
        breaker = seen(passed, passed.era, ending, now=now, rules=RULES)
        in_a_row = 0 if ending == "answered" else in_a_row + (ending == "failed")
        assert breaker.state != "half_open"
        assert breaker.state == "closed" or was_probe or in_a_row >= RULES.failures


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (Invalid("no"), "answered"),
        (ModelFailure("full", reason="busy"), "answered"),
        (ModelFailure("unasked", reason="left_alone"), "left"),
        (ModelFailure("gone", reason="refused"), "failed"),
        (Internal("ours"), "failed"),
    ],
)
def test_what_an_error_says_of_the_server(error, ending):
    assert ending_of(error) == ending


async def test_a_cancelled_probe_gives_its_place_back():
    clock = FakeClock()
    gate = Gate(BreakerSettings(failures=1, pause_s=10), clock)
    gate.fail()
    clock.move(10)
    probe = asyncio.create_task(hold(gate))
    await asyncio.sleep(0)
    assert not gate.admits()
    probe.cancel()
    await asyncio.wait([probe])
    assert gate.admits()


async def hold(gate: Gate) -> None:
    with gate.passing():
        await asyncio.Event().wait()


def test_a_gate_tells_each_move_once():
    clock, moves = FakeClock(), []
    gate = Gate(BreakerSettings(failures=2, pause_s=10), clock, moves.append)
    gate.fail()
    gate.fail()
    clock.move(10)
    with gate.passing():
        pass
    assert moves == ["open", "half_open", "closed"]


def test_a_gate_says_how_long_to_wait():
    clock = FakeClock()
    gate = Gate(BreakerSettings(failures=1, pause_s=10), clock)
    gate.fail()
    clock.move(3.5)
    assert (gate.wait_s(), gate.admits(), gate.failures) == (7, False, 1)
