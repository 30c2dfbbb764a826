"""A simulated engine that keeps the wall's time: what makes a scripted server answer as a GPU under load would."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from matjip.inference.simulated import SimulatedEngine

__all__ = ["FakeGpu", "Turn"]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One request on the engine, and what has come of it."""

    first: asyncio.Event = field(default_factory=asyncio.Event)  # token
    last: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class FakeGpu:
    """One engine; use it as a context manager. `speed` is how many of its seconds pass in one of the wall's.

    A process that was held up catches up: the steps that were missed follow each other without a pause.
    """

    engine: SimulatedEngine
    speed: float = 1.0
    _ids: Iterator[int] = field(default_factory=count)
    _turns: dict[str, Turn] = field(default_factory=dict)
    _work: asyncio.Event = field(default_factory=asyncio.Event)
    _stepping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._stepping = asyncio.create_task(self._steps(), name="fake gpu")
        return self

    async def __aexit__(self, *about: object) -> None:
        if self._stepping:
            self._stepping.cancel()
            await asyncio.gather(self._stepping, return_exceptions=True)

    @contextmanager
    def running(self, prompt_tokens: int, output_tokens: int, *, priority: float = 0.0) -> Iterator[Turn]:
        """A request from now on; whoever leaves before its end ends its work too."""
        request_id = f"r{next(self._ids)}"
        turn = self._turns[request_id] = Turn()
        self.engine.submit(request_id, prompt_tokens, output_tokens, priority=priority)
        self._work.set()
        try:
            yield turn
        finally:
            if self._turns.pop(request_id, None):
                self.engine.abort(request_id)

    async def _steps(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time()
        while True:
            step = self.engine.step()
            if step is None:
                self._work.clear()
                await self._work.wait()
                until = loop.time()
                continue
            until += step.seconds / self.speed
            await asyncio.sleep(max(until - loop.time(), 0.0))
            for request_id in step.first:
                if turn := self._turns.get(request_id):
                    turn.first.set()
            for request_id in step.finished:
                if turn := self._turns.pop(request_id, None):
                    turn.last.set()
