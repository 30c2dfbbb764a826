"""The gate for change: a candidate runs in shadow, is compared, and is then published or dropped; what was published can be taken back.

One mechanism for every kind of candidate; what a kind needs of its own is how its bytes become a judge (`judges.py`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace

from matjip.analysis.proportions import wilson
from matjip.caller import Caller
from matjip.clock import Clock
from matjip.errors import Conflict, NotFound
from matjip.evaluation.adapt import Adapted, lot
from matjip.evaluation.judges import Judges, restored
from matjip.evaluation.versions import ModelKind, Move, Version, Versions
from matjip.inference.judge import Judge
from matjip.inference.task import JudgeSentiment, Label
from matjip.reviews.review import Review
from matjip.reviews.store import Reviews

__all__ = ["Changed", "Disagreement", "Gate", "Golden", "disagreement"]

Golden = Callable[[Judge], Awaitable[str | None]]  # what comes out wrong of what everybody understands; None: nothing
SAMPLE = 1_000  # stored reviews, of all restaurants, that both judges answer
SAMPLE_RESTAURANTS = 200  # that they are taken from: what a few seconds read
SHOWN = 10  # examples in a report


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One stored review that would be labelled otherwise; its text stays where it is."""

    restaurant_id: str
    review_id: str
    before: Label
    after: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """How many labels of a sample of stored reviews would change, with the 95 % interval of the share."""

    reviews: int
    changed: int
    share: float
    low: float
    high: float
    examples: tuple[Changed, ...]


class Gate:
    """Everything that may happen to a candidate."""

    def __init__(self, versions: Versions, judges: Judges, reviews: Reviews, *, golden: Golden, clock: Clock) -> None:
        self._versions = versions
        self._judges = judges
        self._reviews = reviews
        self._golden = golden
        self._clock = clock

    async def current(self, tenant: str) -> Judge:
        """Who answers this tenant now, without what is in shadow beside it."""
        published = await self._published(tenant, "lite")
        return (published and await self._judges.adapted(published)) or self._judges.shipped

    async def propose(self, adapted: Adapted, caller: Caller) -> Version:
        """Put it in shadow with all that was measured, which is compared on stored reviews too; what was in shadow is dropped.

        Raises Conflict where it was not kept, or where it gets golden sentences wrong.
        """
        if not adapted.kept:
            raise Conflict(f"The adaptation was not kept: {adapted.sentence}")
        candidate = replace(
            _blank(caller, self._clock), version=adapted.version, base=adapted.adaptation.base, body=adapted.body
        )
        judge = restored(candidate, self._judges.shipped)
        await self._check(judge, adapted.version)
        before = await self.current(caller.tenant)
        differing = await disagreement(before, judge, self._reviews, caller.tenant)
        report = adapted.report() | {"disagreement": None if differing is None else asdict(differing)}
        shadows = [one for one in await self._versions.in_use(caller.tenant, "lite") if one.status == "shadow"]
        others: list[Move] = [(one.version, "shadow", "dropped") for one in shadows if one.version != candidate.version]
        await self._versions.move(candidate, *others)
        await self._versions.add(replace(candidate, report=report))
        self._judges.notice(caller.tenant)
        return await self.one(caller.tenant, candidate.version)

    async def publish(self, version: str, caller: Caller) -> Version:
        """Let it answer from now on, in the place of what answers; in other processes within seconds.

        Raises NotFound; Conflict where it was compared with another judge than answers now, was made for other weights,
        gets golden sentences wrong, or was dropped.
        """
        found = await self.one(caller.tenant, version)
        if found.status == "published":
            return found
        if found.status == "dropped":
            raise Conflict(f"Version {version} was dropped; make one again with matjip adapt.")
        current = await self.current(caller.tenant)
        compared = found.report.get("compared_with")
        if found.status == "shadow" and compared != current.name:
            raise Conflict(
                f"Version {version} was compared with {compared}, and {current.name} answers now: run matjip adapt again."
            )
        await self._check(restored(found, self._judges.shipped), version)
        published = await self._published(caller.tenant, found.kind)
        out: list[Move] = [(published.version, "published", "retired")] if published else []
        stamp = self._stamp(found, caller)
        await self._versions.move(stamp, *out, (version, found.status, "published"))
        self._judges.notice(caller.tenant)
        return await self.one(caller.tenant, version)

    async def drop(self, version: str, caller: Caller) -> Version:
        """Let it go. Raises NotFound, and Conflict for the published one, which is taken back instead."""
        found = await self.one(caller.tenant, version)
        if found.status == "published":
            raise Conflict(f"Version {version} answers now; take it back with rollback.")
        if found.status != "dropped":
            await self._versions.move(self._stamp(found, caller), (version, found.status, "dropped"))
            self._judges.notice(caller.tenant)
        return await self.one(caller.tenant, version)

    async def roll_back(self, caller: Caller, *, kind: ModelKind = "lite") -> Version | None:
        """Drop what answers; the one before it answers again, or the shipped judge (None). Raises NotFound where it does already."""
        published = await self._published(caller.tenant, kind)
        if published is None:
            raise NotFound("Nothing is published: the shipped weights answer.")
        retired = [one for one in await self._versions.all(caller.tenant, kind) if one.status == "retired"]
        before = max((one for one in retired if one.base == self._judges.shipped.name), key=_since, default=None)
        back: list[Move] = [(before.version, "retired", "published")] if before else []
        stamp = self._stamp(published, caller)
        await self._versions.move(stamp, (published.version, "published", "dropped"), *back)
        self._judges.notice(caller.tenant)
        return await self.one(caller.tenant, before.version) if before else None

    async def all(self, tenant: str) -> list[Version]:
        """Newest first, without bodies."""
        return await self._versions.all(tenant)

    async def one(self, tenant: str, version: str, *, kind: ModelKind = "lite") -> Version:
        """It. Raises NotFound."""
        found = await self._versions.one(tenant, kind, version)
        if found is None:
            raise NotFound(f"There is no version {version[:40]!r}; matjip models lists them.")
        return found

    async def _published(self, tenant: str, kind: ModelKind) -> Version | None:
        return next((one for one in await self._versions.in_use(tenant, kind) if one.status == "published"), None)

    async def _check(self, judge: Judge, version: str) -> None:
        if wrong := await self._golden(judge):
            raise Conflict(f"Version {version} may not answer: {wrong}")

    def _stamp(self, version: Version, caller: Caller) -> Version:
        return replace(version, changed_by=caller.actor, changed_at=self._clock.now())


