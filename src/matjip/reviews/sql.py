"""The record in SQL: tables, statements and `SqlReviews`.

Writers take turns at the one row of `log_head`, which they hold until they commit. So positions are gapless and become
visible in their order: whoever has read position 7 has seen all before it, on PostgreSQL as on SQLite.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Insert,
    Integer,
    Row,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import Delete as DeleteStatement

from matjip.caller import Caller
from matjip.clock import Clock, from_micros, to_micros
from matjip.database import METADATA, Database, Dialect
from matjip.errors import IdempotencyMismatch, NotFound
from matjip.reviews.decide import (
    Decision,
    Touched,
    blanked,
    decide,
    event_of,
    person_hash,
    refused,
    touched,
)
from matjip.reviews.encoding import decode_answer, decode_change, encode_answer, encode_change
from matjip.reviews.event import (
    Event,
    PersonErased,
    RestaurantDeleted,
    RestaurantUpserted,
    ReviewDeleted,
    ReviewUpserted,
    State,
    apply,
)
from matjip.reviews.review import Restaurant, Review
from matjip.reviews.store import Answer, Changes, Erasure, Idempotency, Mode, Write, Written
from matjip.reviews.validate import is_id
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import Hook, ReviewsWritten

__all__ = ["SqlReviews"]

Key = tuple[str, str]  # (restaurant id, review id)
Values = dict[str, Any]  # a row's values, or a statement's parameters
IDEMPOTENCY_KEPT_US = 7 * 24 * 3600 * 1_000_000  # a client that repeats a request after a week means a new one

# On SQLite an INTEGER key is the row's own number, with no second index beside it.
POSITION = BigInteger().with_variant(Integer(), "sqlite")
# Ids sort by code point in every database, as they do in Python.
ID = Text().with_variant(Text(collation="C"), "postgresql")

LOG_HEAD = Table(
    "log_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)
EVENTS = Table(
    "events",
    METADATA,
    Column("position", POSITION, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("restaurant_id", Text),
    Column("review_id", Text),
    Column("author_id", Text),
    Column("body", Text, nullable=False),
    Index("events_by_review", "tenant", "restaurant_id", "review_id"),
    Index("events_by_author", "tenant", "author_id"),
)
RESTAURANTS = Table(
    "restaurants",
    METADATA,
    Column("tenant", ID, primary_key=True),
    Column("id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text),
    Column("categories", Text, nullable=False),
    Column("region", Text),
    Column("price_band", Integer),
    Column("address", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
    Column("revision", BigInteger, nullable=False),
    Column("living_reviews", Integer, nullable=False),
)
REVIEWS = Table(
    "reviews",
    METADATA,
    Column("tenant", ID, primary_key=True),
    Column("restaurant_id", ID, primary_key=True),
    Column("id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("author_id", Text),
    Column("group_id", Text),
    Column("subgroup_id", Text),
    Column("rating", Double),
    Column("is_recommended", Boolean),
    Column("images", Text, nullable=False),
    Column("source", Text),
    Column("language", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
)
IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("tenant", ID, primary_key=True),
    Column("key", ID, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("idempotency_by_time", "at_us"),
)

# Built once: these are asked for at every analysis, and building one costs as much as asking.
THE_RESTAURANT = select(RESTAURANTS).where(
    RESTAURANTS.c.tenant == bindparam("tenant"), RESTAURANTS.c.id == bindparam("id")
)
REVISION = select(RESTAURANTS.c.revision).where(  # the position of its last event
    RESTAURANTS.c.tenant == bindparam("tenant"), RESTAURANTS.c.id == bindparam("id")
)
HEAD = select(LOG_HEAD.c.position, LOG_HEAD.c.at_us).where(LOG_HEAD.c.id == 1)  # the last position and its time


@dataclass(slots=True)
class Tally:
    """What a transaction's events do to one restaurant's row besides its own fields."""

    revision: int = 0
    living: int = 0


class SqlReviews:
    """`Reviews` in SQLite or PostgreSQL. A write that was answered is on disk; one that was cut off left nothing."""

    def __init__(self, database: Database, clock: Clock, *, erasure_key: bytes, hooks: Sequence[Hook] = ()) -> None:
        self._database = database
        self._clock = clock
        self._erasure_key = erasure_key
        self._hooks = tuple(hooks)

    async def write(
        self,
        writes: Sequence[Write],
        caller: Caller,
        *,
        mode: Mode = "atomic",
        idempotency: Idempotency | None = None,
    ) -> Answer:
        started = self._clock.monotonic()
        invalid = refused(writes, caller, mode=mode, idempotency=idempotency)
        rows = touched(writes, invalid)
        async with self._database.writing() as connection:
            position, at = await self._take_turn(connection)
            if idempotency and (kept := await _find_answer(connection, caller.tenant, idempotency)):
                return kept
            known = await self._known(connection, caller.tenant, rows, position)
            before = State(dict(known.restaurants), dict(known.reviews), position)
            decision = decide(known, writes, caller, at=at, mode=mode, refused=invalid)
            await _store(connection, before, known, decision.events)
            answer = Answer(items=tuple(decision.items), position=known.position)
            if idempotency:
                await _keep_answer(connection, caller.tenant, idempotency, answer, to_micros(at))
        tell(self._hooks, _record(decision, self._clock.monotonic() - started))
        return answer

    async def review(self, tenant: str, restaurant_id: str, review_id: str) -> Review:
        found = await self.reviews_by_id(tenant, [(restaurant_id, review_id)])
        if not found:
            raise NotFound(f"Restaurant {restaurant_id} has no review {review_id}.")
        return found[0]

    async def versions(self, tenant: str, restaurant_id: str, review_id: str) -> list[Event]:
        found: list[Event] = []
        if is_id(restaurant_id) and is_id(review_id):
            async with self._database.reading() as connection:
                rows = await connection.execute(history(tenant, restaurant_id, review_id))
                found = [_event(row) for row in rows]
        key = (restaurant_id, review_id)
        found = [event for event in found if not isinstance(event.change, PersonErased) or key in event.change.reviews]
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
        if not is_id(restaurant_id):
            return []
        statement = living_reviews(tenant, restaurant_id, since=since, until=until, after=after).limit(limit)
        async with self._database.reading() as connection:
            return [_review(row) for row in await connection.execute(statement)]

    async def reviews_by_id(self, tenant: str, keys: Sequence[Key]) -> list[Review]:
        keys = [key for key in dict.fromkeys(keys) if is_id(key[0]) and is_id(key[1])]
        async with self._database.reading() as connection:
            rows = await connection.execute(reviews_among(tenant, keys, self._database.dialect))
            return [_review(row) for row in rows if row.deleted_us is None]

    async def restaurant(self, tenant: str, restaurant_id: str) -> Restaurant:
        if is_id(restaurant_id):
            async with self._database.reading() as connection:
                row = (await connection.execute(THE_RESTAURANT, {"tenant": tenant, "id": restaurant_id})).one_or_none()
            if row is not None and row.deleted_us is None:
                return _restaurant(row)
        raise NotFound(f"There is no restaurant {restaurant_id}.")

    async def restaurants(self, tenant: str, *, after: str | None = None, limit: int | None = None) -> list[Restaurant]:
        async with self._database.reading() as connection:
            rows = await connection.execute(living_restaurants(tenant, after=after).limit(limit))
            return [_restaurant(row) for row in rows]

    async def counts(self, tenant: str) -> dict[str, int]:
        async with self._database.reading() as connection:
            return {row.id: row.living_reviews for row in await connection.execute(counts_of(tenant))}

    async def revision(self, tenant: str, restaurant_id: str) -> int:
        if not is_id(restaurant_id):
            return 0
        async with self._database.reading() as connection:
            row = await connection.execute(REVISION, {"tenant": tenant, "id": restaurant_id})
            found: int | None = row.scalar_one_or_none()
        return found or 0

    async def revisions(self, tenant: str) -> dict[str, int]:
        async with self._database.reading() as connection:
            return {row.id: row.revision for row in await connection.execute(revisions_of(tenant))}

    async def changes(self, tenant: str, restaurant_id: str, *, after: int) -> Changes:
        if not is_id(restaurant_id):
            return Changes(number=0, mean_at=None)
        async with self._database.reading() as connection:
            row = (await connection.execute(changes_after(tenant, restaurant_id, after))).one()
        return Changes(number=row.number, mean_at=from_micros(round(row.mean_us)) if row.number else None)

    async def position(self) -> int:
        async with self._database.reading() as connection:
            position: int = (await connection.execute(HEAD)).one().position
        return position

    async def events(
        self, *, after: int = 0, until: int | None = None, batch: int = 1_000
    ) -> AsyncIterator[list[Event]]:
        while True:
            async with self._database.reading() as connection:
                events = [_event(row) for row in await connection.execute(feed(after, until).limit(batch))]
            if not events:
                return
            yield events
            after = events[-1].position

    async def erase(self, tenant: str, author_id: str, caller: Caller) -> Erasure:
        """As `Reviews.erase` says; then the database's files are rewritten, so that the text is gone from them too.

        The rewriting holds the database for about as long as copying it takes. If it raises Busy, the erasure itself
        is done and another call does the rest.
        """
        erasure = Erasure(reviews=0, events=0, position=None)
        if is_id(author_id):
            async with self._database.writing() as connection:
                erasure = await self._erase(connection, author_id, replace(caller, tenant=tenant))
            await self._database.purge(EVENTS.name, REVIEWS.name, IDEMPOTENCY.name)
        return erasure

    async def rows(self) -> State:
        """The current rows of all tenants, tombstones included, from one moment."""
        state = State({}, {})
        async with self._database.reading() as connection:
            state.position = (await connection.execute(HEAD)).one().position
            for row in await connection.execute(select(RESTAURANTS)):
                state.restaurants[row.tenant, row.id] = _restaurant(row)
            for row in await connection.execute(select(REVIEWS)):
                state.reviews[row.tenant, row.restaurant_id, row.id] = _review(row)
        return state

    async def _take_turn(self, connection: AsyncConnection) -> tuple[int, datetime]:
        last = (
            await connection.execute(HEAD.with_for_update())
        ).one()  # after the writer before, and ahead of the next
        return last.position, from_micros(
            max(to_micros(self._clock.now()), last.at_us)
        )  # the log's time never goes back

    async def _known(self, connection: AsyncConnection, tenant: str, rows: Touched, position: int) -> State:
        known = State({}, {}, position)
        dialect = self._database.dialect
        if rows.restaurants:
            for row in await connection.execute(restaurants_among(tenant, rows.restaurants, dialect)):
                known.restaurants[tenant, row.id] = _restaurant(row)
        if rows.reviews:
            for row in await connection.execute(reviews_among(tenant, rows.reviews, dialect)):
                known.reviews[tenant, row.restaurant_id, row.id] = _review(row)
        for restaurant_id in rows.whole:
            for row in await connection.execute(living_reviews(tenant, restaurant_id)):
                known.reviews[tenant, row.restaurant_id, row.id] = _review(row)
        return known

    async def _erase(self, connection: AsyncConnection, author_id: str, caller: Caller) -> Erasure:
        position, at = await self._take_turn(connection)
        dialect, tenant = self._database.dialect, caller.tenant
        wrote = {_key(row) for row in await connection.execute(events_of_author(tenant, author_id))}
        known = await self._known(connection, tenant, Touched(reviews=wrote), position)
        mine = {key[1:] for key, review in known.reviews.items() if review.author_id == author_id}
        history = [_event(row) for row in await connection.execute(events_among(tenant, wrote, dialect))]
        blank = [event for event in history if _is_of(event, author_id, mine)]
        if not blank:
            return Erasure(reviews=0, events=0, position=None)
        await connection.execute(blank_event(), [_blank_values(event) for event in blank])
        for key in known.reviews.keys() - {(tenant, *pair) for pair in mine}:
            del known.reviews[key]  # another wrote it since; only the past of it is blanked
        before = State({}, dict(known.reviews), position)
        proof = PersonErased(person_hash=person_hash(self._erasure_key, tenant, author_id), reviews=tuple(sorted(mine)))
        event = event_of(proof, known, caller, at=at)
        apply(known, event)
        await _store(connection, before, known, [event])
        await _forget_answers(connection, tenant, wrote)
        return Erasure(reviews=len(mine), events=len(blank), position=event.position)


def move_head(by: int, at_us: int) -> Update:
    """Hands out the next `by` positions and returns the last of them; others wait until this transaction ends."""
    moved = update(LOG_HEAD).where(LOG_HEAD.c.id == 1).values(position=LOG_HEAD.c.position + by, at_us=at_us)
    return moved.returning(LOG_HEAD.c.position)


def feed(after: int, until: int | None) -> Select[Any]:
    """The log after a position. What it returns has no gaps, and nothing will ever appear before its last row."""
    statement: Select[Any] = select(EVENTS).where(EVENTS.c.position > after).order_by(EVENTS.c.position)
    return statement if until is None else statement.where(EVENTS.c.position <= until)


def history(tenant: str, restaurant_id: str, review_id: str) -> Select[Any]:
    """The events of one review, and the tenant's erasures, any of which may name it."""
    own = and_(EVENTS.c.restaurant_id == restaurant_id, EVENTS.c.review_id == review_id)
    erasure = and_(EVENTS.c.restaurant_id.is_(None), EVENTS.c.kind == PersonErased.__name__)
    return select(EVENTS).where(EVENTS.c.tenant == tenant, or_(own, erasure)).order_by(EVENTS.c.position)


