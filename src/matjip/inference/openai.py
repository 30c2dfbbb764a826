"""A model behind OpenAI's chat completions, as vLLM and others serve it: the one place where their failures become ours.

Every call streams, so that a first token is seen and a cancelled call ends the work at the server.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Literal, Self

import aiohttp
import orjson
from pydantic import BaseModel, ValidationError

from matjip.clock import Clock, Ids
from matjip.errors import Invalid, MatjipError
from matjip.inference.breaker import BreakerSettings, BreakerState, Gate
from matjip.inference.engine_metrics import EngineMetrics, read_metrics
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Prompt, Timing, TokenUsage, Urgency
from matjip.inference.open import ModelSettings
from matjip.inference.stream import REFUSES_THE_PROMPT, Stream
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import logger
from matjip.telemetry.record import CompletionEnded, Hook

__all__ = ["OpenAIModel", "ReplicaStatus", "retry_after_s", "shown_reason"]

KEEP_IDLE_S = 3.0  # vLLM's server closes an idle connection after 5 s: one that is used as it closes is a lost call
TEMPERATURE = 0  # the same question gets the same answer, which caches rely on
PRIORITIES: dict[Urgency, int] = {"interactive": 0, "batch": 10, "background": 20}  # lower is sooner
OK = 200
NOT_FOUND = 404
BUSY = 429
SERVER_ERROR = 500
COMMENT = b":"  # keeps a connection alive, and says nothing
CLOSING_S = 0.1  # the end of the body follows the end of the stream; a connection is used again after it
HINTS = {
    401: ": set model.api_key",
    403: ": set model.api_key",
    404: ": is model.name what it serves, and model.urls its address?",
}
MAX_RETRY_AFTER_S = 3_600
MAX_DIGITS = 9
MAX_REASON_BYTES = 16_384  # of a refusal's body that are read
MAX_METRICS_BYTES = 1_000_000  # a vLLM of one model writes about 60,000
MAX_REASON_CHARS = 300  # of it that are logged
REPEATED_CHARS = 12  # a reason that has so many in a row of the prompt may show a review
# One failure is enough to try another server first; whether all are left alone is for the guard around them.
REST_AFTER_FAILURES = 1

Phase = Literal["first_token_timeout", "between_tokens_timeout", "total_timeout"]

TOO_LATE: dict[Phase, str] = {
    "first_token_timeout": "sent no token within",
    "between_tokens_timeout": "stopped within its answer for",
    "total_timeout": "did not end its answer within",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStatus:
    """One of the servers, as it was last seen."""

    url: str
    state: BreakerState
    in_flight: int
    outstanding_tokens: int
    wrong: str | None = None  # a sentence, where a probe found something wrong


@dataclass(slots=True, eq=False)
class _Replica:
    url: str
    gate: Gate
    in_flight: int = 0
    outstanding_tokens: int = 0
    waits_until: float = 0.0  # it asked not to be asked before

    @contextmanager
    def working(self, tokens: int) -> Iterator[None]:
        self.in_flight += 1
        self.outstanding_tokens += tokens
        try:
            with self.gate.passing():
                yield
        finally:
            self.in_flight -= 1
            self.outstanding_tokens -= tokens

    def status(self, wrong: str | None = None) -> ReplicaStatus:
        return ReplicaStatus(
            url=self.url,
            state=self.gate.state,
            in_flight=self.in_flight,
            outstanding_tokens=self.outstanding_tokens,
            wrong=wrong,
        )


@dataclass(slots=True)
class _Attempt:
    """What is known of one attempt at one server while it goes on."""

    prompt: Prompt
    request_id: str
    start: float  # on the clock
    until: float  # on the loop's time: the end of the whole call
    is_last: bool  # no other server may be asked after it
    stream: Stream = field(default_factory=Stream)
    first_token_s: float | None = None
    phase: Phase = "first_token_timeout"


class OpenAIModel:
    """A Model; use it as a context manager, which holds its connections.

    Of several servers it asks the one with the fewest tokens outstanding, and another one where that fails before its first
    token. One that failed comes last until it has rested, when a single call finds out whether it is back; one that sent
    Retry-After is not asked before. Fails open among servers: while all of them rest, they are asked all the same.
    """

    def __init__(self, settings: ModelSettings, *, clock: Clock, new_id: Ids, hooks: Sequence[Hook] = ()) -> None:
        rest = BreakerSettings(failures=REST_AFTER_FAILURES, pause_s=settings.rest_s)
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._hooks = tuple(hooks)
        self._replicas = tuple(_Replica(url, Gate(rest, clock)) for url in settings.urls)

    @property
    def name(self) -> str:
        return self._settings.name

    async def __aenter__(self) -> Self:
        key = self._settings.api_key
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=KEEP_IDLE_S
            ),  # how many at once is not ours to say
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else None,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._settings.connect_timeout_s),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def complete(self, prompt: Prompt) -> Completion:
        """See `Model.complete`."""
        body = self._body(prompt)
        until = asyncio.get_running_loop().time() + self._whole(prompt)[0]
        waiting = list(self._replicas)
        while True:
            replica = self._best(waiting)
            waiting.remove(replica)
            is_last = not self._may_ask(waiting)
            attempt = _Attempt(prompt, self._new_id(), start=self._clock.monotonic(), until=until, is_last=is_last)
            try:
                return await self._seen(replica, attempt, body)
            except ModelFailure as failure:
                is_over = attempt.first_token_s is not None or failure.reason == "total_timeout"
                if is_over or not self._may_ask(waiting):
                    raise

    def replicas(self) -> tuple[ReplicaStatus, ...]:
        """The servers as they were last seen."""
        return tuple(replica.status() for replica in self._replicas)

    async def probe(self) -> tuple[ReplicaStatus, ...]:
        """Ask every server whether it is well and serves the model. One that is not rests; one that is may still be resting,
        since a server that drains says that it is well.
        """
        return tuple(await asyncio.gather(*(self._probe(replica) for replica in self._replicas)))

    async def metrics(self) -> tuple[EngineMetrics | None, ...]:
        """What each server says of its engine; None where it does not say it in time."""
        return tuple(await asyncio.gather(*(self._metrics(replica.url) for replica in self._replicas)))

    def _best(self, among: Sequence[_Replica]) -> _Replica:
        """The next to ask. Raises ModelFailure where every one of them asked to wait."""
        if ready := self._may_ask(among):
            return min(ready, key=lambda replica: (not replica.gate.admits(), replica.outstanding_tokens))
        wait_s = math.ceil(min(replica.waits_until for replica in among) - self._clock.monotonic())
        raise ModelFailure(
            f"The model server asked to be left alone for {wait_s} s.", reason="left_alone", retry_after_s=wait_s
        )

    def _may_ask(self, among: Sequence[_Replica]) -> list[_Replica]:
        now = self._clock.monotonic()
        return [replica for replica in among if replica.waits_until <= now]

    async def _seen(self, replica: _Replica, attempt: _Attempt, body: bytes) -> Completion:
        """One attempt, whose load is counted while it goes on and which is recorded when it ends."""
        prompt, outcome = attempt.prompt, "cancelled"
        usage = TokenUsage(prompt=0, completion=0)
        try:
            with replica.working(prompt.tokens + prompt.max_tokens):
                completion = await self._ask(replica, attempt, body)
            outcome, usage = completion.finish, completion.usage
        except ModelFailure as failure:
            outcome = failure.reason
            if failure.retry_after_s:
                replica.waits_until = self._clock.monotonic() + failure.retry_after_s
            raise
        except MatjipError as error:
            outcome = error.code
            raise
        finally:
            tell(self._hooks, self._ended(attempt, outcome, usage))
        return completion

    def _ended(self, attempt: _Attempt, outcome: str, usage: TokenUsage) -> CompletionEnded:
        return CompletionEnded(
            task=attempt.prompt.task,
            urgency=attempt.prompt.urgency,
            outcome=outcome,
            first_token_s=attempt.first_token_s,
            seconds=self._clock.monotonic() - attempt.start,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            cached_tokens=usage.cached,
        )

    async def _ask(self, replica: _Replica, attempt: _Attempt, body: bytes) -> Completion:
        try:
            await self._read(replica, attempt, body)
            answer = attempt.stream.answer()
        except aiohttp.ConnectionTimeoutError as error:
            seconds = self._settings.connect_timeout_s
            raise ModelFailure(
                f"The model server did not accept a connection within {seconds:g} s (model.connect_timeout_s).",
                reason="connect_timeout",
            ) from error
        except TimeoutError as error:
            raise self._too_late(attempt) from error
        except aiohttp.ClientConnectorError as error:
            raise ModelFailure("The model server does not accept connections.", reason="refused") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelFailure("The connection to the model server broke.", reason="lost") from error
        counted = TokenUsage(prompt=attempt.prompt.tokens, completion=answer.tokens, is_estimate=True)
        return Completion(
            text=answer.text,
            finish=answer.finish,
            model=answer.model or self.name,
            usage=answer.usage or counted,
            timing=Timing(first_token_s=attempt.first_token_s, total_s=self._clock.monotonic() - attempt.start),
            replica=replica.url,
        )

    async def _read(self, replica: _Replica, attempt: _Attempt, body: bytes) -> None:
        """Fill the attempt's stream. Whatever ends it before its end closes the connection, and with it the server's work."""
        headers = {"Content-Type": "application/json", "X-Request-Id": attempt.request_id}
        stream, url = attempt.stream, f"{replica.url}/v1/chat/completions"
        async with asyncio.timeout(None) as limit:
            self._allow(limit, attempt, "first_token_timeout")
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                if response.status != OK:
                    raise await self._refusal(response, attempt)
                while not stream.is_done and (chunk := await response.content.readany()):
                    stream.take(chunk)
                    if stream.has_token and not chunk.startswith(COMMENT):
                        if attempt.first_token_s is None:
                            attempt.first_token_s = self._clock.monotonic() - attempt.start
                            if attempt.prompt.heard:
                                attempt.prompt.heard()
                        self._allow(limit, attempt, "between_tokens_timeout")
                limit.reschedule(None)
                with suppress(TimeoutError, aiohttp.ClientError):
                    async with asyncio.timeout(CLOSING_S):
                        await response.content.readany()

    def _allow(self, limit: asyncio.Timeout, attempt: _Attempt, phase: Phase) -> None:
        """Let the attempt go on for as long as this phase may take, never past the end of the whole call."""
        at = asyncio.get_running_loop().time() + self._limit(phase, attempt)[0]
        attempt.phase = phase if at < attempt.until else "total_timeout"
        limit.reschedule(min(at, attempt.until))

    def _limit(self, phase: Phase, attempt: _Attempt) -> tuple[float, str]:
        """Seconds that a phase may take, and the setting that says so."""
        settings = self._settings
        match phase:
            case "first_token_timeout" if attempt.prompt.urgency == "interactive" and not attempt.is_last:
                shorter = settings.interactive_first_token_timeout_s, "interactive_first_token_timeout_s"
                return min((settings.first_token_timeout_s, "first_token_timeout_s"), shorter)
            case "first_token_timeout":
                return settings.first_token_timeout_s, "first_token_timeout_s"
            case "between_tokens_timeout":
                return settings.between_tokens_timeout_s, "between_tokens_timeout_s"
            case "total_timeout":
                return self._whole(attempt.prompt)

    def _whole(self, prompt: Prompt) -> tuple[float, str]:
        if prompt.urgency == "interactive":
            return self._settings.interactive_timeout_s, "interactive_timeout_s"
        return self._settings.total_timeout_s, "total_timeout_s"

    def _too_late(self, attempt: _Attempt) -> ModelFailure:
        seconds, setting = self._limit(attempt.phase, attempt)
        return ModelFailure(
            f"The model server {TOO_LATE[attempt.phase]} {seconds:g} s (model.{setting}).", reason=attempt.phase
        )

    async def _refusal(self, response: aiohttp.ClientResponse, attempt: _Attempt) -> MatjipError:
        """What a status other than 200 means. The server's own reason goes to the log alone."""
        status = response.status
        reason = shown_reason(await response.content.read(MAX_REASON_BYTES), attempt.prompt)
        logger(__name__).warning(
            "the model server refused", status=status, reason=reason, model_request=attempt.request_id
        )
        if status in REFUSES_THE_PROMPT:
            return Invalid(f"The model server refused this prompt ({status}).")
        wait_s = retry_after_s(response.headers.get("Retry-After", ""), self._clock.now())
        if status == BUSY:
            return ModelFailure("The model server has too much to do (429).", reason="busy", retry_after_s=wait_s)
        if status >= SERVER_ERROR:
            return ModelFailure(f"The model server answered {status}.", reason="server_error", retry_after_s=wait_s)
        return ModelFailure(f"The model server answered {status}{HINTS.get(status, '')}.", reason="not_allowed")

    def _body(self, prompt: Prompt) -> bytes:
        most = self._settings.max_context_tokens
        if prompt.tokens + prompt.max_tokens > most:
            raise Invalid(
                f"A prompt of {prompt.tokens} tokens and an answer of up to {prompt.max_tokens} do not fit the {most} "
                "of model.max_context_tokens."
            )
        asked = {
            "model": self.name,
            "messages": prompt.messages,
            "max_tokens": prompt.max_tokens,
            "temperature": TEMPERATURE,
            "stream": True,
            "stream_options": {"include_usage": True},
            **self._structure(prompt),
            **({"priority": PRIORITIES[prompt.urgency]} if self._settings.sends_priority else {}),
            **self._settings.extra,
        }
        try:
            return orjson.dumps(asked)
        except TypeError:
            raise Invalid("The prompt holds what is no Unicode text: half of a character (a lone surrogate).") from None

    def _structure(self, prompt: Prompt) -> Mapping[str, object]:
        """How the server is told the form of the answer."""
        if prompt.schema is None or self._settings.structured == "none":
            return {}
        schema = dict(prompt.schema)
        if self._settings.structured == "structured_outputs":
            return {"structured_outputs": {"json": schema}}
        named = {"name": prompt.task, "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}

    async def _probe(self, replica: _Replica) -> ReplicaStatus:
        wrong = await self._wrong(replica)
        if wrong:
            replica.gate.fail()
        return replica.status(wrong)

    async def _wrong(self, replica: _Replica) -> str | None:
        """What is wrong with a server, in a sentence; None where nothing is."""
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                health, _ = await self._get(f"{replica.url}/health")
                status, body = await self._get(f"{replica.url}/v1/models")
        except TimeoutError:
            return f"It did not answer within {self._settings.connect_timeout_s:g} s (model.connect_timeout_s)."
        except (aiohttp.ClientError, OSError):
            return "It does not answer."
        if health not in (OK, NOT_FOUND):  # not every server has this address
            return f"It says that it is not well ({health})."
        if status != OK:
            return f"It answered {status}{HINTS.get(status, '')}."
        return None if self.name in _served(body) else "It serves no model of this name: set model.name."

    async def _metrics(self, url: str) -> EngineMetrics | None:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                status, body = await self._get(f"{url}/metrics", most_bytes=MAX_METRICS_BYTES)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return None
        return read_metrics(body.decode(errors="replace")) if status == OK else None

    async def _get(self, url: str, *, most_bytes: int = MAX_REASON_BYTES) -> tuple[int, bytes]:
        async with self._session.get(url, allow_redirects=False) as response:
            parts, size = [], 0
            while size < most_bytes and (part := await response.content.read(most_bytes - size)):
                parts.append(part)
                size += len(part)
            return response.status, b"".join(parts)


def retry_after_s(header: str, now: datetime) -> int | None:
    """Whole seconds that a Retry-After asks for, as a number or a date; None where it says nothing sensible."""
    if header.isascii() and header.isdigit():
        return min(int(header[:MAX_DIGITS]), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0, math.ceil((at - now).total_seconds())), MAX_RETRY_AFTER_S)


def shown_reason(body: bytes, prompt: Prompt) -> str:
    """A server's reason, fit for the log: withheld where it may repeat a review.

    It may where it is not ASCII (a server speaks English, most reviews do not) or shares a stretch with what a user sent.
    """
    reason = body.decode(errors="replace")[:MAX_REASON_CHARS]
    written = "\n".join(message.content for message in prompt.messages if message.role == "user")
    stretches = (reason[at : at + REPEATED_CHARS] for at in range(max(1, len(reason) - REPEATED_CHARS + 1)))
    if not reason.isascii() or "\\u" in reason or any(part in written for part in stretches if part):
        return "withheld: it may repeat the prompt"
    return reason


class _Card(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Card]


def _served(body: bytes) -> list[str]:
    try:
        return [card.id for card in _Models.model_validate_json(body).data]
    except ValidationError:
        return []
