"""The database: one engine, one MetaData, one migration history, and transactions handed explicitly to whoever writes.

SQLite (one file, WAL) is the embedded default; PostgreSQL is chosen by its URL. A statement stands beside the tables
that it is about (`reviews/sql.py`, `analysis/results.py`); this file knows connections, transactions and their errors.
"""

import asyncio
import importlib.util
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from alembic import command
from alembic.config import Config
from pydantic import BaseModel, Field
from sqlalchemy import URL, Connection, MetaData, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from matjip import sqlite_driver
from matjip.errors import Busy, Conflict, Fault, Invalid, MatjipError, Misconfigured, Unavailable

__all__ = ["METADATA", "Database", "DatabaseSettings", "Dialect", "in_slices", "open_database"]

Dialect = Literal["sqlite", "postgresql"]
METADATA = MetaData()  # every table of the package is declared on it, and migrations/ makes them all
DRIVERS: dict[str, tuple[Dialect, str]] = {"sqlite": ("sqlite", "aiosqlite"), "postgresql": ("postgresql", "asyncpg")}
SQLITE_FILE = "matjip.db"
SQLITE_OLDEST = (3, 38, 0)  # RETURNING came with 3.35, the operator ->> with 3.38
MIGRATION_LOCK = 0x6D61746A  # "matj": the advisory lock that two starting processes meet at, on PostgreSQL
WAL_RETRY_S = 0.05  # switching to WAL ignores the busy timeout while another process switches too
DAMAGED = ("file is not a database", "database disk image is malformed")
LOCKED = {"55P03", "40P01"}  # PostgreSQL's lock_not_available and deadlock_detected
KEYS_PER_STATEMENT = 300  # of up to three columns: SQLite's oldest bound is 999 parameters
K = TypeVar("K", str, tuple[str, str], tuple[str, str, str])
RETRY_AFTER_S = 2  # a restart of PostgreSQL, or a long import's batch, is over by then


def in_slices(keys: Collection[K]) -> Iterator[list[K]]:
    """The keys in their order, as many at a time as one statement may name."""
    listed = sorted(keys)
    return (listed[start : start + KEYS_PER_STATEMENT] for start in range(0, len(listed), KEYS_PER_STATEMENT))


class DatabaseSettings(BaseModel, frozen=True, extra="forbid"):
    """Where the record is kept."""

    url: str = Field(
        "",
        description="postgresql://user:password@host/name, sqlite:///path, or empty: SQLite in the data folder.",
    )
    pool_connections: int = Field(8, gt=0, le=200, description="Connections kept open, per process.")
    busy_timeout_s: float = Field(
        10.0, gt=0, le=600, description="How long a write waits for another writer before it is refused as busy."
    )