async def disagreement(before: Judge, after: Judge, reviews: Reviews, tenant: str) -> Disagreement | None:
    """Both judges on stored reviews drawn by lot, the same ones every time; None where nothing is stored."""
    restaurants = sorted(await reviews.counts(tenant), key=lambda name: lot("sample", name))[:SAMPLE_RESTAURANTS]
    found: list[Review] = []
    for restaurant_id in restaurants:
        found += [one for one in await reviews.reviews(tenant, restaurant_id) if one.content.strip()]
    drawn = sorted(found, key=lambda one: lot("sample", one.restaurant_id, one.id))[:SAMPLE]
    if not drawn:
        return None
    task = JudgeSentiment(tuple(one.content for one in drawn))
    labels = [[one.answer.label for one in await judge.judge(task)] for judge in (before, after)]
    changed = [
        Changed(restaurant_id=one.restaurant_id, review_id=one.id, before=was, after=is_)
        for one, was, is_ in zip(drawn, *labels, strict=True)
        if was != is_
    ]
    interval = wilson(len(changed), len(drawn))
    return Disagreement(
        reviews=len(drawn),
        changed=len(changed),
        share=len(changed) / len(drawn),
        low=interval.low,
        high=interval.high,
        examples=tuple(changed[:SHOWN]),
    )


def _blank(caller: Caller, clock: Clock) -> Version:
    now = clock.now()
    return Version(
        tenant=caller.tenant,
        kind="lite",
        version="",
        status="shadow",
        base="",
        report={},
        actor=caller.actor,
        changed_by=caller.actor,
        made_at=now,
        changed_at=now,
    )


def _since(version: Version) -> tuple[object, str]:
    return version.changed_at, version.version
