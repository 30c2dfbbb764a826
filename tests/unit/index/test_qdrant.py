"""What a Qdrant server's silence and refusals become, and what is asked of it. The server is a stub that answers as told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from matjip.errors import Misconfigured, Unavailable
from matjip.index.index import Query
from matjip.index.qdrant import QdrantIndex

Answer = Callable[[str, str, bytes], tuple[int, object]]
ALIASES = {"aliases": [{"alias_name": "matjip-e-4-f1-efda7a5a", "collection_name": "matjip-e-4-f1-efda7a5a-1"}]}
QUERY = Query(words=(("국물", 1.0),), vector=np.array([127, 0, 0, 0], np.int8))


@contextlib.asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[str]:
    """A server on a free port that answers each request by this function of method, path and body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.lower().splitlines() if line[:15] == "content-length:"), 0)
        method, path, _ = head.split(" ", 2)
        status, result = answer(method, path, await reader.readexactly(length))
        body = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
        about = f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: application/json\r\n"
        writer.write(f"{about}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_server_that_is_not_there_is_unavailable():
    with pytest.raises(Unavailable, match="does not answer"):
        await QdrantIndex.open("http://127.0.0.1:1", embedder="e", dimensions=4)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_key_is_a_fault_of_the_configuration(status):
    async with served(lambda *_: (status, None)) as url:
        with pytest.raises(Misconfigured, match=r"index\.api_key"):
            await QdrantIndex.open(url, embedder="e", dimensions=4)


@pytest.mark.parametrize(("status", "error"), [(500, Unavailable), (503, Unavailable), (404, Misconfigured)])
async def test_a_failed_search_is_an_error_and_never_empty(status, error):
    async with served(lambda _, path, body: (200, ALIASES) if path == "/aliases" else (status, None)) as url:
        index = await QdrantIndex.open(url, embedder="e", dimensions=4)
        with pytest.raises(error):
            await index.search("t", QUERY)
        await index.close()


async def test_a_new_collection_is_sharded_indexed_by_tenant_and_named_last():
    asked: list[tuple[str, str, dict]] = []

    def answer(method: str, path: str, body: bytes) -> tuple[int, object]:
        if method == "GET":
            return 200, {"aliases": []} if path == "/aliases" else {"collections": []}
        asked.append((method, path.partition("?")[0], json.loads(body)))
        return 200, {"operation_id": 1, "status": "completed"} if "/index" in path else True

    async with served(answer) as url:
        await (await QdrantIndex.open(url, embedder="e", dimensions=4, shards=3, replicas=2)).close()
    made, *indexes, named = asked
    assert (made[2]["shard_number"], made[2]["replication_factor"]) == (3, 2)
    assert {"type": "keyword", "is_tenant": True} in [each[2]["field_schema"] for each in indexes]
    assert named[1] == "/collections/aliases"
