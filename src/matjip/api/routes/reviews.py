"""Reviews: written one by one or in batches, read, listed, removed, with every version that they had."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.config import JsonDict

from matjip.api.errors import responses
from matjip.api.fields import (
    NO_NUL,
    Content,
    Cursor,
    Id,
    Language,
    Limit,
    Moment,
    Rating,
    RequestShape,
    Version,
    Word,
    from_cursor,
    to_cursor,
    window_of,
)
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.api.writer import BatchWritten, Key, Writer, Writing, WrittenShape, etag
from matjip.reviews.event import Event, PersonErased, ReviewDeleted, ReviewUpserted
from matjip.reviews.review import Review, ReviewDraft
from matjip.reviews.store import Delete, Mode, Put
from matjip.reviews.validate import MAX_IMAGES, MAX_URL_CHARS

__all__ = [
    "ReviewBatch",
    "ReviewBody",
    "ReviewFields",
    "ReviewInRestaurant",
    "ReviewPage",
    "ReviewShape",
    "ReviewVersion",
    "ReviewVersions",
    "ReviewWithId",
    "flat",
    "router",
]

UNDER = "/api/v1/restaurants/{restaurant_id}/reviews"
COMMON = responses("malformed", "invalid", "not_ready")
WRITING = responses("stale_version", "too_large", "unsupported_media_type")
MAX_BATCH = 1_000  # about 15 MB of the longest reviews, above the default body limit; one transaction of about a second

router = APIRouter(prefix=UNDER, tags=["reviews"], route_class=StrictRoute, responses=COMMON)
flat = APIRouter(prefix="/api/v1/reviews", tags=["reviews"], route_class=StrictRoute, responses=COMMON)
EXAMPLE: JsonDict = {"content": "국물이 진하고 면이 쫄깃해요. 또 올게요!", "rating": 5, "author_id": "guest-17"}


class ReviewFields(RequestShape):
    """What a sender says of a review."""

    content: Content
    author_id: Id | None = None
    group_id: Id | None = None
    subgroup_id: Id | None = None
    rating: Rating | None = None
    is_recommended: StrictBool | None = None
    images: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARS), NO_NUL], ...], Field(max_length=MAX_IMAGES)
    ] = ()
    source: Word | None = None
    language: Language | None = None
    created_at: Moment | None = None

    def draft(self, restaurant_id: str, review_id: str) -> ReviewDraft:
        return ReviewDraft(
            restaurant_id=restaurant_id,
            id=review_id,
            content=self.content,
            author_id=self.author_id,
            group_id=self.group_id,
            subgroup_id=self.subgroup_id,
            rating=self.rating,
            is_recommended=self.is_recommended,
            images=self.images,
            source=self.source,
            language=self.language,
            created_at=self.created_at,
        )


class ReviewWithId(ReviewFields):
    """A review that may name its id; without one it gets a new id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "r-1", **EXAMPLE}]})

    id: Id | None = None
    expected_version: Version | None = None

    def put(self, restaurant_id: str, writer: Writer, expected_version: int | None) -> Put:
        review_id = self.id if self.id is not None else writer.new_id()
        return Put(review=self.draft(restaurant_id, review_id), expected_version=expected_version)


class ReviewBody(ReviewFields):
    """A review whose id is in the path."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    expected_version: Version | None = None
    idempotency_key: Key | None = None


class ReviewPosted(ReviewWithId):
    """A review, with its idempotency key beside it."""

    idempotency_key: Key | None = None


class ReviewInRestaurant(RequestShape):
    """A review together with its restaurant's id."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"idempotency_key": "order-7-review", "restaurant_id": "mapo-noodles", "review": EXAMPLE}]
        }
    )

    idempotency_key: Key | None = None
    restaurant_id: Id
    review: ReviewWithId


