"""Feedback: claims flagged, hidden or reworded; labels and mentions corrected; corrections taken away as training data."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from matjip.analysis.desk import MAX_CORRECTION_CHARS, MAX_REASON_CHARS, FeedbackAsk
from matjip.analysis.feedback import Feedback, Kind
from matjip.api.errors import responses
from matjip.api.fields import NO_NUL, Cursor, Id, Limit, RequestShape, Word, to_cursor, to_position
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute

__all__ = ["FeedbackBody", "FeedbackPage", "FeedbackShape", "export", "router"]

JSONL = "application/jsonl"

router = APIRouter(
    prefix="/api/v1/restaurants/{restaurant_id}/feedback",
    tags=["feedback"],
    route_class=StrictRoute,
    responses=responses("malformed", "not_found", "invalid", "not_ready"),
)
export = APIRouter(
    prefix="/api/v1/feedback",
    tags=["feedback"],
    route_class=StrictRoute,
    responses=responses("malformed", "invalid", "not_ready"),
)


class FeedbackBody(RequestShape):
    """What is said, and of what: of a claim, or of a review's label, or with `aspect` of what the review says of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "hide", "claim_id": "5f1d7a84db00d2fc", "reason": "그 메뉴는 이제 팔지 않습니다."},
                {
                    "kind": "correct",
                    "claim_id": "5f1d7a84db00d2fc",
                    "correction": "국물이 깊고 진하다는 칭찬이 많습니다",
                },
                {"kind": "correct", "review_id": "r-4", "correction": "neutral"},
                {"kind": "correct", "review_id": "r-4", "aspect": "service", "correction": "not_said"},
            ]
        }
    )

    kind: Kind = Field(
        description="flag: shown and marked. hide: left out of every answer. correct: reworded, or counted as corrected. "
        "restore: as it was found. The last word counts: what was hidden and is then corrected is shown again, as corrected."
    )
    claim_id: Word | None = Field(default=None, description="Of a strength or a statement, as the result shows it.")
    review_id: Id | None = None
    aspect: Word | None = Field(default=None, description="taste, menu, service and so on; only with review_id.")
    correction: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=MAX_CORRECTION_CHARS),
            Field(
                description="Of a claim: its text, in its language; a strength has 15 to 28 Korean characters or at most 12 "
                "English words. Of a label: positive, negative or neutral. Of an aspect: positive, negative or not_said."
            ),
            NO_NUL,
        ]
        | None
    ) = None
    reason: (
        Annotated[
            str,
            StringConstraints(max_length=MAX_REASON_CHARS),
            Field(description="For people; quote no review."),
            NO_NUL,
        ]
        | None
    ) = None

    def ask(self, restaurant_id: str) -> FeedbackAsk:
        return FeedbackAsk(restaurant_id=restaurant_id, **self.model_dump())


class FeedbackShape(BaseModel):
    """Feedback as it was recorded."""

    position: int = Field(description="Place among all feedback.", examples=[1])
    restaurant_id: str = Field(examples=["mapo-noodles"])
    kind: Kind = Field(examples=["hide"])
    claim_id: str | None = Field(examples=["5f1d7a84db00d2fc"])
    review_id: str | None = Field(examples=[None])
    aspect: str | None = Field(examples=[None])
    correction: str | None = Field(examples=[None])
    reason: str | None = Field(examples=["그 메뉴는 이제 팔지 않습니다."])
    actor: str = Field(examples=["anonymous"])
    request_id: str
    at: datetime

    @classmethod
    def of(cls, feedback: Feedback) -> "FeedbackShape":
        return cls.model_validate(feedback, from_attributes=True)


class FeedbackPage(BaseModel):
    """What was said of a restaurant's claims and reviews, newest first."""

    feedback: list[FeedbackShape]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])


@router.post("", status_code=201, responses=responses("too_large", "unsupported_media_type"))
async def give_feedback(restaurant_id: Id, body: FeedbackBody, service: Working, caller: Asker) -> FeedbackShape:
    """Flag, hide or correct a claim or a label, or restore it. Every later answer heeds it."""
    return FeedbackShape.of(await service.feedback.give(body.ask(restaurant_id), caller))


@router.get("")
async def list_feedback(
    restaurant_id: Id,
    service: Working,
    caller: Asker,
    limit: Limit = 100,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> FeedbackPage:
    """Everything that was said, by whom and when, page by page."""
    found = await service.feedback.page(caller.tenant, restaurant_id, before=to_position(cursor), limit=limit + 1)
    more = to_cursor(str(found[limit - 1].position)) if len(found) > limit else None
    return FeedbackPage(feedback=[FeedbackShape.of(each) for each in found[:limit]], next_cursor=more)


@export.get("/export", response_class=StreamingResponse, responses={200: {"content": {JSONL: {}}}})
async def export_corrections(service: Working, caller: Asker) -> StreamingResponse:
    """The corrected labels and mentions that stand, a JSON object a line with the review's text: training data."""

    async def lines() -> AsyncIterator[bytes]:
        async for row in service.feedback.corrections(caller.tenant):
            yield orjson.dumps(row) + b"\n"

    return StreamingResponse(lines(), media_type=JSONL)
