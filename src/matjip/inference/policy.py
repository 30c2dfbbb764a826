"""Who is asked next, who waits, and who is told that it will not be in time: rules over numbers, without a clock or a wait.

The engine behind may be given so much that it is never idle and so little that whoever is chosen last can still be chosen
well: a window of tokens to compute, and room for the keys and values of all that runs. What waits beyond that waits here,
the shortest prompt first within a class of urgency. What cannot have its first token in time is refused while its caller can
still do something else; that is what keeps the others in time.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

from pydantic import BaseModel, Field

from matjip.inference.model import Urgency

__all__ = [
    "CLASSES",
    "ClassView",
    "Line",
    "LineView",
    "Pace",
    "PolicySettings",
    "Reason",
    "Refusal",
    "Seen",
    "Start",
    "TenantView",
    "Ticket",
]

CLASSES: tuple[Urgency, ...] = ("interactive", "batch", "background")  # the most urgent first
Reason = Literal["too_late", "line_full", "tenant_full", "too_large"]

# Two prompts of nearly the same length keep the order in which they came: 64 tokens are four blocks of vLLM's key-value cache.
LENGTH_STEP = 64
# What each running call may put out before the next decision: two blocks. 16 to 64 give the same within .2 point.
GROWTH_TOKENS = 32
# How far one tenant's share may run ahead of another's that waits, in windows: below, the shortest goes first whoever it is of.
LEAD_WINDOWS = 1.0
# Of the promised time: what a tenant that computes more than its share, while others ask, may put before the engine's next first
# token. What that leaves is there for a long prompt of somebody else. Of .75, .6, .5 and .4 the flood in bench/scheduling.py costs a
# calm tenant 2.2, 1.3, 1.1 and .9 points, 3.7 without the rule.
LOUD_SHARE = 0.6
LATELY_S = 10.0  # after which what a tenant computed counts half
OTHERS = 0.05  # of the computed tokens: what others must have had to be there at all
TENANTS = 1_000  # whose share is followed
# An engine that has begun nothing for so long tries a call that is believed to be late: what it shows corrects a pace that a bad
# moment left behind.
IDLE_TRIES_S = 5.0
# A promise to somebody who waits counts as much as four to a class below that is late: then a call goes before one of a more
# urgent class that is more than so many times as long.
URGENT_COUNTS = 4
# A class is late when, at this share of the engine's pace, what waits in it would not be in time.
LATE_AT_SHARE = 0.5
MIN_RETRY_S, MAX_RETRY_S = 1, 60
OUTPUT_COST = 2.0  # a token put out against one read, as in the virtual token counter (arXiv 2401.00588)


class PolicySettings(BaseModel, frozen=True, extra="forbid"):
    """What is promised to whom, and how much runs and waits at once."""

    interactive_deadline_s: float = Field(2.0, gt=0, description="Until the first token, where somebody waits for it.")
    batch_deadline_s: float = Field(60.0, gt=0, description="The same, of work that was sent together.")
    window_tokens: int = Field(
        2_048, ge=256, description="Tokens given to the engine and not computed yet: its max_num_batched_tokens."
    )
    kv_share: float = Field(
        0.98, gt=0, le=1, description="Of the engine's room for keys and values: how much is filled."
    )
    running: int = Field(50, ge=1, description="Calls that run at once.")
    running_by_kind: Mapping[str, int] = Field(
        {"sentiment": 30, "summary": 20, "strengths": 10}, description="The same of each kind of analysis."
    )
    running_batches: int = Field(20, ge=1, description="Calls that ask about several reviews and run at once.")
    waiting: int = Field(2_000, ge=1, description="Calls that wait at most; more are refused at once.")
    waiting_bytes: int = Field(64_000_000, ge=1, description="Their prompts' bytes at most.")
    tenant_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Of the waiting calls and bytes: how much one tenant may hold. And of the computed tokens while others ask: "
        "beyond, it is refused sooner.",
    )
    lower_share: float = Field(
        0.1, ge=0, lt=1, description="Of the computed tokens: what a class keeps while a more urgent one waits."
    )

    def deadline_s(self, urgency: Urgency) -> float | None:
        """Seconds from arrival to the first token that this class is promised; None: nothing is promised."""
        match urgency:
            case "interactive":
                return self.interactive_deadline_s
            case "batch":
                return self.batch_deadline_s
            case "background":
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the engine is believed to be. Every number may be wrong: it decides what is refused, never what is true."""

    fixed_s: float  # from giving it a call to the first token, besides the tokens
    token_s: float  # for each token to compute before
    decode_s: float  # between two tokens that one call puts out
    kv_tokens: int  # room for keys and values

    def first_token_s(self, tokens: int) -> float:
        """Until the first token of a call whose last token is the `tokens`th to compute."""
        return self.fixed_s + self.token_s * tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A call that waits for its turn: what it takes, for whom, until when."""

    id: str
    tenant: str
    kind: str
    urgency: Urgency
    arrived_s: float
    deadline_s: float | None  # on the same clock; None: it can wait
    prefill_tokens: int  # to compute: of the prompt, what no prefix cache holds
    context_tokens: int  # of the whole prompt, whose keys and values take room
    output_tokens: int  # expected
    items: int = 1  # reviews that it asks about
    bytes: int = 0
    weight: float = 1.0  # of the tenant's plan: twice the weight, twice the share

    @property
    def lane(self) -> "Lane":
        return self.kind, self.items > 1

    @property
    def cost(self) -> float:
        """What it takes of its tenant's share."""
        return (self.prefill_tokens + OUTPUT_COST * self.output_tokens) / self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Give it to the engine now."""

    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Tell its caller now that it will not be in time, and when to come back."""

    ticket: Ticket
    reason: Reason
    retry_after_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a first token teaches: so many tokens were to compute, this call's the last of them, and it took so long."""

    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassView:
    """One class as it stands."""

    urgency: Urgency
    waiting: int
    waiting_tokens: int
    running: int
    longest_wait_s: float
    expected_wait_s: float  # until what came now would have its first token, were it of no length


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantView:
    """One tenant as it stands."""

    tenant: str
    waiting: int
    running: int
    lead_tokens: float  # how far its share is ahead of the tenant that got least


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """The whole line, for people."""

    waiting: int
    waiting_bytes: int
    running: int
    ahead_tokens: int  # given to the engine and not computed yet
    kv_tokens: int  # believed to be taken
    kv_capacity: int
    classes: tuple[ClassView, ...]
    kinds: Mapping[str, int]  # running
    tenants: tuple[TenantView, ...]  # those who wait or run, the most first


