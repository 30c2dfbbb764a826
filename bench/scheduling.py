"""Who is answered in time when more is asked than an engine can compute: the scheduler that ships, beside the usual ones.

Requests of a trace are replayed against a simulated engine (`inference/simulated.py`: an A10 with a model of 7 to 8 billion
parameters, steps of 2,048 tokens, 128 places), through the very `Line` and `Calibration` that ship, or through another policy.
`load` is the mean arrival rate over the rate at which the engine computes the whole trace when all of it waits. A promise is kept
(`sla_pct`, `goodput` a second) when the first token comes within 2 s of the arrival, 60 s for `batch`; refused is not kept.

Traces: `conv` and `code` are Azure's of 2023, an hour each, stretched to the load. `mix`: 82 % of 300 tokens in and 40 out, 8 % of
1,500 and 120, 10 % of 8,000 and 400. `burst`: the same, with 1,000 of the first kind at once every 500 s before it is stretched, of
the class `batch`. `flood`: `mix` of one tenant at .28 of what the engine can, while another sends five times as much; `calm` is
the first one alone. `small` is a prompt below 1,000 tokens. Times are seconds to the first token, of those who got one.

Policies: `none` sends everything to the engine at once; `fifo cap`, `sjf cap` and `sjf ageing` let 32 run, in order of arrival, of
length, of length less 30 times the wait; `edf` the same by deadline; `vllm priority` orders by length inside the engine.
`bound` is the most that anybody could keep who had known all requests before, on a machine that computes nothing but prompts at
this engine's speed in full steps (Kise, Ibaraki and Mine, 1978); no engine reaches it, since it must decode too.

Rows of `matjip` with a comma change one thing: `caps` are the requirements' numbers of running calls (50 in all, 30, 20 and 10 by
kind) where the others let the engine's 128 run; `lengths .3` counts tokens wrongly (lognormal), `pace ×2` begins with that belief of
the engine and learns, `pace ×2 kept` never does; `retries` lets refused callers come back three times after 2, 4 and 8 s or half
more; `4,096` gives the engine steps of that many tokens; `5 ms away` puts that between gateway and engine each way; `no refusals` serves late what it would refuse.
"""

import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matjip.clock import new_dice
from matjip.inference.calibration import Calibration, prior
from matjip.inference.model import Urgency
from matjip.inference.policy import Line, PolicySettings, Refusal, Seen, Start, Ticket
from matjip.inference.simulated import GPUS, SimulatedEngine, Step

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
BARS = ("trace policy", "at_85")
GPU = GPUS["a10"]
BUDGET, PLACES = 2_048, 128
SLA_S, BATCH_SLA_S = 2.0, 60.0
CAP = 32
UNCAPPED = {"running": PLACES, "running_by_kind": {}, "waiting": 20_000}
AGEING = 30.0  # times the wait against the seconds of its prefill
MAX_OUTPUT = 2_000  # tokens; a trace's longer answers are cut
SMALL_TOKENS = 1_000
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
LOADS = (0.7, 0.85, 1.0, 1.2)
SHOWN_LOAD = 0.85
MIX = ((0.82, "sentiment", 300, 40), (0.08, "summary", 1_500, 120), (0.10, "strengths", 8_000, 400))
MIX_REQUESTS, MIX_RATE = 20_000, 5.4
MIX_SPREAD = (0.25, 0.3)  # lognormal sigma of prompts and of answers around their kind's
BURST_EVERY_S, BURST_FIRST_S, BURST_REQUESTS, BURST_WITHIN_S = 500.0, 60.0, 1_000, 2.0
BURST_KIND = ("sentiment", 300, 40)
BURST_S = 2_800.0
FLOOD_RATES, FLOOD_S = {"calm": 0.45, "loud": 2.25}, 3_000.0  # requests a second
SEED = 7


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

    def join(self, ticket: Ticket, now: float) -> Refusal | None:  # noqa: ARG002
        self.order += 1
        heappush(self.heap, (self.key(ticket), self.order, ticket))
        return None

    def next(self, now: float) -> Start | Refusal | None:  # noqa: ARG002
        if not self.heap or len(self.running) >= self.cap:
            return None
        ticket = heappop(self.heap)[2]
        self.running.add(ticket.id)
        return Start(ticket=ticket)

    def first_token(self, ticket_id: str, now: float) -> Seen | None:  # noqa: ARG002
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
    refuses: bool = True


