"""The three analyses, one restaurant or many at once, over stored reviews or over reviews that come with the question."""

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from matjip.analysis.ask import Ask, InlineReview, OnRefusal, Run
from matjip.analysis.estimate import Estimate, Total, total_of
from matjip.analysis.progress import Progress
from matjip.analysis.result import AnalysisName, Result, SentimentResult, StrengthsResult, SummaryResult
from matjip.api.errors import ProblemShape, problem_of, responses, shape
from matjip.api.examples import PROGRESS, SENTIMENT, STRENGTHS, SUMMARY, example
from matjip.api.fields import Content, Cursor, Id, Language, Limit, Moment, Rating, RequestShape, Word, window_of
from matjip.api.service import ApiService, Asker, Working
from matjip.api.strict import StrictRoute
from matjip.caller import Caller
from matjip.errors import Fault, Invalid, MatjipError
from matjip.inference.model import Urgency

__all__ = [
    "AnalyzeBatch",
    "AnalyzeRequest",
    "BatchAnswer",
    "BatchEstimate",
    "ItemAnswer",
    "ItemEstimate",
    "RunPage",
    "results",
    "router",
]

MAX_INLINE = 1_000  # reviews sent with one question; more belong in the record
MAX_ASKS = 100
ERRORS = responses(
    "malformed", "not_found", "in_flight", "too_large", "unsupported_media_type", "invalid", "not_ready", "timeout"
)
MULTI_STATUS = 207

router = APIRouter(prefix="/api/v1", route_class=StrictRoute, responses=ERRORS)
results = APIRouter(
    prefix="/api/v1/restaurants/{restaurant_id}/results",
    tags=["results"],
    route_class=StrictRoute,
    responses=responses("malformed", "not_found", "invalid", "not_ready"),
)
R = TypeVar("R", bound=Result)


class ReviewSent(RequestShape):
    """A review that is analysed and not kept; only its content is needed."""

    content: Content
    id: Id | None = Field(default=None, description='Without one it is called "inline-1", "inline-2" by its place.')
    rating: Rating | None = None
    author_id: Id | None = None
    created_at: Moment | None = None
    language: Language | None = None
    source: Word | None = None


class AnalyzeRequest(RequestShape):
    """One restaurant: its stored reviews, or with `reviews` the ones sent here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"restaurant_id": "test_restaurant", "reviews": [{"content": "맛있어요!"}]},
                {"restaurant_id": "mapo-noodles", "since": "2026-10-01", "languages": ["ko"], "lang": "ko"},
            ]
        }
    )

    restaurant_id: Id
    reviews: Annotated[list[ReviewSent], Field(max_length=MAX_INLINE)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    languages: Annotated[tuple[Language, ...], Field(max_length=20)] = ()
    sources: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    lang: Literal["ko", "en"] | None = Field(
        default=None, description="Language of the sentences in the answer; without it, the reviews' own."
    )
    refresh: StrictBool = Field(default=False, description="Analyse again even if the stored result is current.")
    dry_run: StrictBool = Field(
        default=False, description="Answer with the reviews, tokens, time and cost that it would take, and do nothing."
    )
    urgency: Urgency = Field(
        default="interactive",
        description="How soon a model is asked, where one is: before the work of others if you wait (interactive), or when there is room. Questions of a batch are never more urgent than a batch.",
    )
    on_refusal: OnRefusal = Field(
        default="lite",
        description="Where a model has no room to answer in time: the built-in models answer and the result is marked degraded "
        "(lite), or 503 with Retry-After (error); an older stored result is given as stale before that.",
    )

    def ask(self, where: str = "") -> Ask:
        """The question. Raises Invalid for a window that ends before it begins and for an id that is used twice."""
        window = window_of(self.since, self.until, self.languages, self.sources, where=where)
        reviews = None if self.reviews is None else _inline(self.reviews, where)
        return Ask(
            restaurant_id=self.restaurant_id,
            reviews=reviews,
            window=window,
            language=self.lang,
            refresh=self.refresh,
            urgency=self.urgency,
            on_refusal=self.on_refusal,
        )


class AnalyzeBatch(RequestShape):
    """Many questions; each is answered alone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"requests": [{"restaurant_id": "mapo-noodles"}, {"restaurant_id": "hongdae-grill"}]}]
        }
    )

    requests: Annotated[list[AnalyzeRequest], Field(min_length=1, max_length=MAX_ASKS)]
    dry_run: StrictBool = Field(default=False, description="As of one request, for all of them.")

    def asks(self) -> list[Ask]:
        """The questions. Raises Invalid as one of them would, and where only some are to be a dry run."""
        if not self.dry_run and (odd := [at for at, request in enumerate(self.requests) if request.dry_run]):
            where = f"requests[{odd[0]}].dry_run"
            raise Invalid.of(
                Fault(where=where, wrong="is of one request alone", right="dry_run beside requests, for all")
            )
        return [request.ask(f"requests[{index}].") for index, request in enumerate(self.requests)]


