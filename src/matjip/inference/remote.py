"""A model behind the process that owns its engines (`matjip serve --role inference`), whose queue is the only one before them.

It answers when its line has let the call through and the engine is done; until then it shows that it lives. Its own time limits
hold for the engine, so that here only its silence is a failure, and a wait that is too long for whoever waits.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import get_args

import aiohttp
from pydantic import BaseModel, TypeAdapter, ValidationError

from matjip.clock import Clock, Ids
from matjip.errors import Invalid, MatjipError
from matjip.inference.failure import ModelFailure, Reason
from matjip.inference.model import Completion, Prompt, Timing
from matjip.inference.open import ModelSettings, RemoteSettings
from matjip.inference.openai import retry_after_s
from matjip.inference.served import OK, Attempt, Phase, Replica, ServedModel
from matjip.inference.stream import REFUSES_THE_PROMPT
from matjip.inference.wire import COMPLETIONS_PATH, MODEL_PATH, ModelServed, read_completion, write_prompt
from matjip.telemetry.logs import logger
from matjip.telemetry.record import Hook

__all__ = ["RemoteModel"]

SERVER_ERROR = 500
MAX_BYTES = 16_000_000  # of an answer, as of a model server's
# A line that refuses a call where it arrives leaves the time to ask another's; one that let it wait has used that time up.
AT_THE_DOOR_S = 0.5
HINTS = {
    401: ": set remote.key, the same in both",
    404: ": is model.name what it serves, and model.remote the address of an inference role of this version?",
}


class RemoteModel(ServedModel):
    """A Model over owners of engines, one for each GPU; see `ServedModel`. It tells no first tokens: nothing waits for them here."""

    SERVER = "inference role"

    def __init__(
        self,
        settings: ModelSettings,
        remote: RemoteSettings,
        *,
        clock: Clock,
        new_id: Ids,
        hooks: Sequence[Hook] = (),
    ) -> None:
        super().__init__(settings.remote, settings, key=remote.key, clock=clock, new_id=new_id, hooks=hooks)
        self._remote = remote

    def _body(self, prompt: Prompt) -> bytes:
        return write_prompt(prompt, self.name)

    async def _read(self, replica: Replica, attempt: Attempt, body: bytes) -> Completion:
        headers = {"Content-Type": "application/json", "X-Request-Id": attempt.request_id}
        url, said = f"{replica.url}{COMPLETIONS_PATH}", bytearray()
        async with asyncio.timeout(None) as limit:
            self._allow(limit, attempt, "first_token_timeout")
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                while chunk := await response.content.readany():
                    said += chunk.lstrip() if not said else chunk
                    if len(said) > MAX_BYTES:
                        raise ModelFailure(f"The inference role sent over {MAX_BYTES} bytes.", reason="malformed")
                    self._allow(limit, attempt, "between_tokens_timeout")
        problem = _read_problem(bytes(said))
        if response.status != OK or problem:
            asked_s = retry_after_s(response.headers.get("Retry-After", ""), self._clock.now())
            raise self._failure(problem or _Problem(status=response.status), asked_s, attempt)
        if completion := read_completion(bytes(said)):
            return self._timed(completion, replica, attempt)
        raise ModelFailure("The inference role answered what is no completion.", reason="malformed")

    def _timed(self, told: Completion, replica: Replica, attempt: Attempt) -> Completion:
        """The same as seen from here: its wait for its turn and the way here are in it."""
        total_s, first_s = self._clock.monotonic() - attempt.start, told.timing.first_token_s
        if first_s is not None:
            attempt.first_token_s = max(total_s - (told.timing.total_s - first_s), 0.0)
        return Completion(
            text=told.text,
            finish=told.finish,
            model=told.model,
            usage=told.usage,
            timing=Timing(first_token_s=attempt.first_token_s, total_s=total_s),
            replica=replica.url,
        )

    def _failure(self, problem: "_Problem", asked_s: int | None, attempt: Attempt) -> MatjipError:
        """What a refusal means here: what it meant there."""
        status, reason = problem.status, problem.facts.get("reason")
        if reason in get_args(Reason):
            wait_s = problem.facts.get("retry_after_s")
            return ModelFailure(
                problem.detail,
                reason=_REASON.validate_python(reason),
                retry_after_s=wait_s if isinstance(wait_s, int) else None,
            )
        if status in REFUSES_THE_PROMPT:
            return Invalid(problem.detail or f"The inference role refused this prompt ({status}).")
        told = f"The inference role answered {status}"
        if status >= SERVER_ERROR:
            return ModelFailure(f"{told}.", reason="server_error", retry_after_s=asked_s)
        logger(__name__).warning("the inference role refused", status=status, model_request=attempt.request_id)
        return ModelFailure(f"{told}{HINTS.get(status, '')}.", reason="not_allowed")

    def _is_over(self, attempt: Attempt, failure: ModelFailure) -> bool:
        waited_s = self._clock.monotonic() - attempt.start
        return super()._is_over(attempt, failure) or (failure.reason == "no_room" and waited_s > AT_THE_DOOR_S)

    def _limit(self, phase: Phase, attempt: Attempt) -> tuple[float, str]:
        if phase == "total_timeout":
            return self._whole(attempt.prompt)
        return self._remote.silence_s, "remote.silence_s"

    def _whole(self, prompt: Prompt) -> tuple[float, str]:
        """A call that nobody waits for may stand in line for as long as its owner lets it."""
        return super()._whole(prompt) if prompt.urgency == "interactive" else (math.inf, "")

    def _too_late(self, attempt: Attempt) -> ModelFailure:
        if attempt.phase == "total_timeout":
            return super()._too_late(attempt)
        seconds, setting = self._limit(attempt.phase, attempt)
        return ModelFailure(f"The inference role said nothing for {seconds:g} s ({setting}).", reason=attempt.phase)

    async def _wrong(self, replica: Replica) -> str | None:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                ready, _ = await self._get(f"{replica.url}/health/ready")
                status, body = await self._get(f"{replica.url}{MODEL_PATH}")
        except TimeoutError:
            return f"It did not answer within {self._settings.connect_timeout_s:g} s (model.connect_timeout_s)."
        except (aiohttp.ClientError, OSError):
            return "It does not answer."
        if status in HINTS:
            return f"It answered {status}{HINTS[status]}."
        if ready != OK:
            return f"It says that it is not ready ({ready}): its own /health says why."
        return None if _serves(body) == self.name else "It serves no model of this name: set model.name."


class _Problem(BaseModel):
    """What of a problem document is read."""

    status: int
    code: str = ""
    detail: str = ""
    facts: dict[str, str | int | None] = {}


_REASON: TypeAdapter[Reason] = TypeAdapter(Reason)


def _read_problem(body: bytes) -> _Problem | None:
    """None where it is none: a completion has no status."""
    try:
        return _Problem.model_validate_json(body)
    except ValidationError:
        return None


def _serves(body: bytes) -> str | None:
    try:
        return ModelServed.model_validate_json(body).name
    except ValidationError:
        return None
