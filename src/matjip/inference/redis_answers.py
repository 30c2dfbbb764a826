"""Remembered answers in Redis, for every process of a fleet."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from matjip.clock import Clock
from matjip.errors import Unavailable
from matjip.inference.answers_store import Moment
from matjip.telemetry.logs import logger

__all__ = ["RedisAnswers"]

T = TypeVar("T")
PREFIX, FORGOTTEN = "matjip:answers:", "matjip:forgotten:"
FORGOTTEN_S = 24 * 3_600  # no question takes so long
# In one step: an erasure comes before all of it or after.
PUT = """
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
for at = 2, #KEYS do redis.call('SET', KEYS[at], ARGV[at + 1], 'PX', ARGV[2]) end
return 1
"""
AT_ONCE = 500  # keys that one SCAN looks at, or one UNLINK removes
TIMEOUT_S = 0.25  # a cache that is slower than that is none
PAUSE_S = 1.0  # after a failure it is not asked again for so long: callers must not wait one after the other
GLOB = str.maketrans({letter: f"\\{letter}" for letter in "\\*?[]"})


class RedisAnswers:
    """`AnswersStore` on a Redis server. It should evict by itself (`maxmemory-policy allkeys-lru`): every entry has a TTL."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._resting_until = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, clock: Clock) -> AsyncIterator["RedisAnswers"]:
        """Connections to the server at redis://… or rediss://…; made when the first is needed."""
        client = Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        try:
            yield cls(client, clock)
        finally:
            await client.aclose()

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        if not keys:
            return {}
        asked = self._client.mget([PREFIX + key for key in keys])
        values = cast("list[bytes | None] | None", await self._open(asked))
        return {key: value for key, value in zip(keys, values or (), strict=False) if value is not None}

    async def now(self, prefix: str) -> Moment | None:
        times = await self._open(self._client.mget([FORGOTTEN + prefix]))
        return None if times is None else (prefix, int(times[0] or 0))

    async def put(self, entries: Mapping[str, bytes], *, ttl_s: float, since: Moment | None) -> None:
        if not entries or since is None:
            return
        prefix, times = since
        keys = [FORGOTTEN + prefix, *(PREFIX + key for key in entries)]
        ttl_ms = max(1, round(ttl_s * 1_000))
        asked = self._client.eval(PUT, len(keys), *keys, str(times), str(ttl_ms), *entries.values())
        await self._open(cast("Awaitable[object]", asked))

    async def forget(self, prefix: str) -> int:
        gone, some = 0, []
        try:
            await self._client.incr(FORGOTTEN + prefix)  # first: what is being asked for now is not kept any more
            await self._client.expire(FORGOTTEN + prefix, FORGOTTEN_S)
            async for key in self._client.scan_iter(f"{(PREFIX + prefix).translate(GLOB)}*", count=AT_ONCE):
                some.append(key)
                if len(some) == AT_ONCE:
                    gone += await self._client.unlink(*some)
                    some = []
            return gone + (await self._client.unlink(*some) if some else 0)
        except (RedisError, OSError) as error:
            raise Unavailable("Redis does not answer: remembered answers may still hold what was erased.") from error

    async def ping(self) -> None:
        """Raise Unavailable unless the server answers."""
        try:
            await self._client.ping()
        except (RedisError, OSError) as error:
            raise Unavailable("Redis does not answer.") from error

    async def _open(self, asked: Awaitable[T]) -> T | None:
        """Fails open: None where the server does not answer, or did not a moment ago."""
        if self._clock.monotonic() < self._resting_until:
            _leave(asked)
            return None
        try:
            return await asked
        except (RedisError, OSError) as error:
            self._resting_until = self._clock.monotonic() + PAUSE_S
            logger(__name__).warning("remembered answers are out of reach", error=type(error).__name__)
            return None


def _leave(asked: Awaitable[object]) -> None:
    """A coroutine that is not awaited after all."""
    if close := getattr(asked, "close", None):
        close()
