"""How many reviews of each restaurant praise and blame each aspect, by month, language and source, and how many people wrote them.

A projection: one row a review with what it says, and sums of those rows that change with them in one transaction.
Whoever made the rows (the judge's version) names the collection, so that a new judge's is counted beside the old one's.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Select,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from matjip.database import METADATA, Database, in_slices
from matjip.errors import Conflict

__all__ = [
    "EVERYTHING",
    "Counted",
    "Counters",
    "MemoryCounters",
    "Opinions",
    "RestaurantCounts",
    "SqlCounters",
    "month_of",
]

Key = tuple[str, str, str]  # tenant, restaurant id, review id
Sums = Counter[tuple[str, str, int, str, str, str]]  # tenant, restaurant id, month, language, source, what is said
MONTHS = 12
EVERY_REVIEW = ""  # stands for the reviews themselves among what they say
NO_SOURCE = ""  # of a review that names none

ID = Text().with_variant(Text(collation="C"), "postgresql")
COLLECTIONS = Table(
    "counters_collections",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("published", Boolean, nullable=False),
    Index(
        "counters_collections_published",
        "name",
        unique=True,
        sqlite_where=text("published"),
        postgresql_where=text("published"),
    ),
    sqlite_autoincrement=True,  # a number names one collection for ever
)
OPINIONS = Table(
    "counters_opinions",
    METADATA,
    Column("collection", Integer, primary_key=True),
    Column("tenant", ID, primary_key=True),
    Column("restaurant_id", ID, primary_key=True),
    Column("review_id", ID, primary_key=True),
    Column("author_id", Text),
    Column("month", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("said", Text, nullable=False),  # sorted, a blank between
)
ASPECTS = Table(
    "counters_aspects",
    METADATA,
    Column("collection", Integer, primary_key=True),
    Column("tenant", ID, primary_key=True),
    Column("restaurant_id", ID, primary_key=True),
    Column("month", Integer, primary_key=True),
    Column("language", ID, primary_key=True),
    Column("source", ID, primary_key=True),
    Column("said", Text, primary_key=True),
    Column("reviews", Integer, nullable=False),
)
AUTHORS = Table(
    "counters_authors",
    METADATA,
    Column("collection", Integer, primary_key=True),
    Column("tenant", ID, primary_key=True),
    Column("restaurant_id", ID, primary_key=True),
    Column("author_id", ID, primary_key=True),
    Column("reviews", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What one review praises and blames ("taste+", "service-"), who wrote it, and when."""

    tenant: str
    restaurant_id: str
    review_id: str
    author_id: str | None
    month: int  # 12 * year + month - 1, in UTC
    language: str
    source: str | None
    said: frozenset[str]

    @property
    def key(self) -> Key:
        return self.tenant, self.restaurant_id, self.review_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Which reviews are counted: of these months (both ends in), languages and sources; empty and None: all."""

    since_month: int | None = None
    until_month: int | None = None
    languages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def holds(self, each: Opinions) -> bool:
        return (
            (self.since_month is None or each.month >= self.since_month)
            and (self.until_month is None or each.month <= self.until_month)
            and (not self.languages or each.language in self.languages)
            and (not self.sources or each.source in self.sources)
        )


EVERYTHING = Counted()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestaurantCounts:
    """Reviews, how many people signed any of the restaurant's, and by month what they say: (month, "taste+") → reviews."""

    reviews: int = 0
    authors: int = 0  # of the restaurant, whichever reviews were asked for
    months: Mapping[int, int] = field(default_factory=dict)
    said: Mapping[tuple[int, str], int] = field(default_factory=dict)

    def total(self, said: str) -> int:
        """Reviews that say it, in any month."""
        return sum(number for (_, each), number in self.said.items() if each == said)


def month_of(at: datetime) -> int:
    """The number of its calendar month in UTC, so that neighbours differ by one."""
    at = at.astimezone(UTC)
    return MONTHS * at.year + at.month - 1