class ReviewBatch(RequestShape):
    """Many reviews of one restaurant. atomic: all or none. partial: each alone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"mode": "partial", "reviews": [{"id": "r-1", **EXAMPLE}, {"id": "r-2", "content": "별로였어요"}]}
            ]
        }
    )

    mode: Literal["atomic", "partial"] = "atomic"
    reviews: Annotated[list[ReviewWithId], Field(min_length=1, max_length=MAX_BATCH)]
    idempotency_key: Key | None = None


class ReviewShape(BaseModel):
    """A review as it stands."""

    restaurant_id: str = Field(examples=["mapo-noodles"])
    id: str = Field(examples=["r-1"])
    version: int = Field(examples=[1])
    content: str = Field(examples=[EXAMPLE["content"]])
    author_id: str | None = Field(examples=["guest-17"])
    group_id: str | None = Field(examples=[None])
    subgroup_id: str | None = Field(examples=[None])
    rating: float | None = Field(examples=[5])
    is_recommended: bool | None = Field(examples=[None])
    images: list[str] = Field(examples=[[]])
    source: str | None = Field(examples=["app"])
    language: str | None = Field(examples=["ko"])
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, review: Review) -> "ReviewShape":
        return cls.model_validate(review, from_attributes=True)


class ReviewPage(BaseModel):
    """Living reviews of a restaurant by id."""

    reviews: list[ReviewShape]
    next_cursor: str | None = Field(description="For the next page; null on the last.", examples=[None])


class ReviewVersion(BaseModel):
    """One change of a review: who, when, on whose request."""

    position: int = Field(examples=[42])
    at: datetime
    actor: str = Field(examples=["anonymous"])
    request_id: str = Field(examples=["019300a1-7c1e-7b52-9f3a-3f7d0c6a1b2c"])
    change: Literal["upserted", "deleted", "erased"] = Field(examples=["upserted"])
    version: int | None = Field(description="Null for an erasure.", examples=[1])
    content: str | None = Field(description="As it was written then; null when removed or erased.", examples=["좋아요"])
    rating: float | None = Field(examples=[5])

    @classmethod
    def of(cls, event: Event) -> "ReviewVersion":
        told = {"position": event.position, "at": event.at, "actor": event.actor, "request_id": event.request_id}
        match event.change:
            case ReviewUpserted(review=review, version=version):
                said = {"change": "upserted", "version": version, "content": review.content, "rating": review.rating}
            case ReviewDeleted(version=version):
                said = {"change": "deleted", "version": version, "content": None, "rating": None}
            case PersonErased():
                said = {"change": "erased", "version": None, "content": None, "rating": None}
            case _:
                raise TypeError(f"{type(event.change).__name__} is not an event of a review")
        return cls.model_validate(told | said)


class ReviewVersions(BaseModel):
    """Every change of one review, oldest first."""

    versions: list[ReviewVersion]


@flat.post("", responses=WRITING | responses("in_flight"))
async def post_review(body: ReviewInRestaurant, writer: Writing) -> WrittenShape:
    """Store a review whose restaurant is named in the body; 201 when it is new."""
    put = body.review.put(body.restaurant_id, writer, writer.expected(body.review.expected_version))
    return await writer.one(put, body, key=body.idempotency_key)


@router.post("", responses=WRITING | responses("in_flight"))
async def add_review(restaurant_id: Id, body: ReviewPosted, writer: Writing) -> WrittenShape:
    """Store a review; without an id it gets a new one. 201 when it is new."""
    put = body.put(restaurant_id, writer, writer.expected(body.expected_version))
    return await writer.one(put, body, key=body.idempotency_key)


@router.post(
    "/batch",
    responses=WRITING
    | responses("in_flight")
    | {207: {"model": BatchWritten, "description": "Some items failed; each says why (mode partial)."}},
)
async def put_reviews(restaurant_id: Id, body: ReviewBatch, writer: Writing) -> BatchWritten:
    """Store many reviews: all or none (atomic), or each alone (partial, 207 when some failed)."""
    writes = [review.put(restaurant_id, writer, review.expected_version) for review in body.reviews]
    mode: Mode = body.mode
    return await writer.many(writes, mode, body, key=body.idempotency_key, items="reviews")


@router.put("/{review_id}", responses=WRITING | responses("in_flight"))
async def put_review(restaurant_id: Id, review_id: Id, body: ReviewBody, writer: Writing) -> WrittenShape:
    """Store a review under this id, new or again; 201 when it is new."""
    put = Put(review=body.draft(restaurant_id, review_id), expected_version=writer.expected(body.expected_version))
    return await writer.one(put, body, key=body.idempotency_key)


@router.get("", responses=responses("not_found"))
async def list_reviews(
    restaurant_id: Id,
    service: Working,
    caller: Asker,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
    limit: Limit = 100,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> ReviewPage:
    """The living reviews of a restaurant by id, created in [since, until), page by page."""
    window, after = window_of(since, until, where="query."), from_cursor(cursor)
    await service.reviews.restaurant(caller.tenant, restaurant_id)
    found = await service.reviews.reviews(
        caller.tenant, restaurant_id, since=window.since, until=window.until, after=after, limit=limit + 1
    )
    more = to_cursor(found[limit - 1].id) if len(found) > limit else None
    return ReviewPage(reviews=[ReviewShape.of(each) for each in found[:limit]], next_cursor=more)


@router.get("/{review_id}", responses=responses("not_found"))
async def get_review(
    restaurant_id: Id, review_id: Id, service: Working, caller: Asker, response: Response
) -> ReviewShape:
    """One review; its version is the ETag."""
    review = await service.reviews.review(caller.tenant, restaurant_id, review_id)
    response.headers["ETag"] = etag(review.version)
    return ReviewShape.of(review)


@router.get("/{review_id}/versions", responses=responses("not_found"))
async def list_review_versions(restaurant_id: Id, review_id: Id, service: Working, caller: Asker) -> ReviewVersions:
    """Every change of a review, oldest first, its removal too."""
    events = await service.reviews.versions(caller.tenant, restaurant_id, review_id)
    return ReviewVersions(versions=[ReviewVersion.of(event) for event in events])


@router.delete("/{review_id}", responses=responses("not_found", "stale_version"))
async def delete_review(
    restaurant_id: Id,
    review_id: Id,
    writer: Writing,
    expected_version: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> WrittenShape:
    """Remove a review: gone from every list, search and count at once. Its versions remain readable."""
    expected = writer.expected(expected_version)
    return await writer.one(Delete(restaurant_id=restaurant_id, review_id=review_id, expected_version=expected))
