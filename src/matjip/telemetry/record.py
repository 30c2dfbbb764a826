"""The catalogue of what can be seen: a component that has something to report builds one of these and hands it to its hooks."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["AnalysisFinished", "CaughtUp", "Hook", "ProjectionStands", "Record", "RequestFinished", "ReviewsWritten"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFinished:
    """An HTTP request was answered."""

    method: str
    route: str  # the template, "/api/v1/restaurants/{restaurant_id}", never the path: bounded
    status: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisFinished:
    """An analysis ended, well or not."""

    analysis: str  # "sentiment", "summary", "strengths", "search", "images"
    engine: str
    outcome: str  # "ok", "insufficient_evidence", "reused", "joined", or an error's code
    reviews: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewsWritten:
    """A write was committed."""

    created: int
    updated: int
    unchanged: int
    deleted: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """A projection moved forward."""

    projection: str
    position: int
    behind: int  # log positions still ahead of it
    points: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionStands:
    """Where a projection was seen to stand, whether or not it moved."""

    projection: str
    position: int
    behind: int  # log positions still ahead of it


Record = RequestFinished | AnalysisFinished | ReviewsWritten | CaughtUp | ProjectionStands
Hook = Callable[[Record], None]
