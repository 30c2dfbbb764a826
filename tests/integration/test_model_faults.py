"""Each fault of a model server: what the caller sees and how soon, that it ends without hands, and that no storm follows.

Pauses and the breaker run on a clock that the test moves; the limits of each wait are real, and short.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.unit.inference.models import prompt, until

from matjip.clock import FakeClock, new_dice, numbered_ids
from matjip.errors import MatjipError
from matjip.inference.breaker import BreakerSettings
from matjip.inference.failure import ModelFailure
from matjip.inference.fake_server import Answers, FakeServer, Hangs, Refuses, Sends, Step
from matjip.inference.guarded import Guarded
from matjip.inference.model import Completion
from matjip.inference.open import ModelSettings, open_model
from matjip.inference.retried import Retried, RetrySettings

LIMIT_S = 0.4  # of each wait
SOON_S = 0.5  # what is not waited for is known within it, on a busy machine too
TEXT = "정말 맛있어요. 또 갈게요."
PAUSE_S = 60
FAILURES = 5

FAULTS: dict[str, tuple[Step | str, str, int]] = {
    # what the server does: the reason that is seen, and the requests of one caller who waits for it
    "refuses connections": ("killed", "refused", 1),
    "hangs before its status": (Hangs(), "first_token_timeout", 1),
    "hangs before its first token": (Answers(hangs_after=1), "first_token_timeout", 1),
    "is slow to its first token": (Answers(first_after_s=2 * LIMIT_S), "first_token_timeout", 1),
    "hangs within its answer": (Answers(hangs_after=3), "between_tokens_timeout", 1),
    "is slow between tokens": (Answers(apart_s=2 * LIMIT_S), "between_tokens_timeout", 1),
    "breaks off before its answer": (Answers(breaks_after=0), "lost", 2),
    "breaks off within its answer": (Answers(breaks_after=3), "lost", 2),
    "says that it failed": (Answers(fails_after=3), "server_error", 1),
    "aborts its answer": (Answers(finish="abort"), "server_error", 1),
    "answers 500": (Refuses(status=500), "server_error", 1),
    "answers no stream": (Sends(body=b"<html>Bad gateway</html>"), "malformed", 2),
    "answers cut JSON": (Sends(body=b'data: {"choices":[{"delta":{"con\n\n'), "malformed", 2),
    "ends without an end": (Sends(body=b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'), "lost", 2),
    "is starting": ("starting", "server_error", 1),
    "is draining": ("draining", "server_error", 1),
}
each_fault = pytest.mark.parametrize(("fault", "reason", "requests"), FAULTS.values(), ids=FAULTS)


class PausingClock(FakeClock):
    """Whoever sleeps on it lets something happen meanwhile."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def sleep(self, seconds: float) -> None:
        if self.meanwhile:
            await self.meanwhile()
        await super().sleep(seconds)


@dataclass(slots=True)
class Stage:
    """A server, the model in front of it as the service wires it, and the clock of its pauses."""

    server: FakeServer
    model: Retried
    guarded: Guarded
    clock: PausingClock

    async def break_by(self, fault: Step | str) -> None:
        match fault:
            case "killed":
                await self.server.kill()
            case "starting" | "draining":
                self.server.state = fault
            case step:
                self.server.always = step

    async def mend(self) -> None:
        if not self.server.is_up:
            await self.server.start()
        self.server.state, self.server.always = "ready", Answers()

    async def outcomes(self, count: int, *, urgency: str = "interactive") -> list[Completion | MatjipError]:
        calls = (self.model.complete(prompt(urgency=urgency)) for _ in range(count))
        return await asyncio.gather(*calls, return_exceptions=True)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = PausingClock()
    async with FakeServer(says=lambda body: TEXT) as server:
        settings = ModelSettings(
            urls=(server.url,),
            name=server.model,
            first_token_timeout_s=LIMIT_S,
            between_tokens_timeout_s=LIMIT_S,
        )
        async with open_model(settings, clock=clock, new_id=numbered_ids()) as model:
            guarded = Guarded(model, BreakerSettings(failures=FAILURES, pause_s=PAUSE_S), clock=clock)
            retried = Retried(guarded, RetrySettings(), clock=clock, dice=new_dice(1))
            yield Stage(server, retried, guarded, clock)


