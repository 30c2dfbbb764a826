"""Several gateways before one engine: each with a queue of its own, or all with the one queue of the process that owns it.

`simulated`: requests of a trace (Azure's conversations of 2023, or the scheduler's own mix: `bench/scheduling.py` has both) go in
turn to as many of the shipped lines as there are queues, each with its own learned belief of the pace and the engine's word for
what its cache holds, before one simulated engine (an A10, a model of 7 to 8 billion parameters). `load` is as there.

`processes`: the same engine answers over HTTP as vLLM does, to real processes on loopback: `matjip serve` as it ships, and where
there is one queue `matjip serve --role inference` between them and the engine. The engine runs 2.3 times as fast as the wall; times
are in its seconds, and the deadline that the processes are given is 2 s of its own. What HTTP and Python cost on this machine
counts 2.3 times therefore. Clients send the reviews of one restaurant with each question, one to ten, so that prompts and answers
are about as long as the conversations' (800 tokens in, 130 out in the median). Every question is new, somebody waits for each, and
they go to the gateways in turn, by chance in time (Poisson). Arms follow each other in rounds over the same arrivals, each from a fresh start; the
first fifth of its time is not counted. Medians over the rounds; `low` and `high` are the least and the most of `small_sla_pct`.

A promise is kept (`sla_pct`) when the first token comes within 2 s of the sending. `refused` calls were not asked, and answered by
the built-in judge at once; `late` ones were let in and had their first token after the deadline: the promise that was broken.
`small` are prompts below 1,000 tokens. `sla_pct` and `small_sla_pct` count refused and late calls alike as not kept.
"""

import asyncio
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from socket import create_server

import aiohttp
import orjson

from bench import scheduling
from matjip.clock import new_dice
from matjip.inference.calibration import Calibration, prior
from matjip.inference.fake_gpu import FakeGpu
from matjip.inference.fake_server import PIECE_CHARS, FakeServer
from matjip.inference.policy import Line, PolicySettings, Refusal, Seen, Start, Ticket
from matjip.inference.simulated import GPUS, SimulatedEngine

BARS = ("how trace queues", "small_sla_pct")
ROOT = Path(__file__).resolve().parents[1]
SPEED = 2.3  # a simulated A10 is then about as fast on the wall as the A100 that the processes are told of at first
DEADLINE_S = 2.0  # of the engine's
KEY = "a key of the bench"
LOAD = 1.2
ARMS, QUICK_ARMS = ((2, 2), (2, 1), (4, 4), (4, 1)), ((2, 2), (2, 1))  # gateways, queues
QUEUES, QUICK_QUEUES = (1, 2, 4), (1, 2)
MIX_REQUESTS, QUICK_REQUESTS = 20_000, 1_000
METRICS_EVERY_S = 1.0  # as `EngineWatch` reads them
SMALL_TOKENS = 1_000
ROUNDS, QUICK_ROUNDS = 5, 1
ROUND_S, QUICK_ROUND_S = 60.0, 7.0  # of the wall's
WARMING = 0.2  # of a round
STARTING_S = 60.0
# Tokens of a question's prompt and of its answer: median, spread (lognormal sigma), least and most. About as the conversations'.
PROMPTS, ANSWERS = (800, 0.8, 230, 5_000), (130, 0.8, 20, 800)
REVIEW_CHARS = 2_000  # at most; ten such fit one prompt
AROUND_CHARS = 700  # what stands around the reviews of a prompt
WORDS = "we went there on a day and sat at a table until it was time to go and then we all went on our way again"
VISIT = re.compile(r"visit (\d+) ")
NUMBER = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
SAMPLE = 1_000  # questions from which the engine's own rate is worked out
SEED = 11


@dataclass(slots=True, eq=False)
class Question:
    """One question of a client, and what became of it."""

    number: int
    at_s: float  # from the start
    prompt: int  # tokens
    sent_s: float = 0.0
    first_s: float | None = None  # from its sending, in the engine's seconds
    is_degraded: bool = False

    @property
    def is_met(self) -> bool:
        return self.first_s is not None and self.first_s <= DEADLINE_S


@dataclass(slots=True, eq=False)
class Several:
    """As many lines before one engine as there are queues, asked in turn."""

    lines: Sequence[tuple[Line, Calibration]]
    engine: SimulatedEngine
    _of: dict[str, tuple[Line, Calibration]] = field(default_factory=dict)
    _read_at: float = -math.inf
    _turn: int = 0

    def join(self, ticket: Ticket, now: float) -> Refusal | None:
        line, _ = self._of[ticket.id] = self.lines[len(self._of) % len(self.lines)]
        return line.join(ticket, now)

    def next(self, now: float) -> Start | Refusal | None:
        if now - self._read_at >= METRICS_EVERY_S:
            self._read_at = now
            for line, _ in self.lines:
                line.measured(self.engine.kv_used * self.engine.gpu.kv_tokens, now)
        self._turn += 1
        for at in range(len(self.lines)):
            if found := self.lines[(self._turn + at) % len(self.lines)][0].next(now):
                return found
        return None

    def first_token(self, ticket_id: str, now: float) -> Seen | None:
        line, calibration = self._of[ticket_id]
        if seen := line.first_token(ticket_id, now):
            calibration.first_token(seen, now)
        return None  # learned already

    def end(self, ticket_id: str) -> None:
        self._of[ticket_id][0].end(ticket_id)

    def wakes_at(self) -> float | None:
        return min((at for line, _ in self.lines if (at := line.wakes_at()) is not None), default=None)


