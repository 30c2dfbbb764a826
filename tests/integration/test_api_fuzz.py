"""Whatever is sent, the answer is one that the description promises: no fault of ours, every error a problem."""

import asyncio

import httpx
import schemathesis
from hypothesis import HealthCheck, settings
from tests.unit.api.fakes import Stack

STACK = Stack()
schema = schemathesis.openapi.from_asgi("/openapi.json", STACK.app)


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_request_made_from_the_description_is_never_our_fault(case):
    answer = asyncio.run(send(case))
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        body = answer.json()
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert body["code"] == body["error"]["code"]


async def send(case) -> httpx.Response:
    words = case.as_transport_kwargs(base_url="http://test")
    words.pop("cookies", None)
    if isinstance(words.get("data"), bytes | str):
        words["content"] = words.pop("data")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(STACK.app)) as client:
        return await client.request(**words)
