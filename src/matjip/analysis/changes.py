"""What happened, for whoever follows: restaurants, reviews, results and alerts of one tenant, from one cursor on.

Each source has positions that become visible in their order. The feed reads each from where the cursor stands and puts the
oldest of what comes next first, so that no change is ever skipped, whenever it commits, and a cursor that was kept leads to
everything after it, at least once. A change names what it is about, never what a review says: what was erased is in none.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from typing import Literal, NamedTuple, Protocol, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field

from matjip.analysis.alerts import Alert, AlertStore
from matjip.analysis.results import Results
from matjip.clock import Clock
from matjip.errors import Fault, Invalid
from matjip.reviews.event import (
    Event,
    PersonErased,
    RestaurantDeleted,
    RestaurantUpserted,
    ReviewDeleted,
    ReviewUpserted,
)
from matjip.reviews.store import Reviews

__all__ = ["TYPES", "Change", "ChangeFeed", "ChangePage", "ChangeType"]

ChangeType = Literal[
    "restaurant.created",
    "restaurant.updated",
    "restaurant.deleted",
    "review.created",
    "review.updated",
    "review.deleted",
    "review.erased",
    "result.refreshed",
    "negatives.spiked",
]
TYPES: tuple[ChangeType, ...] = get_args(ChangeType)
POLL_S = 1.0  # how often a reader who waits is looked up again: three small queries
LOOKED_AT = 1_000  # rows of a source that one page looks through for a few types
SUM_BYTES = 6  # of a cursor: a slip of the hand goes through once in 2^48
HIGHEST = 2**53  # of a position in a cursor: what every JSON reader holds exactly


class Change(BaseModel):
    """One thing that happened. Fields that its type has no use for are null."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="The same whenever the change is given again.", examples=["log:1500"])
    type: ChangeType
    at: datetime = Field(description="When it was recorded, worked out or noticed.")
    restaurant_id: str = Field(examples=["mapo-noodles"])
    review_id: str | None = Field(default=None, examples=["r-1"])
    version: int | None = Field(default=None, description="Of the restaurant or the review; null when erased.")
    actor: str | None = Field(
        default=None, description="Who wrote it, or asked for the result.", examples=["anonymous"]
    )
    request_id: str | None = None
    analysis: str | None = Field(default=None, description="sentiment, summary or strengths.", examples=[None])
    run_id: str | None = Field(default=None, description="Of the run that made the result.", examples=[None])
    status: str | None = Field(default=None, description="ok or insufficient_evidence.", examples=[None])
    alert: Alert | None = Field(default=None, description="The spike of negative reviews as it stands now.")


class ChangePage(BaseModel):
    """Changes in order, and where to go on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: tuple[Change, ...]
    cursor: str = Field(description="Ask with it for what comes next; keep it once these are dealt with.")
    more: bool = Field(
        description="Whether to ask again at once. A page may be short, even empty, and yet be true here."
    )


class Place(NamedTuple):
    """How far a source was read: every row before the position, and so many of the changes that this one's row holds."""

    position: int = 0
    told: int = 0


class Placed(NamedTuple):
    """A change, and where its source stands after it."""

    place: Place
    change: Change


@dataclass(frozen=True, slots=True)
class Read:
    """What a source gave: changes in order, where it stands after them, and whether more may follow at once."""

    placed: Sequence[Placed]
    end: Place
    is_full: bool


class Source(Protocol):
    """Rows with positions that become visible in their order."""

    @property
    def types(self) -> frozenset[ChangeType]:
        """What its changes may be."""
        ...

    async def read(self, tenant: str, place: Place, limit: int) -> Read:
        """The tenant's changes after a place, of so many rows at most, others' among them."""
        ...

    async def position(self) -> int:
        """The last one, of any tenant."""
        ...


