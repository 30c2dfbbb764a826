"""A model whose calls wait for their turn: the line of `policy.py` on the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from pydantic import Field

from matjip.clock import Clock, Ids
from matjip.inference.calibration import Calibration, prior
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Model, Prompt
from matjip.inference.policy import Line, LineView, Pace, PolicySettings, Refusal, Ticket
from matjip.inference.simulated import GPUS
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import CallEnded, CallOutcome, Hook

__all__ = ["Scheduled", "SchedulingSettings", "believed"]

# How often a line in which somebody waits is looked at, besides when something happens: a refusal comes that much late at most.
TICK_S = 0.02
SAYS = {
    "too_late": "could not have answered in time: too much waits before this call",
    "line_full": "has as many calls waiting as it may have",
    "tenant_full": "has as many calls of this tenant waiting as one tenant may have",
    "too_large": "has no room for a prompt of this length",
}


class SchedulingSettings(PolicySettings, frozen=True, extra="forbid"):
    """The promise, and what is believed of the GPU until it has been seen at work."""

    gpu: str = Field(
        "a10", pattern=f"^({'|'.join(GPUS)})$", description=f"The card that is believed in at first: {', '.join(GPUS)}."
    )


def believed(settings: SchedulingSettings, *, engines: int) -> Pace:
    """What is believed at first of so many engines that share one line."""
    one = prior(GPUS[settings.gpu])
    return replace(one, token_s=one.token_s / engines, kv_tokens=one.kv_tokens * engines)


class Scheduled:
    """A Model around a Model; use it as a context manager. Fails closed: who would be late is refused at once, with when to come back.

    It must be the only one that gives work to the engines behind it: two lines before one engine each believe that its room is
    theirs. The inner model must tell first tokens (`Prompt.heard`), or the window before it opens only when answers end.
    """

    def __init__(
        self,
        inner: Model,
        settings: PolicySettings,
        calibration: Calibration,
        *,
        engines: int = 1,
        clock: Clock,
        new_id: Ids,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._calibration = calibration
        self._clock = clock
        self._new_id = new_id
        self._hooks = tuple(hooks)
        window = settings.model_copy(update={"window_tokens": settings.window_tokens * engines})
        self.line = Line(window, calibration.pace)
        self._turns: dict[str, asyncio.Future[None]] = {}
        self._somebody_waits = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._inner.name

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch(), name="look at the line")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def view(self) -> LineView:
        """The line as it stands."""
        return self.line.view(self._clock.monotonic())

    def measured(self, kv_tokens: float | None) -> None:
        """What the engines say is taken of their room; None: they have not said so lately."""
        self.line.measured(kv_tokens, self._clock.monotonic())

    async def complete(self, prompt: Prompt) -> Completion:
        """See `Model.complete`. Raises ModelFailure "no_room" where the call would be late, or too much waits."""
        call = _Call(prompt, self._ticket(prompt), self._clock.monotonic)
        try:
            await self._turn(call)
            call.started()
            heard = partial(self._heard, call)
            completion = await self._inner.complete(replace(prompt, heard=heard))
            if call.first_token_s is None:  # the inner model tells no first tokens: what it timed stands in
                heard()
            call.answered(completion)
            self._learn(call, completion)
            return completion
        except ModelFailure as failure:
            call.outcome = "refused" if failure.reason == "no_room" else "failed"
            call.reason = call.reason or failure.reason
            raise
        finally:
            self._turns.pop(call.ticket.id, None)
            self.line.end(call.ticket.id)
            tell(self._hooks, call.ended())
            self._feed()

    async def _turn(self, call: "_Call") -> None:
        """Wait until the call may be given to the engine. Raises ModelFailure where that will not be in time."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns[call.ticket.id] = turn
        if refusal := self.line.join(call.ticket, self._clock.monotonic()):
            self._tell(refusal)
        self._feed()
        try:
            await turn
        except _Refused as refused:
            call.reason = refused.refusal.reason
            raise ModelFailure(
                f"The model {SAYS[call.reason]}.", reason="no_room", retry_after_s=refused.refusal.retry_after_s
            ) from None

    def _feed(self) -> None:
        """Start and refuse whom the line says now."""
        while decision := self.line.next(self._clock.monotonic()):
            if isinstance(decision, Refusal):
                self._tell(decision)
            elif (turn := self._turns.get(decision.ticket.id)) and not turn.done():
                turn.set_result(None)
        if len(self.line):
            self._somebody_waits.set()
        else:
            self._somebody_waits.clear()

    def _tell(self, refusal: Refusal) -> None:
        turn = self._turns.get(refusal.ticket.id)
        if turn and not turn.done():
            turn.set_exception(_Refused(refusal))

    async def _watch(self) -> None:
        """Refuse in time whom nothing else would remind of."""
        while True:
            await self._somebody_waits.wait()
            await self._clock.sleep(TICK_S)
            self._feed()

    def _ticket(self, prompt: Prompt) -> Ticket:
        now, work = self._clock.monotonic(), prompt.work
        promised = self._settings.deadline_s(work.urgency)
        expected = self._calibration.expected(prompt.version)
        return Ticket(
            id=self._new_id(),
            tenant=work.tenant,
            kind=work.kind,
            urgency=work.urgency,
            arrived_s=now,
            deadline_s=None if promised is None else now + promised,
            prefill_tokens=max(prompt.tokens - round(expected.cached_tokens), 1),
            context_tokens=prompt.tokens,
            output_tokens=min(round(expected.output_tokens), prompt.max_tokens),
            items=prompt.items,
            bytes=sum(len(message.content.encode()) for message in prompt.messages),
            weight=work.weight,
        )

    def _heard(self, call: "_Call") -> None:
        """The first token has come: the next may be given to the engine."""
        if call.first_token_s is not None:
            return
        now = self._clock.monotonic()
        call.first_token_s = now
        if seen := self.line.first_token(call.ticket.id, now):
            self._calibration.first_token(seen, now)
        self._feed()

    def _learn(self, call: "_Call", completion: Completion) -> None:
        usage = completion.usage
        if not usage.is_estimate:
            self._calibration.answer(call.prompt.version, usage.completion, call.decode_s, usage.cached)


