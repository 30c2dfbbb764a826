"""Where the answers of models and embedders are remembered: bytes by key, for a time, in this process or in a Redis that a fleet shares."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from matjip.clock import Clock

__all__ = ["AnswersStore", "MemoryAnswers", "Moment"]

Moment = tuple[str, int]  # a prefix, and how often what begins so was forgotten
ENTRY_BYTES = 200  # what Python takes for an entry besides its key and value, about


class AnswersStore(Protocol):
    """A cache. It fails open: where it does not answer, nothing is known and nothing is kept, and nobody hears of an error.

    `forget` alone does not: an erasure must know that it was done.
    """

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those that are known."""
        ...

    async def now(self, prefix: str) -> Moment | None:
        """How things stand with what begins so, to be said when it is put. None where that is not known."""
        ...

    async def put(self, entries: Mapping[str, bytes], *, ttl_s: float, since: Moment | None) -> None:
        """Keep them for so long at most; none of them where an erasure has forgotten such since, by any process."""
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
        self._forgotten: Counter[str] = Counter()  # by tenant whom an erasure concerned: a few

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

    async def now(self, prefix: str) -> Moment:
        return prefix, self._forgotten[prefix]

    async def put(self, entries: Mapping[str, bytes], *, ttl_s: float, since: Moment | None) -> None:
        if since is None or self._forgotten[since[0]] != since[1]:
            return
        until = self._clock.monotonic() + ttl_s
        for key, value in entries.items():
            self._drop(key)
            self._known[key] = (until, value)
            self.held_bytes += _size(key, value)
        while self.held_bytes > self._max_bytes:
            self._drop(next(iter(self._known)))

    async def forget(self, prefix: str) -> int:
        self._forgotten[prefix] += 1
        gone = [key for key in self._known if key.startswith(prefix)]
        for key in gone:
            self._drop(key)
        return len(gone)

    def _drop(self, key: str) -> None:
        if key in self._known:
            self.held_bytes -= _size(key, self._known.pop(key)[1])


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_BYTES
