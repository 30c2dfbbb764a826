"""What several ask for at the same time is asked for once."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = ["Flights"]

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Flight(Generic[T]):
    """Keys that are being asked for, and how many wait for them."""

    keys: Sequence[str]
    task: "asyncio.Task[Mapping[str, T]]"
    waiting: int = field(default=0)


class Flights(Generic[T]):
    """What is being asked for at this moment, by key. Nothing outlives its flight: an error is told to those who wait for it
    and to nobody after, and a question that nobody waits for any more is given up.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    def among(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that somebody is asking for."""
        return {key for key in keys if key in self._flights}

    async def once(
        self, keys: Sequence[str], ask: Callable[[Sequence[str]], Coroutine[Any, Any, Mapping[str, T]]], *, name: str
    ) -> dict[str, T]:
        """What each key stands for: `ask` is called with those that nobody is asking for, and the others are waited for."""
        flights = {self._flights[key] for key in keys if key in self._flights}
        if mine := [key for key in keys if key not in self._flights]:
            flights.add(self._start(mine, asyncio.create_task(ask(mine), name=name)))
        found: dict[str, T] = {}
        with self._waiting(flights):
            for flight in flights:
                found |= await asyncio.shield(flight.task)
        return {key: found[key] for key in keys}

    async def join(self, keys: Sequence[str], *, within_s: float | None) -> dict[str, T]:
        """What those of the keys stand for that somebody is asking for and is told within so many seconds (None: whenever
        that is). An error is left to those who asked."""
        flights = {self._flights[key] for key in keys if key in self._flights}
        if not flights:
            return {}
        with self._waiting(flights):
            ended, _ = await asyncio.wait([flight.task for flight in flights], timeout=within_s)
        found: dict[str, T] = {}
        for task in ended:
            if not task.cancelled() and not task.exception():
                found |= task.result()
        return {key: found[key] for key in keys if key in found}

    @contextmanager
    def _waiting(self, flights: Collection[_Flight[T]]) -> Iterator[None]:
        for flight in flights:
            flight.waiting += 1
        try:
            yield
        finally:
            for flight in flights:
                flight.waiting -= 1
                if not flight.waiting and not flight.task.done():
                    self._clear(flight)  # whoever asks for the same now must not join what ends
                    flight.task.cancel()

    def _start(self, keys: Sequence[str], task: "asyncio.Task[Mapping[str, T]]") -> _Flight[T]:
        flight = _Flight(keys, task)
        self._flights |= dict.fromkeys(keys, flight)
        task.add_done_callback(lambda _: self._end(flight))
        return flight

    def _end(self, flight: _Flight[T]) -> None:
        self._clear(flight)
        if not flight.task.cancelled():
            flight.task.exception()  # told to those who waited

    def _clear(self, flight: _Flight[T]) -> None:
        for key in flight.keys:
            if self._flights.get(key) is flight:
                del self._flights[key]
