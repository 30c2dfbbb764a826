"""Candidates of a judge and which of them answers: rows in memory or in SQL, with the same promises."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    and_,
    delete,
    insert,
    select,
    text,
    update,
)

from matjip.clock import from_micros, to_iso, to_micros
from matjip.database import METADATA, Database
from matjip.errors import Conflict

__all__ = ["STATUSES", "MemoryVersions", "ModelKind", "Move", "SqlVersions", "Status", "Version", "Versions"]

ModelKind = Literal["lite"]  # adaptations of the built-in judge; prompts are to come
Status = Literal["shadow", "published", "dropped", "retired"]
Move = tuple[str, Status, Status]  # a version, the status that it leaves, the one that it takes
# shadow: answers nobody. published: answers; one of a tenant and kind at most. retired: answered until another took its place,
# and is the one to come back. dropped: answers nobody any more, and is not come back to.
STATUSES: tuple[Status, ...] = ("shadow", "published", "dropped", "retired")

ID = Text().with_variant(Text(collation="C"), "postgresql")
MODELS = Table(
    "models",
    METADATA,
    Column("tenant", ID, primary_key=True),
    Column("kind", ID, primary_key=True),
    Column("version", ID, primary_key=True),
    Column("status", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("report", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("made_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("agreed", BigInteger, nullable=False),
    Column("disagreed", BigInteger, nullable=False),
    Index(
        "models_one_published",
        "tenant",
        "kind",
        unique=True,
        sqlite_where=text("status = 'published'"),
        postgresql_where=text("status = 'published'"),
    ),
)
LISTED = [column for column in MODELS.c if column.name != "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One candidate, whatever became of it."""

    tenant: str
    kind: ModelKind
    version: str
    status: Status
    base: str  # the judge that it was made for
    body: bytes = b""  # empty where versions are listed
    report: Mapping[str, object]  # what was measured when it was made
    actor: str  # who made it
    changed_by: str  # who gave it the status that it has
    made_at: datetime
    changed_at: datetime
    agreed: int = 0  # answers of its shadow that were like those given
    disagreed: int = 0

    def shown(self) -> dict[str, object]:
        """All but the tenant and the bytes, for programs."""
        times = {"made_at": to_iso(self.made_at), "changed_at": to_iso(self.changed_at)}
        return {name: value for name, value in asdict(self).items() if name not in ("tenant", "body")} | times


class Versions(Protocol):
    """All candidates. Of a tenant and kind one is published at most, whoever publishes at once."""

    async def add(self, version: Version) -> None:
        """Keep it, in the place of one of the same name. Raises Conflict where that one is published."""
        ...

    async def one(self, tenant: str, kind: ModelKind, version: str) -> Version | None:
        """It, with its body."""
        ...

    async def all(self, tenant: str, kind: ModelKind | None = None) -> list[Version]:
        """Newest first, without bodies."""
        ...

    async def in_use(self, tenant: str, kind: ModelKind) -> list[Version]:
        """The published one and those in shadow, newest first, without bodies: asked for often."""
        ...

    async def move(self, version: Version, *moves: Move) -> None:
        """Give versions of the same tenant and kind another status in one transaction.

        `version` says who and when. Raises Conflict, and changes nothing, where one does not stand where it is moved from.
        """
        ...

    async def count(self, version: Version, *, agreed: int, disagreed: int) -> None:
        """Add what its shadow saw."""
        ...