def events_of_author(tenant: str, author_id: str) -> Select[Any]:
    """Which reviews an author ever wrote or rewrote."""
    return (
        select(EVENTS.c.restaurant_id, EVENTS.c.review_id)
        .where(EVENTS.c.tenant == tenant, EVENTS.c.author_id == author_id)
        .distinct()
    )


def events_among(tenant: str, keys: Iterable[Key], dialect: Dialect) -> Select[Any]:
    """Every upsert of these reviews."""
    is_wanted = tuple_(EVENTS.c.restaurant_id, EVENTS.c.review_id).in_(_parts(keys, dialect, 2))
    upserts = EVENTS.c.kind == ReviewUpserted.__name__
    return select(EVENTS).where(EVENTS.c.tenant == tenant, is_wanted, upserts).order_by(EVENTS.c.position)


def blank_event() -> Update:
    """Takes the person out of an event."""
    return update(EVENTS).where(EVENTS.c.position == bindparam("at")).values(body=bindparam("left"), author_id=None)


def reviews_among(tenant: str, keys: Iterable[Key], dialect: Dialect) -> Select[Any]:
    """Those of the reviews that have a row, tombstones included."""
    is_wanted = tuple_(REVIEWS.c.restaurant_id, REVIEWS.c.id).in_(_parts(keys, dialect, 2))
    return select(REVIEWS).where(REVIEWS.c.tenant == tenant, is_wanted)


