"""What was worked out, and every run that was made: kept in memory or in SQL with the same promises."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    CompoundSelect,
    Delete,
    Float,
    Index,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.selectable import TypedReturnsRows

from matjip.analysis.ask import Run
from matjip.analysis.estimate import Measured
from matjip.analysis.result import AnalysisName, Result, SentimentResult, StrengthsResult, SummaryResult
from matjip.clock import from_micros, to_micros
from matjip.database import METADATA, Database

__all__ = ["MADE", "MemoryResults", "Published", "Results", "RunCursor", "SqlResults", "Stored"]

RESULTS_KEPT = 100  # an ask's older results go; its runs stay. At one result an hour, four days of them
SHAPES: dict[AnalysisName, type[Result]] = {
    "sentiment": SentimentResult,
    "summary": SummaryResult,
    "strengths": StrengthsResult,
}
MADE = ("ok", "insufficient_evidence")  # outcomes of a run that worked something out; others gave what was there
ASKED = ("tenant", "restaurant_id", "analysis", "ask_hash")
Row = dict[str, Any]
RunCursor = tuple[int, str]  # when the last run of the page before started, in microseconds, and its id

RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("restaurant_id", Text, nullable=False),
    Column("analysis", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("duration_ms", Float, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("reviews", Integer, nullable=False),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
    Column("outcome", Text, nullable=False),
    Column("stored", Boolean, nullable=False),
    Column("snapshot_hash", Text),
    Column("position", BigInteger),  # of a run whose result was stored: its place among all of them, as they committed
    Index("runs_by_position", "tenant", "position"),
    Index("runs_by_restaurant", "tenant", "restaurant_id", "analysis", "started_us"),
    Index("runs_by_time", "started_us"),
)
RESULTS = Table(
    "results",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("restaurant_id", Text, nullable=False),
    Column("analysis", Text, nullable=False),
    Column("ask_hash", Text, nullable=False),
    Column("snapshot_hash", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("as_of_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("results_by_ask", "tenant", "restaurant_id", "analysis", "ask_hash", "as_of_us"),
)


# Whoever stores results takes places from its one row and holds it until the commit: as with the log, none commits late.
HEAD = Table(
    "results_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)


class Stored(NamedTuple):
    """A run whose result was stored, and its place among all of them."""

    position: int
    run: Run


class Published(NamedTuple):
    """Up to which change, and since when, a stored result is the newest of its analysis."""

    tenant: str
    restaurant_id: str
    analysis: str
    revision: int
    as_of: datetime


class Results(Protocol):
    """Results by restaurant, analysis and ask; the latest is the one whose reviews were read last."""

    async def keep(self, run: Run, result: Result | None = None, *, ask_hash: str = "") -> None:
        """Record the run, and with it the result where there is one, in one transaction."""
        ...

    async def latest(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName,
        ask_hash: str | None = None,
        *,
        until: datetime | None = None,
    ) -> Result | None:
        """The newest result of this ask, or of any; with `until`, the one that was the newest then."""
        ...

    async def latest_of_each(
        self, tenant: str, restaurant_id: str, analyses: Collection[AnalysisName], ask_hash: str
    ) -> dict[AnalysisName, Result]:
        """The newest result of this ask by each of the analyses that has one."""
        ...

    async def published(self, ask_hash: str) -> list[Published]:
        """Of every restaurant and analysis, where the newest result of this ask stands."""
        ...

    async def with_claim(self, tenant: str, restaurant_id: str, claim_id: str) -> Result | None:
        """The newest result of any ask that makes this claim."""
        ...

    async def history(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName | None = None,
        *,
        after: RunCursor | None = None,
        limit: int = 50,
    ) -> list[Run]:
        """Runs, newest first; `after` is the last one of the page before."""
        ...

    async def stored(self, tenant: str, *, after: int, limit: int) -> list[Stored]:
        """Runs whose results were stored, in the order of their commits; none ever appears before the last one given."""
        ...

    async def position(self) -> int:
        """The place of the last result that was stored, of any tenant; 0 where there is none."""
        ...

    async def measured(self, analysis: AnalysisName, model: str, *, limit: int = 200) -> list[Measured]:
        """How long the newest runs of this analysis and model took that worked something out, of any tenant."""
        ...

    async def forget(self, tenant: str, restaurant_ids: Collection[str]) -> int:
        """Remove the results of these restaurants, which may quote an erased person; runs stay. How many went."""
        ...


class MemoryResults:
    """`Results` in one process, lost with it."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._results: list[tuple[str, str, str, str, Result]] = []  # tenant, restaurant, analysis, ask, result
        self._stored: list[Run] = []

    async def keep(self, run: Run, result: Result | None = None, *, ask_hash: str = "") -> None:
        self._runs[run.run_id] = run
        if result is None:
            return
        self._stored.append(run)
        key = (run.tenant, run.restaurant_id, run.analysis, ask_hash)
        self._results.append((*key, result))
        mine = sorted((each for each in self._results if each[:4] == key), key=_age, reverse=True)
        for old in mine[RESULTS_KEPT:]:
            self._results.remove(old)

    async def latest(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName,
        ask_hash: str | None = None,
        *,
        until: datetime | None = None,
    ) -> Result | None:
        found = [
            each
            for each in self._results
            if each[:3] == (tenant, restaurant_id, analysis)
            and ask_hash in (None, each[3])
            and (until is None or each[4].meta.as_of <= until)
        ]
        return max(found, key=_age)[4] if found else None

    async def latest_of_each(
        self, tenant: str, restaurant_id: str, analyses: Collection[AnalysisName], ask_hash: str
    ) -> dict[AnalysisName, Result]:
        found = {each: await self.latest(tenant, restaurant_id, each, ask_hash) for each in analyses}
        return {each: result for each, result in found.items() if result is not None}

    async def published(self, ask_hash: str) -> list[Published]:
        found: dict[tuple[str, ...], Published] = {}
        for *about, ask, result in sorted(self._results, key=_age):
            if ask == ask_hash:
                tenant, restaurant_id, analysis = about
                meta = result.meta
                found[tuple(about)] = Published(tenant, restaurant_id, analysis, meta.revision, meta.as_of)
        return list(found.values())

    async def with_claim(self, tenant: str, restaurant_id: str, claim_id: str) -> Result | None:
        mine = [each for each in self._results if each[:2] == (tenant, restaurant_id)]
        found = [each for each in mine if _naming(claim_id) in each[4].model_dump_json()]
        return max(found, key=_age)[4] if found else None

    async def history(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName | None = None,
        *,
        after: RunCursor | None = None,
        limit: int = 50,
    ) -> list[Run]:
        found = [
            run
            for run in self._runs.values()
            if (run.tenant, run.restaurant_id) == (tenant, restaurant_id)
            and analysis in (None, run.analysis)
            and (after is None or (to_micros(run.started_at), run.run_id) < after)
        ]
        return sorted(found, key=lambda run: (to_micros(run.started_at), run.run_id), reverse=True)[:limit]

    async def stored(self, tenant: str, *, after: int, limit: int) -> list[Stored]:
        placed = enumerate(self._stored, 1)
        return [Stored(at, run) for at, run in placed if at > after and run.tenant == tenant][:limit]

    async def position(self) -> int:
        return len(self._stored)

    async def measured(self, analysis: AnalysisName, model: str, *, limit: int = 200) -> list[Measured]:
        made = [run for run in self._runs.values() if (run.analysis, run.model) == (analysis, model)]
        newest = sorted((run for run in made if run.outcome in MADE), key=lambda run: run.started_at, reverse=True)
        return [Measured(run.reviews, run.duration_ms / 1_000, run.tokens) for run in newest[:limit]]

    async def forget(self, tenant: str, restaurant_ids: Collection[str]) -> int:
        kept = [each for each in self._results if each[0] != tenant or each[1] not in restaurant_ids]
        gone = len(self._results) - len(kept)
        self._results = kept
        return gone


