"""A whole service on fakes: the record in memory, analyses that answer with the documented examples."""

from collections.abc import Sequence
from datetime import datetime

from matjip.analysis.alerts import Alerts, MemoryAlerts
from matjip.analysis.ask import Ask, Run, SearchAsk
from matjip.analysis.changes import ChangeFeed
from matjip.analysis.desk import Desk
from matjip.analysis.feedback import MemoryFeedback
from matjip.analysis.refresher import Promise
from matjip.analysis.results import MemoryResults
from matjip.api.examples import ESTIMATE, FRESHNESS, NOON, PROGRESS, SEARCH, SENTIMENT, STRENGTHS, SUMMARY
from matjip.api.health import Check, database_check, lifecycle_check
from matjip.api.server import ApiSettings, create_app
from matjip.api.service import ApiService
from matjip.caller import Caller
from matjip.clock import FakeClock, numbered_ids
from matjip.errors import MatjipError, NotFound
from matjip.evaluation.gate import Gate
from matjip.evaluation.judges import Judges
from matjip.evaluation.versions import MemoryVersions
from matjip.inference.judge import Judge
from matjip.lifecycle import Lifecycle
from matjip.reviews.memory import MemoryReviews
from matjip.telemetry.hooks import measured
from matjip.telemetry.metrics import Metrics

RESULTS = {"sentiment": SENTIMENT, "summary": SUMMARY, "strengths": STRENGTHS}


class FakeAnalyses:
    """Remembers what was asked; answers the example, or raises what a test put in `failing`."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.failing: dict[str, Exception] = {}

    def _answer(self, name: str, ask: Ask):
        self.asks.append(ask)
        if error := self.failing.get(ask.restaurant_id):
            raise error
        return RESULTS[name].model_copy(update={"restaurant_id": ask.restaurant_id})

    async def sentiment(self, ask: Ask, caller: Caller):
        return self._answer("sentiment", ask)

    async def summary(self, ask: Ask, caller: Caller):
        return self._answer("summary", ask)

    async def strengths(self, ask: Ask, caller: Caller):
        return self._answer("strengths", ask)

    async def batch(self, name: str, asks: Sequence[Ask], caller: Caller):
        return [self.failing.get(ask.restaurant_id) or self._answer(name, ask) for ask in asks]

    async def expect(self, name: str, ask: Ask, caller: Caller):
        self._answer(name, ask)
        return ESTIMATE.model_copy(update={"restaurant_id": ask.restaurant_id, "analysis": name})

    async def expect_each(self, name: str, asks: Sequence[Ask], caller: Caller):
        return [self.failing.get(ask.restaurant_id) or await self.expect(name, ask, caller) for ask in asks]

    async def progress(self, restaurant_id: str, since: datetime, caller: Caller, *, language: str | None = None):
        return PROGRESS.model_copy(update={"restaurant_id": restaurant_id, "since": since})

    async def latest(self, tenant: str, restaurant_id: str, analysis: str):
        if restaurant_id != SENTIMENT.restaurant_id:
            raise NotFound(f"Restaurant {restaurant_id} has no stored {analysis}.")
        return RESULTS[analysis]

    async def history(self, tenant: str, restaurant_id: str, analysis: str, limit: int, cursor: str | None):
        return [RUN], None


RUN = Run(
    run_id="run-1",
    tenant="default",
    restaurant_id="mapo-noodles",
    analysis="sentiment",
    actor="anonymous",
    request_id="r-1",
    started_at=NOON,
    duration_ms=3.0,
    engine="lite",
    model="lite/2026.11",
    reviews=4,
    outcome="ok",
    stored=True,
    snapshot_hash="5f1d",
)


class FakeSearch:
    """Remembers what was asked; answers the example."""

    def __init__(self) -> None:
        self.asks: list[SearchAsk] = []

    async def search(self, ask: SearchAsk, caller: Caller):
        self.asks.append(ask)
        return SEARCH

    async def images(self, ask: SearchAsk, caller: Caller):
        self.asks.append(ask)
        return SEARCH


class FakeJudge:
    """A judge that is never asked."""

    name = "lite/3"

    async def judge(self, task):
        raise AssertionError(f"{type(task).__name__} was asked")


def ready() -> Lifecycle:
    lifecycle = Lifecycle()
    lifecycle.move("WARMING")
    lifecycle.move("READY")
    return lifecycle


class Stack:
    """The service, its application, and what a test looks into."""

    def __init__(self, *, checks: Sequence[Check] = (), settings: ApiSettings | None = None) -> None:
        self.clock = FakeClock()
        self.reviews = MemoryReviews(self.clock, erasure_key=b"test")
        self.analyses = FakeAnalyses()
        self.search = FakeSearch()
        self.results = MemoryResults()
        self.versions = MemoryVersions()
        self.alerts = MemoryAlerts()
        self.lifecycle = ready()
        self.metrics = Metrics("0.0.0")
        self.records: list = []
        self.woken = 0
        self.service = ApiService(
            reviews=self.reviews,
            analyses=self.analyses,
            search=self.search,
            feedback=Desk(
                MemoryFeedback(), self.reviews, self.results, clock=self.clock, language_of=lambda text: "ko"
            ),
            alerts=Alerts(self.alerts, clock=self.clock),
            changes=ChangeFeed(self.reviews, self.results, self.alerts, clock=self.clock),
            gate=Gate(
                self.versions,
                Judges(FakeJudge(), self.versions, clock=self.clock),
                self.reviews,
                golden=self._golden,
                clock=self.clock,
            ),
            freshness=self,
            lifecycle=self.lifecycle,
            checks=[lifecycle_check(self.lifecycle), database_check(self.reviews, self.clock), *checks],
            clock=self.clock,
            new_id=numbered_ids(),
            hooks=[measured(self.metrics), self.records.append],
            metrics=self.metrics,
            version="0.0.0",
            on_written=self._wake,
        )
        self.app = create_app(self.service, settings or ApiSettings())

    def promise(self) -> Promise:
        return FRESHNESS

    async def _golden(self, judge: Judge) -> None:
        """Everything comes out right."""

    def _wake(self) -> None:
        self.woken += 1

    def fail(self, restaurant_id: str, error: MatjipError | Exception) -> None:
        self.analyses.failing[restaurant_id] = error
