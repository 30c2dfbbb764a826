"""What is declared is recorded: each record moves its metrics, and no label grows without bound."""

from dataclasses import replace

import pytest

from matjip.telemetry.hooks import measured, tell
from matjip.telemetry.metrics import MAX_VALUES_PER_LABEL, Metrics
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
    ItemsAsked,
    ItemsDropped,
    LoopLooked,
    NegativesSpiked,
    ProjectionStands,
    RefreshFinished,
    RequestFinished,
    RetryScheduled,
    ReviewCut,
    ReviewsWritten,
    ShadowAnswered,
    TokensCounted,
)

REQUEST = RequestFinished(method="GET", route="/api/v1/restaurants", status=200, seconds=0.02)
ANALYSIS = AnalysisFinished(analysis="sentiment", engine="lite", outcome="ok", reviews=7, seconds=0.3)
WRITTEN = ReviewsWritten(created=3, updated=2, unchanged=1, deleted=4, seconds=0.01)
CAUGHT_UP = CaughtUp(projection="index", position=10, behind=5, points=9, seconds=0.1)
REFRESHED = RefreshFinished(policy="matjip", outcome="refreshed", seconds=0.2)
FRESHNESS = FreshnessStands(mean_s=1_200.0, p95_s=9_000.0, restaurants=3, changes=8, price=4.5)
SPIKED = NegativesSpiked(tenant="t", restaurant_id="r")
REMEMBERED = AnswersRemembered(task="FindAspects", hits=4, joined=1, misses=2, tokens_saved=90, seconds_saved=1.5)
VECTORS = EmbeddingsRemembered(hits=4, joined=1, misses=2, seconds_saved=1.5)
EMBEDDED = EmbeddingsEnded(outcome="ok", texts=64, seconds=0.5)
COUNTED = TokensCounted(by="estimate", texts=5)
ASKED = ItemsAsked(task="sentiment", answered=7, repaired=2, undecided=1)
DROPPED = ItemsDropped(task="aspects", reason="quote", items=3)
CUT = ReviewCut(task="sentiment", chars=5_000, kept_chars=1_200)
SHADOW = ShadowAnswered(outcome="disagreed", texts=3)

