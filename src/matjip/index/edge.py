"""The index in Qdrant Edge: Qdrant's engine in a process of its own for each collection, without a server.

One program may use the folder at a time (Edge locks its shards); another is told that it is busy. Edge builds its graph
only when told to: `settle` does, and `publish` before it swaps. Until then searches compare every vector that passes,
exactly. A worker that dies is started again by the next call; Edge replays its log, and what was answered is there.
"""

import asyncio
import json
import os
import shutil
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal, Self

import orjson

from matjip.errors import Busy, Misconfigured, Unavailable
from matjip.index.edge_worker import HEADER
from matjip.index.fused import (
    DEPTH,
    EXACT_TOTAL,
    MIN_SIMILARITY,
    Conditions,
    FusedIndex,
    Leg,
    Listed,
    Payload,
    Store,
    Stored,
    alias_of,
)

__all__ = ["EdgeIndex", "EdgeStore"]

ALIASES = "aliases.json"
WORKER = "matjip.index.edge_worker"
END_WAIT_S = 5  # for a worker to close its shard; a longer one is building its graph and is ended


class EdgeIndex(FusedIndex):
    """See `FusedIndex`."""

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        embedder: str,
        dimensions: int,
        min_similarity: float = MIN_SIMILARITY,
        depth: int = DEPTH,
        exact_total: int = EXACT_TOTAL,
        missing: Literal["refuse", "add"] = "refuse",
    ) -> Self:
        """Open or create the folder and in it the collection for vectors of this embedder.

        Other embedders' collections alone are refused (Misconfigured), or an empty one is added to them.
        """
        store = EdgeStore(folder, dimensions=dimensions)
        index = cls(
            store,
            alias_of(embedder, dimensions),
            dimensions=dimensions,
            min_similarity=min_similarity,
            depth=depth,
            exact_total=exact_total,
        )
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(store.close)
            await index.prepare(missing)
            await index.position()  # starts the worker, which finds out whether another program holds the shard
            on_failure.pop_all()
        return index


class EdgeStore(Store):
    """A folder with a shard for each collection, each served by a worker, and a file of aliases replaced as a whole."""

    def __init__(self, folder: Path, *, dimensions: int) -> None:
        self._folder = folder
        self._dimensions = dimensions
        self._workers: dict[str, _Worker] = {}
        self._named: dict[str, str] = {}  # the aliases that were resolved; nobody else moves those of a shard held here
        self._closed = False

    async def collections(self) -> list[str]:
        """See `Store`."""
        return await asyncio.to_thread(lambda: sorted(each.name for each in self._shards()))

    async def aliases(self) -> dict[str, str]:
        """See `Store`."""
        return await asyncio.to_thread(self._read_aliases)

    async def create(self, collection: str) -> None:
        """See `Store`."""
        making = self._folder / f"{collection}.making"
        await asyncio.to_thread(shutil.rmtree, making, ignore_errors=True)  # what a crash left
        await self._worker(collection).ready()

    async def drop(self, collection: str) -> None:
        """See `Store`."""

        def remove() -> None:
            rest = {alias: each for alias, each in self._read_aliases().items() if each != collection}
            self._write_aliases(rest)
            shutil.rmtree(self._folder / collection, ignore_errors=True)

        self._named.clear()
        worker = self._workers.pop(collection, None)
        if worker is not None:
            await worker.end()
        await asyncio.to_thread(remove)

    async def swap(self, alias: str, collection: str) -> None:
        """See `Store`."""
        await asyncio.to_thread(lambda: self._write_aliases(self._read_aliases() | {alias: collection}))
        self._named.clear()

    async def settle(self, collection: str) -> None:
        """Build the graph of what is not in it yet: about a minute for 100,000 points, in which this shard answers nothing."""
        await self._ask(collection, {"do": "settle"})

    async def lists(self, name: str, legs: Sequence[Leg]) -> list[list[Listed]]:
        """See `Store`."""
        found = await self._ask(name, {"do": "lists", "legs": legs})
        assert isinstance(found, list)
        return found

    async def count(self, name: str, wanted: Conditions, *, exact: bool = True) -> int:
        """See `Store`."""
        return int(str(await self._ask(name, {"do": "count", "wanted": wanted, "exact": exact})))

    async def put(self, name: str, points: Sequence[Stored]) -> None:
        """See `Store`."""
        await self._ask(name, {"do": "put", "points": points})

    async def remove(self, name: str, ids: Sequence[str]) -> None:
        """See `Store`."""
        await self._ask(name, {"do": "remove", "ids": ids})

    async def read(self, name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Payload]:
        """See `Store`."""
        found = await self._ask(name, {"do": "read", "ids": ids, "fields": fields})
        assert isinstance(found, dict)
        return found

    async def scroll(
        self, name: str, wanted: Conditions, fields: Sequence[str], *, limit: int, start: str | None
    ) -> tuple[list[Payload], str | None]:
        """See `Store`."""
        asked = {"do": "scroll", "wanted": wanted, "fields": fields, "limit": limit, "start": start}
        answer = await self._ask(name, asked)
        assert isinstance(answer, list)
        found, following = answer
        return found, following

    async def close(self) -> None:
        """See `Store`."""
        self._closed = True
        workers, self._workers = list(self._workers.values()), {}
        await asyncio.gather(*(worker.end() for worker in workers))

    async def _ask(self, name: str, asked: Mapping[str, object]) -> object:
        collection = name if name in self._workers else self._named.get(name, "")
        if not collection:
            collection = self._named[name] = (await self.aliases()).get(name, name)
        if collection not in self._workers and not (self._folder / collection).is_dir():
            raise Misconfigured("The index holds no such collection any more: run `matjip rebuild-index`.")
        return await self._worker(collection).ask(asked)

    def _worker(self, collection: str) -> "_Worker":
        if self._closed:
            raise Unavailable("The index is closed.")
        if collection not in self._workers:
            self._workers[collection] = _Worker(self._folder / collection, dimensions=self._dimensions)
        return self._workers[collection]

    def _shards(self) -> list[Path]:
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return [each for each in found if each.is_dir() and each.suffix != ".making"]

    def _read_aliases(self) -> dict[str, str]:
        file = self._folder / ALIASES
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def _write_aliases(self, aliases: dict[str, str]) -> None:
        new = self._folder / f"{ALIASES}.new"
        with new.open("w") as file:
            json.dump(aliases, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / ALIASES)


