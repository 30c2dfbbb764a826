"""What is asked again, how soon, and what never is."""

import pytest
from tests.unit.inference.models import ANSWER, GONE, ScriptedModel, prompt

from matjip.clock import FakeClock, new_dice
from matjip.errors import Invalid
from matjip.inference.failure import ModelFailure
from matjip.inference.retried import Retried, RetrySettings, after_failure
from matjip.telemetry.record import RetryScheduled

RULES = RetrySettings(tries=3, first_wait_s=2, max_wait_s=10)
LOST = ModelFailure("lost", reason="lost")


def wait_s(failure: ModelFailure, tries: int, *, urgency: str = "batch", seed: int = 1) -> float | None:
    return after_failure(failure, tries, urgency=urgency, rules=RULES, dice=new_dice(seed))


def retried(inner: ScriptedModel, clock: FakeClock, **about: object) -> Retried:
    return Retried(inner, RULES, clock=clock, dice=new_dice(1), **about)


@pytest.mark.parametrize(("tries", "least", "most"), [(1, 2, 4), (2, 2, 8)])
def test_the_pause_of_a_job_is_anywhere_in_a_range_that_doubles(tries, least, most):
    waits = [wait_s(GONE, tries, seed=seed) for seed in range(500)]
    assert (min(waits), max(waits)) == (pytest.approx(least, abs=0.1), pytest.approx(most, abs=0.1))


def test_the_range_ends_at_the_longest_pause():
    rules = RetrySettings(tries=9, first_wait_s=2, max_wait_s=10)
    dice = new_dice(1)
    assert max(after_failure(GONE, 8, urgency="batch", rules=rules, dice=dice) for _ in range(500)) <= 10


def failing(reason: str, retry_after_s: int | None = None) -> ModelFailure:
    return ModelFailure("scripted", reason=reason, retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("failure", "tries", "urgency"),
    [
        (failing("refused"), 3, "batch"),  # three attempts were made
        (failing("not_allowed"), 1, "batch"),
        (failing("busy", 11), 1, "background"),  # longer than anybody sleeps here
        (failing("left_alone", 60), 1, "batch"),
        (failing("first_token_timeout"), 1, "interactive"),
        (failing("refused"), 1, "interactive"),
        (failing("busy", 1), 1, "interactive"),
        (failing("lost"), 2, "interactive"),
    ],
)
def test_what_is_given_up(failure, tries, urgency):
    assert wait_s(failure, tries, urgency=urgency) is None


@pytest.mark.parametrize("reason", ["lost", "malformed"])
def test_where_somebody_waits_what_broke_is_asked_again_at_once(reason):
    assert wait_s(failing(reason), 1, urgency="interactive") == 0


@pytest.mark.parametrize("asked_s", [1, 3, 9, 10])
def test_nobody_comes_back_before_the_server_said(asked_s):
    waits = [wait_s(failing("busy", asked_s), 1, seed=seed) for seed in range(200)]
    assert min(waits) >= asked_s
    assert max(waits) - min(waits) > 1


async def test_a_job_is_answered_at_its_third_attempt():
    clock, told, inner = FakeClock(), [], ScriptedModel([GONE, LOST])
    assert await retried(inner, clock, hooks=[told.append]).complete(prompt()) == ANSWER
    assert (inner.asked, 4 <= clock.monotonic() <= 12) == (3, True)
    assert [(record.reason, record.tries) for record in told] == [("refused", 1), ("lost", 2)]
    assert sum(record.wait_s for record in told if isinstance(record, RetryScheduled)) == pytest.approx(
        clock.monotonic()
    )


async def test_the_last_failure_is_raised_as_it_was_said():
    inner = ScriptedModel([GONE, GONE, LOST])
    with pytest.raises(ModelFailure, match="lost"):
        await retried(inner, FakeClock()).complete(prompt())
    assert inner.asked == 3


async def test_a_refused_prompt_is_never_repeated():
    inner = ScriptedModel([Invalid("no")] * 3)
    with pytest.raises(Invalid):
        await retried(inner, FakeClock()).complete(prompt())
    assert inner.asked == 1


async def test_where_somebody_waits_there_is_no_pause():
    clock, inner = FakeClock(), ScriptedModel([LOST, LOST, LOST])
    with pytest.raises(ModelFailure):
        await retried(inner, clock).complete(prompt(urgency="interactive"))
    assert (inner.asked, clock.monotonic()) == (2, 0)