class SqlResults:
    """`Results` in two tables.

    What comes while another transaction is under way waits for one more and shares it: a hundred runs that end at once
    are a few commits.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next: _Batch | None = None  # waits for its turn to be written

    async def keep(self, run: Run, result: Result | None = None, *, ask_hash: str = "") -> None:
        if self._next is None:
            self._next = _Batch(self._write)
        batch = self._next
        batch.runs.append(_run_row(run))
        if result is not None:
            batch.results.append(_result_row(run, result, ask_hash))
        await asyncio.shield(batch.written)  # whoever leaves takes nobody's record along

    async def _write(self, batch: "_Batch") -> None:
        try:
            async with self._database.writing() as connection:
                self._next = None
                if batch.results:
                    last = (await connection.execute(_move_head(len(batch.results)))).scalar_one()
                    _place(batch, last)
                await connection.execute(insert(RUNS), batch.runs)
                if batch.results:
                    await connection.execute(insert(RESULTS), batch.results)
                    asks = [{f"of_{name}": row[name] for name in ASKED} for row in batch.results]
                    await connection.execute(DELETE_ALL_BUT_NEWEST, asks)
        finally:
            if self._next is batch:
                self._next = None

    async def latest(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName,
        ask_hash: str | None = None,
        *,
        until: datetime | None = None,
    ) -> Result | None:
        about = {"tenant": tenant, "restaurant_id": restaurant_id, "ask_hash": ask_hash}
        statement = _latest(analysis, of_any_ask=ask_hash is None)
        if until is not None:
            statement = statement.where(RESULTS.c.as_of_us <= to_micros(until))
        async with self._database.reading() as connection:
            row = (await connection.execute(statement, about)).first()
        return _result(analysis, row.body) if row else None

    async def latest_of_each(
        self, tenant: str, restaurant_id: str, analyses: Collection[AnalysisName], ask_hash: str
    ) -> dict[AnalysisName, Result]:
        about = {"tenant": tenant, "restaurant_id": restaurant_id, "ask_hash": ask_hash}
        async with self._database.reading() as connection:
            rows = (await connection.execute(_latest_of_each(tuple(analyses)), about)).all()
        found = {row.analysis: _result(row.analysis, row.body) for row in rows}
        return {each: result for each, result in found.items() if result is not None}

    async def published(self, ask_hash: str) -> list[Published]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(_published(), {"ask_hash": ask_hash})).all()
        return [
            Published(row.tenant, row.restaurant_id, row.analysis, row.revision, from_micros(row.as_of_us))
            for row in rows
        ]

    async def with_claim(self, tenant: str, restaurant_id: str, claim_id: str) -> Result | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(_with_claim(tenant, restaurant_id, claim_id))).first()
        return _result(row.analysis, row.body) if row else None

    async def history(
        self,
        tenant: str,
        restaurant_id: str,
        analysis: AnalysisName | None = None,
        *,
        after: RunCursor | None = None,
        limit: int = 50,
    ) -> list[Run]:
        statement = _runs(tenant, restaurant_id, analysis, after).limit(limit)
        async with self._database.reading() as connection:
            rows: Sequence[RowMapping] = (await connection.execute(statement)).mappings().all()
        return [_run(row) for row in rows]

    async def stored(self, tenant: str, *, after: int, limit: int) -> list[Stored]:
        found = select(RUNS).where(RUNS.c.tenant == tenant, RUNS.c.position > after)
        async with self._database.reading() as connection:
            rows = (await connection.execute(found.order_by(RUNS.c.position).limit(limit))).mappings().all()
        return [Stored(row["position"], _run(row)) for row in rows]

    async def position(self) -> int:
        async with self._database.reading() as connection:
            return int((await connection.execute(select(HEAD.c.position))).scalar_one())

    async def measured(self, analysis: AnalysisName, model: str, *, limit: int = 200) -> list[Measured]:
        made = select(RUNS.c.reviews, RUNS.c.duration_ms, RUNS.c.tokens).where(
            RUNS.c.analysis == analysis, RUNS.c.model == model, RUNS.c.outcome.in_(MADE)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(made.order_by(RUNS.c.started_us.desc()).limit(limit))
            return [Measured(row.reviews, row.duration_ms / 1_000, row.tokens) for row in rows]

    async def forget(self, tenant: str, restaurant_ids: Collection[str]) -> int:
        async with self._database.writing() as connection:
            gone = await connection.execute(_delete_of(tenant, restaurant_ids))
        return gone.rowcount


def _result(analysis: AnalysisName, body: str) -> Result | None:
    """The stored result; none where a version of another shape stored it: it is worked out again."""
    try:
        return SHAPES[analysis].model_validate_json(body)
    except ValidationError:
        return None


def _age(kept: tuple[str, str, str, str, Result]) -> tuple[int, str]:
    meta = kept[4].meta
    return to_micros(meta.as_of), meta.run_id


class _Batch:
    """Runs and results that one transaction writes."""

    def __init__(self, write: Callable[["_Batch"], Coroutine[object, object, None]]) -> None:
        self.runs: list[Row] = []
        self.results: list[Row] = []
        self.written = asyncio.create_task(write(self), name="keep results")


def _run_row(run: Run) -> Row:
    return {**run.model_dump(exclude={"started_at"}), "started_us": to_micros(run.started_at), "position": None}


def _move_head(by: int) -> TypedReturnsRows[int]:
    """Hands out the next `by` places and returns the last of them; others wait until this transaction ends."""
    return update(HEAD).where(HEAD.c.id == 1).values(position=HEAD.c.position + by).returning(HEAD.c.position)


def _place(batch: "_Batch", last: int) -> None:
    """Give the runs whose results are stored their places, in the order in which they came."""
    first = last - len(batch.results) + 1
    places = {row["run_id"]: first + at for at, row in enumerate(batch.results)}
    for row in batch.runs:
        row["position"] = places.get(row["run_id"])


def _result_row(run: Run, result: Result, ask_hash: str) -> Row:
    return {
        "run_id": run.run_id,
        "tenant": run.tenant,
        "restaurant_id": run.restaurant_id,
        "analysis": run.analysis,
        "ask_hash": ask_hash,
        "snapshot_hash": result.meta.snapshot_hash,
        "revision": result.meta.revision,
        "as_of_us": to_micros(result.meta.as_of),
        "body": result.model_dump_json(),
    }


def _all_but_newest() -> Delete:
    """Bounds what one ask may keep; two concurrent writers may each leave the other's newest, never lose it."""
    mine = and_(*(RESULTS.c[name] == bindparam(f"of_{name}") for name in ASKED))
    newest = select(RESULTS.c.run_id).where(mine).order_by(RESULTS.c.as_of_us.desc(), RESULTS.c.run_id.desc())
    return delete(RESULTS).where(mine, RESULTS.c.run_id.not_in(newest.limit(RESULTS_KEPT)))


