"""The change feed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from matjip.analysis.changes import TYPES, ChangePage, ChangeType
from matjip.api.errors import responses
from matjip.api.examples import CHANGES, example
from matjip.api.fields import Limit
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.errors import Fault, Invalid

__all__ = ["router"]

MAX_WAIT_S = 30  # half of the time after which a request is stopped, and what proxies let pass
MAX_CURSOR_CHARS = 500

router = APIRouter(
    prefix="/api/v1",
    tags=["changes"],
    route_class=StrictRoute,
    responses=responses("malformed", "invalid", "not_ready"),
)


@router.get("/changes", responses=example(CHANGES))
async def list_changes(
    service: Working,
    caller: Asker,
    cursor: Annotated[
        str | None,
        Query(max_length=MAX_CURSOR_CHARS, description="`cursor` of the page before; from the beginning without it."),
    ] = None,
    start: Annotated[
        Literal["beginning", "now"],
        Query(description="Without a cursor. now: no changes, and the cursor after all that happened so far."),
    ] = "beginning",
    types: Annotated[
        list[ChangeType] | None,
        Query(description="Only these; may be given several times. Keep to them with a cursor."),
    ] = None,
    limit: Limit = 100,
    wait_s: Annotated[
        float, Query(ge=0, le=MAX_WAIT_S), Field(description="Where nothing happened yet: wait for so long.")
    ] = 0,
) -> ChangePage:
    """What happened to your restaurants, reviews and results, oldest first. Every change is given at least once, none is skipped.

    Keep `cursor` once a page is dealt with; the same change may come again under the same `id`. Texts are not in it: read them
    by their ids.
    """
    if start == "now":
        if cursor is not None:
            raise Invalid.of(Fault(where="query.start", wrong="is now beside a cursor", right="one of them"))
        return ChangePage(changes=(), cursor=await service.changes.start(caller.tenant), more=False)
    return await service.changes.page(
        caller.tenant,
        cursor=cursor,
        limit=limit,
        types=types or TYPES,
        wait_s=wait_s,
        waiting=lambda: service.lifecycle.state == "READY",
    )
