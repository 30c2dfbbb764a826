"""The embedded index: points in one SQLite file, searched exactly in memory. Several processes may use one file.

The file is the truth: each change, its centroids and its position are one transaction, so a process that dies leaves
all of it or nothing. Memory is a copy by tenant, brought up to date by the file's change number before each search.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from matjip.clock import to_micros
from matjip.errors import Busy, Fault, Invalid, Misconfigured, Unavailable
from matjip.index.index import Filter, Found, Point, PointKey, Query
from matjip.index.shelf import Row, Segment, Shelf
from matjip.index.words import token_number, tokens

__all__ = ["MIN_SIMILARITY", "ExactIndex"]

A = TypeVar("A")
ReviewKey = tuple[str, str, str]  # tenant, restaurant id, review id
Origin = tuple[int, str, int]  # format, embedder, dimensions
Sums = dict[tuple[str, str], tuple[NDArray[np.int64], int]]

MEMORY = ":memory:"
FORMAT = 1  # of the tables and the token numbers; another format is built anew
MIN_SIMILARITY = (
    0.5  # with the built-in vectors 14 queries were so near to at most 5.3 % of 3,037 restaurant sentences (0.3: 36 %)
)
PRIMARY_CODE = 0xFF  # SQLite's error codes carry detail above it
LOCK_WAIT_S = 30  # another process's transaction is a batch of points, well under a second
TAIL_ROWS = 2_000  # changed points that are read again at each change (about 10 ms) before the whole copy is built anew
TAIL_SHARE = 32  # a large copy bears a larger tail: one row in so many

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS state (
        only INTEGER PRIMARY KEY CHECK (only = 1), format INTEGER NOT NULL, embedder TEXT NOT NULL, dimensions INTEGER NOT NULL,
        position INTEGER NOT NULL, change INTEGER NOT NULL, generation INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS points (
        point INTEGER PRIMARY KEY, tenant TEXT NOT NULL, restaurant_id TEXT NOT NULL, review_id TEXT NOT NULL,
        vector BLOB, tokens BLOB, rating REAL, language TEXT, source TEXT, created_at INTEGER, has_image INTEGER,
        change INTEGER NOT NULL, UNIQUE (tenant, restaurant_id, review_id)
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS points_by_change ON points (tenant, change)
    """,
    """
    CREATE TABLE IF NOT EXISTS centroids (
        tenant TEXT NOT NULL, restaurant_id TEXT NOT NULL, sum BLOB NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (tenant, restaurant_id)
    ) WITHOUT ROWID
    """,
)
LIVING = """
SELECT point, restaurant_id, review_id, vector, tokens, rating, language, source, created_at, has_image
FROM points WHERE tenant = ? AND vector IS NOT NULL ORDER BY point
"""
CHANGED = """
SELECT point, restaurant_id, review_id, vector, tokens, rating, language, source, created_at, has_image
FROM points WHERE tenant = ? AND change > ? LIMIT ?
"""
UPSERT = """
INSERT INTO points (tenant, restaurant_id, review_id, vector, tokens, rating, language, source, created_at, has_image, change)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, restaurant_id, review_id) DO UPDATE SET vector = excluded.vector, tokens = excluded.tokens,
    rating = excluded.rating, language = excluded.language, source = excluded.source, created_at = excluded.created_at,
    has_image = excluded.has_image, change = excluded.change
"""
REMOVE = """
UPDATE points SET vector = NULL, tokens = NULL, rating = NULL, language = NULL, source = NULL, created_at = NULL,
    has_image = NULL, change = ? WHERE tenant = ? AND restaurant_id = ? AND review_id = ?
"""


