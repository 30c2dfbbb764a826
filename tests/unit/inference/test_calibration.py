"""How fast an engine is, learned from what it brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.clock import new_dice
from matjip.inference.calibration import Calibration
from matjip.inference.policy import Pace, Seen

BELIEF = Pace(fixed_s=0.01, token_s=0.0001, decode_s=0.02, kv_tokens=40_000)


def seen(calibration: Calibration, *, fixed_s: float, token_s: float, calls: int = 300, apart_s: float = 0.3) -> float:
    """Show it an engine of that pace; the time when that ends."""
    dice, now = new_dice(1), 0.0
    for _ in range(calls):
        now += apart_s
        tokens = dice.randrange(100, 6_000)
        calibration.first_token(Seen(tokens=tokens, seconds=fixed_s + token_s * tokens), now)
    return now


def test_what_was_never_seen_is_as_believed() -> None:
    calibration = Calibration(BELIEF)
    pace = calibration.pace(0.0)
    assert pace.fixed_s == pytest.approx(0.01)
    assert pace.token_s == pytest.approx(0.0001)
    assert (pace.decode_s, pace.kv_tokens) == (0.02, 40_000)


@pytest.mark.parametrize("times", [0.2, 0.5, 2.0, 5.0])
def test_an_engine_of_another_pace_is_found_out(times: float) -> None:
    calibration = Calibration(BELIEF)
    now = seen(calibration, fixed_s=0.05 * times, token_s=0.0001 * times)
    assert calibration.pace(now).first_token_s(4_000) == pytest.approx(0.45 * times, rel=0.1)


def test_an_engine_that_slows_down_is_followed() -> None:
    calibration = Calibration(BELIEF)
    now = seen(calibration, fixed_s=0.01, token_s=0.0001)
    for number in range(300):
        calibration.first_token(Seen(tokens=2_000 + number, seconds=0.6), now + number)
    assert calibration.pace(now + 300).first_token_s(2_000) == pytest.approx(0.6, rel=0.1)


def test_what_was_seen_long_ago_gives_way_to_the_belief() -> None:
    calibration = Calibration(BELIEF)
    now = seen(calibration, fixed_s=1.0, token_s=0.001)
    assert calibration.pace(now + 3_600).first_token_s(2_000) == pytest.approx(BELIEF.first_token_s(2_000), rel=0.01)


def test_equal_prompts_alone_leave_the_slope_near_the_belief() -> None:
    calibration = Calibration(BELIEF)
    for number in range(1_000):
        calibration.first_token(Seen(tokens=2_000, seconds=0.21), number * 0.1)
    assert calibration.pace(100.0).token_s == pytest.approx(0.0001, rel=0.05)


@given(st.lists(st.tuples(st.integers(1, 20_000), st.floats(0, 100), st.floats(0, 60)), max_size=50))
def test_whatever_is_seen_the_pace_stays_above_nothing_and_finite(calls: list[tuple[int, float, float]]) -> None:
    calibration, now = Calibration(BELIEF), 0.0
    for tokens, seconds, later in calls:
        now += later
        calibration.first_token(Seen(tokens=tokens, seconds=seconds), now)
    pace = calibration.pace(now)
    assert pace.fixed_s >= 0
    assert 0 < pace.token_s < 1


def test_its_error_and_its_sign_are_told() -> None:
    calibration = Calibration(BELIEF)
    for number in range(200):
        calibration.first_token(Seen(tokens=1_000, seconds=0.11 + (0.05 if number % 2 else -0.05)), number)
    assert calibration.error_s == pytest.approx(0.05, abs=0.01)
    assert abs(calibration.bias_s) < 0.02


def test_answers_teach_their_length_and_their_pace() -> None:
    calibration = Calibration(BELIEF)
    for _ in range(200):
        calibration.answer("sentiment/1", 41, 2.0, 128)
    expected = calibration.expected("sentiment/1")
    assert (round(expected.output_tokens), round(expected.cached_tokens)) == (41, 128)
    assert calibration.pace(0.0).decode_s == pytest.approx(0.05)


def test_a_task_that_was_never_answered_is_expected_to_take_its_full_price() -> None:
    assert Calibration(BELIEF).expected("new/1").cached_tokens == 0


def test_the_engines_own_word_on_its_room_is_taken() -> None:
    calibration = Calibration(BELIEF)
    calibration.capacity(123_456)
    assert calibration.pace(0.0).kv_tokens == 123_456


def test_it_remembers_a_bounded_number_of_tasks() -> None:
    calibration = Calibration(BELIEF)
    for number in range(1_000):
        calibration.answer(f"task/{number}", 10, 1.0, 0)
    assert calibration.expected("task/0").output_tokens == 100
    assert calibration.expected("task/999").output_tokens == 10
