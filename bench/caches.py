"""What remembering saves: tokens of a model, texts of an embedding server, and time, for what people do.

Model and embedder are a scripted server on loopback, which counts a token for each four bytes; the reviews are the example's.
`off` keeps nothing; `memory` is this process's own, `redis` a real Redis. A restart is another opening of the whole program.
"""

import asyncio
import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from matjip.analysis.ask import Ask, SearchAsk
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.clock import SystemClock
from matjip.inference.answers_store import MemoryAnswers
from matjip.inference.fake_server import FakeServer
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.remembered_embedder import RememberedEmbedders
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Put, PutRestaurant
from matjip.settings import load

BARS = ("case", "saved_percent")
EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "reviews.jsonl"
WHO = Caller(request_id="bench")
REVIEWS, REVIEWS_QUICK = 1_000, 200
CHANGED = 20  # one review in fifty
PAGES = 5
LITE_TEXTS, ROUNDS = 5_000, 7
LINE = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
OFF = {"memory_mb": 1e-6}
BESIDE = ("off", "first time")  # what is saved is said of the others
Row = dict[str, object]
Open = Callable[[], AbstractAsyncContextManager[Service]]


def rows(quick: bool) -> list[Row]:
    texts = _texts(REVIEWS_QUICK if quick else REVIEWS)
    found = [*asyncio.run(_changed(texts)), *asyncio.run(_paged(texts)), *asyncio.run(_lite(texts))]
    with _redis() as url:
        return [*found, *(asyncio.run(_restarted(texts, url)) if url else ())]


async def _changed(texts: list[str]) -> list[Row]:
    """A restaurant is analysed, some reviews change, and it is analysed again."""
    found: dict[str, tuple[int, int]] = {}
    for kind, answers in (("off", OFF), ("memory", {})):
        async with _program(answers) as (server, open_again), open_again() as service:
            await _write(service, texts)
            await _analyse(service)
            first = _spent(server)
            await _write(service, [f"{text} (고침)" for text in texts[:CHANGED]])
            await _analyse(service)
            found[kind] = tuple(after - before for after, before in zip(_spent(server), first, strict=True))
            found.setdefault("first time", first)
    case = f"sentiment of {len(texts)} reviews, again after {CHANGED} changed"
    return _rows(case, found, what=("model_items", "model_tokens"))


async def _paged(texts: list[str]) -> list[Row]:
    """A query is read page after page."""
    found = {}
    for kind, memory_mb in (("off", 0), ("memory", 16)):
        async with _program({}, memory_mb=memory_mb) as (server, open_again), open_again() as service:
            await _write(service, texts)
            await service.projector.catch_up()
            server.embedded.clear()
            cursor = None
            for _ in range(PAGES):
                ask = SearchAsk(query="친절하고 맛있는 집", limit=10, cursor=cursor)
                cursor = (await service.search.search(ask, WHO)).next_cursor
            found[kind] = (_embedded(server),)
    return _rows(f"{PAGES} pages of one search", found, what=("texts_embedded",))


async def _restarted(texts: list[str], url: str) -> list[Row]:
    """Another process analyses what one has analysed, and makes the index again."""
    analysed, rebuilt = {}, {}
    for kind, answers in (("off", {}), ("redis", {"redis_url": url})):
        async with _program(answers) as (server, open_again):
            async with open_again() as service:
                await _write(service, texts)
                await _analyse(service)
                await service.projector.catch_up()
            first = _spent(server)
            server.embedded.clear()
            async with open_again() as service:
                await _analyse(service)
                analysed[kind] = tuple(after - before for after, before in zip(_spent(server), first, strict=True))
                server.embedded.clear()
                await service.projector.rebuild()
                rebuilt[kind] = (_embedded(server),)
    return [
        *_rows(f"sentiment of {len(texts)} reviews, after a restart", analysed, what=("model_items", "model_tokens")),
        *_rows(f"rebuild-index of {len(texts)} reviews", rebuilt, what=("texts_embedded",)),
    ]