class Counters(Protocol):
    """The counters of every restaurant. A change and the position that it brings them to are stored together."""

    async def apply(
        self, upserts: Sequence[Opinions], deletes: Collection[Key], position: int, *, after: int = 0
    ) -> None:
        """Count, count anew and uncount, and move to the position, in one transaction; as `Index.apply` does."""
        ...

    async def position(self) -> int:
        """The log position that they have reached; 0 when new."""
        ...

    async def of(
        self, tenant: str, restaurant_ids: Collection[str], counted: Counted = EVERYTHING
    ) -> dict[str, RestaurantCounts]:
        """The counts of each; zeros where a restaurant has no review."""
        ...

    async def beside(self) -> "Counters":
        """An empty collection beside this one; see `Index.beside`."""
        ...

    async def publish(self) -> None:
        """Take the place of the one that this was made beside."""
        ...

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> None:
        """Uncount these reviews in every collection, whoever made it; positions stay. For erased persons."""
        ...

    async def drop_others(self) -> None:
        """Remove the collections that other judges counted."""
        ...


class MemoryCounters:
    """`Counters` in one process, added up from what every review says whenever they are asked for."""

    def __init__(self) -> None:
        self._opinions: dict[Key, Opinions] = {}
        self._position = 0
        self._published: MemoryCounters | None = None

    async def apply(
        self, upserts: Sequence[Opinions], deletes: Collection[Key], position: int, *, after: int = 0
    ) -> None:
        if after <= self._position < position:
            for key in deletes:
                self._opinions.pop(key, None)
            self._opinions |= {each.key: each for each in upserts}
            self._position = position

    async def position(self) -> int:
        return self._position

    async def of(
        self, tenant: str, restaurant_ids: Collection[str], counted: Counted = EVERYTHING
    ) -> dict[str, RestaurantCounts]:
        found = {}
        for restaurant_id in restaurant_ids:
            every = [
                each for each in self._opinions.values() if (each.tenant, each.restaurant_id) == (tenant, restaurant_id)
            ]
            mine = [each for each in every if counted.holds(each)]
            found[restaurant_id] = RestaurantCounts(
                reviews=len(mine),
                authors=len({each.author_id for each in every} - {None}),
                months=Counter(each.month for each in mine),
                said=Counter((each.month, said) for each in mine for said in each.said),
            )
        return found

    async def beside(self) -> "MemoryCounters":
        new = MemoryCounters()
        new._published = self
        return new

    async def publish(self) -> None:
        if self._published is not None:
            self._published._opinions, self._published._position = self._opinions, self._position

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> None:
        for key in keys:
            self._opinions.pop((tenant, *key), None)

    async def drop_others(self) -> None:
        """There are none in one process."""