@each_fault
async def test_whoever_waits_is_told_the_reason_soon(stage, fault, reason, requests):
    await stage.break_by(fault)
    start = time.monotonic()
    (seen,) = await stage.outcomes(1)
    assert (type(seen), seen.reason) == (ModelFailure, reason)
    assert time.monotonic() - start < 2 * LIMIT_S + SOON_S
    assert len(stage.server.asked) == (0 if fault == "killed" else requests)


@each_fault
async def test_a_job_is_answered_once_the_fault_is_over(stage, fault, reason, requests):
    await stage.break_by(fault)
    stage.clock.meanwhile = stage.mend
    assert (await stage.model.complete(prompt(urgency="batch"))).text == TEXT
    assert 2 <= stage.clock.monotonic() <= 4


@each_fault
async def test_a_fault_that_lasts_is_met_by_few_requests_and_then_by_none(stage, fault, reason, requests):
    await stage.break_by(fault)
    await stage.outcomes(FAILURES)
    asked, start = len(stage.server.asked), time.monotonic()
    refused = await stage.outcomes(100)
    assert ({error.reason for error in refused}, asked <= FAILURES) == ({"left_alone"}, True)
    assert {error.retry_after_s for error in refused} == {PAUSE_S}
    assert (len(stage.server.asked), time.monotonic() - start < SOON_S) == (asked, True)


@each_fault
async def test_after_it_one_probe_and_then_each_caller_once(stage, fault, reason, requests):
    await stage.break_by(fault)
    await stage.outcomes(FAILURES)
    stage.clock.move(PAUSE_S)
    await stage.mend()
    stage.server.asked.clear()
    first = await stage.outcomes(50)
    then = [seen for _ in range(10) for seen in await stage.outcomes(5)]  # a few at once: the limits are short
    assert ([isinstance(seen, Completion) for seen in first].count(True), len(stage.server.asked)) == (1, 51)
    assert all(isinstance(seen, Completion) for seen in then)


async def test_a_probe_that_meets_the_fault_again_is_one_request(stage):
    await stage.break_by("draining")
    await stage.outcomes(FAILURES)
    stage.server.asked.clear()
    for _ in range(3):
        stage.clock.move(PAUSE_S)
        await stage.outcomes(50)
    assert len(stage.server.asked) == 3


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asked_and_its_breaker_stays_closed(stage):
    stage.server.script = [Refuses(status=429, retry_after="5")]
    assert (await stage.model.complete(prompt(urgency="batch"))).text == TEXT
    assert (len(stage.server.asked), 5 <= stage.clock.monotonic() <= 10) == (2, True)
    assert stage.guarded.status().state == "closed"


async def test_callers_of_a_busy_server_are_refused_with_its_own_number_unasked(stage):
    stage.server.script = [Refuses(status=429, retry_after="30")]
    await stage.outcomes(1)
    refused = await stage.outcomes(100)
    assert {(error.reason, error.retry_after_s) for error in refused} == {("left_alone", 30)}
    assert len(stage.server.asked) == 1


async def test_a_server_that_is_killed_under_load_fails_all_at_once_and_is_well_again_at_the_same_address(stage):
    stage.server.always = Answers(text=TEXT * 20, apart_s=0.02)
    load = asyncio.create_task(stage.outcomes(20, urgency="interactive"))
    await until(lambda: stage.server.in_flight == 20)
    await stage.server.kill()
    async with asyncio.timeout(2):
        assert {type(seen) for seen in await load} == {ModelFailure}
    await stage.mend()
    stage.clock.move(PAUSE_S)
    await stage.outcomes(1)
    assert {type(seen) for seen in await stage.outcomes(5)} == {Completion}
