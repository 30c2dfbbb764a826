"""The embedded index: points in one SQLite file, searched exactly in memory. Several processes may use one file.

The file is the truth: each change, its centroids and its position are one transaction, so a process that dies leaves
all of it or nothing. Memory is a copy by tenant, brought up to date by the file's change number before each search.

The file holds a collection for each name (who made the vectors), so that a new embedder's stands beside the old one's
while programs search both; one more may be in the making beside any of them, and takes its place in one transaction.
"""

import asyncio
import sqlite3
import struct
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from matjip.clock import to_micros
from matjip.errors import Busy, Conflict, Fault, Misconfigured, Unavailable
from matjip.index.index import Filter, Found, Point, PointKey, Query, check_vectors
from matjip.index.shelf import Row, Segment, Shelf
from matjip.index.tables import BEGUN, OPENED, REGISTER, Statements
from matjip.index.words import token_number, tokens

__all__ = ["MIN_SIMILARITY", "ExactIndex"]

A = TypeVar("A")
ReviewKey = tuple[str, str, str]  # tenant, restaurant id, review id
Origin = tuple[str, int, int]  # who made the vectors, format, dimensions
Sums = dict[tuple[str, str], tuple[NDArray[np.int64], int]]

MEMORY = ":memory:"
FORMAT = 2  # of the tables and the token numbers; another format is built anew
MIN_SIMILARITY = (
    0.5  # with the built-in vectors 14 queries were so near to at most 5.3 % of 3,037 restaurant sentences (0.3: 36 %)
)
FIRST_TABLES = ("state", "points", "centroids")  # of format 1, which had one collection
PRIMARY_CODE = 0xFF  # SQLite's error codes carry detail above it
LOCK_WAIT_S = 30  # another process's transaction is a batch of points, well under a second
TAIL_ROWS = 2_000  # changed points that are read again at each change (about 10 ms) before the whole copy is built anew
TAIL_SHARE = 32  # a large copy bears a larger tail: one row in so many


