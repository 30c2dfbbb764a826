"""Who answers a tenant: the shipped judge, or the adaptation that the tenant published; beside it, unheard, what is in shadow."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from matjip.clock import Clock
from matjip.errors import Invalid, MatjipError, Unavailable
from matjip.evaluation.adapt import lot
from matjip.evaluation.versions import Version, Versions
from matjip.inference.judge import Judge
from matjip.inference.lite.adapted import AdaptedJudge, read_adaptation
from matjip.inference.task import JudgeSentiment, Sentiment, Task, Verdict
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import logger
from matjip.telemetry.record import Hook, ShadowAnswered

__all__ = ["Judges", "ShadowedJudge", "restored"]

A = TypeVar("A")
Seen = Callable[[int, int], None]  # answers of a shadow that agreed, and that did not
POLL_S = 2.0  # so late another process's publishing is noticed
SHARE = 0.1  # of texts, by their hash, that a shadow answers too
TENANTS = 1_000  # whose judges are remembered; of an adaptation some 100 KB each


class ShadowedJudge:
    """A Judge around the one that answers: a candidate answers some of the texts too, which nobody hears and nothing waits for
    but its own time. Where it fails, the failure is counted."""

    def __init__(
        self, inner: Judge, candidate: Judge, *, seen: Seen, hooks: Sequence[Hook] = (), share: float = SHARE
    ) -> None:
        self._inner, self._candidate = inner, candidate
        self._seen, self._hooks, self._share = seen, hooks, share

    @property
    def name(self) -> str:
        return self._inner.name

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        answers = await self._inner.judge(task)
        if isinstance(task, JudgeSentiment):
            places = [place for place, text in enumerate(task.texts) if lot("shadow", text) < self._share]
            if places:
                await self._compare(task.among(places), [answers[place] for place in places])
        return answers

    async def _compare(self, task: JudgeSentiment, heard: Sequence[Verdict[object]]) -> None:
        try:
            found = await self._candidate.judge(task)
            said = [cast(Sentiment, one.answer).label for one in heard]
            same = sum(one.answer.label == label for one, label in zip(found, said, strict=True))
        except Exception as error:  # noqa: BLE001 - whatever a candidate does, the answer stands
            logger(__name__).warning("a shadow failed", judge=self._candidate.name, error=type(error).__name__)
            tell(self._hooks, ShadowAnswered(outcome="failed", texts=len(heard)))
            return
        self._seen(same, len(heard) - same)
        tell(self._hooks, ShadowAnswered(outcome="agreed", texts=same))
        tell(self._hooks, ShadowAnswered(outcome="disagreed", texts=len(heard) - same))


@dataclass(slots=True)
class _Tenant:
    """What answers one tenant, and since when that is known."""

    judge: Judge
    names: tuple[str, str]  # of the published version and of the shadow; empty where there is none
    looked_at: float
    shadow: Version | None = None
    agreed: int = 0
    disagreed: int = 0


class Judges:
    """The judge of each tenant, as the versions stand now or stood some seconds ago.

    A version that cannot be read, or was made for other weights than those shipped now, is passed over with an error in the
    log, and the shipped judge answers.
    """

    def __init__(
        self,
        shipped: Judge,
        versions: Versions,
        *,
        clock: Clock,
        hooks: Sequence[Hook] = (),
        share: float = SHARE,
    ) -> None:
        self.shipped = shipped
        self._versions = versions
        self._clock = clock
        self._hooks = hooks
        self._share = share
        self._known: OrderedDict[str, _Tenant] = OrderedDict()

    async def of(self, tenant: str) -> Judge:
        """Who answers this tenant. The same object until that changes."""
        known = self._known.get(tenant)
        now = self._clock.monotonic()
        if known is not None and now - known.looked_at < POLL_S:
            return known.judge
        try:
            used = await self._versions.in_use(tenant, "lite")
            if known is not None:
                await self._write_down(known)
        except Unavailable:
            if known is None:
                raise
            return known.judge  # the database is away: who answered goes on
        published = next((one for one in used if one.status == "published"), None)
        shadow = next((one for one in used if one.status == "shadow"), None)
        names = (published.version if published else "", shadow.version if shadow else "")
        if known is None or known.names != names:
            known = await self._made(published, shadow, names)
        known.looked_at = now
        self._known[tenant] = known
        self._known.move_to_end(tenant)
        while len(self._known) > TENANTS:
            self._known.popitem(last=False)
        return known.judge

    def notice(self, tenant: str) -> None:
        """Look again at the next asking: something was published or taken back here."""
        if tenant in self._known:
            self._known[tenant].looked_at = float("-inf")

    async def close(self) -> None:
        """Write down what the shadows saw."""
        for known in self._known.values():
            await self._write_down(known)

    async def adapted(self, version: Version) -> Judge | None:
        """The judge of one version; None where these weights cannot carry it."""
        kept = version if version.body else await self._versions.one(version.tenant, version.kind, version.version)
        try:
            return None if kept is None else restored(kept, self.shipped)
        except MatjipError as error:
            logger(__name__).error("a version cannot be used", version=version.version, reason=error.message)
            return None

    async def _made(self, published: Version | None, shadow: Version | None, names: tuple[str, str]) -> _Tenant:
        judge: Judge = (published and await self.adapted(published)) or self.shipped
        found = _Tenant(judge=judge, names=names, looked_at=0.0, shadow=shadow)
        candidate = shadow and await self.adapted(shadow)
        if candidate:

            def seen(agreed: int, disagreed: int) -> None:
                found.agreed += agreed
                found.disagreed += disagreed

            found.judge = ShadowedJudge(judge, candidate, seen=seen, hooks=self._hooks, share=self._share)
        return found

    async def _write_down(self, known: _Tenant) -> None:
        agreed, disagreed = known.agreed, known.disagreed
        if not known.shadow or not (agreed or disagreed):
            return
        known.agreed = known.disagreed = 0  # taken before the first wait, so that nobody else writes them down too
        try:
            await self._versions.count(known.shadow, agreed=agreed, disagreed=disagreed)
        except Unavailable:
            known.agreed += agreed
            known.disagreed += disagreed
            raise


def restored(version: Version, shipped: Judge) -> AdaptedJudge:
    """The judge that a version's bytes stand for. Raises Invalid where they are damaged or belong to other weights."""
    adaptation = read_adaptation(version.body, version.version)
    if adaptation.base != shipped.name:
        raise Invalid(
            f"Version {version.version} was made for {adaptation.base}, and {shipped.name} is shipped now: run matjip adapt again."
        )
    return AdaptedJudge(shipped, adaptation, version=version.version)
