"""A scripted model server on loopback that speaks as vLLM does, and fails where it is told to.

For tests and demonstrations, without a GPU. It says what `says` makes of a request; the next steps of its `script` are taken
instead, one a request. With a `gpu`, what it says by itself comes when a simulated engine has computed it.
Texts that share pairs of letters get vectors that are near, and a token is a byte of UTF-8.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Self
from zlib import crc32

import orjson
from aiohttp import web

from matjip.inference.fake_gpu import FakeGpu

__all__ = ["Answers", "Asked", "FakeServer", "Hangs", "Refuses", "Sends", "Step"]

MODEL = "fake/1"
PIECE_CHARS = 4  # of the answer in one event
LOOPBACK = "127.0.0.1"
STOPPING_S = 0.01  # what is in flight when it is killed gets no more
OK_STATUS = 200
MAX_MODEL_LEN = 8_192
BEAT_S = 1.0  # an answer that decodes for long shows a token so often, as a real one would
ENDING_EVENTS = 3  # how it ended, what it took, and that it is all
BLOCK_TOKENS = 16  # of vLLM's key-value cache
SIGN = 1 << 16  # a bit of a pair's number that says which way it points
# What vLLM called the same things before: whoever reads them must know both.
OLD_NAMES = {
    "vllm:kv_cache_usage_perc": "vllm:gpu_cache_usage_perc",
    "vllm:inter_token_latency_seconds": "vllm:time_per_output_token_seconds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A whole answer, at its own pace."""

    text: str | None = None  # None: what the server says by itself
    first_after_s: float = 0.0
    apart_s: float = 0.0  # between tokens
    finish: str = "stop"
    tells_usage: bool = True
    breaks_after: int | None = None  # events, when the connection is cut
    hangs_after: int | None = None  # events, when nothing more comes
    fails_after: int | None = None  # events, when it says that it failed
    piece_bytes: int | None = None  # how many bytes are sent at a time; None: an event


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangs:
    """Not even a status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuses:
    """A status, with a reason as vLLM gives it."""

    status: int
    retry_after: str = ""
    reason: str = "scripted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """These bytes with status 200, whatever they are."""

    body: bytes


Step = Answers | Hangs | Refuses | Sends
Says = Callable[[Mapping[str, object]], str]
Answer = Callable[[Answers, Mapping[str, object], web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One completion, one batch of embeddings or one count that was asked for."""

    body: Mapping[str, object]
    headers: Mapping[str, str]  # by their names in any case


