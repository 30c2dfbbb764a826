"""What every store of reads promises: the suite runs over each implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from matjip.analysis.reads import KEPT_HOURS, MemoryReads, Reads, SqlReads, hour_of
from matjip.database import DatabaseSettings, open_database

NOON = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
HOUR = hour_of(NOON)
R, S = ("t", "r"), ("t", "s")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def reads(request, tmp_path) -> AsyncIterator[Reads]:
    if request.param == "memory":
        yield MemoryReads()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlReads(database)
    await database.close()


async def test_reads_of_the_same_hour_add_up(reads):
    await reads.add({(R, HOUR): 2, (S, HOUR): 1})
    await reads.add({(R, HOUR): 3})
    assert await reads.since(NOON) == {R: 5, S: 1}


async def test_reads_are_counted_from_the_hour_of_a_time_on(reads):
    await reads.add({(R, HOUR - 1): 1, (R, HOUR): 2, (R, HOUR + 5): 4})
    assert await reads.since(NOON) == {R: 6}
    assert await reads.since(NOON + timedelta(hours=1)) == {R: 4}


async def test_another_tenant_of_the_same_restaurant_is_counted_alone(reads):
    await reads.add({(R, HOUR): 2, (("u", "r"), HOUR): 1})
    assert await reads.since(NOON) == {R: 2, ("u", "r"): 1}


async def test_reads_that_are_added_at_once_are_all_counted(reads):
    await asyncio.gather(*(reads.add({(R, HOUR): 1, (S, HOUR): 2}) for _ in range(20)))
    assert await reads.since(NOON) == {R: 20, S: 40}


async def test_reads_older_than_a_month_are_let_go(reads):
    await reads.add({(R, HOUR): 1})
    await reads.add({(S, HOUR + KEPT_HOURS + 1): 1})
    assert await reads.since(NOON) == {S: 1}


async def test_nothing_added_is_nothing_counted(reads):
    await reads.add({})
    assert await reads.since(NOON) == {}
