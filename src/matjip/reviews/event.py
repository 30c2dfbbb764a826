"""Past-tense facts, never edited; the current rows are their fold. Erasure alone may blank what an event says."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from matjip.reviews.review import Restaurant, RestaurantDraft, Review, ReviewDraft

__all__ = [
    "Change",
    "Event",
    "PersonErased",
    "RestaurantDeleted",
    "RestaurantUpserted",
    "ReviewDeleted",
    "ReviewUpserted",
    "State",
    "apply",
    "erased",
    "fold",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestaurantUpserted:
    """A restaurant was described, first or again."""

    restaurant: RestaurantDraft
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestaurantDeleted:
    """A restaurant was removed, and with it each of its reviews (their own `ReviewDeleted` events follow)."""

    restaurant_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewUpserted:
    """A review was written, first or again. `review.created_at` is always filled in here."""

    review: ReviewDraft
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDeleted:
    """A review was removed."""

    restaurant_id: str
    review_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased:
    """Proof that a person's reviews were erased: who is kept only as a keyed hash.

    The events and rows that it names were blanked in the same transaction (content, author, groups, images).
    """

    person_hash: str
    reviews: tuple[tuple[str, str], ...]  # (restaurant id, review id)


Change = RestaurantUpserted | RestaurantDeleted | ReviewUpserted | ReviewDeleted | PersonErased


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change in the log. Positions are gapless, and commit in their order."""

    position: int
    at: datetime
    tenant: str
    actor: str
    request_id: str
    change: Change


@dataclass(slots=True)
class State:
    """The current rows, as the log implies them: keyed by (tenant, restaurant id) and (tenant, restaurant id, review id)."""

    restaurants: dict[tuple[str, str], Restaurant]
    reviews: dict[tuple[str, str, str], Review]
    position: int = 0


def fold(events: Iterable[Event]) -> State:
    """The state after these events, from nothing. Erased text is absent from the past too: its events were blanked."""
    state = State({}, {})
    for event in events:
        apply(state, event)
    return state


def apply(state: State, event: Event) -> None:
    """Carry one event into the state."""
    match event.change:
        case RestaurantUpserted() as change:
            _upsert_restaurant(state, event, change)
        case RestaurantDeleted() as change:
            restaurant_key = (event.tenant, change.restaurant_id)
            state.restaurants[restaurant_key] = replace(
                state.restaurants[restaurant_key], version=change.version, updated_at=event.at, deleted_at=event.at
            )
        case ReviewUpserted() as change:
            _upsert_review(state, event, change)
        case ReviewDeleted() as change:
            key = (event.tenant, change.restaurant_id, change.review_id)
            state.reviews[key] = replace(
                state.reviews[key], version=change.version, updated_at=event.at, deleted_at=event.at
            )
        case PersonErased() as change:
            for restaurant_id, review_id in change.reviews:
                key = (event.tenant, restaurant_id, review_id)
                state.reviews[key] = erased(state.reviews[key], event.at)
    state.position = event.position


def erased(review: Review, at: datetime) -> Review:
    """The tombstone of a review whose person was erased: nothing of the person is left in it."""
    return replace(
        review,
        content="",
        author_id=None,
        group_id=None,
        subgroup_id=None,
        images=(),
        version=review.version + 1,
        updated_at=at,
        deleted_at=at,
    )


def _upsert_restaurant(state: State, event: Event, change: RestaurantUpserted) -> None:
    draft = change.restaurant
    state.restaurants[event.tenant, draft.id] = Restaurant(
        tenant=event.tenant,
        id=draft.id,
        version=change.version,
        name=draft.name,
        categories=draft.categories,
        region=draft.region,
        price_band=draft.price_band,
        address=draft.address,
        created_at=draft.created_at or event.at,
        updated_at=event.at,
    )


def _upsert_review(state: State, event: Event, change: ReviewUpserted) -> None:
    draft = change.review
    state.reviews[event.tenant, draft.restaurant_id, draft.id] = Review(
        tenant=event.tenant,
        restaurant_id=draft.restaurant_id,
        id=draft.id,
        version=change.version,
        content=draft.content,
        author_id=draft.author_id,
        group_id=draft.group_id,
        subgroup_id=draft.subgroup_id,
        rating=draft.rating,
        is_recommended=draft.is_recommended,
        images=draft.images,
        source=draft.source,
        language=draft.language,
        created_at=draft.created_at or event.at,
        updated_at=event.at,
    )
