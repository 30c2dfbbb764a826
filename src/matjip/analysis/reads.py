"""How often each restaurant's results are read, by the hour: counted in memory, written down now and then."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy import BigInteger, Column, Integer, Table, Text, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from matjip.clock import Clock, to_micros
from matjip.database import METADATA, Database
from matjip.telemetry.record import Record, ResultServed

__all__ = ["ACTOR", "KEPT_HOURS", "MemoryReads", "ReadCounter", "Reads", "SqlReads", "hour_of"]

Key = tuple[str, str]  # tenant, restaurant id
HOUR_US = 3_600 * 1_000_000
ACTOR = "freshness"  # who asks when results are refreshed in the background, which is no read
KEPT_HOURS = 24 * 31  # nobody asks further back

ID = Text().with_variant(Text(collation="C"), "postgresql")
READS = Table(
    "reads",
    METADATA,
    Column("tenant", ID, primary_key=True),
    Column("restaurant_id", ID, primary_key=True),
    Column("hour", Integer, primary_key=True),  # since 1970, UTC
    Column("reads", BigInteger, nullable=False),
)


class Reads(Protocol):
    """Reads by restaurant and hour; older hours than a month are let go."""

    async def add(self, reads: Mapping[tuple[Key, int], int]) -> None:
        """Add to (restaurant, hour), in one transaction."""
        ...

    async def since(self, at: datetime) -> dict[Key, int]:
        """Reads by restaurant in the hour of this time and all later ones."""
        ...


class MemoryReads:
    """`Reads` in one process, lost with it."""

    def __init__(self) -> None:
        self._reads: Counter[tuple[Key, int]] = Counter()

    async def add(self, reads: Mapping[tuple[Key, int], int]) -> None:
        self._reads.update(reads)
        oldest = max((hour for _, hour in self._reads), default=0) - KEPT_HOURS
        for old in [each for each in self._reads if each[1] < oldest]:
            del self._reads[old]

    async def since(self, at: datetime) -> dict[Key, int]:
        found: Counter[Key] = Counter()
        for (key, hour), reads in self._reads.items():
            if hour >= hour_of(at):
                found[key] += reads
        return dict(found)


class SqlReads:
    """`Reads` in one table; several processes add to the same rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, reads: Mapping[tuple[Key, int], int]) -> None:
        if not reads:
            return
        adding = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(READS)
        rows = [
            {"tenant": tenant, "restaurant_id": restaurant_id, "hour": hour, "reads": number}
            for ((tenant, restaurant_id), hour), number in sorted(reads.items())
        ]
        more = {"reads": READS.c.reads + adding.excluded.reads}
        async with self._database.writing() as connection:
            await connection.execute(
                adding.on_conflict_do_update(index_elements=["tenant", "restaurant_id", "hour"], set_=more), rows
            )
            newest = max(hour for _, hour in reads)
            await connection.execute(delete(READS).where(READS.c.hour < newest - KEPT_HOURS))

    async def since(self, at: datetime) -> dict[Key, int]:
        of = (READS.c.tenant, READS.c.restaurant_id)
        found = select(*of, func.sum(READS.c.reads).label("reads")).where(READS.c.hour >= hour_of(at)).group_by(*of)
        async with self._database.reading() as connection:
            return {(row.tenant, row.restaurant_id): int(row.reads) for row in await connection.execute(found)}


class ReadCounter:
    """Counts results as they are served, without a write each; `flush` hands the counts on."""

    def __init__(self, reads: Reads, *, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock
        self._waiting: Counter[tuple[Key, int]] = Counter()

    def hear(self, record: Record) -> None:
        """A hook: whatever is served is a read of this hour."""
        if isinstance(record, ResultServed):
            self._waiting[(record.tenant, record.restaurant_id), hour_of(self._clock.now())] += 1

    async def flush(self) -> None:
        """Write down what was counted since; where that fails it is kept for the next time. Raises as the store."""
        counted = Counter(self._waiting)
        await self._reads.add(counted)
        self._waiting -= counted  # more may have come meanwhile


def hour_of(at: datetime) -> int:
    """The number of its hour since 1970."""
    return to_micros(at) // HOUR_US
