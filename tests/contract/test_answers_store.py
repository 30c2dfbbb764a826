"""What every store of remembered answers promises: the suite runs over each implementation."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.redis_server import Running, reached, running

from matjip.clock import FakeClock, SystemClock
from matjip.errors import Unavailable
from matjip.inference.answers_store import AnswersStore, MemoryAnswers
from matjip.inference.redis_answers import RedisAnswers

LONG_S = 3_600.0


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[AnswersStore]:
    if request.param == "memory":
        yield MemoryAnswers(SystemClock(), max_bytes=1_000_000)
        return
    url, _ = request.getfixturevalue("redis_server")
    client = await reached(url)
    await client.flushdb()
    await client.aclose()
    async with RedisAnswers.open(url, SystemClock()) as opened:
        yield opened


async def test_what_was_put_is_got_and_nothing_else(store):
    await store.put({"a:1": b"one", "a:2": "둘".encode()}, ttl_s=LONG_S)
    assert await store.get(["a:2", "a:3", "a:1"]) == {"a:2": "둘".encode(), "a:1": b"one"}


async def test_the_newest_value_stands(store):
    await store.put({"a": b"one"}, ttl_s=LONG_S)
    await store.put({"a": b"two"}, ttl_s=LONG_S)
    assert await store.get(["a"]) == {"a": b"two"}


async def test_an_entry_goes_when_its_time_is_over(store):
    await store.put({"a": b"one"}, ttl_s=0.05)
    await asyncio.sleep(0.1)
    assert await store.get(["a"]) == {}


async def test_what_begins_so_is_forgotten_and_the_rest_stays(store):
    await store.put({f"a*[:{number}": b"x" for number in range(1_200)} | {"ab:1": b"y"}, ttl_s=LONG_S)
    assert await store.forget("a*[:") == 1_200
    assert await store.get(["a*[:1", "ab:1"]) == {"ab:1": b"y"}


async def test_nothing_is_asked_and_nothing_put(store):
    await store.put({}, ttl_s=LONG_S)
    assert await store.get([]) == {}


async def test_in_memory_the_least_recently_used_make_room():
    store = MemoryAnswers(FakeClock(), max_bytes=3 * 1_201)
    for key in "abc":
        await store.put({key: b"x" * 1_000}, ttl_s=LONG_S)
    await store.get(["a"])
    await store.put({"d": b"x" * 1_000}, ttl_s=LONG_S)
    assert sorted(await store.get(list("abcd"))) == ["a", "c", "d"]
    assert store.held_bytes <= 3 * 1_201


async def test_where_redis_is_away_nothing_is_known_and_nobody_hears_of_it():
    clock = FakeClock()
    async with RedisAnswers.open("redis://127.0.0.1:1/0", clock) as store:
        await store.put({"a": b"one"}, ttl_s=LONG_S)
        assert await store.get(["a"]) == {}


async def test_where_redis_is_away_forgetting_says_so():
    async with RedisAnswers.open("redis://127.0.0.1:1/0", FakeClock()) as store:
        with pytest.raises(Unavailable, match="erased"):
            await store.forget("t:")


async def test_a_redis_that_comes_back_is_asked_again_after_a_pause(redis_server):
    url, server = redis_server
    await (await reached(url)).aclose()
    clock = FakeClock()
    async with RedisAnswers.open(url, clock) as store:
        await store.put({"a": b"one"}, ttl_s=LONG_S)
        server.send_signal(19)  # SIGSTOP: it hangs
        assert await store.get(["a"]) == {}
        server.send_signal(18)  # SIGCONT
        assert await store.get(["a"]) == {}  # not asked yet
        clock.move(1.1)
        assert await store.get(["a"]) == {"a": b"one"}
