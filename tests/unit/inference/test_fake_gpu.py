"""A simulated engine on the wall clock, and the scripted server that answers at its pace."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.unit.inference.models import until

from matjip.inference.fake_gpu import FakeGpu
from matjip.inference.fake_server import FakeServer
from matjip.inference.simulated import GPUS, SimulatedEngine

SPEED = 100.0


@pytest.fixture
async def gpu() -> AsyncIterator[FakeGpu]:
    async with FakeGpu(SimulatedEngine(GPUS["a10"]), SPEED) as running:
        yield running


@pytest.fixture
async def server(gpu) -> AsyncIterator[FakeServer]:
    async with FakeServer(gpu=gpu, says=lambda _: "four" * 50) as listening:
        yield listening


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def body(prompt_tokens: int, **more: object) -> dict[str, object]:
    return {"model": "fake/1", "messages": [{"role": "user", "content": "x" * 4 * prompt_tokens}]} | more


async def metric(session: aiohttp.ClientSession, server: FakeServer, name: str) -> float:
    async with session.get(f"{server.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


async def test_a_request_has_its_first_token_before_its_last_and_leaves_nothing_behind(gpu):
    with gpu.running(300, 40) as turn:
        await turn.first.wait()
        assert not turn.last.is_set()
        await turn.last.wait()
    assert (gpu.engine.running, gpu.engine.waiting, gpu.engine.kv_used) == (0, 0, 0.0)


async def test_it_takes_as_long_as_the_engine_says_at_its_speed(gpu):
    start = asyncio.get_running_loop().time()
    with gpu.running(8_000, 1) as turn:
        await turn.last.wait()
    assert asyncio.get_running_loop().time() - start >= 1.4 / SPEED  # the engine takes 1.52 s


async def test_whoever_leaves_ends_the_work(gpu):
    with gpu.running(300, 4_000) as turn:
        await turn.first.wait()
        assert gpu.engine.running == 1
    assert gpu.engine.running == 0


async def test_after_a_pause_it_computes_again(gpu):
    for _ in range(2):
        with gpu.running(10, 2) as turn:
            await asyncio.wait_for(turn.last.wait(), 3)
        await asyncio.sleep(0.02)


async def test_a_short_request_behind_a_long_one_waits_for_it(server, session):
    order = []
    server.on_first = lambda asked: order.append(len(asked["messages"][0]["content"]))
    server.gpu.speed = 10.0
    long = asyncio.create_task(posted(session, server, 8_000))
    await until(lambda: server.gpu.engine.running)
    await asyncio.gather(long, posted(session, server, 10))
    assert order == [32_000, 40]


async def posted(session: aiohttp.ClientSession, server: FakeServer, size: int) -> str:
    async with session.post(f"{server.url}/v1/chat/completions", json=body(size)) as response:
        return await response.text()


async def test_an_answer_is_whole_and_says_how_it_ended(server, session):
    text = await posted(session, server, 10)
    assert text.count("four") == 50
    assert text.index('"finish_reason":"stop"') < text.index("[DONE]")


async def test_its_metrics_tell_the_engines_load_and_room(server, session):
    server.says = lambda _: "four" * 5_000
    call = asyncio.create_task(posted(session, server, 4_000))
    await until(lambda: server.gpu.engine.running)
    assert await metric(session, server, "vllm:num_requests_running") == 1
    assert await metric(session, server, "vllm:kv_cache_usage_perc") > 0.09
    async with session.get(f"{server.url}/metrics") as response:
        assert 'num_gpu_blocks="2687"' in await response.text()
    call.cancel()


async def test_a_caller_that_goes_away_frees_the_engine(server, session):
    server.says = lambda _: "four" * 5_000
    call = asyncio.create_task(posted(session, server, 100))
    await until(lambda: server.gpu.engine.running)
    call.cancel()
    await until(lambda: not server.gpu.engine.running)
    assert server.left == 1
