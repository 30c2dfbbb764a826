"""Everything that is stored, taken away as JSON lines."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from matjip.api.errors import responses
from matjip.api.fields import Id, Moment, window_of
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.reviews.exporter import review_rows
from matjip.reviews.sheet import line_of

__all__ = ["router"]

JSONL = "application/jsonl"

router = APIRouter(
    prefix="/api/v1/export",
    tags=["reviews"],
    route_class=StrictRoute,
    responses=responses("malformed", "not_found", "invalid", "not_ready"),
)


@router.get("/reviews", response_class=StreamingResponse, responses={200: {"content": {JSONL: {}}}})
async def export_reviews(
    service: Working,
    caller: Asker,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
    restaurant_id: Annotated[Id | None, Query()] = None,
    after: Annotated[
        Id | None, Query(description="Leave out restaurants up to this id: goes on where a stream broke off.")
    ] = None,
) -> StreamingResponse:
    """The living reviews created in [since, until), a JSON object a line, by restaurant and id; an import takes them back.

    A stream that does not end by `api.request_timeout_s` breaks off; ask again with `after`.
    """
    window = window_of(since, until, where="query.")
    named = (restaurant_id,) if restaurant_id is not None else ()
    for each in named:
        await service.reviews.restaurant(caller.tenant, each)
    pages = review_rows(
        service.reviews, caller.tenant, restaurant_ids=named, since=window.since, until=window.until, after=after
    )

    async def lines() -> AsyncIterator[bytes]:
        async for rows in pages:
            yield b"".join(map(line_of, rows))

    return StreamingResponse(lines(), media_type=JSONL)