class MemoryVersions:
    """`Versions` in one process, lost with it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Version] = {}

    async def add(self, version: Version) -> None:
        there = self._rows.get(_key(version))
        if there and there.status == "published":
            raise _moved()
        self._rows[_key(version)] = version

    async def one(self, tenant: str, kind: ModelKind, version: str) -> Version | None:
        return self._rows.get((tenant, kind, version))

    async def all(self, tenant: str, kind: ModelKind | None = None) -> list[Version]:
        mine = [row for row in self._rows.values() if row.tenant == tenant and kind in (None, row.kind)]
        return [
            replace(row, body=b"") for row in sorted(mine, key=lambda row: (row.made_at, row.version), reverse=True)
        ]

    async def in_use(self, tenant: str, kind: ModelKind) -> list[Version]:
        return [row for row in await self.all(tenant, kind) if row.status in ("published", "shadow")]

    async def move(self, version: Version, *moves: Move) -> None:
        rows = dict(self._rows)
        for name, before, after in moves:
            key = (version.tenant, version.kind, name)
            if key not in rows or rows[key].status != before:
                raise _moved()
            rows[key] = replace(rows[key], status=after, changed_by=version.changed_by, changed_at=version.changed_at)
        published = [row for row in rows.values() if _place(row) == _place(version) and row.status == "published"]
        if len(published) > 1:
            raise _moved()
        self._rows = rows

    async def count(self, version: Version, *, agreed: int, disagreed: int) -> None:
        if row := self._rows.get(_key(version)):
            self._rows[_key(version)] = replace(row, agreed=row.agreed + agreed, disagreed=row.disagreed + disagreed)


class SqlVersions:
    """`Versions` in one table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, version: Version) -> None:
        fields = {column.name: getattr(version, column.name) for column in MODELS.c if hasattr(version, column.name)}
        fields |= {
            "report": orjson.dumps(version.report).decode(),
            "made_us": to_micros(version.made_at),
            "changed_us": to_micros(version.changed_at),
        }
        async with self._database.writing() as connection:
            await connection.execute(delete(MODELS).where(_is(version), MODELS.c.status != "published"))
            await connection.execute(insert(MODELS).values(**fields))

    async def one(self, tenant: str, kind: ModelKind, version: str) -> Version | None:
        statement = select(MODELS).where(MODELS.c.tenant == tenant, MODELS.c.kind == kind, MODELS.c.version == version)
        async with self._database.reading() as connection:
            found = (await connection.execute(statement)).mappings().first()
        return None if found is None else _version(found)

    async def all(self, tenant: str, kind: ModelKind | None = None) -> list[Version]:
        return await self._listed(MODELS.c.tenant == tenant, *([MODELS.c.kind == kind] if kind else []))

    async def in_use(self, tenant: str, kind: ModelKind) -> list[Version]:
        used = MODELS.c.status.in_(("published", "shadow"))
        return await self._listed(MODELS.c.tenant == tenant, MODELS.c.kind == kind, used)

    async def _listed(self, *where: ColumnElement[bool]) -> list[Version]:
        statement = select(*LISTED).where(*where).order_by(MODELS.c.made_us.desc(), MODELS.c.version.desc())
        async with self._database.reading() as connection:
            return [_version(row) for row in (await connection.execute(statement)).mappings()]

    async def move(self, version: Version, *moves: Move) -> None:
        async with self._database.writing() as connection:
            for name, before, after in sorted(
                moves, key=lambda move: move[2] == "published"
            ):  # the place is freed first
                changed = await connection.execute(
                    update(MODELS)
                    .where(
                        MODELS.c.tenant == version.tenant,
                        MODELS.c.kind == version.kind,
                        MODELS.c.version == name,
                        MODELS.c.status == before,
                    )
                    .values(status=after, changed_by=version.changed_by, changed_us=to_micros(version.changed_at))
                )
                if changed.rowcount != 1:
                    raise _moved()

    async def count(self, version: Version, *, agreed: int, disagreed: int) -> None:
        more = {"agreed": MODELS.c.agreed + agreed, "disagreed": MODELS.c.disagreed + disagreed}
        async with self._database.writing() as connection:
            await connection.execute(update(MODELS).where(_is(version)).values(more))


def _is(version: Version) -> ColumnElement[bool]:
    return and_(MODELS.c.tenant == version.tenant, MODELS.c.kind == version.kind, MODELS.c.version == version.version)


def _version(row: RowMapping) -> Version:
    fields = dict(row)
    made, changed = from_micros(fields.pop("made_us")), from_micros(fields.pop("changed_us"))
    return Version(**fields | {"report": orjson.loads(fields["report"])}, made_at=made, changed_at=changed)


def _place(version: Version) -> tuple[str, str]:
    return version.tenant, version.kind


def _key(version: Version) -> tuple[str, str, str]:
    return version.tenant, version.kind, version.version


def _moved() -> Conflict:
    return Conflict(
        "A version has changed its status meanwhile; look at matjip models and repeat what is still wanted."
    )
