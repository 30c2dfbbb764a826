"""A running server, reached over the wire alone."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SEED = {"restaurant_id": "test_restaurant", "reviews": [{"content": "맛있어요!"}]}
OUR_OWN = ["국물이 진하고 정말 맛있어요", "직원분들이 친절해요", "양이 많고 가격도 저렴해요", "웨이팅이 너무 길어요"]


class Server:
    """`matjip serve` in a process of its own, with more words and with settings as the environment has them."""

    def __init__(self, data: Path, *words: str, port: int = 0, **environment: str) -> None:
        data.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "matjip", "serve", "--port", str(port), "--data-dir", str(data), *words]
        self.log = data / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, env={**os.environ, **environment})
        self.url = self.told()
        self.until_ready()

    def told(self) -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for line in self.log.read_text().splitlines():
                if '"serving"' in line:
                    return json.loads(line)["url"]
            time.sleep(0.05)
        raise AssertionError(f"the server never said where it serves: {self.log.read_text()}")

    def until_ready(self) -> None:
        deadline = time.monotonic() + 30
        while self.call("GET", "/health/ready")[0] != 200:
            assert time.monotonic() < deadline, "the server never became ready"
            time.sleep(0.05)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict, dict]:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"content-type": "application/json"} | headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}"), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}"), dict(error.headers)

    def stop(self, sign: int = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("data"))
    yield running
    running.stop()


def put(server: Server, restaurant: str, review: str, content: str, **more: object) -> dict:
    status, body, _ = server.call(
        "PUT", f"/api/v1/restaurants/{restaurant}/reviews/{review}", {"content": content} | more
    )
    assert status in (200, 201), body
    return body


def found(server: Server, query: str, **more: object) -> list[str]:
    _, body, _ = server.call("POST", "/api/v1/search/reviews", {"query": query} | more)
    return [hit["review_id"] for hit in body["hits"]]


def test_the_requirements_own_example_is_answered(server):
    status, body, _ = server.call("POST", "/api/v1/sentiment/analyze", SEED)
    assert (status, body["positive_count"], body["total_count"]) == (200, 1, 1)
    assert body["meta"]["stored"] is False


def test_truth_1_fifty_identical_requests_run_one_analysis_and_get_fifty_equal_answers(server):
    for number, content in enumerate(OUR_OWN * 5):
        put(server, "fifty", str(number), content, author_id=f"a{number}")
    ask = {"restaurant_id": "fifty"}
    with ThreadPoolExecutor(50) as together:
        answers = list(together.map(lambda _: server.call("POST", "/api/v1/summary/analyze", ask), range(50)))
    assert {status for status, _, _ in answers} == {200}
    assert len({body["meta"]["run_id"] for _, body, _ in answers}) == 1
    assert len({json.dumps([body["overall"], body["positive"]]) for _, body, _ in answers}) == 1
    assert answers[0][1]["overall"]


def test_truth_3_a_review_is_found_when_written_versioned_when_changed_and_gone_when_deleted(server):
    path = "/api/v1/restaurants/noodles/reviews/1"
    assert put(server, "noodles", "1", "트러플 수제비가 별미", rating=4)["version"] == 1
    assert "1" in found(server, "트러플 수제비", restaurant_ids=["noodles"], rating_min=4)
    assert put(server, "noodles", "1", "트러플 수제비가 최고", rating=2)["version"] == 2
    assert found(server, "트러플 수제비", restaurant_ids=["noodles"], rating_min=4) == []
    status, stale, _ = server.call("PUT", path, {"content": "늦은 수정", "expected_version": 1})
    assert (status, stale["code"], stale["facts"]) == (
        409,
        "stale_version",
        {"expected_version": 1, "actual_version": 2},
    )
    assert server.call("DELETE", path)[0] in (200, 204)
    assert found(server, "트러플 수제비") == []
    assert server.call("GET", path)[0] == 404
    _, summary, _ = server.call("POST", "/api/v1/sentiment/analyze", {"restaurant_id": "noodles"})
    assert summary["total_count"] == 0


def test_the_same_idempotency_key_writes_once_and_replays_the_answer(server):
    path, body = "/api/v1/restaurants/keys/reviews/1", {"content": "맛있어요"}
    first = server.call("PUT", path, body, **{"Idempotency-Key": "k-1"})
    again = server.call("PUT", path, body, **{"Idempotency-Key": "k-1"})
    other = server.call("PUT", path, {"content": "다른 글"}, **{"Idempotency-Key": "k-1"})
    assert first[1] == again[1]
    assert {name.lower(): value for name, value in again[2].items()}["idempotent-replayed"] == "true"
    assert (other[0], other[1]["code"]) == (422, "idempotency_mismatch")


def test_a_result_is_reused_until_a_review_changes(server):
    put(server, "reuse", "1", "국물이 진해요")
    ask = {"restaurant_id": "reuse"}
    reused = [server.call("POST", "/api/v1/sentiment/analyze", ask)[1]["meta"]["reused"] for _ in range(2)]
    put(server, "reuse", "2", "별로예요")
    after = server.call("POST", "/api/v1/sentiment/analyze", ask)[1]
    assert (reused, after["meta"]["reused"], after["total_count"]) == ([False, True], False, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/sentiment/analyze", b"{", 400),
        ("POST", "/api/v1/sentiment/analyze", b"[" * 100_000, 400),
        ("POST", "/api/v1/sentiment/analyze", b'{"restaurant_id": "\\ud800"}', 400),
        ("POST", "/api/v1/sentiment/analyze", b'{"restaurant_id": "r", "reviews": [{"content": "\\u0000"}]}', 422),
        ("POST", "/api/v1/sentiment/analyze", b"\xff\xfe", 400),
        ("POST", "/api/v1/sentiment/analyze", b"x" * 5_000_000, 413),
        ("POST", "/api/v1/sentiment/analyze", {}, 422),
        ("POST", "/api/v1/sentiment/analyze", {"restaurant_id": "nobody"}, 404),
        ("DELETE", "/api/v1/sentiment/analyze", None, 405),
        ("GET", "/api/v1/nothing", None, 404),
        ("GET", "/api/v1/restaurants?limit=-1", None, 422),
        ("GET", "/api/v1/restaurants?cursor=%00", None, 422),
    ],
)
def test_bad_input_is_a_problem_with_the_envelope_and_the_server_lives_on(server, method, path, body, status):
    code, problem, headers = server.call(method, path, body)
    assert code == status
    assert headers["content-type"].startswith("application/problem+json")
    assert set(problem["error"]) == {"code", "message", "timestamp"}
    assert server.call("GET", "/health/live")[0] == 200


def test_a_server_that_is_killed_comes_back_with_everything_it_acknowledged(tmp_path: Path):
    first = Server(tmp_path)
    for number in range(20):
        put(first, "r", str(number), f"국물이 진하고 맛있어요 {number}")
    assert first.stop(signal.SIGKILL) != 0
    second = Server(tmp_path)
    _, body, _ = second.call("POST", "/api/v1/sentiment/analyze", {"restaurant_id": "r"})
    assert body["total_count"] == 20
    assert len(found(second, "국물", limit=50)) == 20
    assert second.stop() == 0
