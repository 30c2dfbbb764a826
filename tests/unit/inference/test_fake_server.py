"""What others rely on in the scripted server: its address outlives it, and it tells its load by either of vLLM's names."""

from collections.abc import AsyncIterator
from operator import mul

import aiohttp
import pytest
from tests.unit.inference.models import until

from matjip.inference.fake_server import Answers, FakeServer, Hangs


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as listening:
        yield listening


async def got(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_after_a_kill_it_refuses_connections_and_comes_back_at_the_same_address(server):
    url = server.url
    await server.kill()
    with pytest.raises(aiohttp.ClientConnectorError):
        await got(url + "/health")
    await server.start()
    assert (server.url, (await got(url + "/health"))[0]) == (url, 200)


@pytest.mark.parametrize(("state", "status"), [("ready", 200), ("draining", 200), ("starting", 503)])
async def test_it_says_that_it_is_well_even_while_it_drains(server, state, status):
    server.state = state
    assert (await got(server.url + "/health"))[0] == status


@pytest.mark.parametrize(("names", "used"), [("new", "vllm:kv_cache_usage_perc"), ("old", "vllm:gpu_cache_usage_perc")])
async def test_its_metrics_have_the_names_of_new_or_of_old_vllm(server, names, used):
    server.metric_names = names
    _, text = await got(server.url + "/metrics")
    told = {line.split("{")[0] for line in text.splitlines()}
    assert used in told
    assert len(told & {"vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"}) == 1
    assert 'vllm:num_requests_running{model_name="fake/1",engine="0"} 0' in text


async def test_its_script_is_done_once_and_then_what_it_always_does(server):
    server.script, server.always = [Answers(text="first")], Answers(text="always")
    body = {"model": "fake/1", "messages": []}
    async with aiohttp.ClientSession() as session:
        said = []
        for _ in range(3):
            async with session.post(server.url + "/v1/chat/completions", json=body) as response:
                said.append("firs" in await response.text())
    assert said == [True, False, False]


async def posted(url: str, **body: object) -> tuple[int, dict]:
    async with aiohttp.ClientSession() as session, session.post(url, json={"model": "fake/1", **body}) as response:
        return response.status, await response.json()


async def test_texts_that_share_letters_have_vectors_that_are_near(server):
    texts = ["직원이 친절해요", "친절한 직원", "주차장이 넓다"]
    _, answer = await posted(server.url + "/v1/embeddings", input=texts)
    staff, friendly, parking = (row["embedding"] for row in sorted(answer["data"], key=lambda row: row["index"]))
    assert sum(map(mul, staff, friendly)) > sum(map(mul, staff, parking))


async def test_a_text_longer_than_its_model_is_refused_as_vllm_refuses_it(server):
    server.max_model_len = 10
    status, answer = await posted(server.url + "/v1/embeddings", input=["짧다", "이것은 길다"])
    assert (status, "maximum context length" in answer["error"]["message"]) == (400, True)


async def test_a_token_is_a_byte(server):
    _, answer = await posted(server.url + "/tokenize", prompt="맛", add_special_tokens=False)
    assert (answer["count"], answer["tokens"]) == (3, [0xEB, 0xA7, 0x9B])


async def test_a_caller_that_goes_away_is_counted(server):
    server.script = [Hangs()]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as session:
        with pytest.raises(TimeoutError):
            await session.post(server.url + "/v1/chat/completions", json={"model": "fake/1", "messages": []})
    await until(lambda: (server.left, server.in_flight) == (1, 0))
