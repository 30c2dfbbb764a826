"""Servers of one model: which is asked next, how long each may take, and what its failure is called.

What is sent to a kind of server, and how its answer is read, is for its adapter: `openai.py`, `remote.py`.
"""

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Literal, Self

import aiohttp
from pydantic import SecretStr

from matjip.clock import Clock, Ids
from matjip.errors import MatjipError
from matjip.inference.breaker import BreakerSettings, BreakerState, Gate
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Prompt, TokenUsage
from matjip.inference.open import ModelSettings
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import CompletionEnded, Hook

__all__ = ["MAX_BODY_BYTES", "OK", "Attempt", "Phase", "Replica", "ReplicaStatus", "ServedModel"]

KEEP_IDLE_S = 3.0  # vLLM's server closes an idle connection after 5 s: one that is used as it closes is a lost call
OK = 200
MAX_BODY_BYTES = 16_384  # of what else than an answer is read
# One failure is enough to try another server first; whether all are left alone is for the guard around them.
REST_AFTER_FAILURES = 1
LONGER = 1.01  # times what a phase may take is what it is given

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
class Replica:
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
class Attempt:
    """What is known of one attempt at one server while it goes on."""

    prompt: Prompt
    request_id: str
    start: float  # on the clock
    until: float  # on the loop's time: the end of the whole call
    is_last: bool  # no other server may be asked after it
    first_token_s: float | None = None
    phase: Phase = "first_token_timeout"