def restaurants_among(tenant: str, ids: Iterable[str], dialect: Dialect) -> Select[Any]:
    """Those of the restaurants that have a row, tombstones included."""
    is_wanted = RESTAURANTS.c.id.in_(_parts([(name,) for name in ids], dialect, 1))
    return select(RESTAURANTS).where(RESTAURANTS.c.tenant == tenant, is_wanted)


def living_reviews(
    tenant: str,
    restaurant_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
) -> Select[Any]:
    """A restaurant's reviews by id, created in [since, until), after an id."""
    statement = select(REVIEWS).where(
        REVIEWS.c.tenant == tenant, REVIEWS.c.restaurant_id == restaurant_id, REVIEWS.c.deleted_us.is_(None)
    )
    if since is not None:
        statement = statement.where(REVIEWS.c.created_us >= to_micros(since))
    if until is not None:
        statement = statement.where(REVIEWS.c.created_us < to_micros(until))
    if after is not None:
        statement = statement.where(REVIEWS.c.id > after)
    return statement.order_by(REVIEWS.c.id)


def living_restaurants(tenant: str, *, after: str | None) -> Select[Any]:
    """A tenant's restaurants by id, after an id."""
    statement = select(RESTAURANTS).where(RESTAURANTS.c.tenant == tenant, RESTAURANTS.c.deleted_us.is_(None))
    return (statement if after is None else statement.where(RESTAURANTS.c.id > after)).order_by(RESTAURANTS.c.id)


