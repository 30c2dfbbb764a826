"""aiosqlite without its detours: what cannot wait is done at once, and only what may read, wait or write goes to the thread.

aiosqlite sends every call of the driver to a thread and back, eleven times a transaction that reads one row. Opening and
closing a cursor, BEGIN (which locks nothing yet), and the end of a transaction that only read take microseconds; and the
rows of a statement, which SQLAlchemy fetches all at once anyway, come back from the thread with it.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar, cast

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
        self._rows: dict[sqlite3.Cursor, list[Any]] = {}  # what a statement has found and nobody has fetched

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        if fn.__name__.startswith("fetch"):
            return cast(T, self._fetched(fn))
        # A cancelled caller may have left work in the thread: then all that follows waits behind it.
        if self._sent == self._finished and self._cannot_wait(fn.__name__, args):
            return self._call(fn, args, kwargs)
        self._sent += 1
        done: T = await super()._execute(self._counted, fn, args, kwargs)  # type: ignore[no-untyped-call]
        return done

    def _counted(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        try:
            return self._call(fn, args, kwargs)
        finally:
            self._finished += 1

    def _call(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        done = fn(*args, **kwargs)
        if isinstance(done, sqlite3.Cursor) and done.description:
            self._rows[done] = done.fetchall()
        elif fn.__name__ == "close":
            self._rows.pop(cast(sqlite3.Cursor, getattr(fn, "__self__", None)), None)
        return done

    def _fetched(self, fn: Callable[..., object]) -> list[Any]:
        if fn.__name__ != "fetchall":
            raise NotImplementedError(f"A statement's rows come all at once: fetchall, not {fn.__name__}.")
        return self._rows.pop(cast(sqlite3.Cursor, getattr(fn, "__self__", None)), [])

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


def _cursor_of(fn: Callable[..., object]) -> sqlite3.Cursor | None:
    owner = getattr(fn, "__self__", None)
    return owner if isinstance(owner, sqlite3.Cursor) else None
