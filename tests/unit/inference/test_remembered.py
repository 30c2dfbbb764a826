"""A judge that remembers a model's answers and asks once for what many want at the same time."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.analysis.reading import ScriptedJudge

from matjip.clock import FakeClock
from matjip.errors import Unavailable
from matjip.inference.answers_store import MemoryAnswers
from matjip.inference.model import Urgency
from matjip.inference.remembered import PATIENCE_S, RememberedJudge, nobody_asking, prefix_of
from matjip.inference.task import FindAspects, JudgeSentiment


class Asked(ScriptedJudge):
    """Answers as a model would, when it is let; each answer took 7 tokens and, all together, a second."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.engine = "scripted"
        self.instead_of = None

    async def judge(self, task):
        await self.may_answer.wait()
        found = await super().judge(task)
        self.clock.move(1.0)
        return tuple(replace(each, engine=self.engine, tokens=7, instead_of=self.instead_of) for each in found)


class Remembering:
    """One store, a model, and a judge a tenant."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryAnswers(self.clock, max_bytes=1_000_000)
        self.model = Asked(self.clock)
        self.records = []
        self.asking = nobody_asking()

    def of(self, tenant: str = "t", *, urgency: Urgency = "batch") -> RememberedJudge:
        return RememberedJudge(
            self.model,
            self.store,
            tenant=tenant,
            engine="scripted",
            clock=self.clock,
            urgency=urgency,
            asking=self.asking,
            hooks=[self.records.append],
        )


@pytest.fixture
def world() -> Remembering:
    return Remembering()


def answers(verdicts):
    return [each.answer for each in verdicts]


async def begun(*judges: RememberedJudge) -> list[asyncio.Task]:
    """All of them are asked the same, one after the other."""
    asking = []
    for judge in judges:
        asking.append(asyncio.create_task(judge.judge(JudgeSentiment(("a",)))))
        await asyncio.sleep(0.01)
    return asking


async def test_what_was_answered_is_not_asked_again_by_another_process(world):
    first = await world.of().judge(JudgeSentiment(("친절", "짜요")))
    again = await world.of().judge(JudgeSentiment(("짜요", "새것", "친절")))
    assert [answers(again)[0], answers(again)[2]] == [answers(first)[1], answers(first)[0]]
    assert world.model.texts_judged == 3


async def test_tokens_are_told_to_whoever_spent_them(world):
    first = await world.of().judge(JudgeSentiment(("친절",)))
    again = await world.of().judge(JudgeSentiment(("친절", "짜요")))
    assert [each.tokens for each in (*first, *again)] == [7, 0, 7]


async def test_fifty_who_ask_the_same_at_once_share_one_question(world):
    world.model.may_answer.clear()
    judge = world.of()
    asking = [asyncio.create_task(judge.judge(JudgeSentiment(("친절", "짜요")))) for _ in range(50)]
    await asyncio.sleep(0.01)
    world.model.may_answer.set()
    found = await asyncio.gather(*asking)
    assert len({tuple(answers(each)) for each in found}) == 1
    assert sum(verdict.tokens for each in found for verdict in each) == 14  # spent once
    assert world.model.texts_judged == 2


async def test_items_that_another_asks_about_are_waited_for_and_the_rest_asked(world):
    world.model.may_answer.clear()
    judge = world.of()
    one = asyncio.create_task(judge.judge(JudgeSentiment(("a", "b"))))
    await asyncio.sleep(0.01)
    other = asyncio.create_task(judge.judge(JudgeSentiment(("b", "c"))))
    await asyncio.sleep(0.01)
    world.model.may_answer.set()
    assert answers(await one)[1] == answers(await other)[0]
    assert world.model.texts_judged == 3


async def test_mentions_come_back_as_they_were_answered(world):
    first = await world.of().judge(FindAspects(("국물이 진해요",)))
    assert answers(await world.of().judge(FindAspects(("국물이 진해요",)))) == answers(first)


async def test_another_tenant_is_told_nothing(world):
    for tenant in ("t", "t:u", "u"):
        await world.of(tenant).judge(JudgeSentiment(("친절",)))
    assert world.model.texts_judged == 3


async def test_an_error_is_told_to_those_who_waited_and_to_nobody_after(world):
    world.model.down = True
    judge = world.of()
    tries = await asyncio.gather(*(judge.judge(JudgeSentiment(("a",))) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in tries] == [Unavailable] * 3
    world.model.down = False
    assert len(await judge.judge(JudgeSentiment(("a",)))) == 1


async def test_what_another_engine_answered_meanwhile_is_asked_again(world):
    world.model.engine = "lite"
    await world.of().judge(JudgeSentiment(("a",)))
    world.model.engine = "scripted"
    assert (await world.of().judge(JudgeSentiment(("a",))))[0].engine == "scripted"


async def test_one_who_leaves_takes_nobodys_answer_along(world):
    world.model.may_answer.clear()
    judge = world.of()
    leaves, stays = (asyncio.create_task(judge.judge(JudgeSentiment(("a",)))) for _ in range(2))
    await asyncio.sleep(0.01)
    leaves.cancel()
    world.model.may_answer.set()
    assert len(await stays) == 1


async def test_when_all_have_left_the_model_is_asked_no_more(world):
    world.model.may_answer.clear()
    judge = world.of()
    asking = asyncio.create_task(judge.judge(JudgeSentiment(("a",))))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.sleep(0.01)
    world.model.may_answer.set()
    await asyncio.sleep(0.01)
    assert world.model.texts_judged == 0


async def test_an_entry_that_cannot_be_read_is_asked_again(world):
    judge = world.of()
    await judge.judge(JudgeSentiment(("a",)))
    broken = dict.fromkeys(world.store._known, b"{")
    await world.store.put(broken, ttl_s=9.0, since=await world.store.now(""))
    assert len(await judge.judge(JudgeSentiment(("a",)))) == 1
    assert world.model.texts_judged == 2


async def test_forgetting_a_tenant_leaves_the_others(world):
    for tenant in ("t", "t2"):
        await world.of(tenant).judge(JudgeSentiment(("a", "b")))
    assert await world.store.forget(prefix_of("t")) == 2
    await world.of("t2").judge(JudgeSentiment(("a", "b")))
    assert world.model.texts_judged == 4


async def test_hits_are_counted_with_the_tokens_and_the_time_that_they_saved(world):
    await world.of().judge(JudgeSentiment(("a", "b")))
    await world.of().judge(JudgeSentiment(("a", "b", "c")))
    last = world.records[-1]
    assert (last.hits, last.joined, last.misses) == (2, 0, 1)
    assert (last.tokens_saved, last.seconds_saved) == (14, 1.0)


async def test_classes_share_one_question(world):
    world.model.may_answer.clear()
    asking = await begun(*(world.of(urgency=each) for each in ("background", "batch", "interactive")))
    world.model.may_answer.set()
    found = await asyncio.gather(*asking)
    assert world.model.texts_judged == 1
    assert [each[0].tokens for each in found] == [7, 0, 0]


async def test_who_waits_asks_himself_where_another_classes_answer_is_long_in_coming(world, monkeypatch):
    monkeypatch.setitem(PATIENCE_S, "interactive", 0.01)
    world.model.may_answer.clear()
    asking = await begun(*(world.of(urgency=each) for each in ("background", "interactive")))
    await asyncio.sleep(0.02)
    world.model.may_answer.set()
    first, second = await asyncio.gather(*asking)
    assert answers(first) == answers(second)
    assert world.model.texts_judged == 2


async def test_a_job_asks_again_for_what_only_a_stand_in_answered_to_who_waited(world):
    world.model.may_answer.clear()
    world.model.instead_of = "scripted"
    asking = await begun(*(world.of(urgency=each) for each in ("interactive", "batch")))
    world.model.may_answer.set()
    await asking[0]
    world.model.instead_of = None
    assert (await asking[1])[0].instead_of is None
