"""What people say of the results: rows that are only ever added, kept in memory or in SQL with the same promises."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Insert,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    text,
    tuple_,
)

from matjip.clock import from_micros, to_micros
from matjip.database import METADATA, Database, in_slices

__all__ = ["Feedback", "FeedbackStore", "Kind", "MemoryFeedback", "SqlFeedback", "Subject"]

Kind = Literal["flag", "hide", "correct", "restore"]
Subject = tuple[str | None, str | None, str | None]  # claim id; or review id; or review id and aspect

FEEDBACK = Table(
    "feedback",
    METADATA,
    # On SQLite an INTEGER key is the row's own number, with no second index beside it.
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("restaurant_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("claim_id", Text),
    Column("review_id", Text),
    Column("aspect", Text),
    Column("correction", Text),
    Column("reason", Text),
    Column("content_hash", Text),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("feedback_by_restaurant", "tenant", "restaurant_id", "position"),
    sqlite_autoincrement=True,  # a position names one row for ever, whatever an erasure removes
)
NEWEST_FIRST = (  # built once: it is asked for at every analysis
    select(FEEDBACK)
    .where(FEEDBACK.c.tenant == bindparam("of_tenant"), FEEDBACK.c.restaurant_id == bindparam("of_restaurant"))
    .order_by(FEEDBACK.c.position.desc())
)


class Feedback(BaseModel):
    """One thing that one person said of a claim, of a review's label, or of what a review says of an aspect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int = Field(description="Place among all feedback; 0 while it has none.", examples=[1])
    tenant: str
    restaurant_id: str
    kind: Kind
    claim_id: str | None = Field(default=None, description="Set when it is about a claim.")
    review_id: str | None = Field(default=None, description="Set when it is about a review.")
    aspect: str | None = Field(default=None, description="Set when it is about what the review says of this aspect.")
    correction: str | None = Field(default=None, description="The claim's text, the label, or the polarity; or null.")
    reason: str | None = None
    content_hash: str | None = Field(
        default=None, description="Of the review's text: feedback ends when it is rewritten."
    )
    actor: str
    request_id: str
    at: datetime

    @property
    def subject(self) -> Subject:
        return self.claim_id, self.review_id, self.aspect


class FeedbackStore(Protocol):
    """Rows in the order in which they were committed; none is ever changed."""

    async def add(self, feedback: Feedback) -> Feedback:
        """Append it. The answer has its position, which is above that of every row that could be read before."""
        ...

    async def of(
        self, tenant: str, restaurant_id: str, *, before: int | None = None, limit: int | None = None
    ) -> list[Feedback]:
        """A restaurant's rows, newest first; `before` is the last position of the page before."""
        ...

    async def restaurants(self, tenant: str) -> list[str]:
        """The restaurants that have any, by id."""
        ...

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> int:
        """Remove what is about these (restaurant id, review id), whose author was erased. How many went."""
        ...


class MemoryFeedback:
    """`FeedbackStore` in one process, lost with it."""

    def __init__(self) -> None:
        self._rows: list[Feedback] = []
        self._position = 0

    async def add(self, feedback: Feedback) -> Feedback:
        self._position += 1
        self._rows.append(feedback.model_copy(update={"position": self._position}))
        return self._rows[-1]

    async def of(
        self, tenant: str, restaurant_id: str, *, before: int | None = None, limit: int | None = None
    ) -> list[Feedback]:
        mine = [
            row
            for row in reversed(self._rows)
            if (row.tenant, row.restaurant_id) == (tenant, restaurant_id) and (before is None or row.position < before)
        ]
        return mine[:limit]

    async def restaurants(self, tenant: str) -> list[str]:
        return sorted({row.restaurant_id for row in self._rows if row.tenant == tenant})

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> int:
        kept = [row for row in self._rows if row.tenant != tenant or (row.restaurant_id, row.review_id) not in keys]
        gone = len(self._rows) - len(kept)
        self._rows = kept
        return gone


class SqlFeedback:
    """`FeedbackStore` in one table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, feedback: Feedback) -> Feedback:
        async with self._database.writing() as connection:
            if self._database.dialect == "postgresql":  # one writer at a time, so that positions commit in order
                await connection.execute(text("LOCK TABLE feedback IN SHARE ROW EXCLUSIVE MODE"))
            position = (await connection.execute(_insert(feedback))).scalar_one()
        return feedback.model_copy(update={"position": position})

    async def of(
        self, tenant: str, restaurant_id: str, *, before: int | None = None, limit: int | None = None
    ) -> list[Feedback]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                _page(before, limit), {"of_tenant": tenant, "of_restaurant": restaurant_id}
            )
            return [_feedback(row) for row in found.mappings()]

    async def restaurants(self, tenant: str) -> list[str]:
        statement = select(FEEDBACK.c.restaurant_id).where(FEEDBACK.c.tenant == tenant).distinct()
        async with self._database.reading() as connection:
            return sorted((await connection.execute(statement)).scalars())

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> int:
        gone = 0
        async with self._database.writing() as connection:
            for some in in_slices(keys):
                about = tuple_(FEEDBACK.c.restaurant_id, FEEDBACK.c.review_id).in_(some)
                gone += (await connection.execute(delete(FEEDBACK).where(FEEDBACK.c.tenant == tenant, about))).rowcount
        return gone


def _insert(feedback: Feedback) -> Insert:
    row = feedback.model_dump(exclude={"position", "at"})
    return insert(FEEDBACK).values(**row, at_us=to_micros(feedback.at)).returning(FEEDBACK.c.position)


def _page(before: int | None, limit: int | None) -> Select[tuple[object, ...]]:
    found = NEWEST_FIRST if before is None else NEWEST_FIRST.where(FEEDBACK.c.position < before)
    return found if limit is None else found.limit(limit)


def _feedback(row: RowMapping) -> Feedback:
    fields = dict(row)
    return Feedback(at=from_micros(fields.pop("at_us")), **fields)
