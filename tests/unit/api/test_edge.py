"""What surrounds every request: ids, records, headers, limits, health, and faults of ours."""

import asyncio

import pytest

from matjip.api.errors import NEUTRAL
from matjip.api.health import Check, Finding, disk_check, examine, memory_check
from matjip.api.server import ApiSettings
from matjip.telemetry.record import RequestFinished
from tests.unit.api.conftest import client_of
from tests.unit.api.fakes import Stack

SENTIMENT = "/api/v1/sentiment/analyze"


async def test_a_sane_request_id_is_kept_and_returned(client):
    assert (await client.get("/version", headers={"X-Request-ID": "order-7"})).headers["x-request-id"] == "order-7"


@pytest.mark.parametrize("said", ["", "a b", "<script>", "x" * 101, "a\tb"])
async def test_any_other_request_id_is_replaced(client, said):
    assert (await client.get("/version", headers={"X-Request-ID": said})).headers["x-request-id"].startswith("id-")


async def test_a_request_is_recorded_by_its_template_never_its_path(client, stack):
    await client.get("/api/v1/restaurants/secret-name")
    await client.get("/wp-admin.php")
    routes = [record.route for record in stack.records if isinstance(record, RequestFinished)]
    assert routes == ["/api/v1/restaurants/{restaurant_id}", "unmatched"]


async def test_a_fault_of_ours_is_one_neutral_sentence_and_logged_in_full(client, stack, logged):
    stack.fail("x", RuntimeError("the shelf fell"))
    answer = await client.post(SENTIMENT, json={"restaurant_id": "x"}, headers={"X-Request-ID": "order-7"})
    assert (answer.status_code, answer.json()["detail"]) == (500, NEUTRAL)
    lines = logged.lines()
    assert [line.get("error.message") for line in lines] == ["the shelf fell", None]
    assert {line["http.request.id"] for line in lines} == {"order-7"}


async def test_the_access_line_says_what_was_asked_and_never_what_was_sent(client, logged):
    await client.get("/api/v1/search/reviews?query=secret-words")
    (line,) = logged.lines()
    assert (line["http.request.method"], line["http.response.status_code"]) == ("GET", 200)
    assert (line["url.path"], line["http.route"]) == ("/api/v1/search/reviews", "/api/v1/search/reviews")
    assert "secret-words" not in str(line)


async def test_work_over_its_time_is_stopped_and_answered(monkeypatch):
    stack = Stack(settings=ApiSettings(request_timeout_s=0.01))

    async def forever(*_):
        await asyncio.sleep(60)

    monkeypatch.setattr(stack.analyses, "sentiment", forever)
    answer = await client_of(stack).post(SENTIMENT, json={"restaurant_id": "x"})
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")


async def test_a_head_is_a_get_without_its_body(client):
    answer = await client.head("/health/live")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_draining_turns_ready_and_refuses_new_work(client, stack):
    stack.lifecycle.move("DRAINING")
    ready, work = await client.get("/health/ready"), await client.post(SENTIMENT, json={"restaurant_id": "x"})
    assert (ready.status_code, ready.json()["code"]) == (503, "unhealthy")
    assert ready.json()["checks"]["lifecycle:state"][0]["observedValue"] == "DRAINING"
    assert (work.status_code, work.json()["code"], work.headers["retry-after"]) == (503, "not_ready", "10")


def check(finding: Finding | Exception, *, is_needed: bool = True) -> Check:
    async def probe() -> Finding:
        if isinstance(finding, Exception):
            raise finding
        return finding

    return Check(name="part", measurement="state", kind="component", probe=probe, is_needed=is_needed)


@pytest.mark.parametrize(
    ("finding", "is_needed", "health", "ready"),
    [
        (Finding(status="pass"), True, 200, 200),
        (Finding(status="warn"), True, 200, 200),
        (Finding(status="fail"), True, 503, 503),
        (Finding(status="fail"), False, 503, 200),
        (RuntimeError("secret"), True, 503, 503),
    ],
)
async def test_a_needed_part_decides_readiness_and_any_part_decides_health(finding, is_needed, health, ready):
    client = client_of(Stack(checks=[check(finding, is_needed=is_needed)]))
    answers = [await client.get(path) for path in ("/health", "/health/ready")]
    assert [answer.status_code for answer in answers] == [health, ready]
    assert all("secret" not in answer.text for answer in answers)


async def test_a_part_that_does_not_answer_in_time_fails():
    async def forever() -> Finding:
        await asyncio.sleep(60)
        return Finding(status="pass")

    slow = Check(name="slow", measurement="state", kind="component", probe=forever)
    [(_, finding)] = await examine([slow], timeout_s=0.01)
    assert (finding.status, finding.output) == ("fail", "It did not answer in time.")


@pytest.mark.parametrize(("least", "status"), [(1, "pass"), (10**18, "fail")])
async def test_a_full_disk_fails(tmp_path, least, status):
    assert (await disk_check(tmp_path, min_free_bytes=least).probe()).status == status


@pytest.mark.parametrize(("kib", "status"), [(3_000, "pass"), (1_500, "warn"), (500, "fail")])
async def test_memory_warns_below_twice_the_least_and_fails_below_it(tmp_path, kib, status):
    (tmp_path / "meminfo").write_text(f"MemTotal: 9999 kB\nMemAvailable: {kib} kB\n")
    found = await memory_check(min_free_bytes=1_000 * 1_024, source=tmp_path / "meminfo").probe()
    assert found.status == status
