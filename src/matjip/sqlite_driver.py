"""aiosqlite without its detours: what cannot wait is done at once, and only what may read, wait or write goes to the thread.

aiosqlite sends every call of the driver to a thread and back, eleven times a transaction that reads one row. Opening and
closing a cursor, BEGIN (which locks nothing yet), and the end of a transaction that only read take microseconds.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import aiosqlite

__all__ = ["connect"]

T = TypeVar("T")
CHUNK_ROWS = 64  # aiosqlite's own default


def connect(database: str, **options: Any) -> aiosqlite.Connection:
    """As `aiosqlite.connect`, for SQLAlchemy's `async_creator_fn`. The connection must be good in more threads than one."""
    connection = _Prompt(lambda: sqlite3.connect(database, **options), CHUNK_ROWS)
    connection._thread.daemon = True  # as SQLAlchemy does for its own: a forgotten connection must not hold the process
    return connection


class _Prompt(aiosqlite.Connection):
    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._only_reads = False
        self._sent = 0  # calls given to the thread, and those that it has finished: each is counted by one side alone
        self._finished = 0

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        # A cancelled caller may have left work in the thread: then all that follows waits behind it.
        if self._sent == self._finished and self._cannot_wait(fn.__name__, args):
            return fn(*args, **kwargs)
        self._sent += 1
        done: T = await super()._execute(self._counted, fn, args, kwargs)  # type: ignore[no-untyped-call]
        return done

    def _counted(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        try:
            return fn(*args, **kwargs)
        finally:
            self._finished += 1

    def _cannot_wait(self, name: str, args: tuple[Any, ...]) -> bool:
        if name in ("cursor", "close"):
            return True
        if name == "execute" and args:
            began: bool = args[0] == "BEGIN"
            self._only_reads = self._only_reads or began
            return began
        if name in ("commit", "rollback"):
            at_once = self._only_reads or not self.in_transaction
            self._only_reads = False
            return at_once
        return False
