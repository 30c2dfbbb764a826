"""Restaurants and reviews over HTTP: written, read, listed, removed, replayed."""

import pytest

from matjip.errors import InFlight

REVIEWS = "/api/v1/restaurants/mapo-noodles/reviews"
NICE = {"content": "국물이 진해요 🍜", "rating": 5}


async def test_a_new_review_is_created_and_its_etag_is_its_version(client):
    answer = await client.put(f"{REVIEWS}/r-1", json=NICE)
    assert (answer.status_code, answer.json()["outcome"], answer.headers["etag"]) == (201, "created", '"1"')


async def test_a_review_comes_back_exactly_as_it_was_sent(client):
    text = "  <b>맛있어요</b>\r\n\t🍜👨‍👩‍👧 e\u0301 ' OR 1=1 --  "
    await client.put(f"{REVIEWS}/r-1", json={"content": text})
    assert (await client.get(f"{REVIEWS}/r-1")).json()["content"] == text


async def test_the_same_review_again_changes_nothing(client):
    await client.put(f"{REVIEWS}/r-1", json=NICE)
    again = await client.put(f"{REVIEWS}/r-1", json=NICE)
    assert (again.status_code, again.json()["outcome"], again.json()["version"]) == (200, "unchanged", 1)


@pytest.mark.parametrize("how", ["body", "header"])
async def test_a_stale_version_is_refused_and_both_are_named(client, how):
    await client.put(f"{REVIEWS}/r-1", json=NICE)
    stale = {"content": "별로", "expected_version": 7} if how == "body" else {"content": "별로"}
    answer = await client.put(f"{REVIEWS}/r-1", json=stale, headers={"If-Match": '"7"'} if how == "header" else {})
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    assert answer.json()["facts"] == {"expected_version": 7, "actual_version": 1}


async def test_a_read_version_allows_the_next_write(client):
    tag = (await client.put(f"{REVIEWS}/r-1", json=NICE)).headers["etag"]
    answer = await client.put(f"{REVIEWS}/r-1", json={"content": "다시 가니 별로"}, headers={"If-Match": tag})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')


async def test_a_deleted_review_is_gone_and_its_versions_remain(client):
    await client.put(f"{REVIEWS}/r-1", json=NICE)
    assert (await client.delete(f"{REVIEWS}/r-1")).json()["outcome"] == "deleted"
    assert (await client.get(f"{REVIEWS}/r-1")).status_code == 404
    versions = (await client.get(f"{REVIEWS}/r-1/versions")).json()["versions"]
    assert [(each["version"], each["change"]) for each in versions] == [(1, "upserted"), (2, "deleted")]


async def test_an_integer_id_is_kept_as_text(client):
    await client.post("/api/v1/reviews", json={"restaurant_id": 12, "review": {"id": 7, **NICE}})
    assert (await client.get("/api/v1/restaurants/12/reviews/7")).json()["restaurant_id"] == "12"


async def test_a_review_without_an_id_gets_one(client):
    answer = await client.post(REVIEWS, json=NICE)
    assert (await client.get(f"{REVIEWS}/{answer.json()['review_id']}")).status_code == 200


