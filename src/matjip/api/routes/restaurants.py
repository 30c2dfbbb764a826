"""Restaurants: described, read, listed, removed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from matjip.api.errors import responses
from matjip.api.fields import Cursor, Id, Limit, Moment, Name, RequestShape, Version, from_cursor, to_cursor
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.api.writer import Key, Writing, WrittenShape, etag
from matjip.reviews.review import Restaurant, RestaurantDraft
from matjip.reviews.store import Delete, PutRestaurant
from matjip.reviews.validate import MAX_CATEGORIES

__all__ = ["RestaurantBody", "RestaurantPage", "RestaurantShape", "RestaurantWithId", "router"]

router = APIRouter(
    prefix="/api/v1/restaurants",
    tags=["restaurants"],
    route_class=StrictRoute,
    responses=responses("malformed", "invalid", "not_ready"),
)
DESCRIPTION: JsonDict = {"name": "마포 국수집", "categories": ["korean", "noodles"], "region": "mapo", "price_band": 2}


class RestaurantBody(RequestShape):
    """What is known of a restaurant. The whole description is replaced: what is left out is unknown."""

    model_config = ConfigDict(json_schema_extra={"examples": [DESCRIPTION]})

    name: Name | None = None
    categories: Annotated[tuple[Name, ...], Field(max_length=MAX_CATEGORIES)] = ()
    region: Name | None = None
    price_band: Annotated[int, Field(strict=True, ge=1, le=4, description="1 (cheap) to 4 (dear).")] | None = None
    address: Name | None = None
    created_at: Moment | None = None
    expected_version: Version | None = None
    idempotency_key: Key | None = None

    def draft(self, restaurant_id: str) -> RestaurantDraft:
        return RestaurantDraft(
            id=restaurant_id,
            name=self.name,
            categories=self.categories,
            region=self.region,
            price_band=self.price_band,
            address=self.address,
            created_at=self.created_at,
        )


class RestaurantWithId(RestaurantBody):
    """A restaurant with its id in the body."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "mapo-noodles", **DESCRIPTION}]})

    id: Id


class RestaurantShape(BaseModel):
    """A restaurant as it stands."""

    id: str = Field(examples=["mapo-noodles"])
    version: int = Field(examples=[1])
    name: str | None = Field(examples=["마포 국수집"])
    categories: list[str] = Field(examples=[["korean", "noodles"]])
    region: str | None = Field(examples=["mapo"])
    price_band: int | None = Field(examples=[2])
    address: str | None = Field(examples=[None])
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, restaurant: Restaurant) -> "RestaurantShape":
        return cls.model_validate(restaurant, from_attributes=True)


class RestaurantPage(BaseModel):
    """Restaurants by id."""

    restaurants: list[RestaurantShape]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])


@router.post("", responses=responses("stale_version", "too_large", "unsupported_media_type"), status_code=200)
async def create_restaurant(body: RestaurantWithId, writer: Writing) -> WrittenShape:
    """Store a restaurant, new or again; 201 when it is new."""
    put = PutRestaurant(restaurant=body.draft(body.id), expected_version=writer.expected(body.expected_version))
    return await writer.one(put, body, key=body.idempotency_key)


@router.put("/{restaurant_id}", responses=responses("stale_version", "too_large", "unsupported_media_type"))
async def put_restaurant(restaurant_id: Id, body: RestaurantBody, writer: Writing) -> WrittenShape:
    """Store a restaurant under this id, new or again; 201 when it is new."""
    put = PutRestaurant(restaurant=body.draft(restaurant_id), expected_version=writer.expected(body.expected_version))
    return await writer.one(put, body, key=body.idempotency_key)


@router.get("/{restaurant_id}", responses=responses("not_found"))
async def get_restaurant(restaurant_id: Id, service: Working, caller: Asker, response: Response) -> RestaurantShape:
    """One restaurant; its version is the ETag."""
    restaurant = await service.reviews.restaurant(caller.tenant, restaurant_id)
    response.headers["ETag"] = etag(restaurant.version)
    return RestaurantShape.of(restaurant)


@router.get("")
async def list_restaurants(
    service: Working, caller: Asker, limit: Limit = 100, cursor: Annotated[Cursor | None, Query()] = None
) -> RestaurantPage:
    """The living restaurants by id, page by page."""
    found = await service.reviews.restaurants(caller.tenant, after=from_cursor(cursor), limit=limit + 1)
    more = to_cursor(found[limit - 1].id) if len(found) > limit else None
    return RestaurantPage(restaurants=[RestaurantShape.of(each) for each in found[:limit]], next_cursor=more)


@router.delete("/{restaurant_id}", responses=responses("not_found", "stale_version"))
async def delete_restaurant(
    restaurant_id: Id, writer: Writing, expected_version: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None
) -> WrittenShape:
    """Remove a restaurant and all its reviews: gone from every list, search and count at once."""
    expected = writer.expected(expected_version)
    return await writer.one(Delete(restaurant_id=restaurant_id, review_id=None, expected_version=expected))
