"""Who listens to records: one subscriber a vendor, and one that tells them all."""

from collections.abc import Sequence

from matjip.telemetry.metrics import OTHER, Metrics
from matjip.telemetry.record import (
    AnalysisFinished,
    AnswersRemembered,
    BreakerMoved,
    CallEnded,
    CaughtUp,
    CompletionEnded,
    EmbeddingsEnded,
    EmbeddingsRemembered,
    FreshnessStands,
    Hook,
    ItemsAsked,
    ItemsDropped,
    LoopLooked,
    NegativesSpiked,
    ProjectionStands,
    Record,
    RefreshFinished,
    RequestFinished,
    ResultPublished,
    ResultServed,
    RetryScheduled,
    ReviewCut,
    ReviewsWritten,
    ShadowAnswered,
    TokensCounted,
)

__all__ = ["measured", "tell"]

BREAKER_STATES = ("closed", "half_open", "open")  # by the number that the metric shows
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def tell(hooks: Sequence[Hook], record: Record) -> None:
    """Hand a record to every hook, in order."""
    for hook in hooks:
        hook(record)


def measured(metrics: Metrics) -> Hook:
    """The hook that turns records into metrics."""

    def move(record: Record) -> None:
        match record:
            case RequestFinished():
                _request(metrics, record)
            case AnalysisFinished():
                _analysis(metrics, record)
            case AnswersRemembered():
                _remembered(metrics, record)
            case EmbeddingsRemembered():
                _embeddings(metrics, record)
            case EmbeddingsEnded():
                _embedded(metrics, record)
            case TokensCounted():
                metrics.tokens_counted.labels(record.by).inc(record.texts)
            case NegativesSpiked():
                metrics.negative_spikes.inc()
            case ItemsAsked():
                _asked(metrics, record)
            case ItemsDropped():
                task, reason = metrics.bounded("task", record.task), metrics.bounded("reason", record.reason)
                metrics.items_dropped.labels(task, reason).inc(record.items)
            case LoopLooked():
                metrics.loop_lag.observe(record.late_s)
            case ReviewCut():
                metrics.reviews_cut.labels(metrics.bounded("task", record.task)).inc()
            case ReviewsWritten():
                _written(metrics, record)
            case CaughtUp():
                _stands(metrics, record)
                _caught_up(metrics, record)
            case ProjectionStands():
                _stands(metrics, record)
            case RefreshFinished():
                _refreshed(metrics, record)
            case FreshnessStands():
                _freshness(metrics, record)
            case ShadowAnswered():
                metrics.shadow_answers.labels(metrics.bounded("shadow", record.outcome)).inc(record.texts)
            case CompletionEnded():
                _completion(metrics, record)
            case CallEnded():
                _call(metrics, record)
            case RetryScheduled():
                metrics.model_retries.labels(metrics.bounded("reason", record.reason)).inc()
            case BreakerMoved():
                metrics.breaker_state.labels(record.dependency).set(BREAKER_STATES.index(record.state))
            case ResultServed() | ResultPublished():
                pass  # of one restaurant: heard by whoever keeps results fresh

    return move


def _request(metrics: Metrics, record: RequestFinished) -> None:
    method = record.method if record.method in METHODS else OTHER
    route = metrics.bounded("route", record.route)
    metrics.requests.labels(method, route, str(record.status)).inc()
    metrics.request_seconds.labels(method, route).observe(record.seconds)


def _analysis(metrics: Metrics, record: AnalysisFinished) -> None:
    name = metrics.bounded("analysis", record.analysis)
    engine, outcome = metrics.bounded("engine", record.engine), metrics.bounded("outcome", record.outcome)
    metrics.analyses.labels(name, engine, outcome).inc()
    metrics.analysis_seconds.labels(name).observe(record.seconds)
    metrics.analysis_reviews.labels(name).observe(record.reviews)


def _remembered(metrics: Metrics, record: AnswersRemembered) -> None:
    task = metrics.bounded("task", record.task)
    for outcome in ("hits", "joined", "misses"):
        metrics.answers_remembered.labels(task, outcome).inc(getattr(record, outcome))
    metrics.answers_tokens_saved.labels(task).inc(record.tokens_saved)
    metrics.answers_seconds_saved.labels(task).inc(record.seconds_saved)


