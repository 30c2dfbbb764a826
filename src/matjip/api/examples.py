"""One example of each large answer for the API's description. They are built as the answers are, so they cannot drift."""

from datetime import UTC, datetime

from pydantic import BaseModel

from matjip.analysis import wording
from matjip.analysis.alerts import Alert
from matjip.analysis.changes import Change, ChangePage
from matjip.analysis.estimate import Estimate, Expected, Price
from matjip.analysis.progress import AspectProgress, ClaimProgress, Progress
from matjip.analysis.proportions import wilson
from matjip.analysis.refresher import Promise
from matjip.analysis.result import (
    AspectSummary,
    Comparison,
    Counts,
    Distinct,
    Group,
    Hit,
    Interval,
    Meta,
    Month,
    Quote,
    ReviewSentiment,
    SearchResult,
    SentimentResult,
    Span,
    Statement,
    Step,
    Strength,
    StrengthsResult,
    SummaryResult,
    Trend,
    Usage,
    Why,
    Window,
    claim_id,
)

__all__ = [
    "ALERT",
    "CHANGES",
    "ESTIMATE",
    "FRESHNESS",
    "PROGRESS",
    "SEARCH",
    "SENTIMENT",
    "STRENGTHS",
    "SUMMARY",
    "example",
]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
REQUEST = "019300a1-7c1e-7b52-9f3a-3f7d0c6a1b2c"
CONTENT = "국물이 진하고 면이 쫄깃해요."
SUPPORT = 3

META = Meta(
    run_id="019300a1-8000-7000-8000-000000000001",
    request_id=REQUEST,
    as_of=NOON,
    revision=42,
    snapshot_hash="5f1d7a84db00d2fce00b31a7fc73224f",
    stored=True,
    engine="lite",
    model="lite/2026.11",
    window=Window(),
    counts=Counts(available=4, considered=4, authors=4),
    usage=Usage(reviews_judged=4, duration_ms=3.2),
    disclosure="Worked out from the reviews by a program; each statement names the reviews behind it.",
)
QUOTE = Quote(review_id="r-1", text="국물이 진하고", start=0, end=7, created_at=NOON, rating=5, language="ko")
STATEMENT = Statement(
    claim_id=claim_id("summary", "taste", "positive"),
    text="4건 중 3건이 국물 맛을 칭찬합니다.",
    aspect="taste",
    polarity="positive",
    support=SUPPORT,
    considered=4,
    review_ids=("r-1", "r-2", "r-3"),
    quotes=(QUOTE,),
)

SENTIMENT = SentimentResult(
    restaurant_id="mapo-noodles",
    status="ok",
    meta=META,
    positive_count=3,
    negative_count=1,
    neutral_count=0,
    total_count=4,
    positive_ratio=75,
    negative_ratio=25,
    neutral_ratio=0,
    positive_interval=Interval(low=0.301, high=0.954),
    by_month=(Month(month="2026-11", positive=3, negative=1, neutral=0),),
    reviews=(
        ReviewSentiment(review_id="r-1", label="positive", confidence=0.97, p_positive=0.97, decided_by="lite"),
        ReviewSentiment(review_id="r-2", label="positive", confidence=0.94, p_positive=0.94, decided_by="lite"),
        ReviewSentiment(review_id="r-3", label="positive", confidence=0.91, p_positive=0.91, decided_by="lite"),
        ReviewSentiment(review_id="r-4", label="negative", confidence=0.96, p_positive=0.04, decided_by="lite"),
    ),
)
SUMMARY = SummaryResult(
    restaurant_id="mapo-noodles",
    status="ok",
    meta=META,
    language="ko",
    overall="리뷰 4건 중 3건이 긍정적입니다. 국물 맛에 대한 칭찬이 가장 많습니다.",
    positive=(STATEMENT,),
    negative=(),
    aspects=(
        AspectSummary(
            aspect="taste",
            positive=SUPPORT,
            negative=0,
            mentions=SUPPORT,
            positive_interval=Interval(low=0.438, high=1.0),
            statements=(STATEMENT,),
        ),
    ),
)
STRENGTHS = StrengthsResult(
    restaurant_id="mapo-noodles",
    status="ok",
    meta=META,
    language="ko",
    strengths=(
        Strength(
            claim_id=claim_id("strengths", "taste", "국물", None),
            type="representative",
            aspect="taste",
            claim="진한 국물 맛을 칭찬하는 손님이 많습니다",
            support=SUPPORT,
            considered=4,
            support_ratio=0.75,
            review_ids=("r-1", "r-2", "r-3"),
            quotes=(QUOTE,),
        ),
        Strength(
            claim_id=claim_id("strengths", "taste", None, None),
            type="distinct",
            aspect="taste",
            claim="국물 맛 칭찬이 비교 식당보다 많습니다",
            support=SUPPORT,
            considered=4,
            support_ratio=0.75,
            distinct=Distinct(
                share=0.75,
                group_share=0.31,
                difference=0.29,
                interval=Interval(low=0.05, high=0.52),
                percentile=0.92,
                p_value=0.004,
                q_value=0.03,
            ),
            review_ids=("r-1", "r-2", "r-3"),
            quotes=(QUOTE,),
        ),
    ),
    group=Group(chosen_by="category+region+price", restaurants=12, reviews=640, language="ko", counted_to=1_204),
    comparison=(Comparison(aspect="taste", praise=0.75, group_praise=0.31, blame=0.0, group_blame=0.08),),
    steps=(Step(step="A", name="collect evidence", taken=4, given=4),),
)
SEARCH = SearchResult(
    query="뜨끈한 국물",
    situation=None,
    expanded_terms=("국물", "뜨끈"),
    hits=(
        Hit(
            review_id="r-1",
            restaurant_id="mapo-noodles",
            restaurant_name="마포 국수집",
            content=CONTENT,
            highlights=(Span(start=0, end=2),),
            rating=5,
            language="ko",
            source="app",
            images=(),
            created_at=NOON,
            score=0.0328,
            why=Why(words=("국물",), word_rank=1, dense_rank=1, similarity=0.71),
        ),
    ),
    total=1,
    next_cursor=None,
    request_id=REQUEST,
    as_of=NOON,
    index_position=42,
    log_position=42,
    model="lite/2026.11",
)