class ItemAnswer(BaseModel, Generic[R]):
    """One question's result, or why there is none."""

    index: int = Field(examples=[0])
    status: int = Field(description="The status that it would have had alone.", examples=[200])
    result: R | None = None
    problem: ProblemShape | None = None


class BatchAnswer(BaseModel, Generic[R]):
    """Answers in the order of the questions."""

    answered: int = Field(examples=[1])
    failed: int = Field(examples=[0])
    results: list[ItemAnswer[R]]


class ItemEstimate(BaseModel):
    """What one question would take, or why it would fail."""

    index: int = Field(examples=[0])
    status: int = Field(description="The status that it would have alone.", examples=[200])
    estimate: Estimate | None = None
    problem: ProblemShape | None = None


class BatchEstimate(BaseModel):
    """What the questions would take, in their order and together."""

    dry_run: Literal[True] = True
    total: Total = Field(description="Of those that would not fail.")
    results: list[ItemEstimate]


class RunPage(BaseModel):
    """Runs of an analysis, newest first."""

    runs: list[Run]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])


@router.post("/sentiment/analyze", tags=["sentiment"], responses=example(SENTIMENT))
async def analyze_sentiment(body: AnalyzeRequest, service: Working, caller: Asker) -> SentimentResult | Estimate:
    """How the reviews lean: a label and a confidence each, counts, ratios and their interval."""
    if body.dry_run:
        return await service.analyses.expect("sentiment", body.ask(), caller)
    return await service.analyses.sentiment(body.ask(), caller)


@router.post("/summary/analyze", tags=["summary"], responses=example(SUMMARY))
async def analyze_summary(body: AnalyzeRequest, service: Working, caller: Asker) -> SummaryResult | Estimate:
    """What the reviews say, overall and by aspect; every statement with the reviews that it rests on."""
    if body.dry_run:
        return await service.analyses.expect("summary", body.ask(), caller)
    return await service.analyses.summary(body.ask(), caller)


@router.post("/strengths/analyze", tags=["strengths"], responses=example(STRENGTHS))
async def analyze_strengths(body: AnalyzeRequest, service: Working, caller: Asker) -> StrengthsResult | Estimate:
    """What the restaurant is good at, and better at than comparable ones, with support and the test behind it."""
    if body.dry_run:
        return await service.analyses.expect("strengths", body.ask(), caller)
    return await service.analyses.strengths(body.ask(), caller)


@router.post("/sentiment/analyze/batch", tags=["sentiment"])
async def analyze_sentiment_batch(
    body: AnalyzeBatch, service: Working, caller: Asker, response: Response
) -> BatchAnswer[SentimentResult] | BatchEstimate:
    """Sentiment of many restaurants; 207 when some could not be answered."""
    if body.dry_run:
        return await _estimates("sentiment", body.asks(), service, caller, response)
    answers = await service.analyses.batch("sentiment", body.asks(), caller)
    return BatchAnswer[SentimentResult].model_validate(_answers("sentiment", answers, service, caller, response))


@router.post("/summary/analyze/batch", tags=["summary"])
async def analyze_summary_batch(
    body: AnalyzeBatch, service: Working, caller: Asker, response: Response
) -> BatchAnswer[SummaryResult] | BatchEstimate:
    """Summaries of many restaurants; 207 when some could not be answered."""
    if body.dry_run:
        return await _estimates("summary", body.asks(), service, caller, response)
    answers = await service.analyses.batch("summary", body.asks(), caller)
    return BatchAnswer[SummaryResult].model_validate(_answers("summary", answers, service, caller, response))


