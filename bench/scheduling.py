"""Who is answered in time when more is asked than an engine can compute: the scheduler that ships, beside the usual ones.

Requests of a trace are replayed against a simulated engine (`inference/simulated.py`, an A10 with a model of 7 to 8 billion
parameters, steps of 2,048 tokens, 128 places), through the very `Line` and `Calibration` that ship, or through another policy.
`load` is the mean arrival rate over the rate at which the engine computes the whole trace when all of it waits. A request meets
its promise when its first token comes within 2 s of its arrival (`batch`: 60 s); refused ones do not.

- `conv`, `code`: Azure's traces of 2023, an hour each, stretched to the load. `small` is a prompt below 1,000 tokens.
- `mix`: 82 % of 300 tokens in and 40 out, 8 % of 1,500 and 120, 10 % of 8,000 and 400; `burst`: the same with 1,000 small ones
  at once every 500 s, as a class of their own with 60 s. `flood`: `mix` of one tenant at 30 % while another sends 5 times that.
- `none`: straight to the engine; `fifo cap`, `sjf cap`, `sjf ageing`: 32 at once, in order of arrival, of length, of length less
  30 times the wait; `edf`: the earliest deadline first; `vllm priority`: everything to an engine that orders by length.
- `bound`: the most that any order could have in time, had it known all requests before: one machine that computes nothing but
  prompts, at the engine's speed in full steps (Kise, Ibaraki and Mine's algorithm). No engine reaches it, since it must decode too.
- rows named `matjip, …` change one thing: how wrong it is of lengths or of the engine's pace, or what callers do when refused.
"""

import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from typing import Literal, Protocol

from matjip.clock import new_dice
from matjip.inference.calibration import Calibration, prior
from matjip.inference.model import Urgency
from matjip.inference.policy import Line, PolicySettings, Refusal, Seen, Start, Ticket
from matjip.inference.simulated import GPUS, Gpu, SimulatedEngine

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
BARS = ("trace load policy", "sla_pct")
GPU = GPUS["a10"]
BUDGET, PLACES = 2_048, 128
SLA_S, BATCH_SLA_S = 2.0, 60.0
CAP = 32
AGEING = 30.0  # times the wait against the seconds of its prefill
MAX_OUTPUT = 2_000  # tokens; a trace's longer answers are cut
SMALL_TOKENS = 1_000
ANSWERS = 400  # of the mix's largest kind, in tokens
LOADS = (0.7, 0.85, 1.0, 1.2)
MIX = ((0.82, "sentiment", 300, 40), (0.08, "summary", 1_500, 120), (0.10, "strengths", 8_000, 400))
MIX_S, BURST_EVERY_S, BURST_REQUESTS, BURST_WITHIN_S = 6_000.0, 500.0, 1_000, 2.0
SEED = 7
Outcome = Literal["waiting", "refused", "served"]


@dataclass(slots=True, eq=False)
class Request:
    """One request of a trace, and what became of it."""

    at: float
    prompt: int
    output: int
    kind: str
    urgency: Urgency = "interactive"
    tenant: str = "one"
    first_s: float | None = None  # from its arrival
    refused: bool = False
    tries: int = 1
    since: float = 0.0  # when it was first sent
    ended: bool = False

    @property
    def sla_s(self) -> float:
        return BATCH_SLA_S if self.urgency == "batch" else SLA_S

    @property
    def is_met(self) -> bool:
        return self.first_s is not None and self.first_s <= self.sla_s

    @property
    def size(self) -> str:
        return "small" if self.prompt < SMALL_TOKENS else "large"


class Policy(Protocol):
    """What stands before the engine: a Line, or another."""

    def join(self, ticket: Ticket, now: float) -> Refusal | None: ...
    def next(self, now: float) -> Start | Refusal | None: ...
    def first_token(self, ticket_id: str, now: float) -> Seen | None: ...
    def end(self, ticket_id: str) -> None: ...
    def wakes_at(self) -> float | None: ...


@dataclass(slots=True, eq=False)
class Capped:
    """So many at once, the rest in an order: what a semaphore or a priority queue before an engine does."""

    key: Callable[[Ticket], float]
    cap: float = math.inf
    running: set[str] = field(default_factory=set)
    heap: list[tuple[float, int, Ticket]] = field(default_factory=list)
    order: int = 0

    def join(self, ticket: Ticket, now: float) -> Refusal | None:
        self.order += 1
        heappush(self.heap, (self.key(ticket), self.order, ticket))
        return None

    def next(self, now: float) -> Start | Refusal | None:
        if not self.heap or len(self.running) >= self.cap:
            return None
        ticket = heappop(self.heap)[2]
        self.running.add(ticket.id)
        return Start(ticket=ticket)

    def first_token(self, ticket_id: str, now: float) -> Seen | None:
        return None

    def end(self, ticket_id: str) -> None:
        self.running.discard(ticket_id)

    def wakes_at(self) -> float | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """How a gateway is wrong, and what its callers do."""

    lengths: float = 0.0  # the spread (lognormal sigma) of its token counts
    pace: float = 1.0  # its belief of the engine's seconds a token, times
    learns: bool = True  # from first tokens
    retries: int = 0  # of a refused caller, after 2, 4, 8 s or half more
    delay_s: float = 0.0  # one way between gateway and engine
    stamp: float = 1.0  # of its KV capacity