def counts_of(tenant: str) -> Select[Any]:
    """Living reviews by restaurant, kept up to date by every write, so that no review is read to be counted."""
    return (
        select(RESTAURANTS.c.id, RESTAURANTS.c.living_reviews)
        .where(RESTAURANTS.c.tenant == tenant, RESTAURANTS.c.living_reviews > 0)
        .order_by(RESTAURANTS.c.id)
    )


def revisions_of(tenant: str) -> Select[Any]:
    """The position of each living restaurant's last event, kept up to date by every write."""
    return select(RESTAURANTS.c.id, RESTAURANTS.c.revision).where(
        RESTAURANTS.c.tenant == tenant, RESTAURANTS.c.deleted_us.is_(None)
    )


def changes_after(tenant: str, restaurant_id: str, after: int) -> Select[Any]:
    """How many events there are of a restaurant and its reviews, and the mean of their times, which a sum would overflow."""
    return select(func.count().label("number"), func.avg(EVENTS.c.at_us).label("mean_us")).where(
        EVENTS.c.tenant == tenant, EVENTS.c.restaurant_id == restaurant_id, EVENTS.c.position > after
    )


def count_in() -> Update:
    """Carries what happened to a restaurant and its reviews into its row."""
    return (
        update(RESTAURANTS)
        .where(RESTAURANTS.c.tenant == bindparam("of_tenant"), RESTAURANTS.c.id == bindparam("of_id"))
        .values(revision=bindparam("last"), living_reviews=RESTAURANTS.c.living_reviews + bindparam("more"))
    )


