"""Alerts: spikes of negative reviews, each noticed once and kept up to date while it lasts."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, func, insert, select, text, update

from matjip.analysis.evidence import Judged
from matjip.analysis.proportions import wilson
from matjip.analysis.result import Interval
from matjip.analysis.spikes import END, Spike, current_spike, written
from matjip.clock import Clock, to_micros
from matjip.database import METADATA, Database
from matjip.inference.task import Aspect
from matjip.telemetry.record import Hook, NegativesSpiked

__all__ = ["Alert", "AlertStore", "Alerts", "MemoryAlerts", "SqlAlerts"]

NAMED_REVIEWS = 50  # of a spike, the newest: enough to read, and a row stays small

ALERTS = Table(
    "alerts",
    METADATA,
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("restaurant_id", Text, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("alerts_by_restaurant", "tenant", "restaurant_id", "position"),
    sqlite_autoincrement=True,
)


class Alert(BaseModel):
    """More negative reviews than the restaurant's own year before explains."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int = Field(default=0, description="Place among all alerts.", examples=[1])
    tenant: str
    restaurant_id: str
    noticed_at: datetime = Field(description="When an analysis saw it first.")
    started_at: datetime = Field(description="When the first review of the first window with a sign was written.")
    last_at: datetime = Field(description="When the last negative review that gave a sign was written.")
    negatives: int = Field(description="Negative reviews in the window with the strongest sign.")
    reviews: int
    interval: Interval = Field(description="95 % interval of that share.")
    negatives_before: int = Field(description="In the year before that window.")
    reviews_before: int
    p_value: float = Field(description="Beta-binomial, one-sided; alarms lie below `threshold`.")
    threshold: float = Field(description="So low that a restaurant has at most one wrong alarm in two years.")
    aspect: Aspect | None = Field(
        description="What the negative reviews since its start blame most; null where nothing."
    )
    review_ids: tuple[str, ...] = Field(
        description="The negative reviews since its start, newest first, fifty at most."
    )


class AlertStore(Protocol):
    """Alerts in the order of noticing."""

    async def notice(self, alert: Alert) -> bool:
        """Keep it, in place of the restaurant's last one where that is not over when this starts. True where it is new."""
        ...

    async def of(
        self, tenant: str, restaurant_id: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Alert]:
        """Of one restaurant or of all, newest first; `before` is the position where the page before ended."""
        ...

    async def noticed(self, tenant: str, *, after: int, limit: int) -> list[Alert]:
        """Those after a position, oldest first, as they stand now; none ever appears before the last one given."""
        ...

    async def position(self) -> int:
        """The position of the last one, of any tenant; 0 where there is none."""
        ...


class MemoryAlerts:
    """`AlertStore` in one process, lost with it."""

    def __init__(self) -> None:
        self._alerts: list[Alert] = []

    async def notice(self, alert: Alert) -> bool:
        mine = [each for each in self._alerts if _owner(each) == _owner(alert)]
        if mine and alert.started_at <= mine[-1].last_at + END:
            self._alerts[mine[-1].position - 1] = _updated(mine[-1], alert)
            return False
        self._alerts.append(alert.model_copy(update={"position": len(self._alerts) + 1}))
        return True

    async def of(
        self, tenant: str, restaurant_id: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Alert]:
        return [
            each
            for each in reversed(self._alerts)
            if each.tenant == tenant
            and restaurant_id in (None, each.restaurant_id)
            and (before is None or each.position < before)
        ][:limit]

    async def noticed(self, tenant: str, *, after: int, limit: int) -> list[Alert]:
        return [each for each in self._alerts[max(0, after) :] if each.tenant == tenant][:limit]

    async def position(self) -> int:
        return len(self._alerts)


