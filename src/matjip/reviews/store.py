"""The record: one log, current rows, and nothing between them. `MemoryReviews` and `SqlReviews` keep the same promises."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from matjip.caller import Caller
from matjip.errors import MatjipError
from matjip.reviews.event import Event
from matjip.reviews.review import Restaurant, RestaurantDraft, Review, ReviewDraft

__all__ = [
    "Answer",
    "Changes",
    "Delete",
    "Erasure",
    "Idempotency",
    "Mode",
    "Outcome",
    "Put",
    "PutRestaurant",
    "Reviews",
    "Write",
    "Written",
]

Mode = Literal["atomic", "partial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Store a review. `expected_version` 0 means it must be new; None means whatever it was."""

    review: ReviewDraft
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRestaurant:
    """Store a restaurant."""

    restaurant: RestaurantDraft
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove a review, or with `review_id` None the restaurant and all its reviews."""

    restaurant_id: str
    review_id: str | None
    expected_version: int | None = None


Write = Put | PutRestaurant | Delete
Outcome = Literal["created", "updated", "unchanged", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one write."""

    restaurant_id: str
    review_id: str | None
    version: int
    outcome: Outcome
    position: int  # of its event; for "unchanged", of the last event before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A caller's key and the fingerprint of what it sent with it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure did, and the proof's place in the log."""

    reviews: int
    events: int
    position: int | None  # None: nobody of that name was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How many there are, and the mean of the times when they were recorded; None where there are none."""

    number: int
    mean_at: datetime | None


class Reviews(Protocol):
    """Events and current rows, changed in one transaction.

    A review whose restaurant is unknown creates the restaurant (its own event, without a name).
    A write that changes nothing (same fields, `expected_version` not contradicted) is "unchanged": no event, no new version.
    A put over a tombstone brings the review back with the next version.
    """

    async def write(
        self,
        writes: Sequence[Write],
        caller: Caller,
        *,
        mode: Mode = "atomic",
        idempotency: Idempotency | None = None,
    ) -> "Answer":
        """Apply the writes in order in one transaction.

        atomic: the first failure raises and nothing is stored. partial: each item is answered alone.
        With `idempotency`, the answer is stored in the same transaction; the same key and fingerprint replays it
        (`Answer.replayed`), another fingerprint raises IdempotencyMismatch.
        Raises Invalid (faults at "[index].field"), StaleVersion, NotFound (a delete of what is not there).
        """
        ...

    async def review(self, tenant: str, restaurant_id: str, review_id: str) -> Review:
        """One review. Raises NotFound, for a deleted one too."""
        ...

    async def versions(self, tenant: str, restaurant_id: str, review_id: str) -> list[Event]:
        """Every event of one review, oldest first. Raises NotFound if it never existed."""
        ...

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
        """The living reviews of a restaurant by id, created in [since, until); `after` is the last id of the page before."""
        ...

    async def reviews_by_id(self, tenant: str, keys: Sequence[tuple[str, str]]) -> list[Review]:
        """The living reviews among these (restaurant id, review id), in any order; missing ones are left out."""
        ...

    async def restaurant(self, tenant: str, restaurant_id: str) -> Restaurant:
        """One restaurant. Raises NotFound, for a deleted one too."""
        ...

    async def restaurants(self, tenant: str, *, after: str | None = None, limit: int | None = None) -> list[Restaurant]:
        """The living restaurants by id; `after` is the last id of the page before."""
        ...

    async def counts(self, tenant: str) -> dict[str, int]:
        """Living reviews by restaurant id."""
        ...

    async def revision(self, tenant: str, restaurant_id: str) -> int:
        """The position of the restaurant's last event (its own or a review's); 0 if it never had one."""
        ...

    async def revisions(self, tenant: str) -> dict[str, int]:
        """The same of every living restaurant."""
        ...

    async def changes(self, tenant: str, restaurant_id: str, *, after: int) -> Changes:
        """The restaurant's changes (its own and its reviews') after a log position; those of an erasure are not among them."""
        ...

    async def position(self) -> int:
        """The last position in the log; 0 when it is empty."""
        ...

    def events(self, *, after: int = 0, until: int | None = None, batch: int = 1_000) -> AsyncIterator[list[Event]]:
        """The log of all tenants in order, in batches. Never skips a position that commits later."""
        ...

    async def erase(self, tenant: str, author_id: str, caller: Caller) -> Erasure:
        """Blank everything of one author in log and rows, leave tombstones, and append the proof."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of each write, in order; in partial mode an item may be an error."""

    items: tuple[Written | MatjipError, ...]
    position: int
    replayed: bool = False
