"""Time, identity and chance as arguments: the only file that reads the wall clock."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = [
    "Clock",
    "FakeClock",
    "Ids",
    "SystemClock",
    "from_micros",
    "new_dice",
    "new_id",
    "numbered_ids",
    "to_iso",
    "to_micros",
]

Ids = Callable[[], str]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """The source of time."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward, for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FakeClock:
    """A clock that a test moves; sleeping moves it too."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    def move(self, seconds: float) -> None:
        self._elapsed += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC: how a time is stored, exact and equal in every database."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return EPOCH + micros * MICROSECOND


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC, ending in Z: how a time is shown."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def new_id() -> str:
    """An id that sorts by the time it was made: milliseconds, then chance (the layout of UUID version 7, RFC 9562)."""
    bits = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | random.SystemRandom().getrandbits(76)
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=bits))


def numbered_ids(prefix: str = "id") -> Ids:
    """Ids for tests: id-1, id-2, id-3."""
    count = 0

    def next_id() -> str:
        nonlocal count
        count += 1
        return f"{prefix}-{count}"

    return next_id


def new_dice(seed: int) -> random.Random:
    """Chance that repeats: the same seed throws the same numbers."""
    return random.Random(seed)
