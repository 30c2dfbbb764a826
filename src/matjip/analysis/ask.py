"""What a caller asks of an analysis, and the record that each run leaves."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from matjip.analysis.result import Window
from matjip.inference.model import Urgency

__all__ = ["Ask", "InlineReview", "OnRefusal", "Run", "SearchAsk"]

OnRefusal = Literal[
    "lite", "error"
]  # the built-in models answer, marked as such; or nobody does, and it says when to come back


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineReview:
    """A review sent with the question: analysed, never stored. Its id is given or made: "inline-1", "inline-2"."""

    id: str
    content: str
    author_id: str | None = None
    rating: float | None = None
    created_at: datetime | None = None
    language: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question about one restaurant."""

    restaurant_id: str
    reviews: tuple[InlineReview, ...] | None = None  # None: the stored ones
    window: Window = field(default_factory=Window)
    language: str | None = None  # of the sentences in the answer, "ko" or "en"; None: the reviews' own
    refresh: bool = False  # True: analyse even when the stored result is current
    urgency: Urgency = "interactive"  # of what a model is asked for it
    on_refusal: OnRefusal = "lite"  # where the model has no room for it in time


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAsk:
    """What to look for."""

    query: str
    restaurant_ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    rating_min: float | None = None
    rating_max: float | None = None
    has_image: bool | None = None
    window: Window = field(default_factory=Window)
    expand: bool = True
    polarity: bool = True  # reviews that praise what the query praises come first
    limit: int = 10
    cursor: str | None = None


class Run(BaseModel):
    """One run of an analysis: who asked, what, with which engine, how long it took and how it ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    tenant: str
    restaurant_id: str
    analysis: str
    actor: str
    request_id: str
    started_at: datetime
    duration_ms: float
    engine: str
    model: str  # the name of the judge that was asked
    reviews: int
    tokens: int = 0  # of a language model, spent by this run
    outcome: str  # "ok", "insufficient_evidence", "reused", "joined", or an error's code
    stored: bool  # whether the result was kept as the restaurant's
    snapshot_hash: str | None