class ExactIndex:
    """Points of every tenant in one file; ":memory:" keeps them in this process alone, for tests.

    A removed point leaves its key and nothing else, so that other processes learn of it.
    """

    def __init__(self, writer: "_Line", reader: "_Line", name: str, *, dimensions: int, min_similarity: float) -> None:
        self._writer = writer
        self._reader = reader
        self._name = name
        self._dimensions = dimensions
        self._min_similarity = min_similarity
        self._begun: int | None = None  # the collection's number while it stands beside the published one
        self._shelves: dict[str, Shelf] = {}  # replaced on the reader's turn, read at any time
        self._generation = (-1, -1)

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        embedder: str,
        dimensions: int,
        min_similarity: float = MIN_SIMILARITY,
        missing: Literal["refuse", "add"] = "refuse",
    ) -> "ExactIndex":
        """Open or create the file and in it the collection for vectors of this embedder.

        A file that holds collections of other embedders, dimensions or formats alone is refused (Misconfigured), or an
        empty one is added to them where the caller builds it.
        """

        def connect() -> ExactIndex:
            with _our_errors(), ExitStack() as on_failure:
                writer = on_failure.enter_context(closing(_Line(str(path))))
                _prepare(writer.connection, (embedder, FORMAT, dimensions), missing)
                # A search never waits for a write: it reads what was committed, through a connection of its own.
                reader = writer if str(path) == MEMORY else on_failure.enter_context(closing(_Line(str(path))))
                index = cls(writer, reader, embedder, dimensions=dimensions, min_similarity=min_similarity)
                on_failure.pop_all()
            return index

        return await asyncio.to_thread(connect)

    async def close(self) -> None:
        """Release the file; what stands beside another leaves that to it."""
        if self._begun is not None:
            return
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
        check_vectors({f"points[{at}]": point.vector for at, point in enumerate(upserts)}, self._dimensions)
        await asyncio.to_thread(self._apply, upserts, deletes, position, after)

    async def position(self) -> int:
        """The log position that the file has reached, whoever brought it there."""

        def read(connection: sqlite3.Connection) -> int:
            with _transaction(connection, "DEFERRED"):  # the collection's name and its state of one moment
                return self._state(connection)[0]

        return await asyncio.to_thread(self._reader.run, read)

    async def search(self, tenant: str, query: Query, *, offset: int = 0, limit: int = 10) -> tuple[list[Found], int]:
        """See `Index.search`. A point *matches*, and is in the total, when it passes the filter and either
        holds a word of the query (its stem: see `words`) or is at least `min_similarity` near its vector.
        A vector of zeros (no known feature) is near nothing.
        Each list ranks its matches (equals share a rank); `Found.score` orders them.
        """

        def search() -> tuple[list[Found], int]:
            shelf = self._reader.run(lambda connection: self._shelf(connection, tenant))
            return shelf.search(query, min_similarity=self._min_similarity, offset=offset, limit=limit)

        check_vectors({"query": query.vector}, self._dimensions)
        return await asyncio.to_thread(search)

    async def centroid(self, tenant: str, restaurant_id: str) -> tuple[NDArray[np.int64], int]:
        """The exact sum of a restaurant's vectors and how many they are; zeros and 0 where it has none."""
        key = (tenant, restaurant_id)

        def summed(connection: sqlite3.Connection) -> Sums:
            with _transaction(connection, "DEFERRED"):
                return _sums(connection, self._statements(connection), [key], dimensions=self._dimensions)

        return (await asyncio.to_thread(self._reader.run, summed))[key]

    async def count(self, tenant: str, wanted: Filter) -> int:
        """Points that pass the filter."""
        shelf = await asyncio.to_thread(self._reader.run, lambda connection: self._shelf(connection, tenant))
        return int(np.count_nonzero(shelf.passes(wanted)))

    async def beside(self) -> "ExactIndex":
        """See `Index.beside`. It uses this one's connections, so it is closed before this one is."""

        def begin(connection: sqlite3.Connection) -> int:
            with _transaction(connection, "IMMEDIATE"):
                for (number,) in connection.execute(BEGUN, (self._name,)).fetchall():
                    _drop(connection, number)
                return _create(connection, (self._name, FORMAT, self._dimensions), published=False)

        index = ExactIndex(
            self._writer, self._reader, self._name, dimensions=self._dimensions, min_similarity=self._min_similarity
        )
        index._begun = await asyncio.to_thread(self._writer.run, begin)
        return index

    async def publish(self) -> None:
        """See `Index.publish`. Raises Conflict where another building began meanwhile and dropped this one."""

        def publish(connection: sqlite3.Connection) -> None:
            with _transaction(connection, "IMMEDIATE"):
                self._state(connection)
                for (number,) in connection.execute(OPENED, (self._name, FORMAT, self._dimensions)).fetchall():
                    _drop(connection, number)
                connection.execute("UPDATE collections SET published = 1 WHERE number = ?", (self._begun,))

        if self._begun is not None:
            await asyncio.to_thread(self._writer.run, publish)

    async def forget(self, tenant: str, keys: Sequence[PointKey]) -> None:
        """See `Index.forget`."""

        def forget(connection: sqlite3.Connection) -> None:
            with _transaction(connection, "IMMEDIATE"):
                for number, dimensions in connection.execute("SELECT number, dimensions FROM collections").fetchall():
                    statements = Statements(number)
                    change = connection.execute(statements.state).fetchone()[1] + 1
                    gone = {(tenant, *key) for key in keys}
                    _move_centroids(connection, statements, {}, gone, dimensions=dimensions)
                    connection.executemany(statements.remove, [(change, *key) for key in gone])
                    connection.execute(statements.touch, (change,))

        await asyncio.to_thread(self._writer.run, forget)

    async def others(self) -> list[str]:
        """The names of the file's other collections, as a former embedder leaves its own."""
        mine = (self._name, FORMAT, self._dimensions)
        found = await asyncio.to_thread(self._reader.run, lambda connection: _origins(connection))
        return [_named(origin) for origin in found if origin != mine]

    async def drop_others(self) -> None:
        """Remove the other collections. A program that still searches one is told that it is gone."""
        mine = (self._name, FORMAT, self._dimensions)

        def drop(connection: sqlite3.Connection) -> None:
            with _transaction(connection, "IMMEDIATE"):
                found = connection.execute("SELECT number, name, format, dimensions FROM collections").fetchall()
                for number, *origin in found:
                    if tuple(origin) != mine:
                        _drop(connection, number)

        await asyncio.to_thread(self._writer.run, drop)

    def _apply(
        self, upserts: Sequence[Point], deletes: Sequence[tuple[str, PointKey]], position: int, after: int
    ) -> None:
        stored = {(point.tenant, point.restaurant_id, point.review_id): point for point in upserts}
        removed = {(tenant, *key) for tenant, key in deletes} - stored.keys()
        rows = [_columns(point) for point in stored.values()]  # before the file is locked: tokens take the time

        def store(connection: sqlite3.Connection) -> None:
            with _transaction(connection, "IMMEDIATE"):
                statements = self._statements(connection)
                present, change, _ = self._state(connection)
                if not after <= present < position:
                    return
                change += 1
                _move_centroids(connection, statements, stored, removed, dimensions=self._dimensions)
                connection.executemany(statements.remove, [(change, *key) for key in removed])
                connection.executemany(statements.upsert, [(*row, change) for row in rows])
                connection.execute(statements.move, (position, change))

        self._writer.run(store)

    def _number(self, connection: sqlite3.Connection) -> int:
        if self._begun is not None:
            return self._begun
        row = connection.execute(OPENED, (self._name, FORMAT, self._dimensions)).fetchone()
        if row is None:
            raise Misconfigured(f"The index holds no collection of {self._name} any more: run `matjip rebuild-index`.")
        return int(row[0])

    def _statements(self, connection: sqlite3.Connection) -> Statements:
        return Statements(self._number(connection))

    def _state(self, connection: sqlite3.Connection) -> tuple[int, int, int]:
        """Position, change and generation."""
        row = connection.execute(self._statements(connection).state).fetchone()
        if row is None:
            raise Conflict("Another rebuild of the index began; this one was dropped.")
        position, change, generation = row
        return position, change, generation

    def _shelf(self, connection: sqlite3.Connection, tenant: str) -> Shelf:
        """The tenant's points as the file holds them now."""
        with _transaction(connection, "DEFERRED"):
            number = self._number(connection)
            statements = Statements(number)
            generation = (number, self._state(connection)[2])
            if generation != self._generation:
                self._shelves.clear()
                self._generation = generation
            (change,) = connection.execute(statements.last_change, (tenant,)).fetchone()
            shelf = self._shelves.get(tenant)
            if shelf is None or shelf.change != change:
                shelf = self._renewed(connection, statements, shelf, tenant=tenant, change=change)
                self._shelves[tenant] = shelf
            return shelf

    def _renewed(
        self, connection: sqlite3.Connection, statements: Statements, shelf: Shelf | None, *, tenant: str, change: int
    ) -> Shelf:
        if shelf is not None:
            room = max(TAIL_ROWS, len(shelf.base.points) // TAIL_SHARE)
            changed = sorted(_rows(connection, statements.changed, (tenant, shelf.built_at, room + 1)))
            if len(changed) <= room:
                tail = Segment.of((row for row in changed if row.vector is not None), self._dimensions)
                gone = [row.point for row in changed]
                return Shelf(shelf.base, tail, gone=gone, built_at=shelf.built_at, change=change)
        base = Segment.of(_rows(connection, statements.living, (tenant,)), self._dimensions)
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


def _prepare(connection: sqlite3.Connection, wanted: Origin, missing: Literal["refuse", "add"]) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is caught up from the log
    connection.execute("PRAGMA secure_delete = ON")  # an erased person's tokens are overwritten
    with _transaction(connection, "IMMEDIATE"):
        connection.execute(REGISTER)
        if connection.execute(OPENED, wanted).fetchone():
            return
        present = _origins(connection)
        if present and missing == "refuse":
            raise _other_embedder(present, wanted)
        _create(connection, wanted, published=True)
        for table in FIRST_TABLES:
            connection.execute(f"DROP TABLE IF EXISTS {table}")


def _origins(connection: sqlite3.Connection) -> list[Origin]:
    """Who made the collections that may be searched, the oldest first; a file of the first format held one."""
    held = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'").fetchone()
    first = connection.execute("SELECT embedder, format, dimensions FROM state").fetchall() if held else []
    rest = connection.execute("SELECT name, format, dimensions FROM collections WHERE published ORDER BY number")
    return [(str(name), int(made_as), int(dimensions)) for name, made_as, dimensions in [*first, *rest]]


def _create(connection: sqlite3.Connection, origin: Origin, *, published: bool) -> int:
    cursor = connection.execute(
        "INSERT INTO collections (name, format, dimensions, published) VALUES (?, ?, ?, ?)", (*origin, published)
    )
    number = cursor.lastrowid
    assert number is not None
    for statement in Statements(number).create:
        connection.execute(statement)
    return number


def _drop(connection: sqlite3.Connection, number: int) -> None:
    statements = Statements(number)
    for statement in (*statements.drop, statements.forget):
        connection.execute(statement)


def _move_centroids(
    connection: sqlite3.Connection,
    statements: Statements,
    stored: dict[ReviewKey, Point],
    removed: Collection[ReviewKey],
    *,
    dimensions: int,
) -> None:
    sums = _sums(connection, statements, {key[:2] for key in (*stored, *removed)}, dimensions=dimensions)
    for key in (*stored, *removed):
        total, count = sums[key[:2]]
        before = connection.execute(statements.vector, key).fetchone()
        if before and before[0] is not None:
            total -= np.frombuffer(before[0], np.int8)
            count -= 1
        if key in stored:
            total += stored[key].vector
            count += 1
        sums[key[:2]] = total, count
    connection.executemany(
        statements.put_sum, [(*key, total.astype("<i8").tobytes(), count) for key, (total, count) in sums.items()]
    )
    connection.execute(statements.drop_empty_sums)


def _sums(
    connection: sqlite3.Connection, statements: Statements, keys: Iterable[tuple[str, str]], *, dimensions: int
) -> Sums:
    sums: Sums = {}
    for key in keys:
        row = connection.execute(statements.sum, key).fetchone()
        stored = np.frombuffer(row[0], "<i8").astype(np.int64) if row else np.zeros(dimensions, np.int64)
        sums[key] = stored, row[1] if row else 0
    return sums


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: Literal["IMMEDIATE", "DEFERRED"]) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    with connection:  # commits, or rolls back what an error leaves
        yield


def _rows(connection: sqlite3.Connection, select: str, values: tuple[str | int, ...]) -> Iterator[Row]:
    return map(Row._make, connection.execute(select, values))


def _columns(point: Point) -> tuple[str | bytes | float | int | None, ...]:
    return (
        point.tenant,
        point.restaurant_id,
        point.review_id,
        point.vector.tobytes(),
        _packed(tokens(point.text)),
        point.rating,
        point.language,
        point.source,
        to_micros(point.created_at),
        int(point.has_image),
        _packed(sorted(point.said)),
    )


def _packed(words: Sequence[str]) -> bytes:
    """The numbers of tokens, four bytes each, the low one first."""
    return struct.pack(f"<{len(words)}I", *map(token_number, words))


def _other_embedder(present: Sequence[Origin], wanted: Origin) -> Misconfigured:
    fault = Fault(
        where="the index file",
        wrong="holds " + " and ".join(map(_named, present)),
        right=f"{_named(wanted)}: run `matjip rebuild-index --new-embedder`",
    )
    return Misconfigured(str(fault), faults=(fault,))


def _named(origin: Origin) -> str:
    name, made_as, dimensions = origin
    return f"vectors of {name} with {dimensions} dimensions (format {made_as})"


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