@dataclass(slots=True, eq=False)
class Replay:
    """One trace through one policy and one engine, event by event."""

    requests: Sequence[Request]
    policy: Policy
    calibration: Calibration
    engine: SimulatedEngine
    wrong: Wrong = field(default_factory=Wrong)
    now: float = 0.0
    longest: int = 0  # that waited at once
    _events: list[tuple[float, int, str, object]] = field(default_factory=list)
    _order: int = 0
    _busy: bool = False
    _wakes: float = math.inf
    _dice: Random = field(default_factory=lambda: new_dice(SEED))
    _begun: dict[str, float] = field(default_factory=dict)

    def run(self) -> "Replay":
        for number, request in enumerate(self.requests):
            request.since = request.at
            self._later(request.at, "arrive", str(number))
        while self._events:
            self.now, _, what, about = heappop(self._events)
            getattr(self, f"_{what}")(about)
            if not self._events or self._events[0][0] > self.now:
                self._feed()
                self._compute()
        return self

    def _later(self, at: float, what: str, about: object) -> None:
        self._order += 1
        heappush(self._events, (at, self._order, what, about))

    def _arrive(self, about: object) -> None:
        request = self.requests[int(str(about))]
        prompt = request.prompt
        if self.wrong.lengths:
            prompt = max(1, round(prompt * self._dice.lognormvariate(0, self.wrong.lengths)))
        settings = PolicySettings()
        promised = settings.deadline_s(request.urgency)
        ticket = Ticket(
            id=str(about),
            tenant=request.tenant,
            kind=request.kind,
            urgency=request.urgency,
            arrived_s=self.now,
            deadline_s=None if promised is None else self.now + promised,
            prefill_tokens=prompt,
            context_tokens=prompt,
            output_tokens=round(self.calibration.expected(request.kind).output_tokens),
        )
        if refusal := self.policy.join(ticket, self.now):
            self._refuse(refusal)
        self._feed()

    def _feed(self) -> None:
        while decision := self.policy.next(self.now):
            if isinstance(decision, Refusal):
                self._refuse(decision)
            elif self.wrong.delay_s:
                self._later(self.now + self.wrong.delay_s, "submit", decision.ticket.id)
            else:
                self._submit(decision.ticket.id)
        wakes = self.policy.wakes_at()
        if wakes is not None and wakes < self._wakes - 1e-6:
            self._wakes = wakes
            self._later(max(wakes, self.now) + 1e-3, "wake", None)

    def _wake(self, about: object) -> None:
        self._wakes = math.inf

    def _submit(self, about: object) -> None:
        request = self.requests[int(str(about))]
        self.engine.submit(str(about), request.prompt, request.output, priority=request.prompt)

    def _refuse(self, refusal: Refusal) -> None:
        request = self.requests[int(refusal.ticket.id)]
        if request.tries <= self.wrong.retries:
            pause = 2.0**request.tries * (0.5 + self._dice.random())
            request.tries += 1
            request.at = self.now + pause
            self._later(request.at, "arrive", refusal.ticket.id)
        else:
            request.refused = True

    def _compute(self) -> None:
        if self._busy:
            return
        if step := self.engine.step():
            self._busy = True
            self._later(self.now + step.seconds, "stepped", step)

    def _stepped(self, step: object) -> None:
        self._busy = False
        for ticket_id in step.first:  # type: ignore[attr-defined]
            request = self.requests[int(ticket_id)]
            request.first_s = self.now - request.at
            self._begun[ticket_id] = self.now
            self._later(self.now + self.wrong.delay_s, "hear", ticket_id)
        for ticket_id in step.finished:  # type: ignore[attr-defined]
            self.requests[int(ticket_id)].ended = True
            self._later(self.now + self.wrong.delay_s, "over", ticket_id)

    def _hear(self, about: object) -> None:
        seen = self.policy.first_token(str(about), self.now)
        if seen and self.wrong.learns:
            self.calibration.first_token(seen, self.now)

    def _over(self, about: object) -> None:
        request = self.requests[int(str(about))]
        self.policy.end(str(about))
        self.calibration.answer(request.kind, request.output, self.now - self._begun.pop(str(about)), 0)