class SqlCounters:
    """`Counters` in the database, for every process of a fleet."""

    def __init__(self, database: Database, name: str, *, begun: int | None = None) -> None:
        self._database = database
        self._name = name
        self._begun = begun
        published = and_(COLLECTIONS.c.name == name, COLLECTIONS.c.published)
        self._mine = published if begun is None else COLLECTIONS.c.number == begun

    async def apply(
        self, upserts: Sequence[Opinions], deletes: Collection[Key], position: int, *, after: int = 0
    ) -> None:
        stored = {each.key: each for each in upserts}
        async with self._database.writing() as connection:
            number, present = await self._held(connection)
            if not after <= present < position:
                return
            await self._replace(connection, number, stored, {*deletes, *stored})
            await connection.execute(
                update(COLLECTIONS).where(COLLECTIONS.c.number == number).values(position=position)
            )

    async def position(self) -> int:
        async with self._database.reading() as connection:
            found = (await connection.execute(select(COLLECTIONS.c.position).where(self._mine))).scalar()
        if found is None and self._begun is not None:
            raise _dropped()
        return int(found or 0)

    async def of(
        self, tenant: str, restaurant_ids: Collection[str], counted: Counted = EVERYTHING
    ) -> dict[str, RestaurantCounts]:
        months: dict[str, dict[int, int]] = {restaurant_id: {} for restaurant_id in restaurant_ids}
        said: dict[str, dict[tuple[int, str], int]] = {restaurant_id: {} for restaurant_id in restaurant_ids}
        authors: dict[str, int] = {}
        async with self._database.reading() as connection:
            number = (await connection.execute(select(COLLECTIONS.c.number).where(self._mine))).scalar()
            for some in in_slices(restaurant_ids):
                for row in await connection.execute(_counts(number, tenant, some, counted)):
                    restaurant_id, month, what, reviews = row
                    if what == EVERY_REVIEW:
                        months[restaurant_id][month] = int(reviews)
                    else:
                        said[restaurant_id][month, what] = int(reviews)
                people = (
                    select(AUTHORS.c.restaurant_id, func.count())
                    .where(
                        AUTHORS.c.collection == number, AUTHORS.c.tenant == tenant, AUTHORS.c.restaurant_id.in_(some)
                    )
                    .group_by(AUTHORS.c.restaurant_id)
                )
                authors |= {row[0]: row[1] for row in await connection.execute(people)}
        return {
            restaurant_id: RestaurantCounts(
                reviews=sum(months[restaurant_id].values()),
                authors=authors.get(restaurant_id, 0),
                months=months[restaurant_id],
                said=said[restaurant_id],
            )
            for restaurant_id in restaurant_ids
        }

    async def beside(self) -> "SqlCounters":
        async with self._database.writing() as connection:
            begun = select(COLLECTIONS.c.number).where(COLLECTIONS.c.name == self._name, ~COLLECTIONS.c.published)
            for (number,) in (await connection.execute(begun)).all():
                await _drop(connection, number)
            new = (
                insert(COLLECTIONS).values(name=self._name, position=0, published=False).returning(COLLECTIONS.c.number)
            )
            return SqlCounters(self._database, self._name, begun=(await connection.execute(new)).scalar_one())

    async def publish(self) -> None:
        if self._begun is None:
            return
        async with self._database.writing() as connection:
            await self._held(connection)
            old = select(COLLECTIONS.c.number).where(COLLECTIONS.c.name == self._name, COLLECTIONS.c.published)
            for (number,) in (await connection.execute(old)).all():
                await _drop(connection, number)
            await connection.execute(
                update(COLLECTIONS).where(COLLECTIONS.c.number == self._begun).values(published=True)
            )

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> None:
        gone = {(tenant, *key) for key in keys}
        async with self._database.writing() as connection:
            for (number,) in (await connection.execute(select(COLLECTIONS.c.number).with_for_update())).all():
                await self._replace(connection, number, {}, gone)

    async def drop_others(self) -> None:
        async with self._database.writing() as connection:
            others = select(COLLECTIONS.c.number).where(COLLECTIONS.c.name != self._name)
            for (number,) in (await connection.execute(others)).all():
                await _drop(connection, number)

    async def _held(self, connection: AsyncConnection) -> tuple[int, int]:
        """The collection's number and position, held until the transaction ends; a name's first is made here."""
        statement = select(COLLECTIONS.c.number, COLLECTIONS.c.position).where(self._mine).with_for_update()
        row = (await connection.execute(statement)).first()
        if row is None and self._begun is None:
            first = self._insert(COLLECTIONS).values(name=self._name, position=0, published=True)
            await connection.execute(first.on_conflict_do_nothing())  # another process may make it too
            row = (await connection.execute(statement)).first()
        if row is None:
            raise _dropped()
        return row.number, row.position

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return sqlite.insert(table) if self._database.dialect == "sqlite" else postgresql.insert(table)

    async def _replace(
        self, connection: AsyncConnection, number: int, stored: Mapping[Key, Opinions], touched: Collection[Key]
    ) -> None:
        before = await _opinions(connection, number, touched)
        aspects, authors = _sums(stored.values())
        less_aspects, less_authors = _sums(before.values())
        aspects.subtract(less_aspects)
        authors.subtract(less_authors)
        for keys in in_slices(before):
            await connection.execute(delete(OPINIONS).where(OPINIONS.c.collection == number, _among(keys)))
        if stored:
            await connection.execute(insert(OPINIONS), [_row(number, each) for each in stored.values()])
        await self._add(
            connection,
            ASPECTS,
            [
                dict(zip(ASPECTS.c.keys(), (number, *key, more), strict=True))
                for key, more in sorted(aspects.items())
                if more
            ],
        )
        await self._add(
            connection,
            AUTHORS,
            [
                dict(zip(AUTHORS.c.keys(), (number, *key, more), strict=True))
                for key, more in sorted(authors.items())
                if more
            ],
        )

    async def _add(self, connection: AsyncConnection, table: Table, rows: list[dict[str, object]]) -> None:
        if not rows:
            return
        adding = self._insert(table)
        keys = [column.name for column in table.primary_key]
        await connection.execute(
            adding.on_conflict_do_update(
                index_elements=keys, set_={"reviews": table.c.reviews + adding.excluded.reviews}
            ),
            rows,
        )
        if any(int(str(row["reviews"])) < 0 for row in rows):
            await connection.execute(
                delete(table).where(table.c.collection == rows[0]["collection"], table.c.reviews == 0)
            )


