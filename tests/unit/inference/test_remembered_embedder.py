"""Embedders that remember a server's vectors and ask once for what many want at the same time."""

import asyncio

import numpy as np
import pytest

from matjip.clock import FakeClock
from matjip.errors import Unavailable
from matjip.inference.answers_store import MemoryAnswers
from matjip.inference.remembered import prefix_of
from matjip.inference.remembered_embedder import RememberedEmbedders
from matjip.testing import FakeEmbedder


class Asked(FakeEmbedder):
    """Embeds when it is let; each request takes two seconds."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.texts: list[str] = []
        self.is_down = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def embed(self, texts):
        self.texts += texts
        await self.may_answer.wait()
        if self.is_down:
            raise Unavailable("down")
        self.clock.move(2.0)
        return await super().embed(texts)


class Remembering:
    """One store and whoever is asked, and embedders as each process has its own."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryAnswers(self.clock, max_bytes=1_000_000)
        self.server = Asked(self.clock)
        self.records = []

    def process(self, made_by: str = "m") -> RememberedEmbedders:
        hooks = [self.records.append]
        return RememberedEmbedders(self.server, self.store, made_by=made_by, clock=self.clock, ttl_s=60.0, hooks=hooks)


@pytest.fixture
def world() -> Remembering:
    return Remembering()


async def test_a_vector_is_asked_for_once_and_is_the_same_in_another_process(world):
    first = await world.process().of("t").embed(["국물 진해", "직원 친절"])
    again = await world.process().of("t").embed(["직원 친절", "새것", "국물 진해"])
    assert again[[2, 0]].tolist() == first.tolist()
    assert sorted(world.server.texts) == sorted(["국물 진해", "직원 친절", "새것"])


async def test_a_text_that_stands_twice_in_a_batch_is_asked_for_once(world):
    rows = await world.process().of("t").embed(["친절", "친절"])
    assert rows[0].tolist() == rows[1].tolist()
    assert world.server.texts == ["친절"]


async def test_fifty_who_ask_the_same_at_once_share_one_question(world):
    world.server.may_answer.clear()
    embedder = world.process().of("t")
    asking = [asyncio.create_task(embedder.embed(["친절", "국물"])) for _ in range(50)]
    await asyncio.sleep(0.01)
    world.server.may_answer.set()
    assert len({rows.tobytes() for rows in await asyncio.gather(*asking)}) == 1
    assert len(world.server.texts) == 2


async def test_another_tenant_another_model_and_another_prefix_share_nothing(world):
    await world.process("m").of("t").embed(["친절"])
    await world.process("m").of("t2").embed(["친절"])
    await world.process("m with a prefix").of("t").embed(["친절"])
    world.server.name = "another/1"
    await world.process("m").of("t").embed(["친절"])
    assert world.server.texts == ["친절"] * 4


async def test_an_error_is_told_to_those_who_waited_and_to_nobody_after(world):
    world.server.is_down = True
    embedder = world.process().of("t")
    tries = await asyncio.gather(*(embedder.embed(["친절"]) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in tries] == [Unavailable] * 3
    world.server.is_down = False
    assert (await embedder.embed(["친절"])).any()


async def test_a_text_that_nobody_could_embed_is_asked_for_again(world):
    for _ in range(2):
        assert not (await world.process().of("t").embed(["!!"])).any()
    assert world.server.texts == ["!!"] * 2


async def test_a_vector_is_forgotten_when_its_time_is_over(world):
    await world.process().of("t").embed(["친절"])
    world.clock.move(61.0)
    await world.process().of("t").embed(["친절"])
    assert len(world.server.texts) == 2


async def test_forgetting_a_tenant_leaves_the_others(world):
    for tenant in ("t", "t2"):
        await world.process().of(tenant).embed(["친절", "국물"])
    assert await world.store.forget(prefix_of("t")) == 2
    await world.process().of("t2").embed(["친절", "국물"])
    assert len(world.server.texts) == 4


async def test_what_was_asked_for_before_an_erasure_is_not_kept_after_it(world):
    world.server.may_answer.clear()
    asking = asyncio.create_task(world.process().of("t").embed(["친절"]))
    await asyncio.sleep(0.01)
    await world.store.forget(prefix_of("t"))
    world.server.may_answer.set()
    await asking
    assert world.store.held_bytes == 0


async def test_an_entry_that_is_no_vector_of_this_length_is_asked_for_again(world):
    await world.process().of("t").embed(["친절"])
    broken = dict.fromkeys(world.store._known, b"\0" * 9)
    await world.store.put(broken, ttl_s=9.0, since=await world.store.now(""))
    assert (await world.process().of("t").embed(["친절"])).shape == (1, 32)
    assert len(world.server.texts) == 2


async def test_hits_are_counted_with_the_time_that_they_saved(world):
    await world.process().of("t").embed(["a", "b"])
    await world.process().of("t").embed(["a", "b", "c"])
    last = world.records[-1]
    assert (last.hits, last.joined, last.misses, last.seconds_saved) == (2, 0, 1, 2.0)


async def test_nothing_asked_is_no_row_and_no_question(world):
    assert (await world.process().of("t").embed([])).dtype == np.int8
    assert world.server.texts == []