@router.post("/strengths/analyze/batch", tags=["strengths"])
async def analyze_strengths_batch(
    body: AnalyzeBatch, service: Working, caller: Asker, response: Response
) -> BatchAnswer[StrengthsResult] | BatchEstimate:
    """Strengths of many restaurants; 207 when some could not be answered."""
    if body.dry_run:
        return await _estimates("strengths", body.asks(), service, caller, response)
    answers = await service.analyses.batch("strengths", body.asks(), caller)
    return BatchAnswer[StrengthsResult].model_validate(_answers("strengths", answers, service, caller, response))


@router.get("/restaurants/{restaurant_id}/progress", tags=["results"], responses=example(PROGRESS))
async def get_progress(
    restaurant_id: Id,
    since: Annotated[Moment, Query(description="The day to compare with.", examples=["2026-03-01"])],
    service: Working,
    caller: Asker,
    lang: Annotated[Literal["ko", "en"] | None, Query(description="Language of the sentences.")] = None,
) -> Progress:
    """What has changed since a day: how each aspect is spoken of, with a test behind every sentence, and which strengths came or went."""
    return await service.analyses.progress(restaurant_id, since, caller, language=lang)


@results.get("/{analysis}", responses=example(SENTIMENT))
async def get_result(
    restaurant_id: Id, analysis: AnalysisName, service: Working, caller: Asker
) -> SentimentResult | SummaryResult | StrengthsResult:
    """The restaurant's stored result, as it was last worked out over its stored reviews."""
    found = await service.analyses.latest(caller.tenant, restaurant_id, analysis)
    assert isinstance(found, SentimentResult | SummaryResult | StrengthsResult)
    return found


@results.get("/{analysis}/history")
async def list_runs(
    restaurant_id: Id,
    analysis: AnalysisName,
    service: Working,
    caller: Asker,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> RunPage:
    """Every run of an analysis for a restaurant: who asked, when, how long it took, how it ended."""
    runs, more = await service.analyses.history(caller.tenant, restaurant_id, analysis, limit, cursor)
    return RunPage(runs=list(runs), next_cursor=more)


def _inline(sent: Sequence[ReviewSent], where: str) -> tuple[InlineReview, ...]:
    """The reviews with their ids; one that is used twice is a fault."""
    reviews: dict[str, InlineReview] = {}
    for index, review in enumerate(sent):
        review_id = review.id if review.id is not None else f"inline-{index + 1}"
        if review_id in reviews:
            raise Invalid.of(
                Fault(where=f"{where}reviews[{index}].id", wrong="is used twice", right="an id of its own, or none")
            )
        reviews[review_id] = InlineReview(
            id=review_id,
            content=review.content,
            author_id=review.author_id,
            rating=review.rating,
            created_at=review.created_at,
            language=review.language,
            source=review.source,
        )
    return tuple(reviews.values())


async def _estimates(
    name: AnalysisName, asks: Sequence[Ask], service: ApiService, caller: Caller, response: Response
) -> BatchEstimate:
    answers = await service.analyses.expect_each(name, asks, caller)
    made = [answer for answer in answers if isinstance(answer, Estimate)]
    response.status_code = MULTI_STATUS if len(made) < len(answers) else 200
    items = _items(name, answers, service, caller, said="estimate")
    return BatchEstimate.model_validate({"total": total_of(made), "results": items})


def _answers(
    name: AnalysisName,
    answers: Sequence[Result | MatjipError],
    service: ApiService,
    caller: Caller,
    response: Response,
) -> dict[str, object]:
    failed = sum(isinstance(answer, MatjipError) for answer in answers)
    response.status_code = MULTI_STATUS if failed else 200
    items = _items(name, answers, service, caller, said="result")
    return {"answered": len(answers) - failed, "failed": failed, "results": items}


def _items(
    name: AnalysisName,
    answers: Sequence[Result | Estimate | MatjipError],
    service: ApiService,
    caller: Caller,
    *,
    said: str,
) -> list[dict[str, object]]:
    """Each answer under its name, or the problem with it."""
    path = f"/api/v1/{name}/analyze/batch"
    items: list[dict[str, object]] = []
    for index, answer in enumerate(answers):
        if isinstance(answer, MatjipError):
            problem = problem_of(answer)
            document = shape(problem, instance=path, request_id=caller.request_id, now=service.clock.now())
            items.append({"index": index, "status": problem.status, "problem": document})
        else:
            items.append({"index": index, "status": 200, said: answer})
    return items
