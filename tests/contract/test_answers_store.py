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


async def put(store: AnswersStore, entries, *, ttl_s: float = LONG_S) -> None:
    await store.put(entries, ttl_s=ttl_s, since=await store.now(""))


async def test_what_was_put_is_got_and_nothing_else(store):
    await put(store, {"a:1": b"one", "a:2": "둘".encode()})
    assert await store.get(["a:2", "a:3", "a:1"]) == {"a:2": "둘".encode(), "a:1": b"one"}


async def test_the_newest_value_stands(store):
    await put(store, {"a": b"one"})
    await put(store, {"a": b"two"})
    assert await store.get(["a"]) == {"a": b"two"}


async def test_an_entry_goes_when_its_time_is_over(store):
    await put(store, {"a": b"one"}, ttl_s=0.05)
    await asyncio.sleep(0.1)
    assert await store.get(["a"]) == {}


async def test_what_begins_so_is_forgotten_and_the_rest_stays(store):
    await put(store, {f"a*[:{number}": b"x" for number in range(1_200)} | {"ab:1": b"y"})
    assert await store.forget("a*[:") == 1_200
    assert await store.get(["a*[:1", "ab:1"]) == {"ab:1": b"y"}


async def test_what_an_erasure_overtook_is_not_kept_and_what_comes_after_it_is(store):
    before = await store.now("a:")
    await store.forget("a:")
    await store.put({"a:1": b"x"}, ttl_s=LONG_S, since=before)
    assert await store.get(["a:1"]) == {}
    await store.put({"a:1": b"x"}, ttl_s=LONG_S, since=await store.now("a:"))
    assert await store.get(["a:1"]) == {"a:1": b"x"}


async def test_an_erasure_of_others_takes_nothing_along(store):
    before = await store.now("a:")
    await store.forget("b:")
    await store.put({"a:1": b"x"}, ttl_s=LONG_S, since=before)
    assert await store.get(["a:1"]) == {"a:1": b"x"}


async def test_in_redis_an_erasure_by_another_process_overtakes_too(redis_server):
    url, _ = redis_server
    await (await reached(url)).aclose()
    async with RedisAnswers.open(url, SystemClock()) as one, RedisAnswers.open(url, SystemClock()) as other:
        before = await one.now("fleet:")
        await other.forget("fleet:")
        await one.put({"fleet:1": b"x"}, ttl_s=LONG_S, since=before)
        assert await one.get(["fleet:1"]) == {}


async def test_nothing_is_asked_and_nothing_put(store):
    await put(store, {})
    assert await store.get([]) == {}


async def test_in_memory_the_least_recently_used_make_room():
    store = MemoryAnswers(FakeClock(), max_bytes=3 * 1_201)
    for key in "abc":
        await put(store, {key: b"x" * 1_000})
    await store.get(["a"])
    await put(store, {"d": b"x" * 1_000})
    assert sorted(await store.get(list("abcd"))) == ["a", "c", "d"]
    assert store.held_bytes <= 3 * 1_201


async def test_where_redis_is_away_nothing_is_known_and_nobody_hears_of_it():
    clock = FakeClock()
    async with RedisAnswers.open("redis://127.0.0.1:1/0", clock) as store:
        await put(store, {"a": b"one"})
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
        await put(store, {"a": b"one"})
        server.send_signal(19)  # SIGSTOP: it hangs
        assert await store.get(["a"]) == {}
        server.send_signal(18)  # SIGCONT
        assert await store.get(["a"]) == {}  # not asked yet
        clock.move(1.1)
        assert await store.get(["a"]) == {"a": b"one"}
