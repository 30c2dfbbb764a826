"""A judge that remembers what a model answered, beyond this process, and asks once for what many want at the same time."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar, cast, get_args
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from matjip.clock import Clock
from matjip.inference.answers_store import AnswersStore
from matjip.inference.flights import Flights
from matjip.inference.judge import Judge
from matjip.inference.model import Urgency
from matjip.inference.task import (
    ExpandQuery,
    Expansion,
    FindAspects,
    JudgeSentiment,
    Mention,
    Sentiment,
    Task,
    Verdict,
    WordClaim,
    WriteSummary,
)
from matjip.telemetry.record import AnswersRemembered, Hook

__all__ = ["Asking", "RememberedJudge", "nobody_asking", "prefix_of"]

A = TypeVar("A")
KEY_BYTES = 16  # 128 bits: two texts do not meet
TTL_S = (
    30 * 24 * 3_600.0
)  # the second line: an answer is named by text, model and wording, so it is never wrong, only unused
# How long each class waits for an answer that another class asked for: half of what it is promised until a first token. A call
# that runs is over about then; one that stands in line behind its betters may not be for long.
PATIENCE_S: dict[Urgency, float | None] = {"interactive": 1.0, "batch": 30.0, "background": None}
Asking = Mapping[Urgency, Flights[Verdict[Any]]]  # what is being asked for at this moment, by the class that asks
Kept = tuple[float, Verdict[Any]]  # the seconds that asking took, and the answer
SHAPES: dict[type, TypeAdapter[Kept]] = {
    JudgeSentiment: TypeAdapter(tuple[float, Verdict[Sentiment]]),
    FindAspects: TypeAdapter(tuple[float, Verdict[tuple[Mention, ...]]]),
    ExpandQuery: TypeAdapter(tuple[float, Verdict[Expansion]]),
    WordClaim: TypeAdapter(tuple[float, Verdict[str]]),
    WriteSummary: TypeAdapter(tuple[float, Verdict[str]]),
}


class RememberedJudge:
    """A Judge around a Judge that asks a model; for one tenant, whose id is in every key. `tokens` of a verdict are those that
    were spent for it now.

    Answers are read before the model is asked and written before anybody is told. What another engine answered in its place,
    while it was away, is not remembered; an error is told to those who wait for it and to nobody after.

    What any class is asking for is joined, whatever the own one. But a call keeps the class that it was sent in: where the
    answer to another class is long in coming (PATIENCE_S), or is only a stand-in's, it is asked for again in the own class.
    """

    def __init__(
        self,
        inner: Judge,
        store: AnswersStore,
        *,
        tenant: str,
        engine: str,
        clock: Clock,
        urgency: Urgency = "batch",
        asking: Asking | None = None,
        hooks: Sequence[Hook] = (),
        ttl_s: float = TTL_S,
    ) -> None:
        self._inner = inner
        self._store = store
        self._tenant = tenant
        self._engine = engine
        self._clock = clock
        self._hooks = hooks
        self._ttl_s = ttl_s
        self._urgency: Urgency = urgency
        self._asking = asking or nobody_asking()  # shared by all who may ask the same

    @property
    def name(self) -> str:
        return self._inner.name

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        keys = [self._key(task, item) for item in task.items]
        kept = await self._known(task, list(dict.fromkeys(keys)))
        known = {key: replace(verdict, tokens=0) for key, (_, verdict) in kept.items()}  # none were spent this time
        missing = {key: place for place, key in reversed(list(enumerate(keys))) if key not in known}
        own = self._asking[self._urgency]
        others = [flights for urgency, flights in self._asking.items() if urgency != self._urgency]
        joined = own.among(missing).union(*(flights.among(missing) for flights in others))
        record = AnswersRemembered(
            task=type(task).__name__,
            hits=len(kept),
            joined=len(joined),
            misses=len(missing) - len(joined),
            tokens_saved=sum(verdict.tokens for _, verdict in kept.values()),
            seconds_saved=sum(seconds for seconds, _ in kept.values()),
        )
        for hook in self._hooks:
            hook(record)
        found: dict[str, Verdict[Any]] = {}
        for flights in others:
            told = await flights.join([*missing], within_s=PATIENCE_S[self._urgency])
            found |= {key: one for key, one in told.items() if one.instead_of is None}
        left = [key for key in missing if key not in found]
        joined &= {*found, *own.among(left)}
        found |= await own.once(
            left, lambda mine: self._ask(task.among([missing[key] for key in mine]), mine), name="ask a model"
        )
        answers = known | {key: replace(one, tokens=0) if key in joined else one for key, one in found.items()}
        return tuple(cast(Verdict[A], answers[key]) for key in keys)

    async def _ask(self, task: Task[Any], keys: Sequence[str]) -> dict[str, Verdict[Any]]:
        since = await self._store.now(prefix_of(self._tenant))
        began = self._clock.monotonic()
        verdicts = await self._inner.judge(task)
        seconds = (self._clock.monotonic() - began) / len(keys)
        found = dict(zip(keys, verdicts, strict=True))
        own = {key: verdict for key, verdict in found.items() if verdict.engine == self._engine}
        kept = {key: SHAPES[type(task)].dump_json((seconds, verdict)) for key, verdict in own.items()}
        await self._store.put(kept, ttl_s=self._ttl_s, since=since)  # an erasure meanwhile may have meant these texts
        return found

    async def _known(self, task: Task[Any], keys: Sequence[str]) -> dict[str, Kept]:
        found: dict[str, Kept] = {}
        for key, value in (await self._store.get(keys)).items():
            with suppress(ValidationError):  # of another version's shape: asked again
                found[key] = SHAPES[type(task)].validate_json(value)
        return found

    def _key(self, task: Task[Any], item: str) -> str:
        digest = hashlib.blake2b(item.encode(errors="surrogatepass"), digest_size=KEY_BYTES).hexdigest()
        return f"{prefix_of(self._tenant)}{type(task).__name__}:{self.name}:{digest}"


def nobody_asking() -> Asking:
    """As it is before the first asks."""
    return {urgency: Flights() for urgency in get_args(Urgency)}


def prefix_of(tenant: str) -> str:
    """How the keys of a tenant's answers begin."""
    return f"{quote(tenant, safe='')}:"  # no tenant's id is the beginning of another's
