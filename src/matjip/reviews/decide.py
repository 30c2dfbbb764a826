"""What a write means, decided purely: the rows that it touches and the writes go in, events and answers come out.

`MemoryReviews` and `SqlReviews` both decide here, so that they cannot differ in anything but where they keep things.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from matjip.caller import Caller
from matjip.errors import Invalid, MatjipError, NotFound, StaleVersion
from matjip.reviews.event import (
    Change,
    Event,
    RestaurantDeleted,
    RestaurantUpserted,
    ReviewDeleted,
    ReviewUpserted,
    State,
    apply,
)
from matjip.reviews.review import Restaurant, RestaurantDraft, Review, ReviewDraft
from matjip.reviews.store import Delete, Idempotency, Mode, Outcome, Put, PutRestaurant, Write, Written
from matjip.reviews.validate import faults_of, faults_of_request

__all__ = ["Decision", "Touched", "blanked", "decide", "event_of", "person_hash", "refused", "touched"]


@dataclass(slots=True)
class Touched:
    """The rows that writes are about: what must be known before they can be decided."""

    restaurants: set[str] = field(default_factory=set)
    reviews: set[tuple[str, str]] = field(default_factory=set)  # (restaurant id, review id)
    whole: set[str] = field(default_factory=set)  # restaurants whose every review is touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens: the events in order, and an answer to each write."""

    events: list[Event]
    items: list[Written | MatjipError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write's changes; `own` is the index of the change that the write itself asked for."""

    restaurant_id: str
    review_id: str | None
    version: int
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    own: int = 0


def refused(
    writes: Sequence[Write], caller: Caller, *, mode: Mode, idempotency: Idempotency | None
) -> dict[int, Invalid]:
    """The writes that break a rule, by their index. Raises Invalid with every fault if any such stops them all."""
    faults = faults_of_request(caller, idempotency)
    by_index = {index: found for index, write in enumerate(writes) if (found := faults_of(write, f"[{index}]"))}
    if faults or (by_index and mode == "atomic"):
        raise Invalid.of(*faults, *(fault for found in by_index.values() for fault in found))
    return {index: Invalid.of(*found) for index, found in by_index.items()}


def touched(writes: Sequence[Write], skip: Mapping[int, object]) -> Touched:
    """The rows that the writes are about, but for those writes that are skipped."""
    rows = Touched()
    for index, write in enumerate(writes):
        if index in skip:
            continue
        match write:
            case Put():
                rows.restaurants.add(write.review.restaurant_id)
                rows.reviews.add((write.review.restaurant_id, write.review.id))
            case PutRestaurant():
                rows.restaurants.add(write.restaurant.id)
            case Delete(review_id=None):
                rows.restaurants.add(write.restaurant_id)
                rows.whole.add(write.restaurant_id)
            case Delete(review_id=str(review_id)):
                rows.reviews.add((write.restaurant_id, review_id))
    return rows


def decide(
    state: State,
    writes: Sequence[Write],
    caller: Caller,
    *,
    at: datetime,
    mode: Mode,
    refused: Mapping[int, MatjipError],
) -> Decision:
    """Carry the writes, in order, into a state that holds every touched row, and say what happened.

    Raises the first failure in atomic mode; the state is then of no more use.
    """
    events: list[Event] = []
    items: list[Written | MatjipError] = []
    for index, write in enumerate(writes):
        if index in refused:
            items.append(refused[index])
            continue
        try:
            step = _step(state, write, tenant=caller.tenant, at=at)
        except MatjipError as error:
            if mode == "atomic":
                raise
            items.append(error)
            continue
        position = state.position + step.own + 1 if step.changes else state.position
        for change in step.changes:
            event = event_of(change, state, caller, at=at)
            apply(state, event)
            events.append(event)
        items.append(
            Written(
                restaurant_id=step.restaurant_id,
                review_id=step.review_id,
                version=step.version,
                outcome=step.outcome,
                position=position,
            )
        )
    return Decision(events=events, items=items)


def event_of(change: Change, state: State, caller: Caller, *, at: datetime) -> Event:
    """The change as the next event after the state."""
    return Event(
        position=state.position + 1,
        at=at,
        tenant=caller.tenant,
        actor=caller.actor,
        request_id=caller.request_id,
        change=change,
    )


def blanked(change: ReviewUpserted) -> ReviewUpserted:
    """The same fact without the person: what erasure leaves of an event."""
    return replace(
        change,
        review=replace(change.review, content="", author_id=None, group_id=None, subgroup_id=None, images=()),
    )


def person_hash(key: bytes, tenant: str, author_id: str) -> str:
    """Who was erased, as HMAC-SHA256.

    With a secret key, whoever has the key can check a name against the proof and nobody else can.
    Without one the hash is only pseudonymous: anybody can try names until one fits.
    """
    return hmac.new(key, f"{tenant}\0{author_id}".encode(), sha256).hexdigest()


def _step(state: State, write: Write, *, tenant: str, at: datetime) -> Step:
    match write:
        case Put():
            return _put(state, write, tenant=tenant, at=at)
        case PutRestaurant():
            return _put_restaurant(state, write, tenant=tenant, at=at)
        case Delete(review_id=None):
            return _delete_restaurant(state, write, tenant=tenant)
        case Delete(review_id=str(review_id)):
            return _delete(state, write, review_id, tenant=tenant)
        case _:
            raise TypeError(f"{type(write).__name__} is not a write")


def _put(state: State, write: Put, *, tenant: str, at: datetime) -> Step:
    draft = write.review
    now = state.reviews.get((tenant, draft.restaurant_id, draft.id))
    _expect(f"Review {draft.id} of restaurant {draft.restaurant_id}", write.expected_version, now)
    if now is not None and now.deleted_at is None and _is_same_review(draft, now):
        return Step(restaurant_id=now.restaurant_id, review_id=now.id, version=now.version, outcome="unchanged")
    version = now.version + 1 if now else 1
    review = ReviewUpserted(review=_complete(draft, now, at), version=version)
    first = _restaurant_for(state.restaurants.get((tenant, draft.restaurant_id)), draft.restaurant_id, at)
    return Step(
        restaurant_id=draft.restaurant_id,
        review_id=draft.id,
        version=version,
        outcome="updated" if now and now.deleted_at is None else "created",
        changes=(first, review) if first else (review,),
        own=1 if first else 0,
    )


def _restaurant_for(now: Restaurant | None, restaurant_id: str, at: datetime) -> RestaurantUpserted | None:
    # A deleted restaurant is as unknown as one that never was: it comes back without its name.
    if now is not None and now.deleted_at is None:
        return None
    draft = RestaurantDraft(id=restaurant_id, created_at=now.created_at if now else at)
    return RestaurantUpserted(restaurant=draft, version=now.version + 1 if now else 1)


def _put_restaurant(state: State, write: PutRestaurant, *, tenant: str, at: datetime) -> Step:
    draft = write.restaurant
    now = state.restaurants.get((tenant, draft.id))
    _expect(f"Restaurant {draft.id}", write.expected_version, now)
    if now is not None and now.deleted_at is None and _is_same_restaurant(draft, now):
        return Step(restaurant_id=now.id, review_id=None, version=now.version, outcome="unchanged")
    version = now.version + 1 if now else 1
    created_at = _utc(draft.created_at) or (now.created_at if now else at)
    return Step(
        restaurant_id=draft.id,
        review_id=None,
        version=version,
        outcome="updated" if now and now.deleted_at is None else "created",
        changes=(RestaurantUpserted(restaurant=replace(draft, created_at=created_at), version=version),),
    )


def _delete(state: State, write: Delete, review_id: str, *, tenant: str) -> Step:
    now = state.reviews.get((tenant, write.restaurant_id, review_id))
    if now is None or now.deleted_at is not None:
        raise NotFound(f"Restaurant {write.restaurant_id} has no review {review_id}.")
    _expect(f"Review {review_id} of restaurant {write.restaurant_id}", write.expected_version, now)
    version = now.version + 1
    return Step(
        restaurant_id=write.restaurant_id,
        review_id=review_id,
        version=version,
        outcome="deleted",
        changes=(ReviewDeleted(restaurant_id=write.restaurant_id, review_id=review_id, version=version),),
    )


def _delete_restaurant(state: State, write: Delete, *, tenant: str) -> Step:
    now = state.restaurants.get((tenant, write.restaurant_id))
    if now is None or now.deleted_at is not None:
        raise NotFound(f"There is no restaurant {write.restaurant_id}.")
    _expect(f"Restaurant {write.restaurant_id}", write.expected_version, now)
    living = sorted(
        (review.id, review.version)
        for key, review in state.reviews.items()
        if key[:2] == (tenant, now.id) and review.deleted_at is None
    )
    gone = (ReviewDeleted(restaurant_id=now.id, review_id=name, version=version + 1) for name, version in living)
    return Step(
        restaurant_id=now.id,
        review_id=None,
        version=now.version + 1,
        outcome="deleted",
        changes=(RestaurantDeleted(restaurant_id=now.id, version=now.version + 1), *gone),
    )


def _expect(what: str, expected: int | None, now: Review | Restaurant | None) -> None:
    if expected is None:
        return
    actual = now.version if now else 0
    is_absent = now is None or now.deleted_at is not None  # whoever reads a tombstone is told that there is nothing
    if expected != actual and not (expected == 0 and is_absent):
        raise StaleVersion(what, expected=expected, actual=actual)


def _complete(draft: ReviewDraft, now: Review | None, at: datetime) -> ReviewDraft:
    created_at = _utc(draft.created_at) or (now.created_at if now else at)
    rating = draft.rating if draft.rating is None else float(draft.rating)
    if created_at is draft.created_at and type(rating) is type(draft.rating):
        return draft
    return replace(draft, created_at=created_at, rating=rating)


def _utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


def _is_same_review(draft: ReviewDraft, now: Review) -> bool:
    return (
        draft.content == now.content
        and draft.author_id == now.author_id
        and draft.group_id == now.group_id
        and draft.subgroup_id == now.subgroup_id
        and draft.rating == now.rating
        and draft.is_recommended == now.is_recommended
        and draft.images == now.images
        and draft.source == now.source
        and draft.language == now.language
        and draft.created_at in (None, now.created_at)
    )


def _is_same_restaurant(draft: RestaurantDraft, now: Restaurant) -> bool:
    return (
        draft.name == now.name
        and draft.categories == now.categories
        and draft.region == now.region
        and draft.price_band == now.price_band
        and draft.address == now.address
        and draft.created_at in (None, now.created_at)
    )