@dataclass(slots=True, eq=False)
class Replay:
    """One trace through one policy and one engine, event by event."""

    requests: Sequence[Request]
    policy: Policy
    calibration: Calibration
    engine: SimulatedEngine
    wrong: Wrong = field(default_factory=Wrong)
    now: float = 0.0
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
        prompt = max(1, round(request.prompt * self._dice.lognormvariate(0, self.wrong.lengths)))
        promised = PolicySettings().deadline_s(request.urgency)
        ticket = Ticket(
            id=str(about),
            tenant=request.tenant,
            kind=request.kind,
            urgency=request.urgency,
            arrived_s=self.now,
            deadline_s=None if promised is None or not self.wrong.refuses else self.now + promised,
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

    def _wake(self, about: object) -> None:  # noqa: ARG002
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

    def _stepped(self, about: object) -> None:
        assert isinstance(about, Step)
        self._busy = False
        for ticket_id in about.first:
            request = self.requests[int(ticket_id)]
            request.first_s = self.now - request.at
            self._begun[ticket_id] = self.now
            self._later(self.now + self.wrong.delay_s, "hear", ticket_id)
        for ticket_id in about.finished:
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


def rows(quick: bool) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    traces = {
        "conv": partial(_azure, "conv"),
        "code": partial(_azure, "code"),
        "mix": partial(_mixed, MIX_REQUESTS // (10 if quick else 1)),
    }
    for trace, make in traces.items():
        requests = make()
        if not requests:
            found.append({"trace": trace, "policy": "not measured: no trace in BENCH_DATA"})
            continue
        saturation = _saturation(requests)
        for load in (SHOWN_LOAD,) if quick else LOADS:
            for name in ("none", "matjip") if quick else (*OTHERS, "matjip"):
                found += _measured(trace, load, name, _stretched(make(), saturation * load))
            if trace != "mix" or not quick:
                kept = _bound(_stretched(make(), saturation * load))
                bound: dict[str, object] = {
                    "trace": trace,
                    "load": load,
                    "policy": "bound",
                    "of": "all",
                    "sla_pct": kept,
                }
                found.append(bound | ({"at_85": kept} if load == SHOWN_LOAD else {}))
        for name, wrong, settings in () if quick else VARIANTS:
            found += _measured(trace, SHOWN_LOAD, name, _stretched(make(), saturation * SHOWN_LOAD), wrong, settings)
    if not quick:
        rate = 0.7 * _saturation(_bursts())
        for name in ("none", "edf", "vllm priority", "matjip", "matjip, caps"):
            found += _measured("burst", 0.7, name, _stretched(_bursts(), rate))
        found += _measured("calm", "", "matjip", _tenants("calm"))
        for name in ("none", "matjip"):
            found += _measured("flood", "", name, _tenants("calm", "loud"))
    return found


def _measured(
    trace: str,
    load: float | str,
    policy: str,
    requests: list[Request],
    wrong: Wrong | None = None,
    settings: Mapping[str, object] | None = None,
) -> list[dict[str, object]]:
    """One replay: a row of all requests, and one of each class or tenant where there are several."""
    wrong = wrong or Wrong()
    belief = prior(GPU)
    calibration = Calibration(replace(belief, token_s=belief.token_s * wrong.pace))
    caps = {} if policy.endswith("caps") else UNCAPPED
    limits = PolicySettings.model_validate({**caps, **(settings or {})})
    budget = 2 * BUDGET if policy.endswith("4,096") else BUDGET
    engine = SimulatedEngine(GPU, budget=budget, places=PLACES, by_priority=policy == "vllm priority")
    line = Line(limits, calibration.pace) if policy.startswith("matjip") else OTHERS[policy]()
    done = Replay(requests, line, calibration, engine, wrong).run()
    groups = {"all": requests}
    for request in requests:
        groups.setdefault(request.urgency if trace == "burst" else request.tenant, []).append(request)
    if len(groups) == 2:  # all, and the only one
        groups = {"all": requests}
    about = {"trace": trace, "load": load, "policy": policy}
    found = [about | {"of": name} | _outcome(group, done) for name, group in groups.items()]
    if load == SHOWN_LOAD and "," not in policy:
        found[0]["at_85"] = found[0]["sla_pct"]
    return found


def _outcome(requests: Sequence[Request], done: Replay) -> dict[str, object]:
    met = sum(request.is_met for request in requests)
    waits = {
        size: sorted(each.first_s for each in requests if each.size == size and each.first_s is not None)
        for size in ("small", "large")
    }
    return {
        "sla_pct": round(100 * met / len(requests), 2),
        "goodput": round(met / done.now, 3),
        **{f"{size}_{name}": _quantile(waits[size], q) for size in waits for name, q in QUANTILES.items()},
        "throughput": round(sum(request.ended for request in requests) / done.now, 3),
        "refused_pct": round(100 * sum(request.refused for request in requests) / len(requests), 2),
        "preempted": done.engine.preempted,
    }


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)], 2) if ordered else None


