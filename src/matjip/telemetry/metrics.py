"""Every metric, declared once: name, labels, one sentence. `hooks.py` alone moves them.

A label never carries an id or a word from outside: tenants, restaurants, paths and queries are not labels.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest

__all__ = ["CONTENT_TYPE", "OTHER", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
MAX_VALUES_PER_LABEL = 200  # more routes, engines and outcomes than there are; the rest is counted as "other"
# Lite answers in milliseconds, a language model in seconds; 2 s is the promise for interactive answers.
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
COUNTS = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)


class Metrics:
    """The process's metrics, in a registry of their own."""

    def __init__(self, version: str) -> None:
        self.registry = registry = CollectorRegistry()
        self._seen: dict[str, set[str]] = {}
        ProcessCollector(registry=registry)
        self.build = Info("matjip_build", "Version of the running code.", registry=registry)
        self.build.info({"version": version})
        self.requests = Counter(
            "matjip_http_requests_total",
            "HTTP requests answered, by method, route template and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "matjip_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last, by method and route template.",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        )
        self.analyses = Counter(
            "matjip_analyses_total",
            "Analyses and searches ended, by name, engine and outcome (ok, reused, joined, or an error's code).",
            ("analysis", "engine", "outcome"),
            registry=registry,
        )
        self.analysis_seconds = Histogram(
            "matjip_analysis_duration_seconds",
            "Time that an analysis or a search took.",
            ("analysis",),
            buckets=SECONDS,
            registry=registry,
        )
        self.analysis_reviews = Histogram(
            "matjip_analysis_reviews",
            "Reviews that an analysis considered, or a search found.",
            ("analysis",),
            buckets=COUNTS,
            registry=registry,
        )
        self.answers_remembered = Counter(
            "matjip_model_answers_total",
            "Items that a model was to be asked about, by question: remembered (hits), being asked (joined), asked (misses).",
            ("task", "outcome"),
            registry=registry,
        )
        self.answers_tokens_saved = Counter(
            "matjip_model_tokens_saved_total",
            "Tokens that remembered answers took when they were asked for.",
            ("task",),
            registry=registry,
        )
        self.answers_seconds_saved = Counter(
            "matjip_model_seconds_saved_total",
            "Seconds that remembered answers took when they were asked for.",
            ("task",),
            registry=registry,
        )
        self.embeddings_remembered = Counter(
            "matjip_embeddings_total",
            "Texts whose vectors were wanted: remembered (hits), being asked for (joined), asked for (misses).",
            ("outcome",),
            registry=registry,
        )
        self.embeddings_seconds_saved = Counter(
            "matjip_embedding_seconds_saved_total",
            "Seconds that remembered vectors took when they were asked for.",
            registry=registry,
        )
        self.embedding_requests = Counter(
            "matjip_embedding_requests_total",
            "Requests to embedding servers, by outcome (ok, cancelled, or why it failed).",
            ("outcome",),
            registry=registry,
        )
        self.embedding_texts = Counter(
            "matjip_embedding_texts_total", "Texts that embedding servers turned into vectors.", registry=registry
        )
        self.embedding_seconds = Histogram(
            "matjip_embedding_request_duration_seconds",
            "Time of one request to an embedding server, failed ones included.",
            buckets=SECONDS,
            registry=registry,
        )
        self.tokens_counted = Counter(
            "matjip_texts_counted_total",
            "Texts whose tokens a model server was to count: by the server, from memory, or estimated while none answered.",
            ("by",),
            registry=registry,
        )
        self.negative_spikes = Counter(
            "matjip_negative_spikes_total",
            "Spikes of negative reviews against a restaurant's own history, each counted once.",
            registry=registry,
        )
        self.items_asked = Counter(
            "matjip_model_items_total",
            "Items that a model was asked about: answered at once, repaired when asked again, undecided and left to a fallback.",
            ("task", "outcome"),
            registry=registry,
        )
        self.items_dropped = Counter(
            "matjip_model_items_dropped_total",
            "Items of a model's answers, or parts of them, that were not taken, by reason.",
            ("task", "reason"),
            registry=registry,
        )
        self.reviews_cut = Counter(
            "matjip_model_reviews_cut_total",
            "Texts that were too long for a prompt of their own, or for the embedder, of which only the beginning was asked about.",
            ("task",),
            registry=registry,
        )
        self.loop_lag = Histogram(
            "matjip_event_loop_lag_seconds",
            "By how much later than asked the event loop came back, looked at ten times a second.",
            buckets=LAGS,
            registry=registry,
        )
        self.reviews_written = Counter(
            "matjip_reviews_written_total",
            "Reviews and restaurants in committed writes, by what became of them.",
            ("outcome",),
            registry=registry,
        )
        self.write_seconds = Histogram(
            "matjip_reviews_write_duration_seconds",
            "Time of one write transaction.",
            buckets=SECONDS,
            registry=registry,
        )
        self.projection_position = Gauge(
            "matjip_projection_position",
            "Log position that a projection has reached.",
            ("projection",),
            registry=registry,
        )
        self.projection_behind = Gauge(
            "matjip_projection_behind",
            "Log positions still ahead of a projection.",
            ("projection",),
            registry=registry,
        )
        self.projection_points = Counter(
            "matjip_projection_points_total",
            "Points that a projection stored or removed.",
            ("projection",),
            registry=registry,
        )
        self.projection_seconds = Histogram(
            "matjip_projection_duration_seconds",
            "Time of one step of a projection.",
            ("projection",),
            buckets=SECONDS,
            registry=registry,
        )
        self.shadow_answers = Counter(
            "matjip_shadow_answers_total",
            "Texts that a candidate in shadow answered too, by outcome: agreed or disagreed with what was given, or failed.",
            ("outcome",),
            registry=registry,
        )
        self.staleness = Gauge(
            "matjip_staleness_seconds",
            "Time from a change to the published result that reflects it, over the freshness window: mean and p95.",
            ("statistic",),
            registry=registry,
        )
        self.freshness_waiting = Gauge(
            "matjip_freshness_waiting",
            "Restaurants that wait to be refreshed, and changes that wait to be reflected.",
            ("what",),
            registry=registry,
        )
        self.freshness_price = Gauge(
            "matjip_freshness_price",
            "Review-hours of waiting that a refresh is worth at the moment; 0 for policies without a price.",
            registry=registry,
        )
        self.refresh_runs = Counter(
            "matjip_refresh_runs_total",
            "Restaurants refreshed in the background, by policy and outcome (refreshed, or an error's code).",
            ("policy", "outcome"),
            registry=registry,
        )
        self.refresh_seconds = Histogram(
            "matjip_refresh_duration_seconds",
            "Time of one restaurant's refresh.",
            buckets=SECONDS,
            registry=registry,
        )
        self.completions = Counter(
            "matjip_model_completions_total",
            "Attempts at a model server, by task and outcome (stop, length, cancelled, or why it failed).",
            ("task", "outcome"),
            registry=registry,
        )
        self.completion_seconds = Histogram(
            "matjip_model_completion_duration_seconds",
            "Time of one attempt at a model server, by urgency, failed ones included.",
            ("urgency",),
            buckets=SECONDS,
            registry=registry,
        )
        self.first_token_seconds = Histogram(
            "matjip_model_first_token_seconds",
            "Time until the first token of an answer, by urgency.",
            ("urgency",),
            buckets=SECONDS,
            registry=registry,
        )
        self.model_tokens = Counter(
            "matjip_model_tokens_total",
            "Tokens of whole answers, by kind: of prompts, of those the server had cached, and of completions.",
            ("kind",),
            registry=registry,
        )
        self.calls = Counter(
            "matjip_model_calls_total",
            "Calls that waited for their turn at the model, by tenant, analysis, urgency and outcome: met (the first token came "
            "in time), late, refused, failed, cancelled. The rate of met is goodput.",
            ("tenant", "kind", "urgency", "outcome"),
            registry=registry,
        )
        self.call_tokens = Counter(
            "matjip_model_goodput_tokens_total",
            "Tokens of prompts and answers whose first token came in time.",
            ("tenant", "kind", "urgency"),
            registry=registry,
        )
        self.refusals = Counter(
            "matjip_model_refusals_total",
            "Calls that were refused before they were given to the model, by urgency and reason.",
            ("urgency", "reason"),
            registry=registry,
        )
        self.call_seconds = Histogram(
            "matjip_model_call_seconds",
            "Where a call's time goes, by urgency: in the line (queue), to the first token since its arrival (first_token), from "
            "its turn to the first token (prefill), from there to the end (decode).",
            ("urgency", "part"),
            buckets=SECONDS,
            registry=registry,
        )
        self.model_retries = Counter(
            "matjip_model_retries_total",
            "Repetitions of a completion, by the reason for which the attempt before failed.",
            ("reason",),
            registry=registry,
        )
        self.breaker_state = Gauge(
            "matjip_breaker_state",
            "Whether a dependency is asked: 0 closed (it is), 1 half open (one probe), 2 open (it is left alone).",
            ("dependency",),
            registry=registry,
        )

    def bounded(self, label: str, value: str) -> str:
        """The value, or "other" once the label has as many values as it may have."""
        seen = self._seen.setdefault(label, set())
        if value in seen or len(seen) < MAX_VALUES_PER_LABEL:
            seen.add(value)
            return value
        return OTHER

    def render(self) -> bytes:
        """Everything in the text format of Prometheus (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)