DELETE_ALL_BUT_NEWEST = _all_but_newest()


@cache
def _latest(analysis: AnalysisName, *, of_any_ask: bool = False) -> Select[tuple[str, str]]:
    names = ("tenant", "restaurant_id") if of_any_ask else ("tenant", "restaurant_id", "ask_hash")
    mine = [RESULTS.c[name] == bindparam(name) for name in names]
    found = select(RESULTS.c.analysis, RESULTS.c.body).where(RESULTS.c.analysis == analysis, *mine)
    return found.order_by(RESULTS.c.as_of_us.desc(), RESULTS.c.run_id.desc()).limit(1)


@cache
def _latest_of_each(analyses: tuple[AnalysisName, ...]) -> CompoundSelect[tuple[str, str]]:
    return union_all(*(select(_latest(each).subquery()) for each in analyses))


@cache
def _published() -> Select[tuple[object, ...]]:
    """The newest are found in the index; only their rows are read. Where two were read at one time, the later revision."""
    of = (RESULTS.c.tenant, RESULTS.c.restaurant_id, RESULTS.c.analysis)
    newest = (
        select(*of, func.max(RESULTS.c.as_of_us).label("as_of_us"))
        .where(RESULTS.c.ask_hash == bindparam("ask_hash"))
        .group_by(*of)
        .subquery()
    )
    same = [RESULTS.c[name] == newest.c[name] for name in ("tenant", "restaurant_id", "analysis", "as_of_us")]
    return (
        select(*of, RESULTS.c.as_of_us, func.max(RESULTS.c.revision).label("revision"))
        .join(newest, and_(*same))
        .where(RESULTS.c.ask_hash == bindparam("ask_hash"))
        .group_by(*of, RESULTS.c.as_of_us)
    )


