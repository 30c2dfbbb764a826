"""What the routes need from the rest: one frozen value that `app.py` fills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Annotated, Protocol

from fastapi import Depends, Request
from pydantic import SecretStr

from matjip.analysis.alerts import Alerts
from matjip.analysis.ask import Ask, Run, SearchAsk
from matjip.analysis.changes import ChangeFeed
from matjip.analysis.desk import Desk
from matjip.analysis.estimate import Estimate
from matjip.analysis.progress import Progress
from matjip.analysis.refresher import Promise
from matjip.analysis.result import (
    AnalysisName,
    Result,
    SearchResult,
    SentimentResult,
    StrengthsResult,
    SummaryResult,
)
from matjip.api.errors import EdgeError
from matjip.api.health import Check
from matjip.caller import Caller
from matjip.clock import Clock, Ids
from matjip.errors import MatjipError
from matjip.evaluation.gate import Gate
from matjip.inference.model import Model
from matjip.lifecycle import Lifecycle
from matjip.reviews.store import Reviews
from matjip.telemetry.metrics import Metrics
from matjip.telemetry.record import Hook

__all__ = [
    "Analyses",
    "Anywhere",
    "ApiService",
    "Asker",
    "EdgeService",
    "Freshness",
    "InferenceService",
    "Inferring",
    "Search",
    "Working",
]


class Analyses(Protocol):
    """The three analyses and their memory."""

    async def sentiment(self, ask: Ask, caller: Caller) -> SentimentResult: ...

    async def summary(self, ask: Ask, caller: Caller) -> SummaryResult: ...

    async def strengths(self, ask: Ask, caller: Caller) -> StrengthsResult: ...

    async def batch(self, name: AnalysisName, asks: Sequence[Ask], caller: Caller) -> Sequence[Result | MatjipError]:
        """One answer an ask, in order."""
        ...

    async def expect(self, analysis: AnalysisName, ask: Ask, caller: Caller) -> Estimate:
        """What asking so would take."""
        ...

    async def expect_each(
        self, name: AnalysisName, asks: Sequence[Ask], caller: Caller
    ) -> Sequence[Estimate | MatjipError]:
        """The same of each ask, in order."""
        ...

    async def progress(
        self, restaurant_id: str, since: datetime, caller: Caller, *, language: str | None = None
    ) -> Progress:
        """What has changed since a day."""
        ...

    async def latest(self, tenant: str, restaurant_id: str, analysis: AnalysisName) -> Result:
        """The stored result. Raises NotFound."""
        ...

    async def history(
        self, tenant: str, restaurant_id: str, analysis: AnalysisName | None, limit: int, cursor: str | None
    ) -> tuple[Sequence[Run], str | None]:
        """Runs, newest first, and the next page's cursor."""
        ...


class Search(Protocol):
    """Finding reviews."""

    async def search(self, ask: SearchAsk, caller: Caller) -> SearchResult: ...

    async def images(self, ask: SearchAsk, caller: Caller) -> SearchResult: ...


class Freshness(Protocol):
    """Keeping published results fresh."""

    def promise(self) -> Promise:
        """What is promised, and how it is kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeService:
    """What the routes of every role need."""

    lifecycle: Lifecycle
    checks: Sequence[Check]  # the lifecycle's among them
    clock: Clock
    new_id: Ids
    hooks: Sequence[Hook]
    metrics: Metrics
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceService(EdgeService):
    """Everything that the routes of an owner of engines may call."""

    model: Model
    key: SecretStr | None  # None: whoever reaches it may ask

    def demand_key(self, said: str) -> None:
        """Raises EdgeError where the key is not this one."""
        if self.key and not compare_digest(said.encode(), f"Bearer {self.key.get_secret_value()}".encode()):
            raise EdgeError("unauthenticated", "The key of the gateways is missing or wrong; remote.key has it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiService(EdgeService):
    """Everything that the routes may call."""

    reviews: Reviews
    analyses: Analyses
    search: Search
    feedback: Desk
    alerts: Alerts
    changes: ChangeFeed
    gate: Gate
    freshness: Freshness
    on_written: Callable[[], None]  # called after each committed write: wakes the projections


async def _anywhere(request: Request) -> EdgeService:
    service: EdgeService = request.app.state.service
    return service


async def _working(request: Request) -> ApiService:
    service: ApiService = request.app.state.service
    service.lifecycle.require_ready()
    return service


async def _inferring(request: Request) -> InferenceService:
    service: InferenceService = request.app.state.service
    service.demand_key(request.headers.get("authorization", ""))
    service.lifecycle.require_ready()
    return service


async def _asker(request: Request) -> Caller:
    return Caller(request_id=request.scope["state"]["request_id"])


Anywhere = Annotated[EdgeService, Depends(_anywhere)]  # in whatever role
Working = Annotated[ApiService, Depends(_working)]  # refuses while starting and draining
Inferring = Annotated[InferenceService, Depends(_inferring)]  # with the key; refuses while starting and draining
Asker = Annotated[Caller, Depends(_asker)]
