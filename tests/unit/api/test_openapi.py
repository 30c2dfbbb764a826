"""The description is complete, and no body whatever makes a fault of ours."""

import asyncio
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.api.conftest import client_of
from tests.unit.api.fakes import Stack

STACK = Stack()
API = STACK.app.openapi()
OPERATIONS = [(path, method, operation) for path, ways in API["paths"].items() for method, operation in ways.items()]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=str)
def test_every_operation_has_a_sentence_and_a_known_tag(path, method, operation):
    assert operation["description"]
    assert set(operation["tags"]) <= {tag["name"] for tag in API["tags"]}


@pytest.mark.parametrize(
    ("path", "method", "operation"), [each for each in OPERATIONS if "requestBody" in each[2]], ids=str
)
def test_every_body_has_an_example(path, method, operation):
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    assert API["components"]["schemas"][name]["examples"]


@pytest.mark.parametrize(
    ("path", "method", "operation"), [each for each in OPERATIONS if each[0].startswith("/api/")], ids=str
)
def test_every_route_of_the_api_describes_its_problems(path, method, operation):
    for status in ("400", "422", "503"):
        assert operation["responses"][status]["content"]["application/problem+json"]["example"]["status"] == int(status)


QUICK = settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    ["restaurant_id", "reviews", "content", "query", "since", "mode", "requests", "review", "limit"]
)
BODIES = st.binary(max_size=60) | (JSON | st.dictionaries(FIELDS, JSON)).map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, method, each in OPERATIONS if "requestBody" in each], ids=str
)
def test_no_body_whatever_makes_a_fault_of_ours(path, method):
    @QUICK
    @given(BODIES)
    def holds(body: bytes) -> None:
        is_answered(asyncio.run(posted(method, path.replace("{", "").replace("}", ""), body)))

    holds()


async def posted(method: str, path: str, body: bytes) -> httpx.Response:
    async with client_of(STACK) as client:
        return await client.request(method, path, content=body, headers={"Content-Type": "application/json"})


def is_answered(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["error"]["code"] == answer.json()["code"]