async def _drop(connection: AsyncConnection, number: int) -> None:
    for table in (OPINIONS, ASPECTS, AUTHORS):
        await connection.execute(delete(table).where(table.c.collection == number))
    await connection.execute(delete(COLLECTIONS).where(COLLECTIONS.c.number == number))


def _counts(
    number: int | None, tenant: str, restaurant_ids: Sequence[str], counted: Counted
) -> Select[tuple[Any, ...]]:
    """Restaurant, month, what is said, reviews: summed over languages and sources."""
    found = select(ASPECTS.c.restaurant_id, ASPECTS.c.month, ASPECTS.c.said, func.sum(ASPECTS.c.reviews)).where(
        ASPECTS.c.collection == number, ASPECTS.c.tenant == tenant, ASPECTS.c.restaurant_id.in_(restaurant_ids)
    )
    if counted.since_month is not None:
        found = found.where(ASPECTS.c.month >= counted.since_month)
    if counted.until_month is not None:
        found = found.where(ASPECTS.c.month <= counted.until_month)
    if counted.languages:
        found = found.where(ASPECTS.c.language.in_(sorted(counted.languages)))
    if counted.sources:
        found = found.where(ASPECTS.c.source.in_(sorted(counted.sources)))
    return found.group_by(ASPECTS.c.restaurant_id, ASPECTS.c.month, ASPECTS.c.said)


async def _opinions(connection: AsyncConnection, number: int, touched: Collection[Key]) -> dict[Key, Opinions]:
    """The rows of these reviews. Of restaurants that were never counted there are none, and none is looked for."""
    found: dict[Key, Opinions] = {}
    counted = await _counted(connection, number, {key[:2] for key in touched})
    for keys in in_slices([key for key in touched if key[:2] in counted]):
        for row in await connection.execute(select(OPINIONS).where(OPINIONS.c.collection == number, _among(keys))):
            found[row.tenant, row.restaurant_id, row.review_id] = Opinions(
                tenant=row.tenant,
                restaurant_id=row.restaurant_id,
                review_id=row.review_id,
                author_id=row.author_id,
                month=row.month,
                language=row.language,
                source=row.source or None,
                said=frozenset(row.said.split()),
            )
    return found


async def _counted(
    connection: AsyncConnection, number: int, restaurants: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for some in in_slices(restaurants):
        among = tuple_(ASPECTS.c.tenant, ASPECTS.c.restaurant_id).in_(some)
        rows = select(ASPECTS.c.tenant, ASPECTS.c.restaurant_id).distinct().where(ASPECTS.c.collection == number, among)
        found |= {(row.tenant, row.restaurant_id) for row in await connection.execute(rows)}
    return found


def _sums(opinions: Iterable[Opinions]) -> tuple[Sums, Counter[Key]]:
    aspects: Sums = Counter()
    authors: Counter[Key] = Counter()
    for each in opinions:
        for said in (EVERY_REVIEW, *each.said):
            aspects[each.tenant, each.restaurant_id, each.month, each.language, each.source or NO_SOURCE, said] += 1
        if each.author_id is not None:
            authors[each.tenant, each.restaurant_id, each.author_id] += 1
    return aspects, authors


def _row(number: int, each: Opinions) -> dict[str, object]:
    return {
        "collection": number,
        "tenant": each.tenant,
        "restaurant_id": each.restaurant_id,
        "review_id": each.review_id,
        "author_id": each.author_id,
        "month": each.month,
        "language": each.language,
        "source": each.source or NO_SOURCE,
        "said": " ".join(sorted(each.said)),
    }


def _among(keys: Sequence[Key]) -> ColumnElement[bool]:
    return tuple_(OPINIONS.c.tenant, OPINIONS.c.restaurant_id, OPINIONS.c.review_id).in_(keys)


def _dropped() -> Conflict:
    return Conflict("Another rebuild of the counters began; this one was dropped.")