def rows(quick: bool) -> list[dict[str, object]]:
    return [*_simulated(quick), *asyncio.run(_processes(quick))]


def _simulated(quick: bool) -> Iterator[dict[str, object]]:
    traces = {"mix": partial(scheduling._mixed, QUICK_REQUESTS if quick else MIX_REQUESTS)}
    if not quick:
        traces = {"conv": partial(scheduling._azure, "conv"), **traces}
    for trace, make in traces.items():
        if not make():
            yield {"how": "simulated", "trace": trace, "queues": "not measured: no trace in BENCH_DATA"}
            continue
        rate = LOAD * scheduling._saturation(make())
        for queues in QUICK_QUEUES if quick else QUEUES:
            requests, engine = scheduling._stretched(make(), rate), _engine()
            lines = [_line() for _ in range(queues)]
            scheduling.Replay(requests, Several(lines, engine), Calibration(prior(engine.gpu)), engine).run()
            asked = [Question(at, one.at, one.prompt, 0.0, one.first_s, one.refused) for at, one in enumerate(requests)]
            about = {"how": "simulated", "trace": trace, "queues": queues, "load": LOAD}
            yield about | {name: _rounded(name, value) for name, value in _shares(asked).items()}


def _line() -> tuple[Line, Calibration]:
    calibration = Calibration(prior(GPUS["a10"]))
    return Line(PolicySettings.model_validate(scheduling.UNCAPPED), calibration.pace), calibration


def _engine() -> SimulatedEngine:
    return SimulatedEngine(GPUS["a10"])


async def _processes(quick: bool) -> list[dict[str, object]]:
    rounds, seconds = (QUICK_ROUNDS, QUICK_ROUND_S) if quick else (ROUNDS, ROUND_S)
    found: dict[tuple[int, int], list[dict[str, float]]] = defaultdict(list)
    for number in range(rounds):
        for gateways, queues in QUICK_ARMS if quick else ARMS:
            asked = list(_arrivals(seconds, new_dice(SEED + number)))
            with tempfile.TemporaryDirectory() as folder:
                await _round(asked, gateways, queues, Path(folder))
            found[gateways, queues].append(_shares([one for one in asked if one.at_s > WARMING * seconds]))
    return [_row(*arm, each) for arm, each in found.items()]


def _row(gateways: int, queues: int, rounds: Sequence[Mapping[str, float]]) -> dict[str, object]:
    small = [each["small_sla_pct"] for each in rounds]
    about = {"how": "processes", "trace": "questions", "queues": queues, "load": LOAD, "gateways": gateways}
    medians = {name: _rounded(name, statistics.median(each[name] for each in rounds)) for name in rounds[0]}
    return about | medians | {"low": round(min(small), 1), "high": round(max(small), 1)}


def _rounded(name: str, value: float) -> float:
    return round(value, 2 if name.endswith("_s") else 1)


