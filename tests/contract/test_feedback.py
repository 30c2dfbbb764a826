"""What every store of feedback promises: the suite runs over each implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from matjip.analysis.feedback import Feedback, FeedbackStore, MemoryFeedback, SqlFeedback
from matjip.database import DatabaseSettings, open_database

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def said(**about) -> Feedback:
    fields = {"position": 0, "tenant": "t", "restaurant_id": "r", "kind": "hide", "claim_id": "c", "actor": "a"}
    return Feedback(**(fields | {"request_id": "q", "at": NOON} | about))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request, tmp_path) -> AsyncIterator[FeedbackStore]:
    if request.param == "memory":
        yield MemoryFeedback()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlFeedback(database)
    await database.close()


async def test_feedback_comes_back_as_it_was_given_and_knows_its_place(store):
    given = said(kind="correct", claim_id=None, review_id="1", aspect="taste", correction="negative", reason="국물 😋")
    kept = await store.add(given)
    assert kept == given.model_copy(update={"position": 1})
    assert await store.of("t", "r") == [kept]


async def test_another_tenant_and_another_restaurant_see_nothing(store):
    await store.add(said())
    assert await store.of("u", "r") == await store.of("t", "s") == []
    assert (await store.restaurants("t"), await store.restaurants("u")) == (["r"], [])


async def test_pages_are_newest_first_and_hold_every_row_once(store):
    given = [(await store.add(said(claim_id=f"c{number}"))).position for number in range(5)]
    first = await store.of("t", "r", limit=2)
    rest = await store.of("t", "r", before=first[-1].position, limit=9)
    assert [row.position for row in first + rest] == given[::-1]


async def test_writers_at_once_get_a_place_each(store):
    given = await asyncio.gather(*(store.add(said(actor=f"a{number}")) for number in range(20)))
    assert len({row.position for row in given}) == 20
    assert {row.position: row for row in given} == {row.position: row for row in await store.of("t", "r")}


async def test_what_is_about_an_erased_persons_reviews_is_forgotten_and_its_place_stays_empty(store):
    await store.add(said())
    for review_id, tenant in (("1", "t"), ("2", "t"), ("1", "u")):
        await store.add(said(claim_id=None, review_id=review_id, kind="flag", tenant=tenant))
    assert await store.forget("t", [("r", "1"), ("s", "2")]) == 1
    assert [(row.claim_id, row.review_id) for row in await store.of("t", "r")] == [(None, "2"), ("c", None)]
    assert len(await store.of("u", "r")) == 1


async def test_a_place_is_never_given_twice(store):
    last = await store.add(said(claim_id=None, review_id="1"))
    await store.forget("t", [("r", "1")])
    assert (await store.add(said())).position > last.position


async def test_forgetting_nobody_forgets_nothing(store):
    await store.add(said())
    assert await store.forget("t", []) == 0