class SqlAlerts:
    """`AlertStore` in one table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def notice(self, alert: Alert) -> bool:
        tenant, restaurant_id = _owner(alert)
        mine = select(ALERTS.c.position, ALERTS.c.body).where(
            ALERTS.c.tenant == tenant, ALERTS.c.restaurant_id == restaurant_id
        )
        async with self._database.writing() as connection:
            if (
                self._database.dialect == "postgresql"
            ):  # one writer at a time: each spike is noticed once, in commit order
                await connection.execute(text("LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE"))
            row = (await connection.execute(mine.order_by(ALERTS.c.position.desc()).limit(1))).first()
            last = _alert(row) if row else None
            if last is not None and alert.started_at <= last.last_at + END:
                changed = update(ALERTS).where(ALERTS.c.position == last.position)
                await connection.execute(changed.values(**_values(_updated(last, alert))))
                return False
            await connection.execute(
                insert(ALERTS).values(tenant=tenant, restaurant_id=restaurant_id, **_values(alert))
            )
            return True

    async def of(
        self, tenant: str, restaurant_id: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Alert]:
        found = select(ALERTS.c.position, ALERTS.c.body).where(ALERTS.c.tenant == tenant)
        if restaurant_id is not None:
            found = found.where(ALERTS.c.restaurant_id == restaurant_id)
        if before is not None:
            found = found.where(ALERTS.c.position < before)
        async with self._database.reading() as connection:
            return [
                _alert(row) for row in await connection.execute(found.order_by(ALERTS.c.position.desc()).limit(limit))
            ]

    async def noticed(self, tenant: str, *, after: int, limit: int) -> list[Alert]:
        found = select(ALERTS.c.position, ALERTS.c.body).where(ALERTS.c.tenant == tenant, ALERTS.c.position > after)
        async with self._database.reading() as connection:
            return [_alert(row) for row in await connection.execute(found.order_by(ALERTS.c.position).limit(limit))]

    async def position(self) -> int:
        async with self._database.reading() as connection:
            return int((await connection.execute(select(func.coalesce(func.max(ALERTS.c.position), 0)))).scalar_one())


class Alerts:
    """Notices spikes in what an analysis has judged, tells hooks of each new one, and lists them."""

    def __init__(self, store: AlertStore, *, clock: Clock, hooks: Sequence[Hook] = ()) -> None:
        self._store = store
        self._clock = clock
        self._hooks = hooks

    async def look(self, judged: Judged) -> None:
        """Notice a spike that is not over in a restaurant's stored reviews. Raises as the store."""
        spike = current_spike(written(judged), judged.snapshot.as_of)
        if spike is not None and await self._store.notice(_told(judged, spike, self._clock.now())):
            for hook in self._hooks:
                hook(NegativesSpiked(tenant=judged.snapshot.tenant, restaurant_id=judged.snapshot.restaurant_id))

    async def of(
        self, tenant: str, restaurant_id: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Alert]:
        """See `AlertStore.of`."""
        return await self._store.of(tenant, restaurant_id, before=before, limit=limit)


def _told(judged: Judged, spike: Spike, now: datetime) -> Alert:
    negative = [
        at
        for at, review in enumerate(judged.snapshot.reviews)
        if review.created_at is not None
        and spike.started_at <= review.created_at <= judged.snapshot.as_of
        and judged.sentiments[at].answer.label == "negative"
    ]
    newest = sorted(negative, key=lambda at: judged.snapshot.reviews[at].created_at or now, reverse=True)
    blamed = Counter(
        aspect
        for at in negative
        for aspect in {mention.aspect for mention in judged.mentions[at] if mention.polarity == "negative"}
    )
    return Alert(
        tenant=judged.snapshot.tenant,
        restaurant_id=judged.snapshot.restaurant_id,
        noticed_at=now,
        started_at=spike.started_at,
        last_at=spike.last_at,
        negatives=spike.negatives,
        reviews=spike.reviews,
        interval=wilson(spike.negatives, spike.reviews),
        negatives_before=spike.negatives_before,
        reviews_before=spike.reviews_before,
        p_value=spike.p_value,
        threshold=spike.threshold,
        aspect=min(blamed, key=lambda aspect: (-blamed[aspect], aspect), default=None),
        review_ids=tuple(judged.snapshot.reviews[at].id for at in newest[:NAMED_REVIEWS]),
    )


def _owner(alert: Alert) -> tuple[str, str]:
    return alert.tenant, alert.restaurant_id


def _updated(last: Alert, now: Alert) -> Alert:
    """The same spike as it is seen now; it keeps when it was noticed and when it began."""
    kept = {
        "position": last.position,
        "noticed_at": last.noticed_at,
        "started_at": min(last.started_at, now.started_at),
    }
    return now.model_copy(update=kept)


def _values(alert: Alert) -> dict[str, Any]:
    body = alert.model_dump_json(exclude={"position"})
    return {"started_us": to_micros(alert.started_at), "last_us": to_micros(alert.last_at), "body": body}


def _alert(row: Any) -> Alert:
    return Alert.model_validate_json(row.body).model_copy(update={"position": row.position})