def replace_review() -> Update:
    """Rewrites a review's row; the writer's turn at `log_head` keeps others away."""
    keys: Values = {name: bindparam(f"of_{name}") for name in ("tenant", "restaurant_id", "id")}
    fields: Values = {column.name: bindparam(column.name) for column in REVIEWS.c if column.name not in keys}
    return update(REVIEWS).where(*(REVIEWS.c[name] == value for name, value in keys.items())).values(fields)


def replace_restaurant() -> Update:
    """Rewrites a restaurant's own fields; `count_in` does the rest."""
    keys: Values = {name: bindparam(f"of_{name}") for name in ("tenant", "id")}
    own = [column.name for column in RESTAURANTS.c if column.name not in (*keys, "revision", "living_reviews")]
    fields: Values = {name: bindparam(name) for name in own}
    return update(RESTAURANTS).where(*(RESTAURANTS.c[name] == value for name, value in keys.items())).values(fields)


def add_answer() -> Insert:
    """Keeps an answer for its key. The writer's turn keeps a second one of the same key away."""
    return insert(IDEMPOTENCY)


def answer_of(tenant: str, key: str) -> Select[Any]:
    """What was answered to a key."""
    return select(IDEMPOTENCY).where(IDEMPOTENCY.c.tenant == tenant, IDEMPOTENCY.c.key == key)


def answers_before(at_us: int) -> DeleteStatement:
    """Forgets the answers that nobody asks for any more."""
    return delete(IDEMPOTENCY).where(IDEMPOTENCY.c.at_us < at_us)


def close_answer() -> Update:
    """Makes a key unusable: its fingerprint was computed from erased text, and the text must not come in again by a retry."""
    where = (IDEMPOTENCY.c.tenant == bindparam("of_tenant"), IDEMPOTENCY.c.key == bindparam("of_key"))
    return update(IDEMPOTENCY).where(*where).values(fingerprint="")


def _parts(rows: Iterable[Sequence[str]], dialect: Dialect, width: int) -> Select[Any]:
    """The rows as a subquery with one parameter, however many they are. The operator ->> is the same in both databases."""
    given = bindparam(None, orjson.dumps(list(rows)).decode(), Text)
    if dialect == "sqlite":
        wanted = func.json_each(given).table_valued("value", name="wanted")
    else:
        wanted = func.jsonb_array_elements(cast(given, JSONB)).table_valued("value").render_derived(name="wanted")
    part = wanted.c.value.op("->>", return_type=Text())
    columns: list[Any] = [part(literal_column(str(index))) for index in range(width)]
    return select(*columns).select_from(wanted)