def _shares(asked: Sequence[Question]) -> dict[str, float]:
    small = [one for one in asked if one.prompt < SMALL_TOKENS]
    waits = sorted(one.first_s for one in small if one.first_s is not None)
    return {
        "small_sla_pct": 100 * statistics.mean(one.is_met for one in small),
        "sla_pct": 100 * statistics.mean(one.is_met for one in asked),
        "refused_pct": 100 * statistics.mean(one.is_degraded for one in asked),
        "late_pct": 100 * statistics.mean(one.first_s is not None and not one.is_met for one in asked),
        "small_p50_s": waits[len(waits) // 2],
        "small_p99_s": waits[int(len(waits) * 0.99)],
        "asked": len(asked),
    }


def _arrivals(seconds: float, dice: Random) -> Iterator[Question]:
    """Numbers that no other round has: what was asked before is remembered."""
    rate, at, number = LOAD * _saturation() * SPEED, 0.0, dice.randrange(10**6) * 10**4
    while (at := at + dice.expovariate(rate)) < seconds:
        number += 1
        yield Question(number, at, _tokens(number)[0])


def _tokens(number: int) -> tuple[int, int]:
    """Of the prompt of this question, and of its answer."""
    dice = new_dice(number)
    prompt, answer = (
        round(min(max(dice.lognormvariate(math.log(median), spread), least), most))
        for median, spread, least, most in (PROMPTS, ANSWERS)
    )
    return prompt, answer


def _saturation() -> float:
    """Questions that the engine computes in one of its seconds when all of them wait."""
    engine, took_s = _engine(), 0.0
    for number in range(SAMPLE):
        engine.submit(str(number), *_tokens(number))
    while step := engine.step():
        took_s += step.seconds
    return SAMPLE / took_s


def _body(asked: Question) -> bytes:
    """Reviews that nobody has sent before."""
    dice, words = new_dice(asked.number), WORDS.split()
    chars = asked.prompt * PIECE_CHARS - AROUND_CHARS
    count = math.ceil(chars / REVIEW_CHARS)
    texts = []
    for _ in range(count):
        text = f"visit {asked.number} "
        while len(text) < chars // count:
            text += dice.choice(words) + " "
        texts.append({"content": text.strip()})
    return orjson.dumps({"restaurant_id": "bench", "reviews": texts})


def _says(body: Mapping[str, object]) -> str:
    """An answer in the form that was asked for, as long as this question's."""
    written = _written(body)
    items = [{"number": int(number), "label": "negative", "confidence": 0.9} for number in NUMBER.findall(written)]
    return json.dumps({"items": items}).ljust(_tokens(_visit(body))[1] * PIECE_CHARS)


def _written(body: Mapping[str, object]) -> str:
    return str(body["messages"][-1]["content"])  # type: ignore[index]


def _visit(body: Mapping[str, object]) -> int:
    visit = VISIT.search(_written(body))
    assert visit
    return int(visit[1])


async def _round(asked: Sequence[Question], gateways: int, queues: int, folder: Path) -> None:
    """Ask them all of so many gateways; each Question tells what became of it."""
    loop, by_number = asyncio.get_running_loop(), {one.number: one for one in asked}

    def first(body: Mapping[str, object]) -> None:
        one = by_number[_visit(body)]
        if one.first_s is None:
            one.first_s = (loop.time() - one.sent_s) * SPEED

    async with AsyncExitStack() as stack:
        gpu = await stack.enter_async_context(FakeGpu(_engine(), SPEED))
        engine = await stack.enter_async_context(FakeServer(gpu=gpu, says=_says, on_first=first))
        asks = {"MODEL__URLS": engine.url}
        if queues < gateways:
            owner = await stack.enter_async_context(_serving(folder / "owner", asks, "--role", "inference"))
            asks = {"MODEL__REMOTE": owner}
        urls = [await stack.enter_async_context(_serving(folder / f"{at}", asks)) for at in range(gateways)]
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60))
        )
        start = loop.time()
        async with asyncio.TaskGroup() as clients:
            for at, one in enumerate(asked):
                clients.create_task(_ask(session, urls[at % gateways], one, start + one.at_s))


async def _ask(session: aiohttp.ClientSession, url: str, asked: Question, at: float) -> None:
    loop, body = asyncio.get_running_loop(), _body(asked)
    await asyncio.sleep(at - loop.time())
    asked.sent_s = loop.time()
    headers = {"Content-Type": "application/json"}
    async with session.post(f"{url}/api/v1/sentiment/analyze", data=body, headers=headers) as response:
        answer = orjson.loads(await response.read())
    if response.status != 200:
        raise RuntimeError(f"a gateway answered {response.status}: {answer}")
    asked.is_degraded = answer["meta"]["degraded"]


@asynccontextmanager
async def _serving(folder: Path, asks: Mapping[str, str], *words: str) -> AsyncIterator[str]:
    """A process of its own, until the end of the block: its address."""
    with create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    process = _started(folder, asks, "--port", url.rpartition(":")[2], *words)
    try:
        await _ready(url, process)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _started(folder: Path, asks: Mapping[str, str], *words: str) -> "subprocess.Popen[bytes]":
    said = {
        "MODEL__NAME": "fake/1",
        "REMOTE__KEY": KEY,
        "SCHEDULING__GPU": "a100",
        "SCHEDULING__RUNNING": "128",  # the engine's places; else the required caps would bind one line twice as soon as two
        "SCHEDULING__RUNNING_BY_KIND": "{}",
        "SCHEDULING__INTERACTIVE_DEADLINE_S": str(DEADLINE_S / SPEED),
        "CASCADE__POSITIVE_FROM": "1.01",  # the built-in judge is never sure enough here
        "CASCADE__NEGATIVE_FROM": "1.01",
        "ASKING__BATCH_TOKENS": "7500",
        # Answers that decode beside an overload take long; what is measured is their first token.
        "ASKING__INTERACTIVE_BUDGET_S": "60",
        "MODEL__INTERACTIVE_TIMEOUT_S": "60",
        "MODEL__FIRST_TOKEN_TIMEOUT_S": "60",
        "LOGS__LEVEL": "warning",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MATJIP_")}
    about = {f"MATJIP_{name}": value for name, value in {**said, **asks}.items()}
    folder.mkdir()
    command = [sys.executable, "-m", "matjip", "serve", *words, "--data-dir", str(folder)]
    with open(folder / "log", "wb") as log:
        return subprocess.Popen(command, cwd=folder, env={**clean, **about}, stdout=log, stderr=log)


async def _ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(STARTING_S), aiohttp.ClientSession() as session:
        while process.poll() is None:
            try:
                async with session.get(f"{url}/health/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError(f"no server came up at {url}")