@dataclass(slots=True, kw_only=True)
class FakeServer:
    """A server; use it as a context manager. Tests read what it was `asked` and move its state."""

    says: Says = field(default=lambda _: "{}")
    model: str = MODEL
    api_key: str | None = None
    state: Literal["ready", "starting", "draining"] = "ready"
    metric_names: Literal["new", "old"] = "new"
    always: Step = field(default_factory=Answers)  # what is done when the script has run out
    script: list[Step] = field(default_factory=list)
    gpu: FakeGpu | None = None  # that computes what it says by itself
    on_first: Callable[[Mapping[str, object]], None] = field(
        default=lambda _: None
    )  # a body, as its first token leaves
    dimensions: int = 128  # of its vectors; fewer, and pairs meet by chance
    max_model_len: int = MAX_MODEL_LEN  # bytes of a text that it embeds; a longer one is refused
    asked: list[Asked] = field(default_factory=list)
    embedded: list[Asked] = field(default_factory=list)
    tokenized: list[Asked] = field(default_factory=list)
    in_flight: int = 0
    left: int = 0  # completions whose caller went away
    port: int = 0  # chosen at the first start, and kept
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def is_up(self) -> bool:
        return self._runner is not None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *about: object) -> None:
        await self.kill()

    async def start(self) -> None:
        """Listen: at the same port again, if it has had one."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_post("/tokenize", self._tokenize)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=STOPPING_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def kill(self) -> None:
        """Stop at once: connections break, and new ones are refused."""
        if self._runner:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(status=503 if self.state == "starting" else OK_STATUS)  # a draining vLLM says it is well

    async def _models(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        return web.json_response({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _metrics(self, _: web.Request) -> web.Response:
        label = f'{{model_name="{self.model}",engine="0"}}'
        engine = self.gpu.engine if self.gpu else None
        values: dict[str, float] = {
            "vllm:num_requests_running": engine.running if engine else self.in_flight,
            "vllm:num_requests_waiting": engine.waiting if engine else 0,
            "vllm:kv_cache_usage_perc": engine.kv_used if engine else 0.0,
            "vllm:num_preemptions_total": engine.preempted if engine else 0,
            "vllm:inter_token_latency_seconds_count": 0,
            "vllm:inter_token_latency_seconds_sum": 0.0,
        }
        lines = "".join(f"{name}{label} {value}\n" for name, value in values.items())
        for new, old in OLD_NAMES.items() if self.metric_names == "old" else ():
            lines = lines.replace(new, old)
        if engine:
            blocks = engine.gpu.kv_tokens // BLOCK_TOKENS
            about = f'{{block_size="{BLOCK_TOKENS}",engine="0",num_gpu_blocks="{blocks}"}}'
            lines += f"vllm:cache_config_info{about} 1.0\n"
        return web.Response(text=lines)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self.asked, self._stream)

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self.embedded, self._vectors)

    async def _tokenize(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self.tokenized, self._tokens)

    async def _answer(self, request: web.Request, asked: list[Asked], answer: Answer) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        asked.append(Asked(body=body, headers=request.headers))
        if refusal := self._refusal(request):
            return refusal
        if self.state != "ready":
            return _refused(Refuses(status=503, reason=f"The server is {self.state}."))
        if body.get("model") != self.model:
            return _refused(Refuses(status=404, reason=f"The model `{body.get('model')}` does not exist."))
        self.in_flight += 1
        try:
            return await _do(self.script.pop(0) if self.script else self.always, body, request, answer)
        except (asyncio.CancelledError, ConnectionError):
            self.left += 1
            raise
        finally:
            self.in_flight -= 1

    async def _vectors(self, step: Answers, body: Mapping[str, object], _: web.Request) -> web.StreamResponse:
        """As vLLM answers: the last text's vector first, which the API allows and a reader must not trip over."""
        await asyncio.sleep(step.first_after_s)
        given = body["input"]
        texts = [str(text) for text in given] if isinstance(given, list) else [str(given)]
        sizes = [len(text.encode()) for text in texts]
        if max(sizes, default=0) > self.max_model_len:
            reason = f"This model's maximum context length is {self.max_model_len} tokens."
            return _refused(Refuses(status=400, reason=reason))
        data = [
            {"object": "embedding", "index": at, "embedding": _meant(text, self.dimensions)}
            for at, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": sum(sizes), "total_tokens": sum(sizes)}
        return web.json_response({"object": "list", "model": self.model, "data": data[::-1], "usage": usage})

    async def _tokens(self, step: Answers, body: Mapping[str, object], _: web.Request) -> web.StreamResponse:
        await asyncio.sleep(step.first_after_s)
        tokens = list(str(body["prompt"]).encode())
        return web.json_response({"count": len(tokens), "max_model_len": self.max_model_len, "tokens": tokens})

    async def _stream(self, step: Answers, body: Mapping[str, object], request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        text = self.says(body) if step.text is None else step.text
        if self.gpu and step.text is None:
            return await self._computed(self.gpu, step, text, body, response)
        await asyncio.sleep(step.first_after_s)
        for number, event in enumerate(self._events(step, text, body)):
            if number == step.hangs_after:
                return await _forever()
            if number == step.breaks_after and request.transport:
                request.transport.abort()
                return response
            if number == step.fails_after:
                await response.write(
                    _event({"error": {"message": "scripted", "type": "InternalServerError", "code": 500}})
                )
                return response
            for piece in _cut(event, step.piece_bytes or len(event)):
                await response.write(piece)
            await asyncio.sleep(step.apart_s if number else 0)  # the role comes with the first token
        return response

    async def _computed(
        self, gpu: FakeGpu, step: Answers, text: str, body: Mapping[str, object], response: web.StreamResponse
    ) -> web.StreamResponse:
        """The role with the first token, the rest with the last; in between a sign of life now and then."""
        role, *events = self._events(step, text, body)
        priority = body.get("priority", 0)
        tokens = max(len(text) // PIECE_CHARS, 1)
        with gpu.running(_prompt_tokens(body), tokens, priority=float(str(priority))) as turn:
            await turn.first.wait()
            self.on_first(body)
            await response.write(role + events.pop(0))
            while not turn.last.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(turn.last.wait(), BEAT_S)
                    break
                if len(events) > ENDING_EVENTS:
                    await response.write(events.pop(0))
        await response.write(b"".join(events))
        return response

    def _events(self, step: Answers, text: str, body: Mapping[str, object]) -> Iterable[bytes]:
        """A role, the text in pieces, how it ended, what it took: as vLLM sends them."""
        pieces = [text[at : at + PIECE_CHARS] for at in range(0, len(text), PIECE_CHARS)]
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in pieces:
            yield self._chunk({"content": piece})
        yield self._chunk({"content": ""}, finish=step.finish)
        if step.tells_usage and body.get("stream_options"):
            prompt = _prompt_tokens(body)
            usage = {"prompt_tokens": prompt, "completion_tokens": len(pieces), "total_tokens": prompt + len(pieces)}
            yield _event({"object": "chat.completion.chunk", "model": self.model, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: Mapping[str, str], *, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({"id": "fake", "object": "chat.completion.chunk", "model": self.model, "choices": [choice]})

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        return None


def _prompt_tokens(body: Mapping[str, object]) -> int:
    return len(orjson.dumps(body["messages"])) // PIECE_CHARS


def _event(content: Mapping[str, object]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"


def _cut(event: bytes, size: int) -> Iterable[bytes]:
    return (event[at : at + size] for at in range(0, len(event), size))


def _refused(step: Refuses) -> web.Response:
    error = {"message": step.reason, "type": "scripted", "param": None, "code": step.status}
    headers = {"Retry-After": step.retry_after} if step.retry_after else {}
    return web.json_response({"error": error}, status=step.status, headers=headers)


async def _do(step: Step, body: Mapping[str, object], request: web.Request, answer: Answer) -> web.StreamResponse:
    match step:
        case Hangs():
            return await _forever()
        case Refuses():
            return _refused(step)
        case Sends():
            return web.Response(body=step.body, content_type="text/event-stream")
        case Answers():
            return await answer(step, body, request)


def _meant(text: str, dimensions: int) -> list[float]:
    """Each pair of letters points one way, and the vector is their sum."""
    row = [0.0] * dimensions
    for pair in pairwise("".join(text.split())):
        number = crc32("".join(pair).encode())
        row[number % dimensions] += 0.5 if number & SIGN else -0.5
    return row


async def _forever() -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")
