"""Errors as HTTP: the one table from code words to status numbers, and the problem document (RFC 9457) made of it.

A problem also holds the envelope {"error": {"code", "message", "timestamp"}}, so that either form can be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Literal, get_args

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from matjip.api.faults import faults_of, malformed_json
from matjip.clock import to_iso
from matjip.errors import Code, Fault, MatjipError

__all__ = [
    "MEDIA_TYPE",
    "TABLE",
    "AnyCode",
    "EdgeCode",
    "EdgeError",
    "Envelope",
    "FaultShape",
    "Problem",
    "ProblemShape",
    "Row",
    "problem_of",
    "responses",
    "shape",
    "to_response",
]

MEDIA_TYPE = "application/problem+json"
EdgeCode = Literal[
    "malformed", "unauthenticated", "method_not_allowed", "unsupported_media_type", "timeout", "unhealthy"
]
AnyCode = Code | EdgeCode


@dataclass(frozen=True, slots=True)
class Row:
    """What a code is over HTTP."""

    status: int
    title: str
    retry_after_s: int | None = None  # told when the error itself names no wait


TABLE: dict[AnyCode, Row] = {
    "malformed": Row(400, "The request cannot be read."),
    "unauthenticated": Row(401, "The key is missing or wrong."),
    "not_found": Row(404, "There is no such thing."),
    "method_not_allowed": Row(405, "The path does not know this method."),
    "conflict": Row(409, "The request contradicts the present state."),
    "stale_version": Row(409, "Somebody else wrote first."),
    "in_flight": Row(409, "The same work is under way.", retry_after_s=1),
    "too_large": Row(413, "The request is over a size limit."),
    "unsupported_media_type": Row(415, "The body is not JSON."),
    "invalid": Row(422, "The input breaks a rule."),
    "idempotency_mismatch": Row(422, "The idempotency key was used with another payload."),
    "internal": Row(500, "Something failed on our side."),
    "misconfigured": Row(500, "Something failed on our side."),
    "unavailable": Row(503, "A dependency does not answer.", retry_after_s=2),
    "busy": Row(503, "Another process holds what this one needs.", retry_after_s=2),
    "not_ready": Row(503, "The service is starting or draining.", retry_after_s=2),
    "unhealthy": Row(503, "A check fails.", retry_after_s=5),
    "timeout": Row(504, "The work took longer than a request may.", retry_after_s=5),
}
NEUTRAL = (
    "Something failed on our side. It has been logged under this request id; please name it when you ask about it."
)
BY_STATUS: dict[int, AnyCode] = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    503: "unavailable",
}
NO_PATH = "There is nothing at this path; /docs lists what there is."
MAX_INSTANCE_CHARS = 500


class EdgeError(Exception):
    """A request that does not reach the domain: unreadable, of the wrong type, or too slow."""

    def __init__(self, code: EdgeCode, message: str, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.faults = tuple(faults)


class FaultShape(BaseModel):
    """One thing that is wrong."""

    where: str = Field(description="A path into the input.", examples=["reviews[3].rating"])
    wrong: str = Field(description="What it is.", examples=["is 7"])
    right: str = Field(description="What it should be.", examples=["less than or equal to 5"])


class Envelope(BaseModel):
    """The same error in its short form."""

    code: str = Field(examples=["invalid"])
    message: str = Field(examples=["reviews[3].rating is 7; expected less than or equal to 5"])
    timestamp: datetime


class ProblemShape(BaseModel):
    """A problem document (RFC 9457), application/problem+json."""

    type: str = Field(description="Where the kind of error is described.", examples=["/docs#invalid"])
    title: str = Field(description="The kind in one sentence.", examples=["The input breaks a rule."])
    status: int = Field(examples=[422])
    detail: str = Field(
        description="This case in one sentence.", examples=["reviews[3].rating is 7; expected less than or equal to 5"]
    )
    instance: str = Field(description="The path that was asked for.", examples=["/api/v1/sentiment/analyze"])
    code: Literal[get_args(Code) + get_args(EdgeCode)] = Field(  # type: ignore[valid-type]
        description="The kind in one word, for programs.", examples=["invalid"]
    )
    request_id: str = Field(examples=["019300a1-7c1e-7b52-9f3a-3f7d0c6a1b2c"])
    faults: list[FaultShape] = Field(description="Every fault of the input; empty for other errors.")
    facts: dict[str, str | int | None] = Field(description="Values that explain the error, such as both versions.")
    error: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error on its way out."""

    code: AnyCode
    detail: str
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, str | int | None] = field(default_factory=dict)
    retry_after_s: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return TABLE[self.code].status


