"""Export: the living reviews or restaurants as rows that an import takes back, page by page, however many there are.

Each page is read as it stands then; what is written meanwhile may be in or not. For a moment of the past there is `replay`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from matjip.reviews.review import Restaurant, Review
from matjip.reviews.sheet import Column, Fields
from matjip.reviews.store import Reviews

__all__ = ["RESTAURANT_COLUMNS", "REVIEW_COLUMNS", "restaurant_rows", "review_rows"]

PAGE_ROWS = 2_000  # about 2 MB of reviews
REVIEW_COLUMNS: Mapping[str, Column] = {
    "restaurant_id": "text",
    "id": "text",
    "content": "text",
    "author_id": "text",
    "group_id": "text",
    "subgroup_id": "text",
    "rating": "number",
    "is_recommended": "flag",
    "images": "texts",
    "source": "text",
    "language": "text",
    "created_at": "moment",
    "updated_at": "moment",
    "version": "whole",
}
RESTAURANT_COLUMNS: Mapping[str, Column] = {
    "kind": "text",
    "id": "text",
    "name": "text",
    "categories": "texts",
    "region": "text",
    "price_band": "whole",
    "address": "text",
    "created_at": "moment",
    "updated_at": "moment",
    "version": "whole",
}


async def review_rows(
    reviews: Reviews,
    tenant: str,
    *,
    restaurant_ids: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
) -> AsyncIterator[list[Fields]]:
    """The reviews of these restaurants, of all by default, created in [since, until), by restaurant and id.

    `after` leaves out restaurants up to this id. Raises NotFound for a named restaurant that is not there.
    """
    for restaurant_id in restaurant_ids:
        await reviews.restaurant(tenant, restaurant_id)
    for restaurant_id in sorted(set(restaurant_ids) or await reviews.counts(tenant)):
        page: list[Review] | None = None
        while (after is None or restaurant_id > after) and (page is None or len(page) == PAGE_ROWS):
            last = page[-1].id if page else None
            page = await reviews.reviews(tenant, restaurant_id, since=since, until=until, after=last, limit=PAGE_ROWS)
            if page:
                yield [_review(review) for review in page]


async def restaurant_rows(
    reviews: Reviews, tenant: str, *, restaurant_ids: Sequence[str] = ()
) -> AsyncIterator[list[Fields]]:
    """These restaurants, all by default, by id. Raises NotFound for a named one that is not there."""
    if restaurant_ids:
        yield [_restaurant(await reviews.restaurant(tenant, each)) for each in sorted(set(restaurant_ids))]
        return
    last: str | None = None
    while page := await reviews.restaurants(tenant, after=last, limit=PAGE_ROWS):
        yield [_restaurant(restaurant) for restaurant in page]
        last = page[-1].id


def _review(review: Review) -> Fields:
    return {name: getattr(review, name) for name in REVIEW_COLUMNS}


def _restaurant(restaurant: Restaurant) -> Fields:
    fields = {name: getattr(restaurant, name) for name in RESTAURANT_COLUMNS if name != "kind"}
    return {"kind": "restaurant", **fields}
