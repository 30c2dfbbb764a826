"""Reviews taken away over HTTP, a JSON object a line."""

import json

import pytest

EXPORT = "/api/v1/export/reviews"


@pytest.fixture(autouse=True)
async def stored(client):
    for restaurant, review, day in (("a", "1", "2026-01-01"), ("a", "2", "2026-02-01"), ("b", "1", "2026-03-01")):
        body = {"content": f"국물 {review}", "rating": 4, "created_at": day}
        await client.put(f"/api/v1/restaurants/{restaurant}/reviews/{review}", json=body)


async def exported(client, **words) -> list[tuple[str, str]]:
    answer = await client.get(EXPORT, params=words)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    return [(row["restaurant_id"], row["id"]) for row in map(json.loads, answer.text.splitlines())]


async def test_every_living_review_is_a_line(client):
    await client.delete("/api/v1/restaurants/a/reviews/2")
    assert await exported(client) == [("a", "1"), ("b", "1")]


async def test_a_line_can_be_sent_back_as_a_review(client):
    line = json.loads((await client.get(EXPORT)).text.splitlines()[0])
    kept = {"content", "rating", "images", "created_at"}
    answer = await client.put("/api/v1/restaurants/a/reviews/1", json={key: line[key] for key in kept})
    assert answer.json()["outcome"] == "unchanged"


async def test_an_export_may_be_of_one_restaurant_of_a_time_or_go_on_where_it_broke_off(client):
    assert await exported(client, restaurant_id="b") == [("b", "1")]
    assert await exported(client, since="2026-01-15", until="2026-02-15") == [("a", "2")]
    assert await exported(client, after="a") == [("b", "1")]


async def test_what_cannot_be_exported_is_said_before_the_first_line(client):
    assert (await client.get(EXPORT, params={"restaurant_id": "nowhere"})).status_code == 404
    answer = await client.get(EXPORT, params={"since": "2026-02-01", "until": "2026-01-01"})
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, "query.since")
