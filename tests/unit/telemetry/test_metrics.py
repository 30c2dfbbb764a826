"""What is declared is recorded: each record moves its metrics, and no label grows without bound."""

import pytest

from matjip.telemetry.hooks import measured, tell
from matjip.telemetry.metrics import MAX_VALUES_PER_LABEL, Metrics
from matjip.telemetry.record import (
    AnalysisFinished,
    AnswersRemembered,
    CaughtUp,
    FreshnessStands,
    NegativesSpiked,
    ProjectionStands,
    RefreshFinished,
    RequestFinished,
    ReviewsWritten,
    ShadowAnswered,
)

REQUEST = RequestFinished(method="GET", route="/api/v1/restaurants", status=200, seconds=0.02)
ANALYSIS = AnalysisFinished(analysis="sentiment", engine="lite", outcome="ok", reviews=7, seconds=0.3)
WRITTEN = ReviewsWritten(created=3, updated=2, unchanged=1, deleted=4, seconds=0.01)
CAUGHT_UP = CaughtUp(projection="index", position=10, behind=5, points=9, seconds=0.1)
REFRESHED = RefreshFinished(policy="matjip", outcome="refreshed", seconds=0.2)
FRESHNESS = FreshnessStands(mean_s=1_200.0, p95_s=9_000.0, restaurants=3, changes=8, price=4.5)
SPIKED = NegativesSpiked(tenant="t", restaurant_id="r")
REMEMBERED = AnswersRemembered(task="FindAspects", hits=4, joined=1, misses=2, tokens_saved=90, seconds_saved=1.5)
SHADOW = ShadowAnswered(outcome="disagreed", texts=3)


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


def test_a_spike_of_negatives_is_counted(metrics):
    tell([measured(metrics)], SPIKED)
    assert value(metrics, "matjip_negative_spikes_total") == 1


def test_remembered_answers_are_counted_with_what_they_saved(metrics):
    tell([measured(metrics)], REMEMBERED)
    for outcome, count in (("hits", 4), ("joined", 1), ("misses", 2)):
        assert value(metrics, "matjip_model_answers_total", task="FindAspects", outcome=outcome) == count
    assert value(metrics, "matjip_model_tokens_saved_total", task="FindAspects") == 90
    assert value(metrics, "matjip_model_seconds_saved_total", task="FindAspects") == 1.5


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


def test_every_declared_metric_is_moved_by_some_record(metrics):
    for record in (REQUEST, ANALYSIS, WRITTEN, CAUGHT_UP, REFRESHED, FRESHNESS, REMEMBERED, SPIKED, SHADOW):
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