ALERT = Alert(
    position=1,
    tenant="default",
    restaurant_id="mapo-noodles",
    noticed_at=NOON,
    started_at=datetime(2026, 11, 21, 18, 4, tzinfo=UTC),
    last_at=datetime(2026, 11, 22, 21, 40, tzinfo=UTC),
    negatives=11,
    reviews=16,
    interval=wilson(11, 16),
    negatives_before=31,
    reviews_before=240,
    p_value=0.0000004,
    threshold=0.005,
    aspect="service",
    review_ids=("r-218", "r-217", "r-215"),
)
CHANGES = ChangePage(
    changes=(
        Change(
            id="log:1500",
            type="review.created",
            at=NOON,
            restaurant_id="mapo-noodles",
            review_id="r-1",
            version=1,
            actor="anonymous",
            request_id=REQUEST,
        ),
        Change(
            id=f"run:{META.run_id}",
            type="result.refreshed",
            at=NOON,
            restaurant_id="mapo-noodles",
            actor="freshness",
            request_id=REQUEST,
            analysis="sentiment",
            run_id=META.run_id,
            status="ok",
        ),
        Change(
            id="alert:1", type="negatives.spiked", at=ALERT.noticed_at, restaurant_id=ALERT.restaurant_id, alert=ALERT
        ),
    ),
    cursor="Zmlyc3Qtc2l4W1sxNTAxLDBdLFs5LDBdLFsyLDBdXQ",
    more=False,
)
ESTIMATE = Estimate(
    restaurant_id="mapo-noodles",
    analysis="sentiment",
    would="run",
    engine="lite",
    model="lite/2026.11",
    reviews=210,
    tokens=0,
    time=Expected(seconds=0.11, low=0.08, high=0.17, runs=200),
    cost=Price(amount_micros=6, currency="USD"),
)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
TREND = Trend(
    since=MARCH,
    positive=20,
    negative=2,
    positive_before=5,
    negative_before=20,
    direction="better",
    p_value=0.00001,
    q_value=0.00003,
)
PROGRESS = Progress(
    restaurant_id="mapo-noodles",
    since=MARCH,
    as_of=NOON,
    language="ko",
    reviews=120,
    reviews_before=90,
    overall=TREND.model_copy(update={"positive_before": 19, "direction": None, "p_value": 0.6, "q_value": 0.6}),
    aspects=(AspectProgress(aspect="waiting", trend=TREND, text=wording.since("waiting", TREND, "ko")),),
    sentences=(wording.since("waiting", TREND, "ko"),),
    result_before=MARCH,
    claims=(
        ClaimProgress(
            claim_id=claim_id("strengths", "waiting", "", ""),
            claim="대기가 짧다는 칭찬이 많습니다",
            support_before=None,
            support=20,
        ),
    ),
)
FRESHNESS = Promise(
    enabled=True,
    policy="matjip",
    target_s=3_600,
    window_s=86_400,
    mean_s=3_310.4,
    p95_s=9_650.2,
    changes=12_210,
    waiting_restaurants=341,
    waiting_changes=506,
    published=2_000,
    runs_last_day=4_559,
    failures_last_day=0,
    price=4.4,
)


def example(answer: BaseModel) -> dict[int | str, dict[str, object]]:
    """The OpenAPI entry of an answer that succeeds."""
    return {200: {"content": {"application/json": {"example": answer.model_dump(mode="json")}}}}