class Database:
    """An engine and its transactions. Foreign errors leave it as ours: Busy, Conflict, Invalid or Unavailable."""

    def __init__(self, engine: AsyncEngine, settings: DatabaseSettings) -> None:
        self.engine = engine
        self.dialect: Dialect = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        self._settings = settings
        self._writer = engine.execution_options(matjip_begin="BEGIN IMMEDIATE")
        # One snapshot for all the statements of a reading, as SQLite gives it anyway.
        self._reader = (
            engine if self.dialect == "sqlite" else engine.execution_options(isolation_level="REPEATABLE READ")
        )
        bare = {"matjip_begin": ""} if self.dialect == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        self._bare = engine.execution_options(**bare)  # for what may not run inside a transaction
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, from one snapshot of the data; it waits for no writer."""
        with _our_errors():
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end, or is undone by an exception. On SQLite it holds the write lock from its start.

        Waits `busy_timeout_s` for other writers, in this process (in the order of asking) and in others; then raises Busy.
        """
        async with self._my_turn():
            with _our_errors():
                async with self._writer.begin() as connection:
                    yield connection

    async def migrate(self) -> None:
        """Bring the schema up to date. Processes that start together take turns; all but the first find nothing to do."""
        if self.dialect == "sqlite":
            await self._switch_to_wal()
        async with self.writing() as connection:
            if self.dialect == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await connection.run_sync(_upgrade)

    async def purge(self, *tables: str) -> None:
        """Let nothing of what was deleted or overwritten survive in the database's files.

        SQLite: the file is rewritten and its write-ahead log emptied, which takes about as long as copying the file.
        PostgreSQL: the tables' dead rows are vacuumed; its own write-ahead log and backups expire by the server's rules.
        Raises Busy while another process reads without pause; what is purged then is purged by the next call.
        """
        async with self._my_turn():
            with _our_errors():
                async with self._bare.connect() as raw:
                    if self.dialect == "postgresql":
                        await raw.exec_driver_sql(f"VACUUM {', '.join(tables)}")
                        return
                    await raw.exec_driver_sql("VACUUM")
                    blocked = (await raw.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        if blocked:
            raise Busy(
                "The write-ahead log is being read by another process; repeat the erasure to empty it.", retry_after_s=5
            )

    async def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        # SQLite's writers in one process queue here instead of polling the file lock, which is neither fair nor quick.
        if self.dialect != "sqlite":
            yield
            return
        try:
            await asyncio.wait_for(self._turn.acquire(), self._settings.busy_timeout_s)
        except TimeoutError:
            raise _busy() from None
        try:
            yield
        finally:
            self._turn.release()

    async def _switch_to_wal(self) -> None:
        tries = max(1, round(self._settings.busy_timeout_s / WAL_RETRY_S))
        for left in reversed(range(tries)):
            try:
                with _our_errors():
                    async with self._bare.connect() as raw:
                        await raw.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
            except Busy:
                if not left:
                    raise
                await asyncio.sleep(WAL_RETRY_S)


def open_database(settings: DatabaseSettings, *, data_dir: Path) -> Database:
    """The database that the settings name; nothing is connected or created but the data folder of an SQLite file.

    Raises Misconfigured for a URL that cannot work or a driver that is not installed.
    """
    url = _url(settings.url, data_dir)
    if url.get_backend_name() == "sqlite":
        return Database(_open_sqlite(url, settings), settings)
    return Database(_open_postgres(url, settings), settings)


def _url(given: str, data_dir: Path) -> URL:
    if not given:
        return URL.create("sqlite+aiosqlite", database=str(data_dir / SQLITE_FILE))
    try:
        url = make_url(given)
    except ArgumentError:
        raise _misconfigured("is not a URL (its value is not shown)", "postgresql://user:password@host/name") from None
    if url.get_backend_name() not in DRIVERS:
        raise _misconfigured(f"names {url.get_backend_name()}", " or ".join(f"{name}://" for name in DRIVERS))
    dialect, driver = DRIVERS[url.get_backend_name()]
    if importlib.util.find_spec(driver) is None:
        raise _misconfigured(f"needs the driver {driver}, which is not installed", "pip install 'matjip[postgres]'")
    if dialect == "sqlite" and url.database in (None, "", ":memory:"):
        raise _misconfigured("names an SQLite database in memory", "sqlite:///path/to/a/file")
    return url.set(drivername=f"{dialect}+{driver}")


def _misconfigured(wrong: str, right: str) -> Misconfigured:
    fault = Fault(where="database.url", wrong=wrong, right=right)
    return Misconfigured(str(fault), faults=(fault,))


def _open_sqlite(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    if sqlite3.sqlite_version_info < SQLITE_OLDEST:
        oldest = ".".join(map(str, SQLITE_OLDEST))
        raise Misconfigured(f"SQLite {sqlite3.sqlite_version} is too old for Matjip, which needs {oldest} or newer.")
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=settings.pool_connections,
        max_overflow=0,
        pool_timeout=settings.busy_timeout_s,
        connect_args={"async_creator_fn": sqlite_driver.connect},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `begin` below does
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {round(settings.busy_timeout_s * 1000)}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")  # an acknowledged write survives a power cut too
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: a lock that is upgraded half-way fails without waiting.
        if statement := connection.get_execution_options().get("matjip_begin", "BEGIN"):
            connection.exec_driver_sql(statement)

    return engine


def _open_postgres(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=settings.pool_connections,
        max_overflow=0,
        pool_timeout=settings.busy_timeout_s,
        pool_pre_ping=True,
        connect_args={"server_settings": {"lock_timeout": str(round(settings.busy_timeout_s * 1000))}},
    )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("Another write stored the same thing first; repeat the request.") from error
    except (PoolTimeout, DBAPIError) as error:
        raise _ours(error) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair, refused by the driver itself
        raise _unstorable() from error
    except (SQLAlchemyError, OSError) as error:  # asyncpg does not wrap a refused connection
        raise _unavailable() from error


def _ours(error: PoolTimeout | DBAPIError) -> MatjipError:
    if isinstance(error, PoolTimeout):
        return _busy()
    state = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, DataError) or state.startswith("22"):  # class 22 is "data exception"
        return _unstorable()
    if state in LOCKED or "is locked" in str(error.orig):
        return _busy()
    if any(sign in str(error.orig) for sign in DAMAGED):
        return Unavailable("The database file is damaged or is not SQLite's; restore it, or name another data folder.")
    if "readonly" in str(error.orig) or "unable to open" in str(error.orig):
        return Unavailable("The database file cannot be written; check the data folder's permissions and room.")
    return _unavailable()


def _unstorable() -> Invalid:
    return Invalid("The input holds text or a number that the database cannot store.")


def _busy() -> Busy:
    return Busy("Another writer holds the database; try again shortly.", retry_after_s=RETRY_AFTER_S)


def _unavailable() -> Unavailable:
    return Unavailable("The database does not answer.", retry_after_s=RETRY_AFTER_S)
