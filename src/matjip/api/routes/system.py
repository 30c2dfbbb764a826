"""What operators and their machines ask: health, metrics, version, and the description of the API."""

from typing import Literal

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from matjip.analysis.refresher import Promise
from matjip.api.docs import CSP, page
from matjip.api.errors import MEDIA_TYPE as PROBLEM_TYPE
from matjip.api.errors import Problem, responses, shape
from matjip.api.examples import FRESHNESS, example
from matjip.api.health import MEDIA_TYPE as HEALTH_TYPE
from matjip.api.health import Check, Finding, examine, to_document, worst
from matjip.api.service import Anywhere, Asker, EdgeService, Working
from matjip.api.strict import StrictRoute
from matjip.telemetry.metrics import CONTENT_TYPE

__all__ = ["Alive", "Version", "promises", "router"]

router = APIRouter(tags=["system"], route_class=StrictRoute)  # of every role
promises = APIRouter(tags=["system"], route_class=StrictRoute)
CHECK_TIMEOUT_S = 2.0  # a part that takes longer to say how it is, is not well
NOT_HEALTHY = 503
HEALTHY_EXAMPLE: JsonDict = {
    "status": "pass",
    "version": "0",
    "releaseId": "0.1.0",
    "serviceId": "matjip",
    "state": "READY",
    "time": "2026-11-23T12:00:00Z",
    "checks": {
        "database:responseTime": [
            {"componentType": "datastore", "status": "pass", "observedValue": 0.4, "observedUnit": "ms"}
        ]
    },
}
HEALTH_SCHEMA = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {
        "status": {"type": "string", "enum": ["pass", "warn", "fail"]},
        "checks": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
    },
}
HEALTH_CONTENT = {HEALTH_TYPE: {"schema": HEALTH_SCHEMA, "example": HEALTHY_EXAMPLE}}


class Alive(BaseModel):
    """The event loop turns."""

    status: Literal["pass"] = Field(default="pass", examples=["pass"])


class Version(BaseModel):
    """What runs here."""

    service: Literal["matjip"] = Field(default="matjip", examples=["matjip"])
    version: str = Field(examples=["0.1.0"])


@router.get("/health/live")
async def get_live() -> Alive:
    """The event loop turns. Asks nothing else: restart the process only when this fails."""
    return Alive()


@router.get(
    "/health/ready",
    response_class=Response,
    responses={200: {"description": "Send work.", "content": HEALTH_CONTENT}, **responses("unhealthy")},
)
async def get_ready(service: Anywhere, caller: Asker) -> Response:
    """Work may be sent: the service is READY and every part that it needs is well; 503 while starting and draining."""
    needed = [check for check in service.checks if check.is_needed]
    found = await examine(needed, timeout_s=CHECK_TIMEOUT_S)
    return _not_ready(found, service, caller.request_id) if worst(found) == "fail" else _healthy(found, service)


@router.get(
    "/health",
    response_class=Response,
    responses={
        200: {"description": "Every part is well, or well enough.", "content": HEALTH_CONTENT},
        503: {"description": "A part fails.", "content": HEALTH_CONTENT},
    },
)
async def get_health(service: Anywhere) -> Response:
    """The state of each part, in health+json; 503 if one fails."""
    found = await examine(service.checks, timeout_s=CHECK_TIMEOUT_S)
    return _healthy(found, service)


@promises.get("/api/v1/freshness", responses={**example(FRESHNESS), **responses("malformed", "invalid", "not_ready")})
async def get_freshness(service: Working) -> Promise:
    """How far published results are behind their reviews, and what is promised of it. Over all tenants, in this process."""
    return service.freshness.promise()


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"description": "Prometheus text.", "content": {"text/plain": {"example": "matjip_build_info 1.0"}}}
    },
)
async def get_metrics(service: Anywhere) -> Response:
    """Every metric of this process, for Prometheus."""
    return Response(service.metrics.render(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/version")
async def get_version(service: Anywhere) -> Version:
    """What runs here."""
    return Version(version=service.version)


@router.get("/docs", include_in_schema=False)
async def get_docs() -> Response:
    """The description of the API as a page that needs no network."""
    return Response(page(), media_type="text/html", headers={"Content-Security-Policy": CSP})


def _healthy(found: list[tuple[Check, Finding]], service: EdgeService) -> Response:
    document = to_document(found, state=service.lifecycle.state, version=service.version, now=service.clock.now())
    status = NOT_HEALTHY if worst(found) == "fail" else 200
    return Response(orjson.dumps(document), status_code=status, media_type=HEALTH_TYPE)


def _not_ready(found: list[tuple[Check, Finding]], service: EdgeService, request_id: str) -> Response:
    failing = [check.name for check, finding in found if finding.status == "fail"]
    problem = Problem(code="unhealthy", detail=f"Not ready: {', '.join(failing)}.")
    now = service.clock.now()
    document = shape(problem, instance="/health/ready", request_id=request_id, now=now)
    document["checks"] = to_document(found, state=service.lifecycle.state, version=service.version, now=now)["checks"]
    return Response(
        orjson.dumps(document), status_code=NOT_HEALTHY, media_type=PROBLEM_TYPE, headers={"Retry-After": "5"}
    )
