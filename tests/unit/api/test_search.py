"""Search over HTTP."""

import pytest


async def test_every_filter_reaches_the_search(client, stack):
    asked = {
        "query": "국물",
        "restaurant_ids": [7],
        "categories": ["한식"],
        "rating_min": 3,
        "rating_max": 5,
        "has_image": True,
        "languages": ["ko"],
        "expand": False,
        "limit": 3,
    }
    answer = await client.post("/api/v1/search/reviews", json=asked)
    (ask,) = stack.search.asks
    assert answer.status_code == 200
    assert (ask.restaurant_ids, ask.categories, ask.rating_min, ask.rating_max) == (("7",), ("한식",), 3, 5)
    assert (ask.has_image, ask.window.languages, ask.expand, ask.limit) == (True, ("ko",), False, 3)


async def test_a_link_finds_the_same(client, stack):
    await client.get("/api/v1/search/reviews", params={"query": "국물", "restaurant_id": ["a", "b"], "limit": 2})
    (ask,) = stack.search.asks
    assert (ask.query, ask.restaurant_ids, ask.limit) == ("국물", ("a", "b"), 2)


async def test_images_are_asked_for_by_their_own_path(client, stack):
    assert (await client.post("/api/v1/search/images", json={"query": "디저트"})).status_code == 200


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "가" * 1_001}, "query"),
        ({"query": "a\0b"}, "query"),
        ({"query": "x", "limit": 0}, "limit"),
        ({"query": "x", "limit": "many"}, "limit"),
        ({"query": "x", "rating_min": 4, "rating_max": 2}, "rating_min"),
        ({"query": "x", "since": "2026-02-01", "until": "2026-01-01"}, "since"),
        ({"query": "x", "categorys": ["한식"]}, "categorys"),
    ],
)
async def test_a_search_that_cannot_be_names_its_fault(client, asked, where):
    answer = await client.post("/api/v1/search/reviews", json=asked)
    assert answer.status_code == 422
    assert any(where in fault["where"] for fault in answer.json()["faults"])