class ChangeFeed:
    """The changes of a tenant, page by page."""

    def __init__(self, reviews: Reviews, results: Results, alerts: AlertStore, *, clock: Clock) -> None:
        self._sources: tuple[Source, ...] = (_Log(reviews), _Refreshed(results), _Spiked(alerts))
        self._clock = clock

    async def start(self, tenant: str) -> str:
        """The cursor after everything that has happened so far."""
        return _cursor(tenant, [Place(await source.position() + 1) for source in self._sources])

    async def page(
        self,
        tenant: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        types: Collection[ChangeType] = TYPES,
        wait_s: float = 0.0,
        waiting: Callable[[], bool] = lambda: True,
    ) -> ChangePage:
        """What comes after the cursor, from the beginning by default. Raises Invalid for a cursor that was not made for the tenant.

        Where there is nothing yet it waits for so long, and as long as `waiting` says so.
        """
        places = [Place()] * len(self._sources) if cursor is None else self._places(tenant, cursor)
        while True:
            page = await self._read(tenant, places, limit, frozenset(types))
            if page.changes or page.more:
                return page
            await self._check(places)
            if wait_s <= 0 or not waiting():
                return page
            await self._clock.sleep(min(POLL_S, wait_s))
            wait_s -= POLL_S

    def _places(self, tenant: str, cursor: str) -> list[Place]:
        places = _parsed(tenant, cursor)
        if places is None or len(places) != len(self._sources):
            raise _refused("was not made here for you", "the cursor of a page before, unchanged")
        return list(places)

    async def _read(self, tenant: str, places: Sequence[Place], limit: int, types: frozenset[ChangeType]) -> ChangePage:
        """The oldest of what comes next in each source, one after another, until a source that may have more was read through."""
        after, told, more = list(places), list[Change](), False
        rows = limit if types >= frozenset(TYPES) else max(limit, LOOKED_AT)
        found = {
            at: await source.read(tenant, places[at], rows)
            for at, source in enumerate(self._sources)
            if source.types & types
        }
        left = {at: len(read.placed) for at, read in found.items()}
        for at, read in found.items():
            if not left[at]:
                after[at], more = read.end, more or read.is_full
        for at, placed in merge(*(_of(at, read) for at, read in found.items()), key=lambda each: each[1].change.at):
            if more or len(told) == limit:
                more = True
                break
            left[at] -= 1
            after[at] = placed.place if left[at] else found[at].end
            more = not left[at] and found[at].is_full  # what follows there may be older than what the others have next
            if placed.change.type in types:
                told.append(placed.change)
        return ChangePage(changes=tuple(told), cursor=_cursor(tenant, after), more=more)

    async def _check(self, places: Sequence[Place]) -> None:
        for place, source in zip(places, self._sources, strict=True):
            if place.position > await source.position() + 1:
                raise _refused("is ahead of what is recorded, which was put back", "none, to begin again")


def _of(at: int, read: Read) -> Iterator[tuple[int, Placed]]:
    return ((at, placed) for placed in read.placed)


@dataclass(frozen=True, slots=True)
class _Log:
    """Restaurants and reviews: the log itself, which is of all tenants. An erasure is a change of each review that it names."""

    reviews: Reviews
    types: frozenset[ChangeType] = frozenset(each for each in TYPES if each.startswith(("restaurant.", "review.")))

    async def read(self, tenant: str, place: Place, limit: int) -> Read:
        events: list[Event] = await anext(self.reviews.events(after=max(0, place.position - 1), batch=limit), [])
        found: list[Placed] = []
        for event in (event for event in events if event.tenant == tenant):
            told = place.told if event.position == place.position else 0
            changes = enumerate(_changes(event), 1)
            found += (Placed(Place(event.position, at), change) for at, change in changes if at > told)
        end = Place(events[-1].position + 1) if events else place
        return Read(found, end, len(events) == limit)

    async def position(self) -> int:
        return await self.reviews.position()