def _embeddings(metrics: Metrics, record: EmbeddingsRemembered) -> None:
    for outcome in ("hits", "joined", "misses"):
        metrics.embeddings_remembered.labels(outcome).inc(getattr(record, outcome))
    metrics.embeddings_seconds_saved.inc(record.seconds_saved)


def _embedded(metrics: Metrics, record: EmbeddingsEnded) -> None:
    metrics.embedding_requests.labels(metrics.bounded("embedding", record.outcome)).inc()
    metrics.embedding_seconds.observe(record.seconds)
    if record.outcome == "ok":
        metrics.embedding_texts.inc(record.texts)


def _call(metrics: Metrics, record: CallEnded) -> None:
    tenant, kind = metrics.bounded("tenant", record.tenant), metrics.bounded("kind", record.kind)
    metrics.calls.labels(tenant, kind, record.urgency, record.outcome).inc()
    if record.outcome == "met":
        tokens = record.prompt_tokens + record.completion_tokens
        metrics.call_tokens.labels(tenant, kind, record.urgency).inc(tokens)
    if record.outcome == "refused":
        metrics.refusals.labels(record.urgency, metrics.bounded("refusal", record.reason)).inc()
    parts = {
        "queue": record.queued_s,
        "first_token": record.first_token_s,
        "prefill": record.prefill_s,
        "decode": record.decode_s,
    }
    for part, seconds in parts.items():
        if seconds is not None:
            metrics.call_seconds.labels(record.urgency, part).observe(seconds)


def _asked(metrics: Metrics, record: ItemsAsked) -> None:
    task = metrics.bounded("task", record.task)
    for outcome in ("answered", "repaired", "undecided"):
        metrics.items_asked.labels(task, outcome).inc(getattr(record, outcome))


def _written(metrics: Metrics, record: ReviewsWritten) -> None:
    for outcome in ("created", "updated", "unchanged", "deleted"):
        metrics.reviews_written.labels(outcome).inc(getattr(record, outcome))
    metrics.write_seconds.observe(record.seconds)


def _stands(metrics: Metrics, record: CaughtUp | ProjectionStands) -> None:
    name = metrics.bounded("projection", record.projection)
    metrics.projection_position.labels(name).set(record.position)
    metrics.projection_behind.labels(name).set(record.behind)


def _caught_up(metrics: Metrics, record: CaughtUp) -> None:
    name = metrics.bounded("projection", record.projection)
    metrics.projection_points.labels(name).inc(record.points)
    metrics.projection_seconds.labels(name).observe(record.seconds)


def _refreshed(metrics: Metrics, record: RefreshFinished) -> None:
    policy, outcome = metrics.bounded("policy", record.policy), metrics.bounded("outcome", record.outcome)
    metrics.refresh_runs.labels(policy, outcome).inc()
    metrics.refresh_seconds.observe(record.seconds)


def _freshness(metrics: Metrics, record: FreshnessStands) -> None:
    metrics.staleness.labels("mean").set(record.mean_s)
    metrics.staleness.labels("p95").set(record.p95_s)
    metrics.freshness_waiting.labels("restaurants").set(record.restaurants)
    metrics.freshness_waiting.labels("changes").set(record.changes)
    metrics.freshness_price.set(record.price)


def _completion(metrics: Metrics, record: CompletionEnded) -> None:
    task, outcome = metrics.bounded("task", record.task), metrics.bounded("model_outcome", record.outcome)
    metrics.completions.labels(task, outcome).inc()
    metrics.completion_seconds.labels(record.urgency).observe(record.seconds)
    if record.first_token_s is not None:
        metrics.first_token_seconds.labels(record.urgency).observe(record.first_token_s)
    metrics.model_tokens.labels("prompt").inc(record.prompt_tokens)
    metrics.model_tokens.labels("completion").inc(record.completion_tokens)
    metrics.model_tokens.labels("cached").inc(record.cached_tokens)
