"""A model behind OpenAI's chat completions, as vLLM and others serve it: the one place where their failures become ours.

Every call streams, so that a first token is seen and a cancelled call ends the work at the server.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from pydantic import BaseModel, ValidationError

from matjip.clock import Clock, Ids
from matjip.errors import Invalid, MatjipError
from matjip.inference.engine_metrics import EngineMetrics, read_metrics
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Prompt, Timing, TokenUsage, Urgency
from matjip.inference.open import ModelSettings
from matjip.inference.served import MAX_BODY_BYTES, OK, Attempt, Replica, ServedModel
from matjip.inference.stream import REFUSES_THE_PROMPT, Stream
from matjip.inference.wire import to_json
from matjip.telemetry.logs import logger
from matjip.telemetry.record import Hook

__all__ = ["OpenAIModel", "retry_after_s", "shown_reason"]

TEMPERATURE = 0  # the same question gets the same answer, which caches rely on
PRIORITIES: dict[Urgency, int] = {"interactive": 0, "batch": 10, "background": 20}  # lower is sooner
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
MAX_METRICS_BYTES = 1_000_000  # a vLLM of one model writes about 60,000
MAX_REASON_CHARS = 300  # of it that are logged
REPEATED_CHARS = 12  # a reason that has so many in a row of the prompt may show a review


class OpenAIModel(ServedModel):
    """A Model over servers that stream; see `ServedModel`."""

    SERVER = "model server"

    def __init__(self, settings: ModelSettings, *, clock: Clock, new_id: Ids, hooks: Sequence[Hook] = ()) -> None:
        super().__init__(settings.urls, settings, key=settings.api_key, clock=clock, new_id=new_id, hooks=hooks)

    async def metrics(self) -> tuple[EngineMetrics | None, ...]:
        """What each server says of its engine; None where it does not say it in time."""
        return tuple(await asyncio.gather(*(self._metrics(replica.url) for replica in self._replicas)))

    async def _read(self, replica: Replica, attempt: Attempt, body: bytes) -> Completion:
        headers = {"Content-Type": "application/json", "X-Request-Id": attempt.request_id}
        stream, url = Stream(), f"{replica.url}/v1/chat/completions"
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
        answer = stream.answer()
        counted = TokenUsage(prompt=attempt.prompt.tokens, completion=answer.tokens, is_estimate=True)
        return Completion(
            text=answer.text,
            finish=answer.finish,
            model=answer.model or self.name,
            usage=answer.usage or counted,
            timing=Timing(first_token_s=attempt.first_token_s, total_s=self._clock.monotonic() - attempt.start),
            replica=replica.url,
        )

    async def _refusal(self, response: aiohttp.ClientResponse, attempt: Attempt) -> MatjipError:
        """What a status other than 200 means. The server's own reason goes to the log alone."""
        status = response.status
        reason = shown_reason(await response.content.read(MAX_BODY_BYTES), attempt.prompt)
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
        return to_json(asked)

    def _structure(self, prompt: Prompt) -> Mapping[str, object]:
        """How the server is told the form of the answer."""
        if prompt.schema is None or self._settings.structured == "none":
            return {}
        schema = dict(prompt.schema)
        if self._settings.structured == "structured_outputs":
            return {"structured_outputs": {"json": schema}}
        named = {"name": prompt.task, "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}

    async def _wrong(self, replica: Replica) -> str | None:
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
