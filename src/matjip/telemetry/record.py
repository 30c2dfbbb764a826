"""The catalogue of what can be seen: a component that has something to report builds one of these and hands it to its hooks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "AnalysisFinished",
    "AnswersRemembered",
    "BreakerMoved",
    "CallEnded",
    "CallOutcome",
    "CaughtUp",
    "CompletionEnded",
    "EmbeddingsEnded",
    "EmbeddingsRemembered",
    "FreshnessStands",
    "Hook",
    "ItemsAsked",
    "ItemsDropped",
    "LoopLooked",
    "NegativesSpiked",
    "ProjectionStands",
    "Record",
    "RefreshFinished",
    "RequestFinished",
    "ResultPublished",
    "ResultServed",
    "RetryScheduled",
    "ReviewCut",
    "ReviewsWritten",
    "ShadowAnswered",
    "TokensCounted",
]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultServed:
    """A result of a restaurant's stored reviews was given to somebody."""

    tenant: str
    restaurant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPublished:
    """A result of all of a restaurant's stored reviews was stored, in place of the one before."""

    tenant: str
    restaurant_id: str
    analysis: str
    revision: int  # log position of the restaurant's last change in it


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFinished:
    """The results of a restaurant were refreshed, or could not be."""

    policy: str
    outcome: str  # "refreshed", or an error's code
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessStands:
    """How stale published results are, whether or not anything was refreshed."""

    mean_s: float
    p95_s: float
    restaurants: int  # that wait to be refreshed
    changes: int  # that wait to be reflected
    price: float  # review-hours that a run is worth; 0 where the policy has no price


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowAnswered:
    """A candidate answered texts beside the judge whose answers were given."""

    outcome: str  # "agreed", "disagreed", "failed"
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersRemembered:
    """Items that a model was to be asked about, and for how many nobody had to ask."""

    task: str  # "JudgeSentiment", "FindAspects", "ExpandQuery"
    hits: int
    joined: int  # asked about at that moment by somebody else
    misses: int
    tokens_saved: int  # of the hits
    seconds_saved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsRemembered:
    """Texts whose vectors were wanted, and for how many nobody had to ask. Equal texts count once."""

    hits: int
    joined: int  # asked for at that moment by somebody else
    misses: int
    seconds_saved: float  # what the hits took when they were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsEnded:
    """One request to an embedding server ended, well or not."""

    outcome: str  # "ok", "cancelled", "invalid", or the reason of its failure
    texts: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativesSpiked:
    """More negative reviews than a restaurant's own history explains: told once a spike."""

    tenant: str
    restaurant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionEnded:
    """One attempt at a model server ended, well or not."""

    task: str  # of the prompt: "sentiment", "summary"
    urgency: str
    outcome: str  # "stop", "length", "cancelled", or the reason of its failure
    first_token_s: float | None  # None where none came
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLooked:
    """The event loop was looked at: a tenth of a second's sleep ended so much later than asked."""

    late_s: float


CallOutcome = Literal["met", "late", "refused", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call that waited for its turn at the model is over: whether its class's promise was kept, and where its time went."""

    tenant: str
    kind: str  # the analysis or endpoint
    urgency: str
    outcome: CallOutcome  # met: its first token came in time, or nothing was promised
    reason: str  # of a refusal or failure; "" for the others
    queued_s: float
    first_token_s: float | None  # from its arrival; None where none came
    prefill_s: float | None  # from its turn to the first token
    decode_s: float | None  # from the first token to the end
    seconds: float
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryScheduled:
    """A model will be asked again."""

    reason: str  # why the attempt before failed
    tries: int  # so far
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerMoved:
    """A breaker opened, let a probe through, or closed."""

    dependency: str
    state: str  # "closed", "half_open" or "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsAsked:
    """A model was asked about a task's items."""

    task: str  # "sentiment", "aspects", "query"
    answered: int  # at once
    repaired: int  # when asked once more
    undecided: int  # left to another judge


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsDropped:
    """Items of a model's answers, or parts of them, that were not taken."""

    task: str
    reason: str  # "missing", "label", "quote", "unavailable" and the like
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCut:
    """A text was too long for a prompt of its own, or for the embedder; only its beginning was asked about."""

    task: str
    chars: int
    kept_chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensCounted:
    """Texts whose tokens a model server was to count."""

    by: str  # "server", "memory" where it had counted them before, "estimate" where no server answered
    texts: int


Record = (
    RequestFinished
    | AnalysisFinished
    | AnswersRemembered
    | EmbeddingsEnded
    | EmbeddingsRemembered
    | ItemsAsked
    | ItemsDropped
    | LoopLooked
    | ReviewCut
    | NegativesSpiked
    | ReviewsWritten
    | CaughtUp
    | ProjectionStands
    | ResultServed
    | ResultPublished
    | RefreshFinished
    | FreshnessStands
    | CompletionEnded
    | RetryScheduled
    | BreakerMoved
    | CallEnded
    | ShadowAnswered
    | TokensCounted
)
Hook = Callable[[Record], None]