class _Worker:
    """A worker process and what it was asked and has not answered, in order."""

    def __init__(self, shard: Path, *, dimensions: int) -> None:
        self._shard = shard
        self._dimensions = dimensions
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[object]] = deque()

    async def ready(self) -> None:
        """Have it running, its shard open."""
        async with self._turn:
            if self._reading is None or self._reading.done():
                await self._start()

    async def ask(self, asked: Mapping[str, object]) -> object:
        """One question and its answer; Unavailable where the worker ends before it answers."""
        body = orjson.dumps(asked)
        await self.ready()
        assert self._process is not None
        assert self._process.stdin is not None
        answer = self._expected()
        try:
            self._process.stdin.write(HEADER.pack(len(body)) + body)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the reader sees the end and says so to all who wait
        return await answer

    async def end(self) -> None:
        """Close its input, by which it ends; one that is busy for long is killed."""
        if self._process is None or self._process.stdin is None or self._reading is None:
            return
        self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._reading), END_WAIT_S)
        except TimeoutError:
            self._process.kill()
            await self._reading

    async def _start(self) -> None:
        await asyncio.to_thread(self._shard.parent.mkdir, parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            WORKER,
            str(self._shard),
            str(self._dimensions),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        opened = self._expected()
        self._reading = asyncio.create_task(self._read(self._process))
        await opened

    def _expected(self) -> asyncio.Future[object]:
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        return answer

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand each answer to who waits longest; at the end tell the rest, so that nobody waits for a dead worker."""
        assert process.stdout is not None
        try:
            while True:
                (size,) = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
                answer = orjson.loads(await process.stdout.readexactly(size))
                waiting = self._waiting.popleft()
                if waiting.done():  # who asked has gone
                    continue
                if "done" in answer:
                    waiting.set_result(answer["done"])
                elif answer["fault"] == "busy":
                    waiting.set_exception(Busy("Another process holds the index folder.", retry_after_s=1))
                else:
                    waiting.set_exception(Unavailable(f"The index cannot do that: {answer['says']}"))
        except asyncio.IncompleteReadError:
            await process.wait()
        finally:
            rest, self._waiting = self._waiting, deque()
            for waiting in rest:
                if not waiting.done():
                    waiting.set_exception(Unavailable("The index's worker ended; the next request starts it again."))