async def _lite(texts: list[str]) -> list[Row]:
    """The built-in embedder beside a memory of it, that knows no text yet and then every one."""
    lite, clock = LiteEmbedder.load(), SystemClock()
    many = [f"{text} {number}" for number in range(1 + LITE_TEXTS // len(texts)) for text in texts][:LITE_TEXTS]
    found: dict[str, tuple[float, ...]] = {}
    for _ in range(ROUNDS):  # the best of each
        store = MemoryAnswers(clock, max_bytes=100_000_000)
        remembered = RememberedEmbedders(lite, store, made_by="lite", clock=clock, ttl_s=3_600.0).of("bench")
        for kind, embedder in (("off", lite), ("memory, new texts", remembered), ("memory", remembered)):
            cpu_s = time.process_time()
            await embedder.embed(many)
            took = 1e6 * (time.process_time() - cpu_s) / len(many)
            found[kind] = (min(took, *found.get(kind, (took,))),)
    measured = _rows(f"built-in embedder, {len(many)} texts", found, what=("cpu_us_per_text",))
    return [*measured[:-1], measured[-1] | {"bytes_a_vector": round(store.held_bytes / len(many))}]


def _rows(case: str, found: Mapping[str, tuple[float, ...]], *, what: tuple[str, ...]) -> list[Row]:
    """One row a kind; saved is by the last measure, beside `off`."""
    return [
        {
            "case": case,
            "remembered": kind,
            **{name: round(value, 1) for name, value in zip(what, measured, strict=True)},
            **({} if kind in BESIDE else {"saved_percent": round(100 * (1 - measured[-1] / found["off"][-1]), 1)}),
        }
        for kind, measured in found.items()
    ]


@asynccontextmanager
async def _program(answers: Mapping[str, object], *, memory_mb: float = 16) -> AsyncIterator[tuple[FakeServer, Open]]:
    """A scripted server, and what opens the program around it, as often as a process would start."""
    with tempfile.TemporaryDirectory(prefix="matjip-bench-") as folder:
        async with FakeServer(says=_says) as server:
            about = {"urls": server.url, "name": server.model}
            settings = load(
                {},
                root=Path(folder),
                data_dir=Path(folder),
                model=about,
                cascade={"positive_from": 1.01, "negative_from": 1.01},  # the model is asked about every review
                answers=dict(answers),
                embedder={**about, "dimensions": server.dimensions, "memory_mb": memory_mb},
            )
            yield server, lambda: open_service(settings)


def _says(body: Mapping[str, object]) -> str:
    numbers = LINE.findall(body["messages"][-1]["content"])
    return json.dumps({"items": [{"number": int(each), "label": "positive", "confidence": 0.9} for each in numbers]})


async def _write(service: Service, texts: list[str]) -> None:
    await service.reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r"))], WHO)
    puts = [Put(review=ReviewDraft(id=str(at), restaurant_id="r", content=text)) for at, text in enumerate(texts)]
    for start in range(0, len(puts), 100):
        await service.reviews.write(puts[start : start + 100], WHO)


async def _analyse(service: Service) -> None:
    result = await service.analyses.sentiment(Ask(restaurant_id="r", refresh=True), WHO)
    assert not result.meta.degraded


def _spent(server: FakeServer) -> tuple[int, int]:
    """Items that the model was asked about, and the tokens of their prompts as the server counts them."""
    prompts = [json.dumps(each.body["messages"], ensure_ascii=False) for each in server.asked]
    items = sum(len(LINE.findall(each.body["messages"][-1]["content"])) for each in server.asked)
    return items, sum(len(prompt.encode()) // 4 for prompt in prompts)


def _embedded(server: FakeServer) -> int:
    return sum(len(each.body["input"]) for each in server.embedded)


def _texts(count: int) -> list[str]:
    lines = map(json.loads, EXAMPLES.read_text(encoding="utf-8").splitlines())
    contents = list(dict.fromkeys(line["content"] for line in lines if "content" in line))
    return [f"{contents[at % len(contents)]} {at // len(contents) or ''}".strip() for at in range(count)]


@contextmanager
def _redis() -> Iterator[str]:
    """A real Redis on loopback; an empty URL where the program is not installed."""
    if shutil.which("redis-server") is None:
        yield ""
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        url = f"redis://127.0.0.1:{port}/0"
        with Redis.from_url(url) as client:
            for _ in range(200):
                try:
                    client.ping()
                    break
                except (OSError, RedisError):
                    time.sleep(0.02)
        yield url
        server.terminate()