RETRY = RetryScheduled(reason="lost", tries=1, wait_s=2.5)
COMPLETED = CompletionEnded(
    task="summary",
    urgency="batch",
    outcome="stop",
    first_token_s=0.2,
    seconds=1.5,
    prompt_tokens=900,
    completion_tokens=60,
    cached_tokens=400,
)
CALLED = CallEnded(
    tenant="t",
    kind="summary",
    urgency="interactive",
    outcome="met",
    reason="",
    queued_s=0.5,
    first_token_s=0.75,
    prefill_s=0.25,
    decode_s=1.0,
    seconds=1.75,
    prompt_tokens=900,
    completion_tokens=60,
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1.2.3")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_request_is_counted_and_timed(metrics):
    tell([measured(metrics)], REQUEST)
    route = {"method": "GET", "route": "/api/v1/restaurants"}
    assert value(metrics, "matjip_http_requests_total", status="200", **route) == 1
    assert value(metrics, "matjip_http_request_duration_seconds_sum", **route) == 0.02


def test_an_analysis_is_counted_by_outcome_and_timed(metrics):
    tell([measured(metrics)], ANALYSIS)
    assert value(metrics, "matjip_analyses_total", analysis="sentiment", engine="lite", outcome="ok") == 1
    assert value(metrics, "matjip_analysis_duration_seconds_sum", analysis="sentiment") == 0.3
    assert value(metrics, "matjip_analysis_reviews_sum", analysis="sentiment") == 7


def test_remembered_vectors_are_counted_with_the_time_that_they_saved(metrics):
    tell([measured(metrics)], VECTORS)
    counted = [value(metrics, "matjip_embeddings_total", outcome=each) for each in ("hits", "joined", "misses")]
    assert counted == [4, 1, 2]
    assert value(metrics, "matjip_embedding_seconds_saved_total") == 1.5


def test_texts_are_counted_where_their_vectors_came_and_requests_always(metrics):
    for record in (EMBEDDED, replace(EMBEDDED, outcome="lost")):
        tell([measured(metrics)], record)
    assert value(metrics, "matjip_embedding_requests_total", outcome="lost") == 1
    assert value(metrics, "matjip_embedding_texts_total") == 64
    assert value(metrics, "matjip_embedding_request_duration_seconds_sum") == 1.0


def test_texts_are_counted_by_who_counted_their_tokens(metrics):
    tell([measured(metrics)], COUNTED)
    assert value(metrics, "matjip_texts_counted_total", by="estimate") == 5


def test_a_call_that_kept_its_promise_is_goodput_with_its_tokens_and_where_its_time_went(metrics):
    tell([measured(metrics)], CALLED)
    of = {"tenant": "t", "kind": "summary", "urgency": "interactive"}
    assert value(metrics, "matjip_model_calls_total", outcome="met", **of) == 1
    assert value(metrics, "matjip_model_goodput_tokens_total", **of) == 960
    parts = [
        value(metrics, "matjip_model_call_seconds_sum", urgency="interactive", part=part)
        for part in ("queue", "first_token", "prefill", "decode")
    ]
    assert parts == [0.5, 0.75, 0.25, 1.0]


def test_a_refused_call_is_counted_by_its_reason_and_is_no_goodput(metrics):
    tell([measured(metrics)], replace(CALLED, outcome="refused", reason="too_late", first_token_s=None))
    assert value(metrics, "matjip_model_refusals_total", urgency="interactive", reason="too_late") == 1
    assert not value(metrics, "matjip_model_goodput_tokens_total", tenant="t", kind="summary", urgency="interactive")


def test_how_late_the_event_loop_came_back_is_measured(metrics):
    tell([measured(metrics)], LoopLooked(late_s=0.03))
    assert value(metrics, "matjip_event_loop_lag_seconds_sum") == 0.03


def test_a_spike_of_negatives_is_counted(metrics):
    tell([measured(metrics)], SPIKED)
    assert value(metrics, "matjip_negative_spikes_total") == 1


def test_remembered_answers_are_counted_with_what_they_saved(metrics):
    tell([measured(metrics)], REMEMBERED)
    for outcome, count in (("hits", 4), ("joined", 1), ("misses", 2)):
        assert value(metrics, "matjip_model_answers_total", task="FindAspects", outcome=outcome) == count
    assert value(metrics, "matjip_model_tokens_saved_total", task="FindAspects") == 90
    assert value(metrics, "matjip_model_seconds_saved_total", task="FindAspects") == 1.5


@pytest.mark.parametrize(("outcome", "count"), [("answered", 7), ("repaired", 2), ("undecided", 1)])
def test_items_that_a_model_was_asked_about_are_counted_by_what_became_of_them(metrics, outcome, count):
    tell([measured(metrics)], ASKED)
    assert value(metrics, "matjip_model_items_total", task="sentiment", outcome=outcome) == count


def test_what_was_dropped_of_an_answer_is_counted_by_its_reason(metrics):
    tell([measured(metrics)], DROPPED)
    assert value(metrics, "matjip_model_items_dropped_total", task="aspects", reason="quote") == 3


def test_a_review_that_was_cut_is_counted(metrics):
    tell([measured(metrics)], CUT)
    assert value(metrics, "matjip_model_reviews_cut_total", task="sentiment") == 1


@pytest.mark.parametrize(("outcome", "count"), [("created", 3), ("updated", 2), ("unchanged", 1), ("deleted", 4)])
def test_written_reviews_are_counted_by_what_became_of_them(metrics, outcome, count):
    tell([measured(metrics)], WRITTEN)
    assert value(metrics, "matjip_reviews_written_total", outcome=outcome) == count
    assert value(metrics, "matjip_reviews_write_duration_seconds_count") == 1


def test_a_projection_shows_where_it_is_and_how_far_behind(metrics):
    tell([measured(metrics)], CAUGHT_UP)
    assert value(metrics, "matjip_projection_position", projection="index") == 10
    assert value(metrics, "matjip_projection_behind", projection="index") == 5
    assert value(metrics, "matjip_projection_points_total", projection="index") == 9
    assert value(metrics, "matjip_projection_duration_seconds_sum", projection="index") == 0.1


def test_a_projection_that_does_not_move_shows_how_far_behind_it_falls(metrics):
    for behind in (0, 7):
        tell([measured(metrics)], ProjectionStands(projection="index", position=10, behind=behind))
        assert value(metrics, "matjip_projection_behind", projection="index") == behind
    assert value(metrics, "matjip_projection_points_total", projection="index") is None


def test_a_refresh_is_counted_by_policy_and_outcome_and_timed(metrics):
    tell([measured(metrics)], REFRESHED)
    assert value(metrics, "matjip_refresh_runs_total", policy="matjip", outcome="refreshed") == 1
    assert value(metrics, "matjip_refresh_duration_seconds_sum") == 0.2


def test_staleness_shows_its_mean_its_p95_what_waits_and_the_price(metrics):
    tell([measured(metrics)], FRESHNESS)
    assert [value(metrics, "matjip_staleness_seconds", statistic=each) for each in ("mean", "p95")] == [1_200, 9_000]
    assert [value(metrics, "matjip_freshness_waiting", what=each) for each in ("restaurants", "changes")] == [3, 8]
    assert value(metrics, "matjip_freshness_price") == 4.5


def test_a_completion_is_counted_and_timed_to_its_first_token_and_its_end(metrics):
    tell([measured(metrics)], COMPLETED)
    assert value(metrics, "matjip_model_completions_total", task="summary", outcome="stop") == 1
    assert value(metrics, "matjip_model_completion_duration_seconds_sum", urgency="batch") == 1.5
    assert value(metrics, "matjip_model_first_token_seconds_sum", urgency="batch") == 0.2


@pytest.mark.parametrize(("kind", "tokens"), [("prompt", 900), ("completion", 60), ("cached", 400)])
def test_a_completion_s_tokens_are_counted_by_kind(metrics, kind, tokens):
    tell([measured(metrics)], COMPLETED)
    assert value(metrics, "matjip_model_tokens_total", kind=kind) == tokens


def test_a_completion_without_a_token_has_no_first_one(metrics):
    tell([measured(metrics)], replace(COMPLETED, first_token_s=None, outcome="refused"))
    assert value(metrics, "matjip_model_completions_total", task="summary", outcome="refused") == 1
    assert value(metrics, "matjip_model_first_token_seconds_count", urgency="batch") is None


def test_a_repetition_is_counted_by_its_reason(metrics):
    tell([measured(metrics)], RETRY)
    assert value(metrics, "matjip_model_retries_total", reason="lost") == 1


@pytest.mark.parametrize(("state", "number"), [("closed", 0), ("half_open", 1), ("open", 2)])
def test_a_breaker_shows_its_state(metrics, state, number):
    tell([measured(metrics)], BreakerMoved(dependency="model", state=state))
    assert value(metrics, "matjip_breaker_state", dependency="model") == number


def test_every_declared_metric_is_moved_by_some_record(metrics):
    for record in (
        REQUEST,
        ANALYSIS,
        WRITTEN,
        CAUGHT_UP,
        REFRESHED,
        FRESHNESS,
        REMEMBERED,
        VECTORS,
        EMBEDDED,
        COUNTED,
        SPIKED,
        SHADOW,
        ASKED,
        DROPPED,
        CUT,
        COMPLETED,
        RETRY,
        BreakerMoved(dependency="model", state="open"),
        CALLED,
        replace(CALLED, outcome="refused", reason="too_late"),
        LoopLooked(late_s=0.03),
    ):
        tell([measured(metrics)], record)
    ours = [metric for metric in metrics.registry.collect() if metric.name.startswith("matjip_")]
    assert [metric.name for metric in ours if not any(sample.value for sample in metric.samples)] == []


def test_a_label_keeps_its_first_values_and_counts_the_rest_as_other(metrics):
    for number in range(MAX_VALUES_PER_LABEL + 50):
        tell([measured(metrics)], RequestFinished(method="GET", route=f"/{number}", status=200, seconds=0.0))
    assert value(metrics, "matjip_http_requests_total", method="GET", route="other", status="200") == 50


def test_an_invented_method_is_counted_as_other(metrics):
    tell([measured(metrics)], RequestFinished(method="BREW", route="/tea", status=405, seconds=0.0))
    assert value(metrics, "matjip_http_requests_total", method="other", route="/tea", status="405") == 1


def test_the_text_names_each_metric_with_its_sentence(metrics):
    tell([measured(metrics)], REQUEST)
    text = metrics.render().decode()
    assert "# HELP matjip_http_requests_total HTTP requests answered" in text
    assert 'matjip_build_info{version="1.2.3"} 1.0' in text
