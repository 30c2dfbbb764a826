"""What every store of alerts promises: the suite runs over each implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from matjip.analysis.alerts import Alert, AlertStore, MemoryAlerts, SqlAlerts
from matjip.api.examples import ALERT
from matjip.database import DatabaseSettings, open_database


def alert(*, days: float = 0.0, **about: object) -> Alert:
    later = timedelta(days=days)
    moved = {"started_at": ALERT.started_at + later, "last_at": ALERT.last_at + later}
    return ALERT.model_copy(update={"position": 0, "tenant": "t", "restaurant_id": "r", **moved, **about})


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request, tmp_path) -> AsyncIterator[AlertStore]:
    if request.param == "memory":
        yield MemoryAlerts()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlAlerts(database)
    await database.close()


async def test_an_alert_comes_back_as_it_was_noticed_and_knows_its_place(store):
    assert await store.notice(alert())
    assert await store.of("t", "r") == [alert(position=1)]


async def test_a_spike_that_goes_on_is_the_same_alert_and_keeps_its_beginning(store):
    await store.notice(alert())
    assert not await store.notice(alert(days=3, negatives=20, noticed_at=ALERT.noticed_at + timedelta(days=3)))
    (found,) = await store.of("t", "r")
    assert (found.position, found.negatives, found.started_at) == (1, 20, ALERT.started_at)
    assert (found.noticed_at, found.last_at) == (ALERT.noticed_at, ALERT.last_at + timedelta(days=3))


async def test_after_a_quiet_week_the_next_spike_is_another_alert(store):
    await store.notice(alert())
    assert await store.notice(alert(days=9))
    assert [each.position for each in await store.of("t", "r")] == [2, 1]


async def test_another_tenant_and_another_restaurant_see_nothing(store):
    await store.notice(alert())
    assert await store.of("u") == await store.of("t", "s") == []


async def test_all_of_a_tenants_alerts_come_page_by_page_newest_first(store):
    for number in range(5):
        await store.notice(alert(restaurant_id=f"r{number}"))
    first = await store.of("t", limit=2)
    rest = await store.of("t", before=first[-1].position)
    assert [each.restaurant_id for each in (*first, *rest)] == ["r4", "r3", "r2", "r1", "r0"]


async def test_whoever_follows_is_told_of_each_spike_once_in_the_order_of_noticing(store):
    assert (await store.position(), await store.noticed("t", after=-1, limit=9)) == (0, [])
    for number, tenant in enumerate("tut"):
        await store.notice(alert(restaurant_id=f"r{number}", tenant=tenant))
    assert [each.position for each in await store.noticed("t", after=0, limit=9)] == [1, 3]
    assert [each.position for each in await store.noticed("t", after=1, limit=1)] == [3]
    assert await store.position() == 3


async def test_a_spike_that_many_see_at_once_is_one_alert(store):
    assert sum(await asyncio.gather(*(store.notice(alert()) for _ in range(10)))) == 1
    assert len(await store.of("t")) == 1