def _azure(name: str) -> list[Request]:
    source = DATA / "traces" / f"AzureLLMInferenceTrace_{name}.csv"
    if not source.exists():
        return []
    with source.open() as lines:
        found = list(csv.DictReader(lines))
    times = [datetime.fromisoformat(each["TIMESTAMP"][:26]).timestamp() for each in found]  # microseconds
    return [
        Request(
            at=at - times[0],
            prompt=min(max(int(each["ContextTokens"]), 1), GPU.kv_tokens - MAX_OUTPUT),
            output=min(max(int(each["GeneratedTokens"]), 1), MAX_OUTPUT),
            kind=name,
        )
        for at, each in zip(times, found, strict=True)
    ]


def _mixed(count: int) -> list[Request]:
    arrivals = _mix(new_dice(SEED), MIX_RATE, tenant="one")
    return [next(arrivals) for _ in range(count)]


def _mix(dice: Random, rate: float, *, tenant: str) -> Iterator[Request]:
    at = 0.0
    while True:
        at += dice.expovariate(rate)
        kind = dice.choices(MIX, weights=[share for share, *_ in MIX])[0]
        yield _of_kind(dice, kind[1:], at, tenant=tenant)


def _of_kind(
    dice: Random, kind: tuple[str, int, int], at: float, *, tenant: str = "one", urgency: Urgency = "interactive"
) -> Request:
    name, prompt, output = kind
    spread, answers = MIX_SPREAD
    return Request(
        at=at,
        prompt=max(50, int(prompt * dice.lognormvariate(0, spread))),
        output=max(5, int(output * dice.lognormvariate(0, answers))),
        kind=name,
        tenant=tenant,
        urgency=urgency,
    )


def _bursts() -> list[Request]:
    dice = new_dice(SEED)
    requests = list(takewhile(lambda each: each.at < BURST_S, _mix(dice, MIX_RATE, tenant="one")))
    at = BURST_FIRST_S
    while at < BURST_S:
        for _ in range(BURST_REQUESTS):
            requests.append(_of_kind(dice, BURST_KIND, at + dice.random() * BURST_WITHIN_S, urgency="batch"))
        at += BURST_EVERY_S
    return sorted(requests, key=lambda each: each.at)


def _tenants(*names: str) -> list[Request]:
    found: list[Request] = []
    for seed, (name, rate) in enumerate(FLOOD_RATES.items()):  # the calm one sends the same, whoever is beside it
        if name in names:
            found += takewhile(lambda each: each.at < FLOOD_S, _mix(new_dice(SEED + seed), rate, tenant=name))
    return sorted(found, key=lambda each: each.at)


