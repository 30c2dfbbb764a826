"""One application in process, and a client that speaks HTTP to it."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog

from matjip.telemetry.logs import LogSettings, configure
from tests.unit.api.fakes import Stack


class Logged(io.StringIO):
    """What the service wrote; the client's own lines are left out."""

    def lines(self) -> list[dict]:
        lines = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in lines if line["log.logger"].startswith("matjip")]


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    handlers, level, stream = logging.root.handlers, logging.root.level, Logged()
    configure(LogSettings(format="json"), version="0.0.0", stream=stream)
    yield stream
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stack() -> Stack:
    return Stack()


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(stack) as client:
        yield client


def client_of(stack: Stack) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(stack.app), base_url="http://test")
