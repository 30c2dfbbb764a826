"""The record in canonical form: sorted JSON lines, integers for times. Two records are equal when their dumps are."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

import orjson

from matjip.clock import to_micros
from matjip.reviews.event import State, apply
from matjip.reviews.review import Restaurant, Review
from matjip.reviews.store import Reviews

__all__ = ["Rows", "dump", "dump_of", "state_at"]


class Rows(Protocol):
    """A record that can show its current rows, tombstones included."""

    async def rows(self) -> State:
        """The current rows of all tenants and the position that they stand at, from one moment."""
        ...


async def dump_of(rows: Rows) -> list[str]:
    """The dump of the current rows."""
    return list(dump(await rows.rows()))


async def state_at(reviews: Reviews, until: int | datetime | None = None) -> State:
    """The state that the log implies after a position, or after everything up to a moment; None: after everything."""
    state = State({}, {})
    async for events in reviews.events(until=until if isinstance(until, int) else None):
        for event in events:
            if isinstance(until, datetime) and event.at > until:
                return state  # times never go back in the log, so nothing earlier follows
            apply(state, event)
    return state


def dump(state: State) -> Iterator[str]:
    """One line for the position, then one a restaurant and one a review, each sorted by its key."""
    yield _line({"position": state.position})
    for _, restaurant in sorted(state.restaurants.items()):
        yield _line(_restaurant(restaurant))
    for _, review in sorted(state.reviews.items()):
        yield _line(_review(review))


def _restaurant(restaurant: Restaurant) -> dict[str, Any]:
    return {
        "kind": "restaurant",
        "tenant": restaurant.tenant,
        "id": restaurant.id,
        "version": restaurant.version,
        "name": restaurant.name,
        "categories": restaurant.categories,
        "region": restaurant.region,
        "price_band": restaurant.price_band,
        "address": restaurant.address,
        **_times(restaurant),
    }


def _review(review: Review) -> dict[str, Any]:
    return {
        "kind": "review",
        "tenant": review.tenant,
        "restaurant_id": review.restaurant_id,
        "id": review.id,
        "version": review.version,
        "content": review.content,
        "author_id": review.author_id,
        "group_id": review.group_id,
        "subgroup_id": review.subgroup_id,
        "rating": review.rating,
        "is_recommended": review.is_recommended,
        "images": review.images,
        "source": review.source,
        "language": review.language,
        **_times(review),
    }


def _times(row: Restaurant | Review) -> dict[str, int | None]:
    return {
        "created_us": to_micros(row.created_at),
        "updated_us": to_micros(row.updated_at),
        "deleted_us": to_micros(row.deleted_at) if row.deleted_at else None,
    }


def _line(fields: dict[str, Any]) -> str:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode()