def _saturation(requests: Iterable[Request]) -> float:
    """Requests a second that the engine ends when all of them wait."""
    engine, seconds, count = SimulatedEngine(GPU, budget=BUDGET, places=PLACES), 0.0, 0
    for count, request in enumerate(requests, 1):
        engine.submit(str(count), request.prompt, request.output)
    while step := engine.step():
        seconds += step.seconds
    return count / seconds


def _stretched(requests: list[Request], rate: float) -> list[Request]:
    """The same, arriving at this mean rate."""
    factor = len(requests) / requests[-1].at / rate
    for request in requests:
        request.at *= factor
    return requests


def _bound(requests: Sequence[Request]) -> float:
    """Per cent that could be kept: the most jobs in time on one machine, where deadlines come in the order of arrival.

    Jobs are taken in that order; whenever the newest would be late, the one whose leaving brings the end forward most leaves.
    """
    step_s = GPU.step_s + GPU.host_s
    cost = [(GPU.token_s + step_s / BUDGET) * r.prompt + GPU.attention_s * r.prompt**2 / 2 for r in requests]
    at, work = np.zeros(0), np.zeros(0)  # of those who stay, since the machine was last idle
    left = 0
    for request, seconds in zip(requests, cost, strict=True):
        if len(at) and _starts(at, work)[-1] + work[-1] <= request.at:
            at, work = np.zeros(0), np.zeros(0)
        at, work = np.append(at, request.at), np.append(work, seconds)
        starts = _starts(at, work)
        if starts[-1] + seconds <= request.at + SLA_S:
            continue
        slack = np.append(np.minimum.accumulate((starts - at)[::-1])[::-1][1:], np.inf)
        gone = int(np.argmax(np.minimum(work, slack)))
        at, work = np.delete(at, gone), np.delete(work, gone)
        left += 1
    return round(100 * (1 - left / len(requests)), 2)


def _starts(at: NDArray[np.float64], work: NDArray[np.float64]) -> NDArray[np.float64]:
    before = np.cumsum(work) - work
    return np.asarray(np.maximum.accumulate(at - before) + before)


def _arrival(ticket: Ticket) -> float:
    return ticket.arrived_s


def _length(ticket: Ticket) -> float:
    return ticket.prefill_tokens


def _aged(ticket: Ticket) -> float:
    return ticket.prefill_tokens * GPU.token_s * AGEING + ticket.arrived_s


OTHERS: Mapping[str, Callable[[], Policy]] = {
    "none": lambda: Capped(_arrival),
    "fifo cap": lambda: Capped(_arrival, CAP),
    "sjf cap": lambda: Capped(_length, CAP),
    "sjf ageing": lambda: Capped(_aged, CAP),
    "edf": lambda: Capped(lambda ticket: ticket.deadline_s or math.inf, CAP),
    "vllm priority": lambda: Capped(_arrival),
}
VARIANTS: tuple[tuple[str, Wrong, Mapping[str, object]], ...] = (
    ("matjip, caps", Wrong(), {}),
    ("matjip, lengths .3", Wrong(lengths=0.3), {}),
    ("matjip, lengths .6", Wrong(lengths=0.6), {}),
    ("matjip, pace ×.5", Wrong(pace=0.5), {}),
    ("matjip, pace ×2", Wrong(pace=2.0), {}),
    ("matjip, pace ×.5 kept", Wrong(pace=0.5, learns=False), {}),
    ("matjip, pace ×2 kept", Wrong(pace=2.0, learns=False), {}),
    ("matjip, retries", Wrong(retries=3), {}),
    ("matjip, 5 ms away", Wrong(delay_s=0.005), {}),
    ("matjip, 4,096", Wrong(), {}),
    ("matjip, no refusals", Wrong(refuses=False), {}),
)
