"""Alerts over HTTP: of one restaurant, of all, page by page."""

from matjip.api.examples import ALERT


async def with_alerts(stack, count: int) -> None:
    for number in range(count):
        await stack.alerts.notice(ALERT.model_copy(update={"restaurant_id": f"r{number}"}))


async def test_all_alerts_come_page_by_page(client, stack):
    await with_alerts(stack, 3)
    first = (await client.get("/api/v1/alerts", params={"limit": 2})).json()
    rest = (await client.get("/api/v1/alerts", params={"cursor": first["next_cursor"]})).json()
    assert [each["restaurant_id"] for each in first["alerts"] + rest["alerts"]] == ["r2", "r1", "r0"]
    assert rest["next_cursor"] is None


async def test_alerts_of_one_restaurant_are_its_own(client, stack):
    await with_alerts(stack, 3)
    await client.put("/api/v1/restaurants/r1", json={})
    body = (await client.get("/api/v1/restaurants/r1/alerts")).json()
    assert [each["restaurant_id"] for each in body["alerts"]] == ["r1"]


async def test_alerts_of_no_restaurant_are_a_404(client):
    assert (await client.get("/api/v1/restaurants/nowhere/alerts")).status_code == 404


async def test_a_cursor_of_ones_own_making_is_refused(client):
    answer = await client.get("/api/v1/alerts", params={"cursor": "bm8"})
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, "query.cursor")
