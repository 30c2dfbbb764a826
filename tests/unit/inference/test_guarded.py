"""A model that is left alone: refused at once, probed once, and said so."""

import asyncio

import pytest
from tests.unit.inference.models import ANSWER, GONE, ScriptedModel, prompt

from matjip.clock import FakeClock
from matjip.errors import Invalid
from matjip.inference.breaker import BreakerSettings
from matjip.inference.failure import ModelFailure
from matjip.inference.guarded import Guarded, GuardStatus
from matjip.telemetry.record import BreakerMoved

RULES = BreakerSettings(failures=5, window_s=60, pause_s=60)


async def fails(guarded: Guarded, *, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises((ModelFailure, Invalid)):
            await guarded.complete(prompt())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_five_failures_open_it_and_the_sixth_call_is_refused_at_once_with_when_to_come_back(clock):
    inner = ScriptedModel([GONE] * 9)
    guarded = Guarded(inner, RULES, clock=clock)
    await fails(guarded, times=5)
    with pytest.raises(ModelFailure, match="left alone for 60 s") as refused:
        await guarded.complete(prompt())
    assert (inner.asked, refused.value.reason, refused.value.retry_after_s) == (5, "left_alone", 60)


async def test_of_many_calls_after_the_pause_one_is_the_probe(clock):
    inner = ScriptedModel([GONE] * 5)
    guarded = Guarded(inner, RULES, clock=clock)
    await fails(guarded, times=5)
    clock.move(60)
    probed = asyncio.Event()
    inner.complete = lambda asked: wait(probed)  # type: ignore[method-assign]
    calls = [asyncio.create_task(guarded.complete(prompt())) for _ in range(50)]
    await asyncio.sleep(0)
    probed.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(answer, ModelFailure) for answer in answers].count(False) == 1


async def wait(until: asyncio.Event):
    await until.wait()
    return ANSWER


async def test_a_probe_that_is_answered_closes_it(clock):
    guarded = Guarded(ScriptedModel([GONE] * 5), RULES, clock=clock)
    await fails(guarded, times=5)
    clock.move(60)
    assert await guarded.complete(prompt()) == ANSWER
    assert guarded.status() == GuardStatus(state="closed", failures=0, retry_in_s=None)


@pytest.mark.parametrize("error", [Invalid("no"), ModelFailure("full", reason="busy")])
async def test_refused_prompts_and_a_full_server_never_open_it(clock, error):
    inner = ScriptedModel([error] * 20)
    guarded = Guarded(inner, RULES, clock=clock)
    await fails(guarded, times=20)
    assert (inner.asked, guarded.status().state) == (20, "closed")


async def test_its_state_is_told_from_the_start_on(clock):
    told = []
    guarded = Guarded(ScriptedModel([GONE] * 5), RULES, clock=clock, hooks=[told.append])
    await fails(guarded, times=5)
    clock.move(60)
    await guarded.complete(prompt())
    states = ["closed", "open", "half_open", "closed"]
    assert told == [BreakerMoved(dependency="model", state=state) for state in states]


async def test_its_status_says_when_a_probe_may_pass(clock):
    guarded = Guarded(ScriptedModel([GONE] * 5), RULES, clock=clock)
    await fails(guarded, times=5)
    clock.move(20)
    assert guarded.status() == GuardStatus(state="open", failures=5, retry_in_s=40)