@dataclass(frozen=True, slots=True)
class _Refreshed:
    """Results, by the runs that stored them."""

    results: Results
    types: frozenset[ChangeType] = frozenset({"result.refreshed"})

    async def read(self, tenant: str, place: Place, limit: int) -> Read:
        found = [
            Placed(
                Place(position + 1),
                Change(
                    id=f"run:{run.run_id}",
                    type="result.refreshed",
                    at=run.started_at + timedelta(milliseconds=run.duration_ms),
                    restaurant_id=run.restaurant_id,
                    actor=run.actor,
                    request_id=run.request_id,
                    analysis=run.analysis,
                    run_id=run.run_id,
                    status=run.outcome,
                ),
            )
            for position, run in await self.results.stored(tenant, after=place.position - 1, limit=limit)
        ]
        return _rows(found, place, limit)

    async def position(self) -> int:
        return await self.results.position()


@dataclass(frozen=True, slots=True)
class _Spiked:
    """Spikes of negative reviews, each when it was noticed."""

    alerts: AlertStore
    types: frozenset[ChangeType] = frozenset({"negatives.spiked"})

    async def read(self, tenant: str, place: Place, limit: int) -> Read:
        found = [
            Placed(
                Place(alert.position + 1),
                Change(
                    id=f"alert:{alert.position}",
                    type="negatives.spiked",
                    at=alert.noticed_at,
                    restaurant_id=alert.restaurant_id,
                    alert=alert,
                ),
            )
            for alert in await self.alerts.noticed(tenant, after=place.position - 1, limit=limit)
        ]
        return _rows(found, place, limit)

    async def position(self) -> int:
        return await self.alerts.position()


def _rows(found: Sequence[Placed], place: Place, limit: int) -> Read:
    """Of a source whose rows are a change each."""
    return Read(found, found[-1].place if found else place, len(found) == limit)


def _changes(event: Event) -> Iterator[Change]:
    name = f"log:{event.position}"
    common = {"at": event.at, "actor": event.actor, "request_id": event.request_id}
    match event.change:
        case RestaurantUpserted(restaurant=restaurant, version=version):
            kind = "restaurant.created" if version == 1 else "restaurant.updated"
            about = {"restaurant_id": restaurant.id, "version": version}
        case RestaurantDeleted(restaurant_id=restaurant_id, version=version):
            kind, about = "restaurant.deleted", {"restaurant_id": restaurant_id, "version": version}
        case ReviewUpserted(review=review, version=version):
            kind = "review.created" if version == 1 else "review.updated"
            about = {"restaurant_id": review.restaurant_id, "review_id": review.id, "version": version}
        case ReviewDeleted(restaurant_id=restaurant_id, review_id=review_id, version=version):
            kind = "review.deleted"
            about = {"restaurant_id": restaurant_id, "review_id": review_id, "version": version}
        case PersonErased(reviews=reviews):
            for at, (restaurant_id, review_id) in enumerate(reviews, 1):
                about = {"id": f"{name}:{at}", "restaurant_id": restaurant_id, "review_id": review_id}
                yield Change.model_validate({**common, **about, "type": "review.erased"})
            return
    yield Change.model_validate({**common, **about, "id": name, "type": kind})


def _cursor(tenant: str, places: Sequence[Place]) -> str:
    body = orjson.dumps([[place.position, place.told] for place in places])
    return base64.urlsafe_b64encode(_sum(tenant, body) + body).decode().rstrip("=")


def _parsed(tenant: str, cursor: str) -> tuple[Place, ...] | None:
    """The places of a cursor; None for one that was not made for this tenant."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        body = packed[SUM_BYTES:]
        if packed[:SUM_BYTES] != _sum(tenant, body):
            return None
        places = tuple(Place(*each) for each in orjson.loads(body))
    except (binascii.Error, ValueError, TypeError):
        return None
    return places if all(isinstance(each, int) and 0 <= each < HIGHEST for place in places for each in place) else None


def _sum(tenant: str, body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=SUM_BYTES, key=hashlib.blake2b(tenant.encode()).digest()).digest()


def _refused(wrong: str, right: str) -> Invalid:
    return Invalid.of(Fault(where="cursor", wrong=wrong, right=right))
