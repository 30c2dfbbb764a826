"""A model server that costs nearly nothing: raw bytes on uvloop, one scripted answer, as one JSON document or token by token.

`python -m bench.upstream` serves until it is ended and prints its address.
"""

import asyncio
from typing import cast

import orjson
import uvloop

__all__ = ["ANSWER", "EVENTS", "MODEL"]

MODEL = "mock"
ANSWER = '{"items":[{"number":1,"label":"negative","confidence":0.9}]}'
TOKEN_CHARS = 3  # of the answer in one event: 20 tokens, as vocabularies cut such JSON
APART_S = 0.005  # between tokens, as a GPU sends them
HEAD = {"id": "chatcmpl-1", "created": 1, "model": MODEL}
USAGE = {"prompt_tokens": 320, "completion_tokens": 20, "total_tokens": 340}
STREAMS = (b'"stream":true', b'"stream": true')


def _whole() -> bytes:
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _json({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE})


def _json(said: object) -> bytes:
    body = orjson.dumps(said)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def _event(**said: object) -> bytes:
    return _chunk(b"data: " + orjson.dumps({**HEAD, "object": "chat.completion.chunk", **said}) + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _delta(content: str, **said: object) -> bytes:
    return _event(choices=[{"index": 0, "delta": {"content": content, **said}, "finish_reason": None}])


def _streamed() -> tuple[bytes, ...]:
    """The writes of an answer: its head and first event, one a token, and its end."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    tokens = [_delta(ANSWER[at : at + TOKEN_CHARS]) for at in range(0, len(ANSWER), TOKEN_CHARS)]
    last = _event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]) + _event(choices=[], usage=USAGE)
    return head + _delta("", role="assistant"), *tokens, last + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


EVENTS = _streamed()
WHOLE = _whole()
MODELS = _json({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


class Upstream(asyncio.Protocol):
    """One connection. It reads no more of a request than where it ends and whether it asks for a stream."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._loop = asyncio.get_running_loop()
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head, end, rest = self._unread.partition(b"\r\n\r\n")
        if not end:
            return
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) < size:
            return
        self._unread = b""
        if not head.startswith(b"POST"):
            self._transport.write(MODELS)
        elif any(sign in rest for sign in STREAMS):
            self._send(0)
        else:
            self._transport.write(WHOLE)

    def _send(self, event: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(EVENTS[event])
        if event + 1 < len(EVENTS):
            self._loop.call_later(APART_S, self._send, event + 1)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
