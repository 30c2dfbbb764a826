"""The record in memory: a list of events and their fold. It is lost with the process; tests and trials use it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from matjip.caller import Caller
from matjip.clock import Clock, from_micros, to_micros
from matjip.errors import IdempotencyMismatch, NotFound
from matjip.reviews.decide import blanked, decide, event_of, person_hash, refused, touched
from matjip.reviews.event import Event, PersonErased, RestaurantDeleted, ReviewDeleted, ReviewUpserted, State, apply
from matjip.reviews.review import Restaurant, Review
from matjip.reviews.store import Answer, Changes, Erasure, Idempotency, Mode, Write

__all__ = ["MemoryReviews"]


class MemoryReviews:
    """`Reviews` in one process. No method waits for anything in its middle, so each is atomic on the event loop."""

    def __init__(self, clock: Clock, *, erasure_key: bytes) -> None:
        self._clock = clock
        self._erasure_key = erasure_key
        self._log: list[Event] = []
        self._state = State({}, {})
        self._answers: dict[tuple[str, str], tuple[str, Answer]] = {}

    async def write(
        self,
        writes: Sequence[Write],
        caller: Caller,
        *,
        mode: Mode = "atomic",
        idempotency: Idempotency | None = None,
    ) -> Answer:
        invalid = refused(writes, caller, mode=mode, idempotency=idempotency)
        if idempotency and (kept := self._answers.get((caller.tenant, idempotency.key))):
            fingerprint, answer = kept
            if fingerprint != idempotency.fingerprint:
                raise IdempotencyMismatch(f"The idempotency key {idempotency.key} was used with another payload.")
            return replace(answer, replayed=True)
        rows = touched(writes, invalid)
        known = self._known(caller.tenant, rows.restaurants, rows.reviews, rows.whole)
        decision = decide(known, writes, caller, at=self._now(), mode=mode, refused=invalid)
        self._append(decision.events)
        answer = Answer(items=tuple(decision.items), position=self._state.position)
        if idempotency:
            self._answers[caller.tenant, idempotency.key] = (idempotency.fingerprint, answer)
        return answer

    async def review(self, tenant: str, restaurant_id: str, review_id: str) -> Review:
        found = self._state.reviews.get((tenant, restaurant_id, review_id))
        if found is None or found.deleted_at is not None:
            raise NotFound(f"Restaurant {restaurant_id} has no review {review_id}.")
        return found

    async def versions(self, tenant: str, restaurant_id: str, review_id: str) -> list[Event]:
        key = (restaurant_id, review_id)
        found = [event for event in self._log if event.tenant == tenant and key in _reviews_in(event)]
        if not found:
            raise NotFound(f"Restaurant {restaurant_id} never had a review {review_id}.")
        return found

    async def reviews(
        self,
        tenant: str,
        restaurant_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[Review]:
        return sorted(
            (
                review
                for key, review in self._state.reviews.items()
                if key[:2] == (tenant, restaurant_id)
                and review.deleted_at is None
                and (since is None or review.created_at >= since)
                and (until is None or review.created_at < until)
                and (after is None or review.id > after)
            ),
            key=lambda review: review.id,
        )[:limit]

    async def reviews_by_id(self, tenant: str, keys: Sequence[tuple[str, str]]) -> list[Review]:
        found = (self._state.reviews.get((tenant, *key)) for key in dict.fromkeys(keys))
        return [review for review in found if review and review.deleted_at is None]

    async def restaurant(self, tenant: str, restaurant_id: str) -> Restaurant:
        found = self._state.restaurants.get((tenant, restaurant_id))
        if found is None or found.deleted_at is not None:
            raise NotFound(f"There is no restaurant {restaurant_id}.")
        return found

    async def restaurants(self, tenant: str, *, after: str | None = None, limit: int | None = None) -> list[Restaurant]:
        return sorted(
            (
                restaurant
                for key, restaurant in self._state.restaurants.items()
                if key[0] == tenant and restaurant.deleted_at is None and (after is None or restaurant.id > after)
            ),
            key=lambda restaurant: restaurant.id,
        )[:limit]

    async def counts(self, tenant: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for key, review in sorted(self._state.reviews.items()):
            if key[0] == tenant and review.deleted_at is None:
                counts[key[1]] = counts.get(key[1], 0) + 1
        return counts

    async def revision(self, tenant: str, restaurant_id: str) -> int:
        own = (
            event.position for event in self._log if event.tenant == tenant and restaurant_id in _restaurants_in(event)
        )
        return max(own, default=0)

    async def revisions(self, tenant: str) -> dict[str, int]:
        return {each.id: await self.revision(tenant, each.id) for each in await self.restaurants(tenant)}

    async def changes(self, tenant: str, restaurant_id: str, *, after: int) -> Changes:
        times = [
            to_micros(event.at)
            for event in self._log[after:]
            if event.tenant == tenant
            and restaurant_id in _restaurants_in(event)
            and not isinstance(event.change, PersonErased)
        ]
        return Changes(number=len(times), mean_at=from_micros(sum(times) // len(times)) if times else None)

    async def position(self) -> int:
        return self._state.position

    async def events(
        self, *, after: int = 0, until: int | None = None, batch: int = 1_000
    ) -> AsyncIterator[list[Event]]:
        while events := self._log[after : min(after + batch, len(self._log) if until is None else until)]:
            yield events
            after = events[-1].position

    async def erase(self, tenant: str, author_id: str, caller: Caller) -> Erasure:
        keys = {
            key for key, review in self._state.reviews.items() if key[0] == tenant and review.author_id == author_id
        }
        blank = [event for event in self._log if _is_of(event, tenant, author_id, keys)]
        if not keys and not blank:
            return Erasure(reviews=0, events=0, position=None)
        for event in blank:
            assert isinstance(event.change, ReviewUpserted)
            self._log[event.position - 1] = replace(event, change=blanked(event.change))
        names = tuple(sorted((restaurant_id, review_id) for _, restaurant_id, review_id in keys))
        change = PersonErased(person_hash=person_hash(self._erasure_key, tenant, author_id), reviews=names)
        self._forget(tenant, {*names, *(pair for event in blank for pair in _reviews_in(event))})
        self._append([event_of(change, self._state, replace(caller, tenant=tenant), at=self._now())])
        return Erasure(reviews=len(names), events=len(blank), position=self._state.position)

    async def rows(self) -> State:
        """The current rows of all tenants, tombstones included."""
        return State(dict(self._state.restaurants), dict(self._state.reviews), self._state.position)

    def _known(self, tenant: str, restaurants: set[str], reviews: set[tuple[str, str]], whole: set[str]) -> State:
        known = State({}, {}, self._state.position)
        for restaurant_id in restaurants:
            if found := self._state.restaurants.get((tenant, restaurant_id)):
                known.restaurants[tenant, restaurant_id] = found
        for key in reviews:
            if review := self._state.reviews.get((tenant, *key)):
                known.reviews[tenant, *key] = review
        if whole:
            every = self._state.reviews.items()
            known.reviews.update({key: review for key, review in every if key[0] == tenant and key[1] in whole})
        return known

    def _append(self, events: Sequence[Event]) -> None:
        for event in events:
            self._log.append(event)
            apply(self._state, event)

    def _forget(self, tenant: str, reviews: set[tuple[str, str]]) -> None:
        for key, (_, answer) in list(self._answers.items()):
            pairs = {(getattr(item, "restaurant_id", ""), getattr(item, "review_id", "")) for item in answer.items}
            if key[0] == tenant and pairs & reviews:
                self._answers[key] = ("", answer)

    def _now(self) -> datetime:
        now = self._clock.now()
        return max(now, self._log[-1].at) if self._log else now


def _reviews_in(event: Event) -> tuple[tuple[str, str], ...]:
    match event.change:
        case ReviewUpserted(review=review):
            return ((review.restaurant_id, review.id),)
        case ReviewDeleted(restaurant_id=restaurant_id, review_id=review_id):
            return ((restaurant_id, review_id),)
        case PersonErased(reviews=reviews):
            return reviews
        case _:
            return ()


def _restaurants_in(event: Event) -> set[str]:
    match event.change:
        case RestaurantDeleted(restaurant_id=restaurant_id):
            return {restaurant_id}
        case ReviewUpserted() | ReviewDeleted() | PersonErased():
            return {restaurant_id for restaurant_id, _ in _reviews_in(event)}
        case change:
            return {change.restaurant.id}


def _is_of(event: Event, tenant: str, author_id: str, keys: set[tuple[str, str, str]]) -> bool:
    if event.tenant != tenant or not isinstance(event.change, ReviewUpserted):
        return False
    review = event.change.review
    return review.author_id == author_id or (tenant, review.restaurant_id, review.id) in keys
