"""What every store of candidates promises: the suite runs over each implementation."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from matjip.database import DatabaseSettings, open_database
from matjip.errors import Conflict
from matjip.evaluation.versions import MemoryVersions, SqlVersions, Version, Versions

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def candidate(name: str = "a", **about) -> Version:
    fields = {"tenant": "t", "kind": "lite", "version": name, "status": "shadow", "base": "lite/3", "body": b"\0\xff"}
    fields |= {"report": {"gain": 0.1, "말": None}, "actor": "me", "changed_by": "me", "made_at": NOON}
    return Version(**(fields | {"changed_at": NOON} | about))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request, tmp_path) -> AsyncIterator[Versions]:
    if request.param == "memory":
        yield MemoryVersions()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlVersions(database)
    await database.close()


async def statuses(store: Versions) -> dict[str, str]:
    return {row.version: row.status for row in await store.all("t")}


async def test_a_version_comes_back_as_it_was_given(store):
    await store.add(candidate())
    assert await store.one("t", "lite", "a") == candidate()


async def test_a_version_made_again_takes_the_place_of_the_one_before(store):
    await store.add(candidate(status="dropped", agreed=7))
    await store.add(candidate())
    assert await store.one("t", "lite", "a") == candidate()


async def test_a_published_version_is_not_made_again(store):
    await store.add(candidate(status="published"))
    with pytest.raises(Conflict):
        await store.add(candidate())
    assert await statuses(store) == {"a": "published"}


async def test_another_tenant_sees_nothing(store):
    await store.add(candidate())
    assert await store.one("u", "lite", "a") is None
    assert await store.all("u") == await store.in_use("u", "lite") == []


async def test_versions_are_listed_newest_first_without_their_bodies(store):
    for hours, name in enumerate("abc"):
        await store.add(candidate(name, made_at=NOON + timedelta(hours=hours)))
    assert [(row.version, row.body) for row in await store.all("t", "lite")] == [("c", b""), ("b", b""), ("a", b"")]


async def test_in_use_are_the_published_one_and_those_in_shadow(store):
    for name, status in (("a", "shadow"), ("b", "published"), ("c", "dropped"), ("d", "retired")):
        await store.add(candidate(name, status=status))
    assert sorted(row.version for row in await store.in_use("t", "lite")) == ["a", "b"]


async def test_one_takes_the_place_of_another_and_says_who_and_when(store):
    await store.add(candidate("a", status="published"))
    await store.add(candidate("b"))
    later = candidate("b", changed_by="you", changed_at=NOON + timedelta(hours=1))
    await store.move(later, ("b", "shadow", "published"), ("a", "published", "retired"))
    assert await statuses(store) == {"a": "retired", "b": "published"}
    found = await store.one("t", "lite", "a")
    assert (found.changed_by, found.changed_at, found.actor) == ("you", NOON + timedelta(hours=1), "me")


async def test_what_does_not_stand_where_it_is_moved_from_is_a_conflict_that_changes_nothing(store):
    await store.add(candidate("a", status="published"))
    await store.add(candidate("b", status="dropped"))
    with pytest.raises(Conflict):
        await store.move(candidate("b"), ("a", "published", "retired"), ("b", "shadow", "published"))
    assert await statuses(store) == {"a": "published", "b": "dropped"}


async def test_a_second_published_version_is_a_conflict(store):
    await store.add(candidate("a", status="published"))
    await store.add(candidate("b"))
    with pytest.raises(Conflict):
        await store.move(candidate("b"), ("b", "shadow", "published"))
    assert await statuses(store) == {"a": "published", "b": "shadow"}


async def test_of_many_who_publish_at_once_one_succeeds(store):
    names = [f"v{number}" for number in range(8)]
    for name in names:
        await store.add(candidate(name))
    moves = [store.move(candidate(name), (name, "shadow", "published")) for name in names]
    ended = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(one is None for one in ended) == 1
    assert all(one is None or isinstance(one, Conflict) for one in ended)
    assert list((await statuses(store)).values()).count("published") == 1


async def test_what_a_shadow_saw_adds_up_whoever_counts(store):
    await store.add(candidate())
    await asyncio.gather(*(store.count(candidate(), agreed=3, disagreed=1) for _ in range(10)))
    found = await store.one("t", "lite", "a")
    assert (found.agreed, found.disagreed) == (30, 10)
    assert replace(found, agreed=0, disagreed=0) == candidate()