async def _store(connection: AsyncConnection, before: State, after: State, events: Sequence[Event]) -> None:
    """Append the events and bring the rows from before to after."""
    if not events:
        return
    await connection.execute(insert(EVENTS), [_event_values(event) for event in events])
    (last,) = (await connection.execute(move_head(len(events), to_micros(events[-1].at)))).one()
    assert last == events[-1].position, f"the log stands at {last}, the events end at {events[-1].position}"
    await _replace_restaurants(connection, before, after)
    await _replace_reviews(connection, before, after)
    counted = [
        {"of_tenant": tenant, "of_id": name, "last": tally.revision, "more": tally.living}
        for (tenant, name), tally in _tallies(before, after, events).items()
    ]
    if counted:
        await connection.execute(count_in(), counted)


async def _replace_reviews(connection: AsyncConnection, before: State, after: State) -> None:
    new, changed = [], []
    for key, review in after.reviews.items():
        was = before.reviews.get(key)
        if was is None:
            new.append(_review_values(review))
        elif was is not review:
            values = _review_values(review)
            changed.append(
                {
                    f"of_{name}" if name in ("tenant", "restaurant_id", "id") else name: value
                    for name, value in values.items()
                }
            )
    if new:
        await connection.execute(insert(REVIEWS), new)
    if changed:
        await connection.execute(replace_review(), changed)


async def _replace_restaurants(connection: AsyncConnection, before: State, after: State) -> None:
    new, changed = [], []
    for key, restaurant in after.restaurants.items():
        was = before.restaurants.get(key)
        values = _restaurant_values(restaurant)
        if was is None:
            new.append({**values, "revision": 0, "living_reviews": 0})
        elif was is not restaurant:
            changed.append(
                {f"of_{name}" if name in ("tenant", "id") else name: value for name, value in values.items()}
            )
    if new:
        await connection.execute(insert(RESTAURANTS), new)
    if changed:
        await connection.execute(replace_restaurant(), changed)


def _tallies(before: State, after: State, events: Sequence[Event]) -> dict[Key, Tally]:
    tallies: dict[Key, Tally] = {}
    for event in events:
        for restaurant_id in _restaurants_of(event):
            tallies.setdefault((event.tenant, restaurant_id), Tally()).revision = event.position
    for key, review in after.reviews.items():
        was = before.reviews.get(key)
        if was is not review:
            alive, lived = review.deleted_at is None, was is not None and was.deleted_at is None
            tallies[key[0], key[1]].living += alive - lived
    return tallies


def _restaurants_of(event: Event) -> Iterable[str]:
    match event.change:
        case ReviewUpserted(review=review):
            return (review.restaurant_id,)
        case RestaurantUpserted(restaurant=restaurant):
            return (restaurant.id,)
        case ReviewDeleted(restaurant_id=restaurant_id) | RestaurantDeleted(restaurant_id=restaurant_id):
            return (restaurant_id,)
        case PersonErased(reviews=reviews):
            return {restaurant_id for restaurant_id, _ in reviews}


async def _find_answer(connection: AsyncConnection, tenant: str, idempotency: Idempotency) -> Answer | None:
    row = (await connection.execute(answer_of(tenant, idempotency.key))).one_or_none()
    if row is None:
        return None
    if row.fingerprint != idempotency.fingerprint:
        raise IdempotencyMismatch(f"The idempotency key {idempotency.key} was used with another payload.")
    return decode_answer(row.answer)


async def _keep_answer(
    connection: AsyncConnection, tenant: str, idempotency: Idempotency, answer: Answer, at_us: int
) -> None:
    await connection.execute(answers_before(at_us - IDEMPOTENCY_KEPT_US))
    values = {"tenant": tenant, "key": idempotency.key, "fingerprint": idempotency.fingerprint}
    await connection.execute(add_answer(), [{**values, "answer": encode_answer(answer), "at_us": at_us}])


async def _forget_answers(connection: AsyncConnection, tenant: str, reviews: set[Key]) -> None:
    rows = await connection.execute(select(IDEMPOTENCY).where(IDEMPOTENCY.c.tenant == tenant))
    closed = [{"of_tenant": tenant, "of_key": row.key} for row in rows if _names(decode_answer(row.answer)) & reviews]
    if closed:
        await connection.execute(close_answer(), closed)


def _names(answer: Answer) -> set[Key]:
    return {(item.restaurant_id, item.review_id or "") for item in answer.items if isinstance(item, Written)}