Entry = tuple[int, int, Ticket]  # length in steps, order of arrival
Lane = tuple[str, bool]  # kind, and whether it asks about several reviews: what has caps of its own


@dataclass(slots=True, eq=False)
class _Running:
    ticket: Ticket
    started_s: float
    tokens: int  # ahead of it, and its own
    first_token_s: float | None = None  # on the clock


@dataclass(slots=True, eq=False)
class _Class:
    heaps: dict[str, dict[Lane, list[Entry]]] = field(default_factory=lambda: defaultdict(dict))  # by tenant
    waiting: int = 0
    tokens: int = 0  # of those who wait
    running: int = 0
    deadlines: float = 0.0  # the sum of those of all who wait
    credit: float = 0.0  # tokens that it may compute before a more urgent class

    def is_late(self, now: float, pace: Pace) -> bool:
        """Whether those who wait would miss their deadlines, on the mean, at half of the engine's pace."""
        takes = pace.first_token_s(self.tokens) / LATE_AT_SHARE
        return bool(self.waiting and self.deadlines) and now + takes > self.deadlines / self.waiting


class Line:
    """The calls that wait for one engine and those that it computes. Every method takes the time; none keeps one.

    `pace` is asked at each decision for the belief of that moment, so that what is learned counts at once.
    """

    def __init__(self, settings: PolicySettings, pace: Callable[[float], Pace]) -> None:
        self._settings = settings
        self._pace = pace
        self._classes: dict[Urgency, _Class] = {urgency: _Class() for urgency in CLASSES}
        self._waiting: dict[str, Ticket] = {}
        self._running: dict[str, _Running] = {}
        self._latest: list[tuple[float, int, Ticket]] = []  # by when each must have started
        self._order = 0
        self._bytes = 0
        self._ahead = 0  # tokens given to the engine whose first token has not come
        self._context = 0  # tokens of running prompts
        self._decoding = 0  # running calls whose first token came
        self._began = 0.0  # the sum of those moments
        self._surplus = 0.0  # tokens that the engine says are taken beyond what is believed
        self._kinds: Counter[str] = Counter()
        self._batches = 0
        self._tenant_waiting: Counter[str] = Counter()
        self._tenant_bytes: Counter[str] = Counter()
        self._tenant_running: Counter[str] = Counter()
        self._served: dict[str, float] = {}  # cost by tenant, of those who wait or run
        self._lately: dict[
            str, tuple[float, float]
        ] = {}  # cost by tenant, counting half after LATELY_S, and as of when
        self._started_at = -IDLE_TRIES_S  # when the last call was given to the engine
        self._virtual = 0.0  # what the tenant that was chosen last had got before: where a newcomer begins

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running)

    def join(self, ticket: Ticket, now: float) -> Refusal | None:
        """Let a call wait, or say why it may not."""
        if reason := self._closed(ticket, now):
            return self._refusal(ticket, reason, now)
        if not self._tenant_waiting[ticket.tenant]:  # it gets no credit for the time that it did not ask
            self._served[ticket.tenant] = max(self._served.get(ticket.tenant, 0.0), self._virtual)
        self._order += 1
        self._waiting[ticket.id] = ticket
        group = self._classes[ticket.urgency]
        heap = group.heaps[ticket.tenant].setdefault(ticket.lane, [])
        heappush(heap, (ticket.prefill_tokens // LENGTH_STEP, self._order, ticket))
        group.waiting += 1
        group.tokens += ticket.prefill_tokens
        group.deadlines += ticket.deadline_s or 0.0
        self._tenant_waiting[ticket.tenant] += 1
        self._tenant_bytes[ticket.tenant] += ticket.bytes
        self._bytes += ticket.bytes
        if (latest := self._latest_start(ticket, now)) is not None:
            heappush(self._latest, (latest, self._order, ticket))
        return None

    def next(self, now: float) -> Start | Refusal | None:
        """Whom to start or to refuse now; None: nobody. Ask until it says so."""
        if hopeless := self._hopeless(now):
            return hopeless
        if self._ahead >= self._settings.window_tokens or len(self._running) >= self._settings.running:
            return None
        ticket = self._choice(now)
        if ticket is None:
            return None
        if not self._has_room(ticket, now):
            return None
        if not self._is_in_time(ticket, now, self._ahead) and not self._may_try(ticket, now):
            self._take_out(ticket)
            return self._refusal(ticket, "too_late", now)
        self._start(ticket, now)
        self._take_out(ticket)
        return Start(ticket=ticket)

    def first_token(self, ticket_id: str, now: float) -> Seen | None:
        """The engine has computed this call's prompt. None where it is not known, or has said so before."""
        running = self._running.get(ticket_id)
        if running is None or running.first_token_s is not None:
            return None
        running.first_token_s = now
        self._ahead -= running.ticket.prefill_tokens
        self._decoding += 1
        self._began += now
        return Seen(tokens=running.tokens, seconds=now - running.started_s)

    def end(self, ticket_id: str) -> None:
        """A call is over, or its caller went away. Nothing happens where it is not known."""
        if ticket := self._waiting.get(ticket_id):
            self._take_out(ticket)
            return
        running = self._running.pop(ticket_id, None)
        if running is None:
            return
        ticket = running.ticket
        if running.first_token_s is None:
            self._ahead -= ticket.prefill_tokens
        else:
            self._decoding -= 1
            self._began -= running.first_token_s
        self._context -= ticket.context_tokens
        self._kinds[ticket.kind] -= 1
        self._batches -= ticket.items > 1
        self._classes[ticket.urgency].running -= 1
        self._tenant_running[ticket.tenant] -= 1
        self._forget_idle(ticket.tenant)

    def measured(self, kv_tokens: float | None, now: float) -> None:
        """What the engine itself says is taken of its room; None: it has not said so lately, and what is believed counts."""
        self._surplus = 0.0 if kv_tokens is None else kv_tokens - self._believed_kv(now)

    def wakes_at(self) -> float | None:
        """When somebody becomes hopeless, if nothing else happens before."""
        self._drop_gone()
        return self._latest[0][0] if self._latest else None

    def retry_after_s(self, urgency: Urgency, now: float) -> int:
        """Whole seconds until a call of this class may hope again: the backlog before it, at the believed pace."""
        return min(max(math.ceil(self._wait_s(urgency, now)), MIN_RETRY_S), MAX_RETRY_S)

    def view(self, now: float) -> LineView:
        """The line as it stands."""
        least = min((self._served[tenant] for tenant in self._served), default=0.0)
        tenants = [
            TenantView(
                tenant=tenant,
                waiting=self._tenant_waiting[tenant],
                running=self._tenant_running[tenant],
                lead_tokens=served - least,
            )
            for tenant, served in self._served.items()
        ]
        oldest: dict[Urgency, float] = {}
        for ticket in self._waiting.values():  # in the order of arrival
            oldest.setdefault(ticket.urgency, ticket.arrived_s)
        return LineView(
            waiting=len(self._waiting),
            waiting_bytes=self._bytes,
            running=len(self._running),
            ahead_tokens=self._ahead,
            kv_tokens=round(self._kv(now)),
            kv_capacity=self._pace(now).kv_tokens,
            classes=tuple(
                ClassView(
                    urgency=urgency,
                    waiting=group.waiting,
                    waiting_tokens=group.tokens,
                    running=group.running,
                    longest_wait_s=now - oldest.get(urgency, now),
                    expected_wait_s=self._wait_s(urgency, now),
                )
                for urgency, group in self._classes.items()
            ),
            kinds={kind: running for kind, running in self._kinds.items() if running},
            tenants=tuple(sorted(tenants, key=lambda each: (-each.waiting - each.running, each.tenant))),
        )

    def _closed(self, ticket: Ticket, now: float) -> Reason | None:
        settings, share = self._settings, self._settings.tenant_share
        if ticket.context_tokens + ticket.output_tokens > settings.kv_share * self._pace(now).kv_tokens:
            return "too_large"
        if len(self._waiting) >= settings.waiting or self._bytes + ticket.bytes > settings.waiting_bytes:
            return "line_full"
        waiting, held = self._tenant_waiting[ticket.tenant], self._tenant_bytes[ticket.tenant]
        if waiting >= max(share * settings.waiting, 1) or (
            held and held + ticket.bytes > share * settings.waiting_bytes
        ):
            return "tenant_full"
        return None

    def _choice(self, now: float) -> Ticket | None:
        """The shortest call of the most urgent class that may run, unless one of a class below is due before it."""
        chosen: Ticket | None = None
        for group in self._classes.values():
            ticket = self._head(group)
            if ticket and (chosen is None or self._is_due(group, ticket, chosen, now)):
                chosen = ticket
        return chosen

    def _is_due(self, group: _Class, ticket: Ticket, urgent: Ticket, now: float) -> bool:
        """Whether a call goes before a more urgent one: its class is owed so much, or is late and the other is far longer."""
        if group.credit >= ticket.prefill_tokens:
            return True
        is_short = ticket.prefill_tokens * URGENT_COUNTS <= urgent.prefill_tokens
        return is_short and self._lead(ticket, urgent) <= self._lead_tokens and group.is_late(now, self._pace(now))

    def _lead(self, ticket: Ticket, other: Ticket) -> float:
        return self._served[ticket.tenant] - self._served[other.tenant]

    @property
    def _lead_tokens(self) -> float:
        return LEAD_WINDOWS * self._settings.window_tokens

    def _head(self, group: _Class) -> Ticket | None:
        """The shortest call among the tenants that are not ahead of their share."""
        if not group.waiting:
            return None
        heads = list(self._heads(group))
        if len(heads) < 2:
            return heads[0][1][2] if heads else None
        most = min(self._served[tenant] for tenant, _ in heads) + self._lead_tokens
        return min(entry for tenant, entry in heads if self._served[tenant] <= most)[2]

    def _heads(self, group: _Class) -> Iterator[tuple[str, Entry]]:
        caps = self._settings.running_by_kind
        is_full = self._batches >= self._settings.running_batches
        for tenant, lanes in group.heaps.items():
            heads = []
            for (kind, is_batch), heap in lanes.items():
                if (is_batch and is_full) or self._kinds[kind] >= caps.get(kind, self._settings.running):
                    continue
                while heap and heap[0][2].id not in self._waiting:
                    heappop(heap)
                if heap:
                    heads.append(heap[0])
            if heads:
                yield tenant, min(heads)

    def _has_room(self, ticket: Ticket, now: float) -> bool:
        """Whether its keys and values fit beside those of all that run, with what these will put out soon."""
        if not self._running:
            return True
        growth = GROWTH_TOKENS * (len(self._running) + 1)
        return self._kv(now) + ticket.context_tokens + growth <= self._settings.kv_share * self._pace(now).kv_tokens

    def _kv(self, now: float) -> float:
        return self._believed_kv(now) + self._surplus

    def _believed_kv(self, now: float) -> float:
        """Prompts that run, and what each has put out since its first token at the believed pace."""
        return self._context + max(self._decoding * now - self._began, 0.0) / self._pace(now).decode_s

    def _may_try(self, ticket: Ticket, now: float) -> bool:
        """Whether an engine that has long had nothing to do tries a call that is believed to be late."""
        is_idle = not self._running and now - self._started_at >= IDLE_TRIES_S
        return is_idle and now <= (ticket.deadline_s or now)

    def _is_in_time(self, ticket: Ticket, now: float, ahead: int) -> bool:
        """Whether its first token is expected by its deadline."""
        if ticket.deadline_s is None:
            return True
        takes = self._pace(now).first_token_s(ahead + ticket.prefill_tokens)
        if takes > LOUD_SHARE * (ticket.deadline_s - ticket.arrived_s) and self._is_loud(ticket.tenant, now):
            return False
        return now + takes <= ticket.deadline_s

    def _is_loud(self, tenant: str, now: float) -> bool:
        """Whether a tenant computes more than its share lately, while others ask too."""
        own = self._cost_lately(tenant, now)
        if not own:
            return False
        whole = sum(self._cost_lately(each, now) for each in self._lately)
        return own > self._settings.tenant_share * whole and whole - own > OTHERS * whole

    def _cost_lately(self, tenant: str, now: float) -> float:
        cost, at = self._lately.get(tenant, (0.0, now))
        return float(cost * 0.5 ** ((now - at) / LATELY_S))

    def _latest_start(self, ticket: Ticket, now: float) -> float | None:
        if ticket.deadline_s is None:
            return None
        return ticket.deadline_s - self._pace(now).first_token_s(ticket.prefill_tokens)

    def _hopeless(self, now: float) -> Refusal | None:
        """Somebody who would be late even if started now with nobody ahead."""
        self._drop_gone()
        while self._running and self._latest and self._latest[0][0] < now:
            _, order, ticket = heappop(self._latest)
            if not self._is_in_time(ticket, now, 0):
                self._take_out(ticket)
                return self._refusal(ticket, "too_late", now)
            again = max(self._latest_start(ticket, now) or now, now)  # the pace has changed
            heappush(self._latest, (again, order, ticket))
            self._drop_gone()
        return None

    def _drop_gone(self) -> None:
        while self._latest and self._latest[0][2].id not in self._waiting:
            heappop(self._latest)

    def _refusal(self, ticket: Ticket, reason: Reason, now: float) -> Refusal:
        return Refusal(ticket=ticket, reason=reason, retry_after_s=self.retry_after_s(ticket.urgency, now))

    def _wait_s(self, urgency: Urgency, now: float) -> float:
        before = CLASSES[: CLASSES.index(urgency) + 1]
        tokens = self._ahead + sum(self._classes[each].tokens for each in before)
        return self._pace(now).first_token_s(tokens)

    def _start(self, ticket: Ticket, now: float) -> None:
        self._started_at = now
        self._running[ticket.id] = _Running(ticket, now, self._ahead + ticket.prefill_tokens)
        self._ahead += ticket.prefill_tokens
        self._context += ticket.context_tokens
        self._kinds[ticket.kind] += 1
        self._batches += ticket.items > 1
        self._tenant_running[ticket.tenant] += 1
        self._virtual = max(self._virtual, self._served[ticket.tenant])
        self._served[ticket.tenant] += ticket.cost
        self._count_lately(ticket, now)
        self._classes[ticket.urgency].running += 1
        for urgency in CLASSES:
            group = self._classes[urgency]
            if urgency == ticket.urgency:
                group.credit = max(group.credit - ticket.prefill_tokens, 0.0)
            elif CLASSES.index(urgency) > CLASSES.index(ticket.urgency):
                earned = self._settings.lower_share * ticket.prefill_tokens
                group.credit = min(group.credit + earned, float(group.tokens)) if group.waiting else 0.0

    def _count_lately(self, ticket: Ticket, now: float) -> None:
        cost = self._cost_lately(ticket.tenant, now) + ticket.cost
        self._lately.pop(ticket.tenant, None)  # the least recent comes first
        self._lately[ticket.tenant] = cost, now
        if len(self._lately) > TENANTS:
            del self._lately[next(iter(self._lately))]

    def _take_out(self, ticket: Ticket) -> None:
        del self._waiting[ticket.id]
        group = self._classes[ticket.urgency]
        group.waiting -= 1
        group.tokens -= ticket.prefill_tokens
        group.deadlines -= ticket.deadline_s or 0.0
        self._bytes -= ticket.bytes
        self._tenant_bytes[ticket.tenant] -= ticket.bytes
        self._tenant_waiting[ticket.tenant] -= 1
        if not self._tenant_waiting[ticket.tenant]:
            del self._tenant_waiting[ticket.tenant], self._tenant_bytes[ticket.tenant]
        heap = group.heaps[ticket.tenant][ticket.lane]
        while heap and heap[0][2].id not in self._waiting:
            heappop(heap)
        if not heap:
            del group.heaps[ticket.tenant][ticket.lane]
            if not group.heaps[ticket.tenant]:
                del group.heaps[ticket.tenant]
        self._forget_idle(ticket.tenant)

    def _forget_idle(self, tenant: str) -> None:
        """A tenant that neither waits nor runs leaves nothing behind."""
        if not self._tenant_waiting[tenant] and not self._tenant_running[tenant]:
            self._served.pop(tenant, None)
            self._tenant_running.pop(tenant, None)
        if not self._tenant_waiting[tenant]:
            self._tenant_waiting.pop(tenant, None)