class ExactIndex:
    """Points of every tenant in one file; ":memory:" keeps them in this process alone, for tests.

    A removed point leaves its key and nothing else, so that other processes learn of it.
    """

    def __init__(self, writer: "_Line", reader: "_Line", *, dimensions: int, min_similarity: float) -> None:
        self._writer = writer
        self._reader = reader
        self._dimensions = dimensions
        self._min_similarity = min_similarity
        self._shelves: dict[str, Shelf] = {}  # replaced on the reader's turn, read at any time
        self._generation = -1

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        embedder: str,
        dimensions: int,
        min_similarity: float = MIN_SIMILARITY,
        mismatch: Literal["refuse", "clear"] = "refuse",
    ) -> "ExactIndex":
        """Open or create the file for vectors of this embedder.

        A file of another embedder, dimensions or format is refused (Misconfigured), or cleared where the caller rebuilds.
        """

        def connect() -> ExactIndex:
            with _our_errors(), ExitStack() as on_failure:
                writer = on_failure.enter_context(closing(_Line(str(path))))
                _prepare(writer.connection, (FORMAT, embedder, dimensions), mismatch)
                # A search never waits for a write: it reads what was committed, through a connection of its own.
                reader = writer if str(path) == MEMORY else on_failure.enter_context(closing(_Line(str(path))))
                index = cls(writer, reader, dimensions=dimensions, min_similarity=min_similarity)
                on_failure.pop_all()
            return index

        return await asyncio.to_thread(connect)

    async def close(self) -> None:
        """Release the file."""
        await asyncio.to_thread(self._reader.close)
        await asyncio.to_thread(self._writer.close)

    async def __aenter__(self) -> "ExactIndex":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def apply(
        self, upserts: Sequence[Point], deletes: Sequence[tuple[str, PointKey]], position: int, *, after: int = 0
    ) -> None:
        """See `Index.apply`. A key in both is removed, then stored; of a key twice in `upserts` the last stands."""
        faults = [
            Fault(
                where=f"points[{at}].vector",
                wrong=f"is {point.vector.dtype} of shape {point.vector.shape}",
                right=f"int8 of shape ({self._dimensions},)",
            )
            for at, point in enumerate(upserts)
            if point.vector.shape != (self._dimensions,) or point.vector.dtype != np.int8
        ]
        if faults:
            raise Invalid.of(*faults)
        await asyncio.to_thread(self._apply, upserts, deletes, position, after)

    async def position(self) -> int:
        """The log position that the file has reached, whoever brought it there."""
        return await asyncio.to_thread(self._reader.run, lambda connection: _state(connection)[0])

    async def search(self, tenant: str, query: Query, *, offset: int = 0, limit: int = 10) -> tuple[list[Found], int]:
        """See `Index.search`. A point *matches*, and is in the total, when it passes the filter and either
        holds a word of the query (its stem: see `words`) or is at least `min_similarity` near its vector.
        A vector of zeros (no known feature) is near nothing.
        Each list ranks its matches (equals share a rank), and the sum of 1 / (60 + rank) orders them.
        """

        def search() -> tuple[list[Found], int]:
            shelf = self._reader.run(lambda connection: self._shelf(connection, tenant))
            return shelf.search(query, min_similarity=self._min_similarity, offset=offset, limit=limit)

        if query.vector.shape != (self._dimensions,):
            raise Invalid.of(
                Fault(where="query.vector", wrong=f"has shape {query.vector.shape}", right=f"({self._dimensions},)")
            )
        return await asyncio.to_thread(search)

    async def centroid(self, tenant: str, restaurant_id: str) -> tuple[NDArray[np.int64], int]:
        """The exact sum of a restaurant's vectors and how many they are; zeros and 0 where it has none."""
        key = (tenant, restaurant_id)
        sums = await asyncio.to_thread(self._reader.run, lambda connection: self._sums(connection, [key]))
        return sums[key]

    async def count(self, tenant: str, wanted: Filter) -> int:
        """Points that pass the filter."""
        shelf = await asyncio.to_thread(self._reader.run, lambda connection: self._shelf(connection, tenant))
        return int(np.count_nonzero(shelf.passes(wanted)))

    async def clear(self) -> None:
        """Forget everything and go back to position 0, for every process that uses the file."""

        def clear(connection: sqlite3.Connection) -> None:
            with _transaction(connection, "IMMEDIATE"):
                _forget(connection)

        await asyncio.to_thread(self._writer.run, clear)

    def _apply(
        self, upserts: Sequence[Point], deletes: Sequence[tuple[str, PointKey]], position: int, after: int
    ) -> None:
        stored = {(point.tenant, point.restaurant_id, point.review_id): point for point in upserts}
        removed = {(tenant, *key) for tenant, key in deletes} - stored.keys()
        rows = [_columns(point) for point in stored.values()]  # before the file is locked: tokens take the time

        def store(connection: sqlite3.Connection) -> None:
            with _transaction(connection, "IMMEDIATE"):
                present, change, _ = _state(connection)
                if not after <= present < position:
                    return
                change += 1
                self._move_centroids(connection, stored, removed)
                connection.executemany(REMOVE, [(change, *key) for key in removed])
                connection.executemany(UPSERT, [(*row, change) for row in rows])
                connection.execute("UPDATE state SET position = ?, change = ?", (position, change))

        self._writer.run(store)

    def _move_centroids(
        self, connection: sqlite3.Connection, stored: dict[ReviewKey, Point], removed: set[ReviewKey]
    ) -> None:
        sums = self._sums(connection, {key[:2] for key in (*stored, *removed)})
        for key in (*stored, *removed):
            total, count = sums[key[:2]]
            before = connection.execute(
                "SELECT vector FROM points WHERE tenant = ? AND restaurant_id = ? AND review_id = ?", key
            ).fetchone()
            if before and before[0] is not None:
                total -= np.frombuffer(before[0], np.int8)
                count -= 1
            if key in stored:
                total += stored[key].vector
                count += 1
            sums[key[:2]] = total, count
        connection.executemany(
            "INSERT OR REPLACE INTO centroids VALUES (?, ?, ?, ?)",
            [(*key, total.astype("<i8").tobytes(), count) for key, (total, count) in sums.items()],
        )
        connection.execute("DELETE FROM centroids WHERE count = 0")

    def _sums(self, connection: sqlite3.Connection, keys: Iterable[tuple[str, str]]) -> Sums:
        sums: Sums = {}
        for key in keys:
            row = connection.execute(
                "SELECT sum, count FROM centroids WHERE tenant = ? AND restaurant_id = ?", key
            ).fetchone()
            stored = np.frombuffer(row[0], "<i8").astype(np.int64) if row else np.zeros(self._dimensions, np.int64)
            sums[key] = stored, row[1] if row else 0
        return sums

    def _shelf(self, connection: sqlite3.Connection, tenant: str) -> Shelf:
        """The tenant's points as the file holds them now."""
        with _transaction(connection, "DEFERRED"):
            generation = _state(connection)[2]
            if generation != self._generation:
                self._shelves.clear()
                self._generation = generation
            (change,) = connection.execute(
                "SELECT coalesce(max(change), 0) FROM points WHERE tenant = ?", (tenant,)
            ).fetchone()
            shelf = self._shelves.get(tenant)
            if shelf is None or shelf.change != change:
                shelf = self._shelves[tenant] = self._renewed(connection, shelf, tenant=tenant, change=change)
            return shelf

    def _renewed(self, connection: sqlite3.Connection, shelf: Shelf | None, *, tenant: str, change: int) -> Shelf:
        if shelf is not None:
            room = max(TAIL_ROWS, len(shelf.base.points) // TAIL_SHARE)
            changed = sorted(_rows(connection, CHANGED, (tenant, shelf.built_at, room + 1)))
            if len(changed) <= room:
                tail = Segment.of((row for row in changed if row.vector is not None), self._dimensions)
                gone = [row.point for row in changed]
                return Shelf(shelf.base, tail, gone=gone, built_at=shelf.built_at, change=change)
        base = Segment.of(_rows(connection, LIVING, (tenant,)), self._dimensions)
        return Shelf(base, Segment.of((), self._dimensions), gone=(), built_at=change, change=change)


class _Line:
    """A connection and whose turn it is on it."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        self._turn = threading.Lock()

    def run(self, work: Callable[[sqlite3.Connection], A]) -> A:
        with self._turn, _our_errors():
            return work(self.connection)

    def close(self) -> None:
        with self._turn:
            self.connection.close()


def _prepare(connection: sqlite3.Connection, wanted: Origin, mismatch: Literal["refuse", "clear"]) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is caught up from the log
    connection.execute("PRAGMA secure_delete = ON")  # an erased person's tokens are overwritten
    with _transaction(connection, "IMMEDIATE"):
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT OR IGNORE INTO state VALUES (1, ?, ?, ?, 0, 0, 0)", wanted)
        present = connection.execute("SELECT format, embedder, dimensions FROM state").fetchone()
        if present == wanted:
            return
        if mismatch == "refuse":
            raise _other_embedder(present, wanted)
        _forget(connection)
        connection.execute("UPDATE state SET format = ?, embedder = ?, dimensions = ?", wanted)


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: Literal["IMMEDIATE", "DEFERRED"]) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    with connection:  # commits, or rolls back what an error leaves
        yield


def _forget(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM points")
    connection.execute("DELETE FROM centroids")
    connection.execute("UPDATE state SET position = 0, change = change + 1, generation = generation + 1")


def _state(connection: sqlite3.Connection) -> tuple[int, int, int]:
    position, change, generation = connection.execute("SELECT position, change, generation FROM state").fetchone()
    return position, change, generation


def _rows(connection: sqlite3.Connection, select: str, values: tuple[str | int, ...]) -> Iterator[Row]:
    return map(Row._make, connection.execute(select, values))


def _columns(point: Point) -> tuple[str | bytes | float | int | None, ...]:
    numbers = np.fromiter((token_number(token) for token in tokens(point.text)), "<u4")
    return (
        point.tenant,
        point.restaurant_id,
        point.review_id,
        point.vector.tobytes(),
        numbers.tobytes(),
        point.rating,
        point.language,
        point.source,
        to_micros(point.created_at),
        int(point.has_image),
    )


def _other_embedder(present: Origin, wanted: Origin) -> Misconfigured:
    fault = Fault(
        where="the index file",
        wrong="was built as format {} by {} with {} dimensions".format(*present),
        right="format {} by {} with {} dimensions: run `matjip rebuild-index`".format(*wanted),
    )
    return Misconfigured(str(fault), faults=(fault,))


@contextmanager
def _our_errors() -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise Unavailable("The index is closed.") from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & PRIMARY_CODE in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy("Another process is writing to the index.", retry_after_s=1) from error
        raise Unavailable("The index file cannot be read or written.") from error
    except sqlite3.DatabaseError as error:
        raise Unavailable("The index file is damaged: delete it and run `matjip rebuild-index`.") from error
