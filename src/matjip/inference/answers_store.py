"""Where the answers of models and embedders are remembered: bytes by key, for a time, in this process or in a Redis that a fleet shares."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from matjip.clock import Clock

__all__ = ["AnswersStore", "MemoryAnswers"]

ENTRY_BYTES = 200  # what Python takes for an entry besides its key and value, about


class AnswersStore(Protocol):
    """A cache. It fails open: where it does not answer, nothing is known and nothing is kept, and nobody hears of an error.

    `forget` alone does not: an erasure must know that it was done.
    """

    @property
    def forgotten(self) -> int:
        """How often this process was told to forget: an answer that was asked for before is not to be kept after."""
        ...

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those that are known."""
        ...

    async def put(self, entries: Mapping[str, bytes], *, ttl_s: float) -> None:
        """Keep them for so long at most."""
        ...

    async def forget(self, prefix: str) -> int:
        """Remove every entry whose key begins so. How many went. Raises Unavailable where that cannot be done now."""
        ...


class MemoryAnswers:
    """`AnswersStore` in one process, under a bound of bytes; the least recently used go first."""

    def __init__(self, clock: Clock, *, max_bytes: int) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._known: OrderedDict[str, tuple[float, bytes]] = (
            OrderedDict()
        )  # until when on the monotonic clock, and what
        self.held_bytes = 0
        self.forgotten = 0

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        now, found = self._clock.monotonic(), {}
        for key in keys:
            until, value = self._known.get(key, (now, b""))
            if until > now:
                self._known.move_to_end(key)
                found[key] = value
            else:
                self._drop(key)
        await asyncio.sleep(0)
        return found

    async def put(self, entries: Mapping[str, bytes], *, ttl_s: float) -> None:
        until = self._clock.monotonic() + ttl_s
        for key, value in entries.items():
            self._drop(key)
            self._known[key] = (until, value)
            self.held_bytes += _size(key, value)
        while self.held_bytes > self._max_bytes:
            self._drop(next(iter(self._known)))

    async def forget(self, prefix: str) -> int:
        self.forgotten += 1
        gone = [key for key in self._known if key.startswith(prefix)]
        for key in gone:
            self._drop(key)
        return len(gone)

    def _drop(self, key: str) -> None:
        if key in self._known:
            self.held_bytes -= _size(key, self._known.pop(key)[1])


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_BYTES
