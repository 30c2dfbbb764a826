"""Health, metrics, version, the description, and what every answer carries."""

import pytest

from matjip.api.health import Check, Finding
from tests.unit.api.conftest import client_of
from tests.unit.api.fakes import Stack


def broken(name: str, *, needed: bool) -> Check:
    async def probe() -> Finding:
        raise RuntimeError("secret detail")

    return Check(name=name, measurement="x", kind="component", probe=probe, is_needed=needed)


async def test_the_three_healths_answer_three_questions(client):
    answers = [(await client.get(path)).status_code for path in ("/health", "/health/live", "/health/ready")]
    assert answers == [200, 200, 200]


async def test_a_needed_part_that_fails_makes_the_service_not_ready_and_leaks_nothing():
    async with client_of(Stack(checks=[broken("models", needed=True)])) as client:
        answers = [await client.get(path) for path in ("/health/ready", "/health", "/health/live")]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert "secret detail" not in "".join(answer.text for answer in answers)


async def test_from_the_drain_on_ready_turns_503_and_live_stays_200(client, stack):
    stack.lifecycle.move("DRAINING")
    answers = [(await client.get(path)).status_code for path in ("/health/ready", "/health/live")]
    assert answers == [503, 200]


async def test_metrics_count_a_request_under_its_template_not_its_path(client):
    await client.get("/api/v1/restaurants/some-id")
    text = (await client.get("/metrics")).text
    assert 'route="/api/v1/restaurants/{restaurant_id}",status="404"' in text
    assert "some-id" not in text


async def test_the_version_is_told(client):
    assert (await client.get("/version")).json()["version"] == "0.0.0"


async def test_the_documentation_page_asks_nobody_else(client):
    page = (await client.get("/docs")).text
    assert "openapi.json" in page
    assert "https://" not in page.replace("https://json-schema.org", "").replace("https://matjip", "")


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/restaurants", "/nowhere", "/docs"])
async def test_every_answer_carries_its_request_id_and_the_security_headers(client, path):
    answer = await client.get(path, headers={"x-request-id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in answer.headers


async def test_a_request_id_that_could_break_a_log_is_replaced(client):
    answer = await client.get("/health/live", headers={"x-request-id": "a b\tc" * 100})
    assert answer.headers["x-request-id"].startswith("id-")


async def test_every_operation_says_what_it_does_what_it_may_answer_and_by_example(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation.get("description") or operation.get("summary"), f"{method} {path}"
            problems = [code for code in operation["responses"] if code.startswith(("4", "5"))]
            assert problems or path.startswith(("/health", "/version", "/metrics")), f"{method} {path}"


async def test_operation_ids_are_names_and_each_is_used_once(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(ids) == len(set(ids))
    assert all(name.replace("_", "").isalpha() for name in ids)


async def test_the_promise_of_freshness_is_shown(client):
    answer = await client.get("/api/v1/freshness")
    assert (answer.status_code, answer.json()["mean_s"], answer.json()["target_s"]) == (200, 3_310.4, 3_600)