class ServedModel(ABC):
    """A Model; use it as a context manager, which holds its connections.

    Of several servers it asks the one with the fewest tokens outstanding, and another one where that fails before its first
    token. One that failed comes last until it has rested, when a single call finds out whether it is back; one that sent
    Retry-After is not asked before. Fails open among servers: while all of them rest, they are asked all the same.
    """

    SERVER: ClassVar[str]  # as its faults call it

    def __init__(
        self,
        urls: Sequence[str],
        settings: ModelSettings,
        *,
        key: SecretStr | None,
        clock: Clock,
        new_id: Ids,
        hooks: Sequence[Hook] = (),
    ) -> None:
        rest = BreakerSettings(failures=REST_AFTER_FAILURES, pause_s=settings.rest_s)
        self._settings = settings
        self._key = key
        self._clock = clock
        self._new_id = new_id
        self._hooks = tuple(hooks)
        self._replicas = tuple(Replica(url, Gate(rest, clock)) for url in urls)

    @property
    def name(self) -> str:
        return self._settings.name

    async def __aenter__(self) -> Self:
        key = self._key
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
            attempt = Attempt(prompt, self._new_id(), start=self._clock.monotonic(), until=until, is_last=is_last)
            try:
                return await self._seen(replica, attempt, body)
            except ModelFailure as failure:
                if self._is_over(attempt, failure) or not self._may_ask(waiting):
                    raise

    def replicas(self) -> tuple[ReplicaStatus, ...]:
        """The servers as they were last seen."""
        return tuple(replica.status() for replica in self._replicas)

    async def probe(self) -> tuple[ReplicaStatus, ...]:
        """Ask every server whether it is well and serves the model. One that is not rests; one that is may still be resting,
        since a server that drains says that it is well.
        """
        return tuple(await asyncio.gather(*(self._probe(replica) for replica in self._replicas)))

    @abstractmethod
    def _body(self, prompt: Prompt) -> bytes:
        """What is sent. Raises Invalid where the prompt cannot be."""

    @abstractmethod
    async def _read(self, replica: Replica, attempt: Attempt, body: bytes) -> Completion:
        """Ask one server. Whatever ends this before its end closes the connection, and with it the server's work."""

    @abstractmethod
    async def _wrong(self, replica: Replica) -> str | None:
        """What is wrong with a server, in a sentence; None where nothing is."""

    def _is_over(self, attempt: Attempt, failure: ModelFailure) -> bool:
        """Whether no other server is asked after this failure."""
        return attempt.first_token_s is not None or failure.reason == "total_timeout"

    def _best(self, among: Sequence[Replica]) -> Replica:
        """The next to ask. Raises ModelFailure where every one of them asked to wait."""
        if ready := self._may_ask(among):
            return min(ready, key=lambda replica: (not replica.gate.admits(), replica.outstanding_tokens))
        wait_s = math.ceil(min(replica.waits_until for replica in among) - self._clock.monotonic())
        raise ModelFailure(
            f"The {self.SERVER} asked to be left alone for {wait_s} s.", reason="left_alone", retry_after_s=wait_s
        )

    def _may_ask(self, among: Sequence[Replica]) -> list[Replica]:
        now = self._clock.monotonic()
        return [replica for replica in among if replica.waits_until <= now]

    async def _seen(self, replica: Replica, attempt: Attempt, body: bytes) -> Completion:
        """One attempt, whose load is counted while it goes on and which is recorded when it ends."""
        prompt, outcome = attempt.prompt, "cancelled"
        usage = TokenUsage(prompt=0, completion=0)
        try:
            with replica.working(prompt.tokens + prompt.max_tokens):
                completion = await self._ask(replica, attempt, body)
            outcome, usage = completion.finish, completion.usage
        except ModelFailure as failure:
            outcome = failure.reason
            if failure.retry_after_s and failure.reason != "no_room":  # which is said of one call, not of all
                replica.waits_until = self._clock.monotonic() + failure.retry_after_s
            raise
        except MatjipError as error:
            outcome = error.code
            raise
        finally:
            tell(self._hooks, self._ended(attempt, outcome, usage))
        return completion

    def _ended(self, attempt: Attempt, outcome: str, usage: TokenUsage) -> CompletionEnded:
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

    async def _ask(self, replica: Replica, attempt: Attempt, body: bytes) -> Completion:
        try:
            return await self._read(replica, attempt, body)
        except aiohttp.ConnectionTimeoutError as error:
            seconds = self._settings.connect_timeout_s
            raise ModelFailure(
                f"The {self.SERVER} did not accept a connection within {seconds:g} s (model.connect_timeout_s).",
                reason="connect_timeout",
            ) from error
        except TimeoutError as error:
            raise self._too_late(attempt) from error
        except aiohttp.ClientConnectorError as error:
            raise ModelFailure(f"The {self.SERVER} does not accept connections.", reason="refused") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelFailure(f"The connection to the {self.SERVER} broke.", reason="lost") from error

    def _allow(self, limit: asyncio.Timeout, attempt: Attempt, phase: Phase) -> None:
        """Let the attempt go on for as long as this phase may take and a little more, never past the end of the whole call.

        Most tokens move nothing: the little more lasts for those that come meanwhile.
        """
        now, seconds, ends = asyncio.get_running_loop().time(), self._limit(phase, attempt)[0], limit.when()
        is_whole = attempt.phase == "total_timeout" and now + seconds >= attempt.until
        if ends is not None and (is_whole or (attempt.phase == phase and now + seconds <= ends)):
            return
        at = now + seconds * LONGER
        attempt.phase = phase if at < attempt.until else "total_timeout"
        limit.reschedule(min(at, attempt.until))

    def _limit(self, phase: Phase, attempt: Attempt) -> tuple[float, str]:
        """Seconds that a phase may take, and the setting that says so."""
        settings = self._settings
        match phase:
            case "first_token_timeout" if attempt.prompt.urgency == "interactive" and not attempt.is_last:
                shorter = settings.interactive_first_token_timeout_s, "model.interactive_first_token_timeout_s"
                return min((settings.first_token_timeout_s, "model.first_token_timeout_s"), shorter)
            case "first_token_timeout":
                return settings.first_token_timeout_s, "model.first_token_timeout_s"
            case "between_tokens_timeout":
                return settings.between_tokens_timeout_s, "model.between_tokens_timeout_s"
            case "total_timeout":
                return self._whole(attempt.prompt)

    def _whole(self, prompt: Prompt) -> tuple[float, str]:
        if prompt.urgency == "interactive":
            return self._settings.interactive_timeout_s, "model.interactive_timeout_s"
        return self._settings.total_timeout_s, "model.total_timeout_s"

    def _too_late(self, attempt: Attempt) -> ModelFailure:
        seconds, setting = self._limit(attempt.phase, attempt)
        return ModelFailure(
            f"The {self.SERVER} {TOO_LATE[attempt.phase]} {seconds:g} s ({setting}).", reason=attempt.phase
        )

    async def _probe(self, replica: Replica) -> ReplicaStatus:
        wrong = await self._wrong(replica)
        if wrong:
            replica.gate.fail()
        return replica.status(wrong)

    async def _get(self, url: str, *, most_bytes: int = MAX_BODY_BYTES) -> tuple[int, bytes]:
        async with self._session.get(url, allow_redirects=False) as response:
            parts, size = [], 0
            while size < most_bytes and (part := await response.content.read(most_bytes - size)):
                parts.append(part)
                size += len(part)
            return response.status, b"".join(parts)