def problem_of(error: Exception) -> Problem:
    """What a caller is told of an error. Of an unknown one: nothing but that it happened."""
    match error:
        case MatjipError() if TABLE[error.code].status != HTTPStatus.INTERNAL_SERVER_ERROR:
            return Problem(
                code=error.code,
                detail=error.message,
                faults=error.faults,
                facts=error.facts,
                retry_after_s=error.retry_after_s,
            )
        case EdgeError():
            return Problem(code=error.code, detail=error.message, faults=error.faults)
        case RequestValidationError():
            return _invalid(error)
        case HTTPException() if error.status_code in BY_STATUS:
            code = BY_STATUS[error.status_code]
            detail = NO_PATH if code == "not_found" else TABLE[code].title
            return Problem(code=code, detail=detail, headers=error.headers or {})
        case _:
            return Problem(code="internal", detail=NEUTRAL)


def _invalid(error: RequestValidationError) -> Problem:
    if fault := malformed_json(error):
        return Problem(code="malformed", detail=str(fault), faults=(fault,))
    faults = faults_of(error.errors())
    return Problem(code="invalid", detail="; ".join(str(fault) for fault in faults), faults=faults)


def shape(problem: Problem, *, instance: str, request_id: str, now: datetime) -> dict[str, object]:
    """The problem document."""
    return {
        "type": f"/docs#{problem.code}",
        "title": TABLE[problem.code].title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance[:MAX_INSTANCE_CHARS],
        "code": problem.code,
        "request_id": request_id,
        "faults": [{"where": fault.where, "wrong": fault.wrong, "right": fault.right} for fault in problem.faults],
        "facts": dict(problem.facts),
        "error": {"code": problem.code, "message": problem.detail, "timestamp": to_iso(now)},
    }


def to_response(problem: Problem, *, instance: str, request_id: str, now: datetime) -> Response:
    """The problem as an answer, with `Retry-After` where waiting helps."""
    wait_s = problem.retry_after_s or TABLE[problem.code].retry_after_s
    headers = {**problem.headers, "Cache-Control": "no-store"} | ({"Retry-After": str(wait_s)} if wait_s else {})
    body = encode(shape(problem, instance=instance, request_id=request_id, now=now))
    return Response(body, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def encode(document: dict[str, object]) -> bytes:
    """JSON; a lone surrogate, which no UTF-8 can hold, is shown as its escape."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        return orjson.dumps(_clean(document))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def responses(*codes: AnyCode) -> dict[int | str, dict[str, object]]:
    """The OpenAPI entries of the errors that a route may answer, one example a status."""
    found: dict[int | str, dict[str, object]] = {}
    for code in codes:
        row = TABLE[code]
        schema = {"schema": {"$ref": "#/components/schemas/ProblemShape"}, "example": _example(code)}
        found.setdefault(row.status, {"description": row.title, "content": {MEDIA_TYPE: schema}})
    return found


def _example(code: AnyCode) -> dict[str, object]:
    faults: tuple[Fault, ...] = ()
    if code in ("invalid", "malformed"):
        faults = (Fault(where="reviews[3].rating", wrong="is 7", right="less than or equal to 5"),)
    problem = Problem(code=code, detail=str(faults[0]) if faults else TABLE[code].title, faults=faults)
    return shape(
        problem,
        instance="/api/v1/restaurants/mapo-noodles",
        request_id="019300a1-7c1e-7b52-9f3a-3f7d0c6a1b2c",
        now=datetime.fromisoformat("2026-11-23T09:00:00+00:00"),
    )
