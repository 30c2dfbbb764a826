"""Alerts: spikes of negative reviews, of one restaurant or of all."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from matjip.analysis.alerts import Alert
from matjip.api.errors import responses
from matjip.api.examples import ALERT, example
from matjip.api.fields import Cursor, Id, Limit, to_cursor, to_position
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.caller import Caller

__all__ = ["AlertPage", "router"]

router = APIRouter(
    prefix="/api/v1", tags=["alerts"], route_class=StrictRoute, responses=responses("malformed", "invalid", "not_ready")
)


class AlertPage(BaseModel):
    """Alerts, newest first."""

    alerts: list[Alert]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])


PAGE = AlertPage(alerts=[ALERT], next_cursor=None)


@router.get("/alerts", responses=example(PAGE))
async def list_alerts(
    service: Working, caller: Asker, limit: Limit = 50, cursor: Annotated[Cursor | None, Query()] = None
) -> AlertPage:
    """Spikes of negative reviews in all of your restaurants."""
    return await _page(service, caller, None, limit, cursor)


@router.get("/restaurants/{restaurant_id}/alerts", responses={**responses("not_found"), **example(PAGE)})
async def list_restaurant_alerts(
    restaurant_id: Id,
    service: Working,
    caller: Asker,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> AlertPage:
    """Spikes of negative reviews of one restaurant, against its own history."""
    await service.reviews.restaurant(caller.tenant, restaurant_id)
    return await _page(service, caller, restaurant_id, limit, cursor)


async def _page(
    service: Working, caller: Caller, restaurant_id: str | None, limit: int, cursor: str | None
) -> AlertPage:
    before = to_position(cursor)
    found = await service.alerts.of(caller.tenant, restaurant_id, before=before, limit=limit + 1)
    more = to_cursor(str(found[limit - 1].position)) if len(found) > limit else None
    return AlertPage(alerts=found[:limit], next_cursor=more)
