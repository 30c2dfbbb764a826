"""The change feed over HTTP: pages, cursors, types, waiting."""

import pytest

from matjip.analysis.changes import TYPES
from matjip.api.examples import ALERT

CHANGES = "/api/v1/changes"


@pytest.fixture(autouse=True)
async def stored(client):
    await client.put("/api/v1/restaurants/mapo-noodles", json={"name": "마포 국수집"})
    for number in range(3):
        await client.put(f"/api/v1/restaurants/mapo-noodles/reviews/r-{number}", json={"content": "국물이 진해요"})


async def told(client, **words) -> list[str]:
    return [each["type"] for each in (await client.get(CHANGES, params=words)).json()["changes"]]


async def test_changes_come_page_by_page_and_none_twice(client):
    first = (await client.get(CHANGES, params={"limit": 3})).json()
    rest = (await client.get(CHANGES, params={"cursor": first["cursor"]})).json()
    assert [each["id"] for each in (*first["changes"], *rest["changes"])] == [f"log:{at}" for at in range(1, 5)]
    assert (first["more"], rest["more"]) == (True, False)


async def test_a_change_names_what_it_is_about_and_who_did_it(client):
    change = (await client.get(CHANGES)).json()["changes"][1]
    about = {"type": "review.created", "restaurant_id": "mapo-noodles", "review_id": "r-0", "version": 1}
    assert change.items() >= {**about, "id": "log:2", "actor": "anonymous", "alert": None}.items()


async def test_a_spike_is_told_with_its_counts_and_reviews(stack, client):
    await stack.alerts.notice(ALERT.model_copy(update={"position": 0}))
    (change,) = (await client.get(CHANGES, params={"types": "negatives.spiked"})).json()["changes"]
    assert change["alert"] == ALERT.model_dump(mode="json")


async def test_some_types_alone_may_be_asked_for(client):
    assert await told(client, types="restaurant.created") == ["restaurant.created"]
    assert await told(client, types=["restaurant.created", "review.created"], limit=2) == [
        "restaurant.created",
        "review.created",
    ]


async def test_who_starts_now_is_told_what_comes(client):
    start = (await client.get(CHANGES, params={"start": "now"})).json()
    assert start["changes"] == []
    await client.delete("/api/v1/restaurants/mapo-noodles/reviews/r-1")
    assert await told(client, cursor=start["cursor"]) == ["review.deleted"]


async def test_who_waits_and_is_told_nothing_gets_the_same_cursor(client, stack):
    start = (await client.get(CHANGES, params={"start": "now"})).json()
    began = stack.clock.monotonic()
    answer = (await client.get(CHANGES, params={"cursor": start["cursor"], "wait_s": 30})).json()
    assert (answer, stack.clock.monotonic() - began) == ({**start, "changes": []}, 30)


@pytest.mark.parametrize(
    ("words", "where", "right"),
    [
        ({"cursor": "bm90IG91cnM"}, "cursor", "unchanged"),
        ({"cursor": ""}, "cursor", "unchanged"),
        ({"types": "review.changed"}, "query.types[0]", TYPES[0]),
        ({"wait_s": 31}, "query.wait_s", "30"),
        ({"start": "now", "cursor": "x"}, "query.start", "one of them"),
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_refused_with_what_would_be_right(client, words, where, right):
    answer = await client.get(CHANGES, params=words)
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, where)
    assert right in answer.json()["detail"]
