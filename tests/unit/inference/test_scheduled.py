"""A model whose calls wait for their turn, on the event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from matjip.clock import FakeClock, numbered_ids
from matjip.errors import Invalid
from matjip.inference.calibration import Calibration
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Message, Prompt, Timing, TokenUsage, Urgency, Work
from matjip.inference.policy import Pace
from matjip.inference.scheduled import Scheduled, SchedulingSettings, believed
from matjip.telemetry.record import CallEnded, Record

BELIEF = Pace(fixed_s=0.0, token_s=0.0001, decode_s=0.02, kv_tokens=40_000)


def prompt(tokens: int = 300, *, tenant: str = "a", urgency: Urgency = "interactive", text: str = "x") -> Prompt:
    work = Work(tenant=tenant, kind="sentiment", urgency=urgency)
    messages = (Message("user", text),)
    return Prompt(task="sentiment", version="sentiment/1", messages=messages, max_tokens=50, tokens=tokens, work=work)


@dataclass
class Engine:
    """A model that answers when a test lets it."""

    name: str = "engine"
    calls: list[Prompt] = field(default_factory=list)
    lets: asyncio.Event = field(default_factory=asyncio.Event)
    fails: Exception | None = None
    usage: TokenUsage = field(default_factory=lambda: TokenUsage(prompt=300, completion=21, cached=100))

    async def complete(self, asked: Prompt) -> Completion:
        self.calls.append(asked)
        await self.lets.wait()
        if self.fails:
            raise self.fails
        return Completion(
            text="{}", finish="stop", model=self.name, usage=self.usage, timing=Timing(first_token_s=0.1, total_s=0.2)
        )

    def hear(self, place: int) -> None:
        heard = self.calls[place].heard
        assert heard
        heard()


@dataclass
class Bench:
    engine: Engine
    clock: FakeClock
    model: Scheduled
    calibration: Calibration
    told: list[Record]
    tasks: list[asyncio.Task[Completion]] = field(default_factory=list)

    def ask(self, asked: Prompt) -> asyncio.Task[Completion]:
        self.tasks.append(asyncio.create_task(self.model.complete(asked)))
        return self.tasks[-1]

    @property
    def ended(self) -> list[CallEnded]:
        return [each for each in self.told if isinstance(each, CallEnded)]


@asynccontextmanager
async def bench(**limits: object) -> AsyncIterator[Bench]:
    engine, clock, calibration = Engine(), FakeClock(), Calibration(BELIEF)
    told: list[Record] = []
    settings = SchedulingSettings.model_validate({"running_by_kind": {}, **limits})
    made = Scheduled(engine, settings, calibration, clock=clock, new_id=numbered_ids("call"), hooks=(told.append,))
    async with made as model:
        yield Bench(engine, clock, model, calibration, told)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_call_that_finds_room_is_asked_at_once() -> None:
    async with bench() as here:
        here.engine.lets.set()
        assert (await here.model.complete(prompt())).text == "{}"


async def test_a_call_waits_until_the_prompt_before_it_has_its_first_token() -> None:
    async with bench(window_tokens=300) as here:
        tasks = [here.ask(prompt()), here.ask(prompt())]
        await turns()
        assert len(here.engine.calls) == 1
        here.engine.hear(0)
        await turns()
        assert len(here.engine.calls) == 2
        here.engine.lets.set()
        await asyncio.gather(*tasks)


async def test_the_end_of_a_call_lets_the_next_one_go_where_no_first_token_was_told() -> None:
    async with bench(window_tokens=300) as here:
        here.engine.lets.set()
        await asyncio.gather(here.model.complete(prompt()), here.model.complete(prompt()))
        assert len(here.engine.calls) == 2


async def test_who_would_be_late_is_told_so_with_when_to_come_back() -> None:
    async with bench(window_tokens=300) as here:
        first = here.ask(prompt())
        await turns()
        with pytest.raises(ModelFailure, match="could not have answered in time") as refused:
            await here.model.complete(prompt())
        assert refused.value.reason == "no_room"
        assert refused.value.retry_after_s == 1
        first.cancel()


async def test_a_refusal_comes_while_the_deadline_has_not_passed() -> None:
    async with bench(window_tokens=300) as here:
        first = here.ask(prompt())
        await turns()
        with pytest.raises(ModelFailure):
            await here.model.complete(prompt(5_000))
        assert 1.5 <= here.clock.monotonic() <= 1.55  # half a second would have been its own
        first.cancel()


async def test_a_call_whose_caller_goes_away_leaves_the_line() -> None:
    async with bench(window_tokens=300) as here:
        tasks = [here.ask(prompt()), here.ask(prompt(urgency="background"))]
        await turns()
        tasks[1].cancel()
        await turns()
        assert here.model.view().waiting == 0
        tasks[0].cancel()
        await turns()
        assert here.model.view().running == 0


async def test_a_call_that_fails_gives_its_room_back() -> None:
    async with bench(window_tokens=300) as here:
        here.engine.fails = ModelFailure("lost", reason="lost")
        here.engine.lets.set()
        for _ in range(3):
            with pytest.raises(ModelFailure, match="lost"):
                await here.model.complete(prompt())
        assert here.model.view().running == 0
        assert [each.outcome for each in here.ended] == ["failed"] * 3


async def test_a_prompt_that_is_refused_as_such_gives_its_room_back_too() -> None:
    async with bench() as here:
        here.engine.fails = Invalid("no such prompt")
        here.engine.lets.set()
        with pytest.raises(Invalid):
            await here.model.complete(prompt())
        assert here.model.view().running == 0


async def test_a_line_that_is_full_refuses_at_once() -> None:
    async with bench(window_tokens=300, waiting=1) as here:
        tasks = [here.ask(prompt()), here.ask(prompt(tenant="b", urgency="background"))]
        await turns()
        with pytest.raises(ModelFailure, match="as many calls waiting"):
            await here.model.complete(prompt(tenant="c"))
        for task in tasks:
            task.cancel()


async def test_a_met_call_says_where_its_time_went() -> None:
    async with bench() as here:
        task = here.ask(prompt())
        await turns()
        here.clock.move(0.5)
        here.engine.hear(0)
        here.clock.move(1.0)
        here.engine.lets.set()
        await task
        [ended] = here.ended
        assert (ended.outcome, ended.first_token_s, ended.decode_s, ended.seconds) == ("met", 0.5, 1.0, 1.5)
        assert (ended.prompt_tokens, ended.completion_tokens) == (300, 21)


async def test_a_first_token_past_the_deadline_is_late() -> None:
    async with bench() as here:
        task = here.ask(prompt())
        await turns()
        here.clock.move(2.1)
        here.engine.hear(0)
        here.engine.lets.set()
        await task
        assert here.ended[0].outcome == "late"


async def test_first_tokens_teach_how_fast_the_engine_is() -> None:
    async with bench() as here:
        for number in range(200):
            here.ask(prompt(1_000))
            await turns()
            here.clock.move(0.3)  # believed: a tenth of a second
            here.engine.hear(number)
            here.engine.lets.set()
            await turns()
            here.engine.lets.clear()
        assert here.calibration.pace(here.clock.monotonic()).first_token_s(1_000) == pytest.approx(0.3, rel=0.1)


async def test_answers_teach_what_of_a_prompt_needs_no_computing() -> None:
    async with bench() as here:
        here.engine.lets.set()
        await here.model.complete(prompt())
        expected = here.calibration.expected("sentiment/1")
        assert (expected.output_tokens, expected.cached_tokens) == (21, 100)


async def test_a_usage_that_is_estimated_teaches_nothing() -> None:
    async with bench() as here:
        here.engine.usage = TokenUsage(prompt=300, completion=21, is_estimate=True)
        here.engine.lets.set()
        await here.model.complete(prompt())
        assert here.calibration.expected("sentiment/1").output_tokens == 100


def test_two_engines_are_believed_to_compute_twice_as_fast_and_hold_twice_as_much() -> None:
    settings = SchedulingSettings.model_validate({})
    one, two = believed(settings, engines=1), believed(settings, engines=2)
    assert (two.token_s, two.kv_tokens) == (one.token_s / 2, one.kv_tokens * 2)
