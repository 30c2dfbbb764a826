"""A closed loop of requests over kept connections: each sends the next when it has the whole answer to the last.

`python -m bench.load URL SECONDS AT_ONCE WANTED FIRST HEADERS BODY` prints how many answers it had and how many of them in time
({"answered", "done", "wrong", "seconds", "next"}). `%d` in BODY is another number in every request, from FIRST on; an answer
without WANTED is wrong.
"""

import asyncio
import sys
import time
from itertools import count
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: "Run") -> None:
        self._run = run

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._unread = bytearray()
        self._transport.write(self._run.request())

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not _is_whole(self._unread):
            return
        answer, self._unread = bytes(self._unread), bytearray()
        if self._run.goes_on(answer):
            self._transport.write(self._run.request())
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._run.ended(error)


class Run:
    """What all connections share."""

    def __init__(self, url: str, seconds: float, at_once: int, wanted: bytes, first: int, head: str, body: str) -> None:
        self._about = urlsplit(url)
        self._seconds, self._at_once, self._wanted = seconds, at_once, wanted
        self._numbers, self._body = count(first), body
        self._head = f"POST {self._about.path} HTTP/1.1\r\nhost: {self._about.netloc}\r\n{head}content-length: "
        self._open = at_once
        self._over = asyncio.Event()
        self.done = self.answered = self.wrong = 0

    def request(self) -> bytes:
        body = (self._body % next(self._numbers)).encode()
        return f"{self._head}{len(body)}\r\n\r\n".encode() + body

    def goes_on(self, answer: bytes) -> bool:
        is_in_time = time.perf_counter() < self._until
        self.answered += 1
        self.done += is_in_time
        self.wrong += self._is_wrong(answer)
        return is_in_time

    def _is_wrong(self, answer: bytes) -> bool:
        is_wrong = not answer.startswith(b"HTTP/1.1 200") or self._wanted not in answer
        if is_wrong and not self.wrong:
            print(answer[:2_000].decode(errors="replace"), file=sys.stderr)
        return is_wrong

    def ended(self, error: Exception | None) -> None:
        self._open -= 1
        self.wrong += error is not None
        if not self._open:
            self._over.set()

    async def go(self) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        start = time.perf_counter()
        self._until = start + self._seconds
        for _ in range(self._at_once):
            await loop.create_connection(lambda: Caller(self), self._about.hostname, self._about.port)
        await self._over.wait()
        return {
            "done": self.done,
            "answered": self.answered,
            "wrong": self.wrong,
            "seconds": self._seconds,
            "next": next(self._numbers),
        }


def _is_whole(answer: bytearray) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    size = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return bool(end) and (len(body) >= int(size) if size else body.endswith(b"0\r\n\r\n"))


async def _main() -> None:
    url, seconds, at_once, wanted, first, head, body = sys.argv[1:]
    run = Run(url, float(seconds), int(at_once), wanted.encode(), int(first), head, body)
    print(orjson.dumps(await run.go()).decode())


if __name__ == "__main__":
    uvloop.run(_main())