class _Refused(Exception):
    """Carries a refusal to the call that waits."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class _Call:
    """What is known of one call while it goes on."""

    def __init__(self, prompt: Prompt, ticket: Ticket, time: Callable[[], float]) -> None:
        self.prompt = prompt
        self.ticket = ticket
        self.outcome: CallOutcome = "cancelled"
        self.reason = ""
        self.first_token_s: float | None = None  # on the clock
        self._time = time
        self._started_s: float | None = None
        self._completion: Completion | None = None

    @property
    def decode_s(self) -> float:
        """Since its first token."""
        return 0.0 if self.first_token_s is None else self._time() - self.first_token_s

    def started(self) -> None:
        self._started_s = self._time()

    def answered(self, completion: Completion) -> None:
        self._completion = completion
        until = self.ticket.deadline_s
        is_late = until is not None and (self.first_token_s or self._time()) > until
        self.outcome = "late" if is_late else "met"

    def ended(self) -> CallEnded:
        arrived, now = self.ticket.arrived_s, self._time()
        started = now if self._started_s is None else self._started_s
        usage = self._completion.usage if self._completion else None
        first = self.first_token_s
        return CallEnded(
            tenant=self.ticket.tenant,
            kind=self.ticket.kind,
            urgency=self.ticket.urgency,
            outcome=self.outcome,
            reason=self.reason,
            queued_s=started - arrived,
            first_token_s=None if first is None else first - arrived,
            prefill_s=None if first is None else first - started,
            decode_s=None if first is None else now - first,
            seconds=now - arrived,
            prompt_tokens=usage.prompt if usage else 0,
            completion_tokens=usage.completion if usage else 0,
        )