@pytest.mark.parametrize("where", ["header", "quoted header", "body"])
async def test_the_same_key_and_payload_replays_the_first_answer(client, stack, where):
    body = NICE | ({"idempotency_key": "k-1"} if where == "body" else {})
    headers = {"header": {"Idempotency-Key": "k-1"}, "quoted header": {"Idempotency-Key": '"k-1"'}}.get(where, {})
    first, second = [await client.post(REVIEWS, json=body, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(await stack.reviews.reviews("default", "mapo-noodles")) == 1


async def test_the_same_key_with_another_payload_is_refused(client):
    await client.post(REVIEWS, json={**NICE, "idempotency_key": "k-1"})
    answer = await client.post(REVIEWS, json={**NICE, "rating": 1, "idempotency_key": "k-1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


async def test_a_key_in_flight_says_when_to_come_back(client, stack, monkeypatch):
    async def busy(*_, **__):
        raise InFlight("The first request with this key is under way.", retry_after_s=3)

    monkeypatch.setattr(stack.reviews, "write", busy)
    answer = await client.post(REVIEWS, json={**NICE, "idempotency_key": "k-1"})
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "3")


async def test_an_atomic_batch_stores_all_or_nothing_and_names_the_item(client, stack):
    batch = {"reviews": [{"id": "a", **NICE}, {"id": "b", "content": "   "}]}
    answer = await client.post(f"{REVIEWS}/batch", json=batch)
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, "reviews[1].content")
    assert await stack.reviews.position() == 0


async def test_a_partial_batch_answers_each_item_alone(client):
    batch = {"mode": "partial", "reviews": [{"id": "a", **NICE}, {"id": "b", **NICE, "expected_version": 4}]}
    answer = await client.post(f"{REVIEWS}/batch", json=batch)
    assert (answer.status_code, answer.json()["written"], answer.json()["failed"]) == (207, 1, 1)
    assert [item["status"] for item in answer.json()["items"]] == [201, 409]
    assert answer.json()["items"][1]["problem"]["code"] == "stale_version"


async def test_pages_hold_every_review_once(client):
    reviews = [{"id": f"r-{number}", **NICE} for number in range(7)]
    await client.post(f"{REVIEWS}/batch", json={"reviews": reviews})
    seen, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"{REVIEWS}?limit=3{cursor and '&cursor=' + cursor}")).json()
        seen += [review["id"] for review in page["reviews"]]
        cursor = page["next_cursor"]
    assert seen == [f"r-{number}" for number in range(7)]


async def test_a_window_holds_its_start_and_not_its_end(client):
    for day in (1, 2, 3):
        await client.put(f"{REVIEWS}/r-{day}", json={**NICE, "created_at": f"2026-11-0{day}"})
    page = await client.get(f"{REVIEWS}?since=2026-11-01T09:00:00%2B09:00&until=2026-11-03")
    assert [review["id"] for review in page.json()["reviews"]] == ["r-1", "r-2"]


async def test_a_restaurant_is_described_read_and_removed_with_its_reviews(client):
    await client.put(f"{REVIEWS}/r-1", json=NICE)
    await client.put("/api/v1/restaurants/mapo-noodles", json={"name": "마포 국수집", "categories": ["korean"]})
    assert (await client.get("/api/v1/restaurants/mapo-noodles")).json()["name"] == "마포 국수집"
    assert (await client.delete("/api/v1/restaurants/mapo-noodles")).status_code == 200
    assert (await client.get(f"{REVIEWS}/r-1")).status_code == 404


async def test_restaurants_are_listed_page_by_page(client):
    for name in "abc":
        await client.post("/api/v1/restaurants", json={"id": name})
    page = (await client.get("/api/v1/restaurants?limit=2")).json()
    rest = (await client.get(f"/api/v1/restaurants?limit=2&cursor={page['next_cursor']}")).json()
    assert [each["id"] for each in page["restaurants"] + rest["restaurants"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None


async def test_reviews_of_an_unknown_restaurant_are_not_an_empty_list(client):
    assert (await client.get("/api/v1/restaurants/nowhere/reviews")).status_code == 404


async def test_a_committed_write_wakes_the_projections(client, stack):
    await client.put(f"{REVIEWS}/r-1", json=NICE)
    await client.put(f"{REVIEWS}/r-1", json={**NICE, "expected_version": 9})
    assert stack.woken == 1


async def test_the_request_id_is_on_the_event(client):
    await client.put(f"{REVIEWS}/r-1", json=NICE, headers={"X-Request-ID": "order-7"})
    assert (await client.get(f"{REVIEWS}/r-1/versions")).json()["versions"][0]["request_id"] == "order-7"