def _key(row: Row[Any]) -> Key:
    return row.restaurant_id, row.review_id


def _is_of(event: Event, author_id: str, mine: set[Key]) -> bool:
    change = event.change
    if not isinstance(change, ReviewUpserted):
        return False
    return change.review.author_id == author_id or (change.review.restaurant_id, change.review.id) in mine


def _blank_values(event: Event) -> Values:
    assert isinstance(event.change, ReviewUpserted)
    return {"at": event.position, "left": encode_change(blanked(event.change))}


def _event_values(event: Event) -> Values:
    change = event.change
    restaurant_id = review_id = author_id = None
    match change:
        case ReviewUpserted(review=review):
            restaurant_id, review_id, author_id = review.restaurant_id, review.id, review.author_id
        case ReviewDeleted():
            restaurant_id, review_id = change.restaurant_id, change.review_id
        case RestaurantUpserted(restaurant=restaurant):
            restaurant_id = restaurant.id
        case RestaurantDeleted():
            restaurant_id = change.restaurant_id
        case PersonErased():
            pass
    return {
        "position": event.position,
        "at_us": to_micros(event.at),
        "tenant": event.tenant,
        "actor": event.actor,
        "request_id": event.request_id,
        "kind": type(change).__name__,
        "restaurant_id": restaurant_id,
        "review_id": review_id,
        "author_id": author_id,
        "body": encode_change(change),
    }


def _event(row: Row[Any]) -> Event:
    return Event(
        position=row.position,
        at=from_micros(row.at_us),
        tenant=row.tenant,
        actor=row.actor,
        request_id=row.request_id,
        change=decode_change(row.kind, row.restaurant_id, row.review_id, row.body),
    )


def _review_values(review: Review) -> Values:
    return {
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
        "images": orjson.dumps(review.images).decode() if review.images else "[]",
        "source": review.source,
        "language": review.language,
        "created_us": to_micros(review.created_at),
        "updated_us": to_micros(review.updated_at),
        "deleted_us": to_micros(review.deleted_at) if review.deleted_at else None,
    }


def _review(row: Row[Any]) -> Review:
    return Review(
        tenant=row.tenant,
        restaurant_id=row.restaurant_id,
        id=row.id,
        version=row.version,
        content=row.content,
        author_id=row.author_id,
        group_id=row.group_id,
        subgroup_id=row.subgroup_id,
        rating=row.rating,
        is_recommended=row.is_recommended,
        images=tuple(orjson.loads(row.images)) if row.images != "[]" else (),
        source=row.source,
        language=row.language,
        created_at=from_micros(row.created_us),
        updated_at=from_micros(row.updated_us),
        deleted_at=None if row.deleted_us is None else from_micros(row.deleted_us),
    )


def _restaurant_values(restaurant: Restaurant) -> Values:
    return {
        "tenant": restaurant.tenant,
        "id": restaurant.id,
        "version": restaurant.version,
        "name": restaurant.name,
        "categories": orjson.dumps(restaurant.categories).decode(),
        "region": restaurant.region,
        "price_band": restaurant.price_band,
        "address": restaurant.address,
        "created_us": to_micros(restaurant.created_at),
        "updated_us": to_micros(restaurant.updated_at),
        "deleted_us": to_micros(restaurant.deleted_at) if restaurant.deleted_at else None,
    }


def _restaurant(row: Row[Any]) -> Restaurant:
    return Restaurant(
        tenant=row.tenant,
        id=row.id,
        version=row.version,
        name=row.name,
        categories=tuple(orjson.loads(row.categories)),
        region=row.region,
        price_band=row.price_band,
        address=row.address,
        created_at=from_micros(row.created_us),
        updated_at=from_micros(row.updated_us),
        deleted_at=None if row.deleted_us is None else from_micros(row.deleted_us),
    )


def _record(decision: Decision, seconds: float) -> ReviewsWritten:
    outcomes = [item.outcome for item in decision.items if isinstance(item, Written)]
    return ReviewsWritten(
        created=outcomes.count("created"),
        updated=outcomes.count("updated"),
        unchanged=outcomes.count("unchanged"),
        deleted=outcomes.count("deleted"),
        seconds=seconds,
    )
