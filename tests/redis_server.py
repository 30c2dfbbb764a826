"""A real Redis on loopback, for the tests that need one."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

Running = tuple[str, "subprocess.Popen[bytes]"]  # its URL and its process


@contextmanager
def running() -> Iterator[Running]:
    """One that runs; without the program the tests skip here and fail with CI=true."""
    if shutil.which("redis-server") is None:
        message = "redis-server is not installed; scripts/services does it"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="matjip-redis-") as folder:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", ""]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            yield f"redis://127.0.0.1:{port}/0", server
            server.terminate()


async def reached(url: str) -> Redis:
    """A client, as soon as the server answers."""
    client = Redis.from_url(url)
    for _ in range(200):
        try:
            await client.ping()
        except (OSError, RedisError):
            await asyncio.sleep(0.02)
        else:
            return client
    raise AssertionError("Redis did not start")
