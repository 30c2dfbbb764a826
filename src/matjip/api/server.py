"""The HTTP edge, put together: routes, the one list of middleware, errors, the description, and how it is served."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Literal

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from matjip.api.errors import Problem, ProblemShape, problem_of, to_response
from matjip.api.middleware import AccessLog, BodyLimit, ErrorBoundary, Hardened, RequestId
from matjip.api.routes import (
    alerts,
    analyses,
    changes,
    completions,
    exports,
    feedback,
    models,
    restaurants,
    reviews,
    search,
    system,
)
from matjip.api.service import EdgeService
from matjip.errors import MatjipError

__all__ = ["ApiSettings", "Role", "create_app", "server_config"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TAGS = (
    ("sentiment", "How the reviews of a restaurant lean."),
    ("summary", "What the reviews say, each statement with the reviews that it rests on."),
    ("strengths", "What a restaurant is good at, and better at than comparable ones."),
    ("search", "Finding reviews by meaning and by words."),
    ("restaurants", "The restaurants that reviews belong to."),
    ("reviews", "Reviews: written, read, listed, removed, with every version."),
    ("results", "Stored results and the runs that made them."),
    ("feedback", "What people say of claims and labels, and what it changes."),
    ("alerts", "More negative reviews than a restaurant's own history explains."),
    ("models", "Adaptations of the built-in judge: what they gain, and which of them answers."),
    ("changes", "What happened, from one cursor on, for whoever follows."),
    ("inference", "Prompts for the model whose engines this process owns; asked by gateways alone."),
    ("system", "Health, metrics and version, for operators and their machines."),
)
Role = Literal["api", "inference"]  # what a process serves; it opens what that needs, and no more
DESCRIPTION = (
    "Restaurant reviews become sentiment, summaries, strengths and search results that carry their evidence. "
    "Errors are problem documents (RFC 9457) with a code; times are UTC; ids are text."
)
ROUTERS: dict[Role, tuple[APIRouter, ...]] = {
    "api": (
        analyses.router,
        search.router,
        restaurants.router,
        reviews.flat,
        reviews.router,
        analyses.results,
        alerts.router,
        changes.router,
        feedback.router,
        feedback.export,
        exports.router,
        models.router,
        system.promises,
        system.router,
    ),
    "inference": (completions.router, system.router),
}


class ApiSettings(BaseModel, frozen=True, extra="forbid"):
    """Limits of the HTTP edge."""

    max_body_bytes: int = Field(
        4 * 1_024 * 1_024, gt=0, description="A larger request body is refused with 413, before it is read to its end."
    )
    request_timeout_s: float = Field(
        60.0, gt=0, description="A request that works longer is stopped and answered with 504."
    )
    shutdown_grace_s: int = Field(25, gt=0, description="How long a stop waits for requests in flight.")
    keep_alive_s: int = Field(75, gt=0, description="An idle connection is closed after this; longer than the proxy's.")
    max_connections: int = Field(2_000, gt=0, description="More connections at once are answered with 503.")


def create_app(service: EdgeService, settings: ApiSettings, *, role: Role = "api") -> FastAPI:
    """The application of a role. It reaches everything through `service` and owns nothing that must be closed."""
    tags = {tag for router in ROUTERS[role] for route in router.routes for tag in getattr(route, "tags", ())}
    # A call of a gateway may wait in line for as long as the line lets it, and ends when the gateway leaves.
    timeout_s = settings.request_timeout_s if role == "api" else None
    app = FastAPI(
        title="Matjip",
        version=service.version,
        description=DESCRIPTION,
        openapi_tags=[{"name": name, "description": sentence} for name, sentence in TAGS if name in tags],
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        exception_handlers={
            MatjipError: _answer(service),
            RequestValidationError: _answer(service),
            HTTPException: _answer(service),
        },
        middleware=[  # outermost first
            Middleware(RequestId, new_id=service.new_id),
            Middleware(AccessLog, clock=service.clock, hooks=service.hooks),
            Middleware(Hardened),
            Middleware(ErrorBoundary, clock=service.clock, timeout_s=timeout_s),
            Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
        ],
    )
    app.router.redirect_slashes = False
    app.state.service = service
    for router in ROUTERS[role]:
        app.include_router(router)
    _describe_problems(app)
    return app


def server_config(app: FastAPI, settings: ApiSettings, *, host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves it: our logs, our limits, no banner."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_grace_s,
        limit_concurrency=settings.max_connections,
    )


def _operation_id(route: APIRoute) -> str:
    return route.name


def _answer(service: EdgeService) -> Callable[[Request, Exception], Coroutine[None, None, Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise error  # the boundary logs it in full
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            problem = _with_allow(problem, request)
        return to_response(
            problem,
            instance=request.url.path,
            request_id=request.scope["state"]["request_id"],
            now=service.clock.now(),
        )

    return answer


def _with_allow(problem: Problem, request: Request) -> Problem:
    """The methods of every route at this path, not only of the first that matched."""
    allowed = [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    allow = ", ".join(allowed)
    return Problem(
        code=problem.code, detail=f"{request.method} is not known here; use {allow}.", headers={"Allow": allow}
    )


def _describe_problems(app: FastAPI) -> None:
    """Put the problem document among the schemas, and only our own errors on the routes."""
    describe = app.openapi

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            api = describe()
            schemas = api["components"]["schemas"]
            _, shapes = models_json_schema(
                [(ProblemShape, "serialization")], ref_template="#/components/schemas/{model}"
            )
            schemas.update(shapes["$defs"])
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            app.openapi_schema = api
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