def _naming(claim_id: str) -> str:
    """How a stored result names a claim of its own; inside a quote the marks would be escaped."""
    return f'"claim_id":"{claim_id}"'


def _with_claim(tenant: str, restaurant_id: str, claim_id: str) -> Select[tuple[str, str]]:
    """Reads the bodies of one restaurant's results, which are bounded in number."""
    return (
        select(RESULTS.c.analysis, RESULTS.c.body)
        .where(
            RESULTS.c.tenant == tenant,
            RESULTS.c.restaurant_id == restaurant_id,
            RESULTS.c.body.contains(_naming(claim_id), autoescape=True),
        )
        .order_by(RESULTS.c.as_of_us.desc(), RESULTS.c.run_id.desc())
        .limit(1)
    )


def _runs(tenant: str, restaurant_id: str, analysis: str | None, after: RunCursor | None) -> Select[tuple[object, ...]]:
    found = select(RUNS).where(RUNS.c.tenant == tenant, RUNS.c.restaurant_id == restaurant_id)
    if analysis is not None:
        found = found.where(RUNS.c.analysis == analysis)
    if after is not None:
        started_us, run_id = after
        found = found.where(
            or_(RUNS.c.started_us < started_us, and_(RUNS.c.started_us == started_us, RUNS.c.run_id < run_id))
        )
    return found.order_by(RUNS.c.started_us.desc(), RUNS.c.run_id.desc())


def _run(row: RowMapping) -> Run:
    fields = {name: value for name, value in row.items() if name != "position"}
    return Run(started_at=from_micros(fields.pop("started_us")), **fields)


def _delete_of(tenant: str, restaurant_ids: Collection[str]) -> Delete:
    return delete(RESULTS).where(RESULTS.c.tenant == tenant, RESULTS.c.restaurant_id.in_(list(restaurant_ids)))
