"""One application in process, and a client that speaks HTTP to it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.api.fakes import Stack


@pytest.fixture
def stack() -> Stack:
    return Stack()


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(stack) as client:
        yield client


def client_of(stack: Stack) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(stack.app), base_url="http://test")
