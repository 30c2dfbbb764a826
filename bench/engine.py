"""What it costs to ask a model server: the caller's own CPU, a call and a token, while every answer streams.

The server runs in a process of its own and sends a token every 5 ms, as a GPU does, or all of them as fast as it can.
"""

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection

from matjip.clock import SystemClock, new_id
from matjip.inference.fake_server import PIECE_CHARS, Answers, FakeServer
from matjip.inference.model import Message, Prompt
from matjip.inference.open import ModelSettings, open_model
from matjip.inference.stream import Stream

BARS = ("case", "cpu_us_per_token")
TOKENS = 64
CALLS, CALLS_QUICK = 1_600, 320
AT_ONCE = (1, 16)
PACES_S = (0.005, 0.0)
READINGS = 200
TEXT = "맛" * (PIECE_CHARS * TOKENS)


def rows(quick: bool) -> list[dict[str, object]]:
    calls = CALLS_QUICK if quick else CALLS
    measured = [_served(pace_s, at_once, calls) for pace_s in PACES_S for at_once in AT_ONCE]
    return [*measured, _read()]


def _served(pace_s: float, at_once: int, calls: int) -> dict[str, object]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, pace_s), daemon=True)
    server.start()
    calls = calls // 8 if at_once == 1 and pace_s else calls
    try:
        return _row(pace_s, at_once, calls, asyncio.run(_ask(str(ours.recv()), at_once, calls)))
    finally:
        server.terminate()
        server.join()


def _serve(found: Connection, pace_s: float) -> None:
    async def forever() -> None:
        async with FakeServer(always=Answers(text=TEXT, apart_s=pace_s)) as server:
            found.send(server.url)
            await asyncio.Event().wait()

    asyncio.run(forever())


async def _ask(url: str, at_once: int, calls: int) -> tuple[float, float]:
    """CPU and wall seconds of so many calls."""
    settings = ModelSettings(urls=(url,), name="fake/1")
    message = Message("user", "맛있어요. " * 200)
    prompt = Prompt(task="bench", version="bench/1", messages=(message,), max_tokens=TOKENS, tokens=800)
    turns = asyncio.Semaphore(at_once)
    async with open_model(settings, clock=SystemClock(), new_id=new_id) as model:

        async def one() -> None:
            async with turns:
                assert (await model.complete(prompt)).usage.completion == TOKENS

        await asyncio.gather(*(one() for _ in range(at_once)))
        cpu_s, start = time.process_time(), time.perf_counter()
        await asyncio.gather(*(one() for _ in range(calls)))
        return time.process_time() - cpu_s, time.perf_counter() - start


def _row(pace_s: float, at_once: int, calls: int, took: tuple[float, float]) -> dict[str, object]:
    cpu_s, wall_s = took
    pace = "a token each 5 ms" if pace_s else "at full speed"
    return {
        "case": f"{pace}, {at_once} at once",
        "calls": calls,
        "tokens_per_call": TOKENS,
        "cpu_us_per_call": round(1e6 * cpu_s / calls),
        "cpu_us_per_token": round(1e6 * cpu_s / calls / TOKENS, 1),
        "tokens_per_s": round(calls * TOKENS / wall_s),
    }


def _read() -> dict[str, object]:
    """Only the reading of a stream's bytes, which are cut at each event."""
    events = list(FakeServer()._events(Answers(), TEXT, {"messages": [], "stream_options": {}}))
    cpu_s = time.process_time()
    for _ in range(READINGS):
        stream = Stream()
        for event in events:
            stream.take(event)
        stream.answer()
    cpu_s = time.process_time() - cpu_s
    return _row(0.0, 1, READINGS, (cpu_s, cpu_s)) | {"case": "its bytes read, no network"}
