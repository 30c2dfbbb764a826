"""The command line: one command a verb, tables for people, `--json` for programs.

Exit codes: 0 done · 1 a fault of ours · 2 wrong usage · 3 invalid input · 4 not found · 5 conflict ·
6 unavailable, try later · 7 misconfigured · 8 done, but some rows were rejected · 130 interrupted.
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import orjson
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from uvicorn.loops.auto import auto_loop_factory

from matjip import __version__
from matjip.analysis.alerts import Alert, SqlAlerts
from matjip.analysis.ask import Ask, Run, SearchAsk
from matjip.analysis.changes import TYPES, ChangeFeed, ChangePage
from matjip.analysis.desk import FeedbackAsk
from matjip.analysis.estimate import Estimate, total_of
from matjip.analysis.export import RESULT_COLUMNS, result_rows
from matjip.analysis.feedback import Feedback, Kind
from matjip.analysis.refresher import PolicyName, Promise
from matjip.analysis.result import AnalysisName, SearchResult, Window
from matjip.analysis.results import SqlResults
from matjip.api.server import Role
from matjip.app import (
    Service,
    erasure_key,
    masking,
    open_inference,
    open_service,
    prepare_folder,
    serve,
    serve_inference,
)
from matjip.caller import DEFAULT_TENANT, Caller
from matjip.clock import SystemClock, new_id, to_iso
from matjip.console.adaptation import adapted_view, versions_view
from matjip.console.alerts import alerts_view
from matjip.console.changes import change_line
from matjip.console.estimate import estimates_view
from matjip.console.evaluation import calibration_svg, evaluation_view
from matjip.console.gather import gather
from matjip.console.progress import progress_view
from matjip.console.report import Report, RestaurantReport, Timing, render
from matjip.console.terminal import hits_view, overview, restaurant_view, timings_view
from matjip.database import Database, open_database
from matjip.errors import Code, Fault, Invalid, MatjipError
from matjip.evaluation.adapt import Adapted, adapt
from matjip.evaluation.examples import Example, corrected, decided, labelled, rated
from matjip.evaluation.report import evaluate
from matjip.evaluation.rows import read_rows
from matjip.evaluation.versions import Status, Version
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.model import Urgency
from matjip.reviews.dump import dump, state_at
from matjip.reviews.exporter import RESTAURANT_COLUMNS, REVIEW_COLUMNS, restaurant_rows, review_rows
from matjip.reviews.importer import ImportProgress, ImportSummary, import_reviews
from matjip.reviews.sheet import Column, Fields, demand_folder, open_sheet
from matjip.reviews.sql import SqlReviews
from matjip.settings import Settings, load
from matjip.telemetry.logs import configure

__all__ = ["EXIT", "cli", "main", "sample", "whole_job"]

EXIT: dict[Code, int] = {
    "internal": 1,
    "invalid": 3,
    "too_large": 3,
    "idempotency_mismatch": 3,
    "not_found": 4,
    "conflict": 5,
    "stale_version": 5,
    "in_flight": 5,
    "unavailable": 6,
    "busy": 6,
    "not_ready": 6,
    "misconfigured": 7,
}
SOME_REJECTED = 8
INTERRUPTED = 130
FOLLOW_WAIT_S = 30.0  # of one page, after which the next is asked for
DEMO_RESTAURANTS = 40  # what a person looks through; more make the page heavy, and `matjip analyze` takes them all
DEMO_QUERIES = ("국물이 진하고 시원한 집", "데이트하기 좋은 조용한 카페", "friendly staff")

Exported = Literal["reviews", "restaurants", "results"]
T = TypeVar("T")
Act = Literal["publish", "drop", "rollback"]  # of a version

out = Console()
err = Console(stderr=True)
cli = typer.Typer(
    name="matjip",
    help="Restaurant reviews become sentiment, summaries, strengths and search results that carry their evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 internal, 2 usage, 3 invalid input, 4 not found, 5 conflict, 6 unavailable, "
    "7 misconfigured, 8 done with rejected rows, 130 interrupted.",
)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the data; the setting data_dir by default.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose data.")]
Since = Annotated[datetime | None, typer.Option("--since", help="Reviews created at or after this day (UTC).")]
Until = Annotated[datetime | None, typer.Option("--until", help="Reviews created before this day (UTC).")]
Language = Annotated[str | None, typer.Option("--lang", help="Language of the sentences: ko or en.")]


def main() -> None:
    """Run the command line and leave with its documented exit code."""
    try:
        cli()
    except MatjipError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("MATJIP_LOGS__LEVEL") == "debug":
            raise
        err.print(f"[bold red]internal[/] something failed on our side ({type(error).__name__}).")
        err.print("MATJIP_LOGS__LEVEL=debug shows where; please report it with the command.", highlight=False)
        sys.exit(EXIT["internal"])


def fail(error: MatjipError) -> None:
    """Say what is wrong, a fault a line, and leave."""
    if len(error.faults) > 1:
        err.print(f"[bold red]{error.code}[/]")
        for fault in error.faults:
            err.print(f"  • {fault}", highlight=False, markup=False, soft_wrap=True)
    else:
        err.print(f"[bold red]{error.code}[/] ", end="")
        err.print(error.message, highlight=False, markup=False, soft_wrap=True)
    sys.exit(EXIT[error.code])


def run(work: Callable[[Service], Awaitable[T]], data_dir: Path | None = None) -> T:
    """Open the service, do the work, close it."""

    settings = load(data_dir=data_dir)
    configure(settings.logs, version=__version__, stream=sys.stderr)

    async def opened() -> T:
        async with open_service(settings) as service:
            return await work(service)

    return asyncio.run(opened())


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    elif isinstance(value, list):
        value = [item.model_dump(mode="json") if isinstance(item, BaseModel) else item for item in value]
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def leave_pipe() -> None:
    """Whoever read our stdout has seen enough: nothing more goes there, at the end neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def caller(tenant: str = DEFAULT_TENANT) -> Caller:
    """Who asks, when the command line asks."""
    return Caller(tenant=tenant, actor="cli", request_id=new_id())


def window(since: datetime | None, until: datetime | None) -> Window:
    """A window in UTC from the command line's days."""
    if since and until and since >= until:
        raise Invalid.of(Fault(where="--since", wrong=f"is {since:%Y-%m-%d}", right=f"a day before {until:%Y-%m-%d}"))
    return Window(
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
    )


@cli.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"matjip {__version__}\n")


@cli.command()
def check() -> None:
    """Check the configuration, and where the role has them the data folder and the database; name every fault at once."""
    settings = load()
    if settings.role == "inference":
        asyncio.run(_opens(settings))
        out.print(f"[green]ok[/] {settings.environment}: owns {', '.join(settings.model.urls)}", highlight=False)
        return
    prepare_folder(settings.data_dir)

    async def ask() -> None:
        database = open_database(settings.database, data_dir=settings.data_dir)
        try:
            await database.migrate()
        finally:
            await database.close()

    asyncio.run(ask())
    out.print(f"[green]ok[/] {settings.environment}: data in {settings.data_dir}", highlight=False)


@cli.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="A JSONL, CSV, TSV or Parquet file, plain or .gz; - reads a pipe.")],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="field=column, repeatable: --map content=text --map rating=score/2"),
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv, tsv or parquet; found by itself when not given.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Stands for the file's name in the ids of rows without one (NAME:line)."),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Where rejected rows go, with line and reason.")
    ] = None,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Import reviews; resumes a file where it stopped (a pipe starts over), and loses nothing that it accepted."""
    ask = ImportAsk(source, tuple(map_ or ()), file_format, name, rejects)
    summary = asyncio.run(_import(load(data_dir=data_dir), ask, caller(tenant), quiet=as_json))
    if as_json:
        print_json(summary.to_dict())
    else:
        out.print(import_view(summary))
    if summary.rejected:
        sys.exit(SOME_REJECTED)


@cli.command()
def analyze(
    restaurant: Annotated[
        list[str] | None, typer.Argument(help="Restaurant ids; all of them when none is named.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All restaurants, as when none is named.")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Also write the report, one HTML page, here.")] = None,
    since: Since = None,
    until: Until = None,
    lang: Language = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Analyse even what has not changed.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, from measured runs, and do nothing.")
    ] = False,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Work out sentiment, summary and strengths of stored reviews."""
    if everyone and restaurant:
        right = "either ids or --all"
        raise Invalid.of(Fault(where="--all", wrong=f"was given with {len(restaurant)} restaurant ids", right=right))
    asked = window(since, until)

    async def asks(service: Service) -> list[Ask]:
        ids = restaurant or [item.id for item in await service.reviews.restaurants(tenant)]
        urgency: Urgency = "interactive" if len(ids) == 1 else "batch"
        return [Ask(restaurant_id=item, window=asked, language=lang, refresh=refresh, urgency=urgency) for item in ids]

    async def work(service: Service) -> Report:
        return await _report(service, await asks(service), (), caller(tenant), quiet=as_json)

    async def expect(service: Service) -> list[Estimate]:
        return await _estimates(service, await asks(service), caller(tenant), quiet=as_json)

    if dry_run:
        expected = run(expect, data_dir)
        if as_json:
            print_json(
                {"total": total_of(expected).model_dump(), "estimates": [item.model_dump() for item in expected]}
            )
        else:
            out.print(estimates_view(expected))
        return
    made, mask = run(work, data_dir), masking(load(data_dir=data_dir))
    if as_json:
        print_json([results_of(item) for item in made.restaurants])
    else:
        out.print(overview(made))
        if len(made.restaurants) == 1:
            out.print(restaurant_view(made.restaurants[0], mask=mask))
    if report:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(render(made, mask=mask), encoding="utf-8")
        err.print(f"report: {report}", highlight=False)


@cli.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in your own words.")],
    restaurant: Annotated[list[str] | None, typer.Option("--restaurant", help="Only these restaurants.")] = None,
    category: Annotated[list[str] | None, typer.Option("--category", help="Only these categories.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only these regions.")] = None,
    rating_min: Annotated[float | None, typer.Option("--rating-min", min=0, max=5)] = None,
    rating_max: Annotated[float | None, typer.Option("--rating-max", min=0, max=5)] = None,
    images: Annotated[bool, typer.Option("--images", help="Only reviews that have images.")] = False,
    expand: Annotated[bool, typer.Option(help="Add the words that a situation calls for; they are shown.")] = True,
    polarity: Annotated[
        bool, typer.Option(help="Put reviews first that praise what the query praises, or blame what it blames.")
    ] = True,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100)] = 10,
    cursor: Annotated[str | None, typer.Option("--cursor", help="The next page of an earlier answer.")] = None,
    since: Since = None,
    until: Until = None,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Find reviews by meaning and by words."""
    ask = SearchAsk(
        query=query,
        restaurant_ids=tuple(restaurant or ()),
        categories=tuple(category or ()),
        regions=tuple(region or ()),
        rating_min=rating_min,
        rating_max=rating_max,
        window=window(since, until),
        expand=expand,
        polarity=polarity,
        limit=limit,
        cursor=cursor,
    )

    async def work(service: Service) -> SearchResult:
        find = service.search.images if images else service.search.search
        return await find(ask, caller(tenant))

    found = run(work, data_dir)
    if as_json:
        print_json(found)
    else:
        out.print(hits_view(found, mask=masking(load(data_dir=data_dir))))


@cli.command()
def runs(
    restaurant: Annotated[str, typer.Argument(help="A restaurant's id.")],
    analysis: Annotated[
        AnalysisName | None, typer.Option("--analysis", help="sentiment, summary or strengths.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """List who analysed a restaurant, when, with what, for how long, and how it ended."""
    listed, _ = run(lambda service: service.analyses.history(tenant, restaurant, analysis, limit), data_dir)
    if as_json:
        print_json(listed)
    else:
        out.print(runs_view(listed))


@cli.command()
def alerts(
    restaurant: Annotated[str | None, typer.Argument(help="A restaurant's id; all of them when none is named.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """List spikes of negative reviews against a restaurant's own history, as analyses of sentiment noticed them."""

    async def work(service: Service) -> list[Alert]:
        if restaurant is not None:
            await service.reviews.restaurant(tenant, restaurant)
        return await service.alerts.of(tenant, restaurant, limit=limit)

    found = run(work, data_dir)
    if as_json:
        print_json(found)
    else:
        out.print(alerts_view(found))


@cli.command()
def changes(
    since: Annotated[
        str | None, typer.Option("--since", help="The cursor of an earlier page; from the beginning without it.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Only what happens from now on.")] = False,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help=f"Only these, repeatable: {', '.join(TYPES)}.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Changes on a page.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", help="Go on page by page, and wait for what comes.")] = False,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Annotated[bool, typer.Option("--json", help="A page a line, as the API gives it.")] = False,
) -> None:
    """Tell what happened to restaurants, reviews and results, in order, and the cursor to go on from."""
    if since is not None and new:
        raise Invalid.of(Fault(where="--new", wrong="was given with --since", right="one of them"))
    if unknown := sorted(set(kind or ()) - set(TYPES)):
        raise Invalid.of(Fault(where="--type", wrong=f"is {', '.join(unknown)}", right=f"of {', '.join(TYPES)}"))
    types = tuple(each for each in TYPES if each in (kind or TYPES))

    async def work() -> None:
        async with _database(load(data_dir=data_dir)) as (database, reviews):
            feed = ChangeFeed(reviews, SqlResults(database), SqlAlerts(database), clock=SystemClock())
            cursor = await feed.start(tenant) if new else since
            while True:
                page = await feed.page(
                    tenant, cursor=cursor, limit=limit, types=types, wait_s=FOLLOW_WAIT_S if follow else 0
                )
                if page.changes or not follow:
                    print_page(page, as_json=as_json)
                cursor = page.cursor
                if not follow:
                    return

    try:
        asyncio.run(work())
    except BrokenPipeError:
        leave_pipe()


def print_page(page: ChangePage, *, as_json: bool) -> None:
    """A line a change and the cursor on stderr, or one line for the page."""
    if as_json:
        sys.stdout.write(page.model_dump_json() + "\n")
    else:
        for each in page.changes:
            out.print(change_line(each), soft_wrap=True, highlight=False)
        more = " (there is more)" if page.more else ""
        err.print(f"cursor: {page.cursor}{more}", highlight=False, soft_wrap=True)
    sys.stdout.flush()


@cli.command("progress")
def progress_since(
    restaurant: Annotated[str, typer.Argument(help="A restaurant's id.")],
    since: Annotated[datetime, typer.Option("--since", help="The day to compare with (UTC).")],
    lang: Language = None,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Tell what has changed since a day: each aspect then and since, with a test, and the strengths that came or went."""
    day = since.replace(tzinfo=UTC)
    found = run(lambda service: service.analyses.progress(restaurant, day, caller(tenant), language=lang), data_dir)
    if as_json:
        print_json(found)
    else:
        out.print(progress_view(found))


@cli.command()
def feedback(
    restaurant: Annotated[str, typer.Argument(help="A restaurant's id.")],
    kind: Annotated[
        Kind | None, typer.Argument(help="flag, hide, correct or restore; without it, what was said is listed.")
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option("--claim", help="The claim_id of a strength or a statement, as analyze --json shows it."),
    ] = None,
    review: Annotated[str | None, typer.Option("--review", help="A review's id, for its label.")] = None,
    aspect: Annotated[
        str | None, typer.Option("--aspect", help="With --review: what the review says of this aspect.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="The correction: a claim's text; positive, negative or neutral; for an aspect not_said too."
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="For people to read.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Flag, hide, correct or restore a claim or a label, or list what was said of a restaurant's."""
    if kind is None:
        listed = run(lambda service: service.feedback.page(tenant, restaurant, before=None, limit=limit), data_dir)
    else:
        ask = FeedbackAsk(
            restaurant_id=restaurant,
            kind=kind,
            claim_id=claim,
            review_id=review,
            aspect=aspect,
            correction=to,
            reason=reason,
        )
        listed = [run(lambda service: service.feedback.give(ask, caller(tenant)), data_dir)]
    if as_json:
        print_json(listed if kind is None else listed[0])
    else:
        out.print(feedback_view(listed))


@cli.command("export-feedback")
def export_feedback(
    file: Annotated[Path, typer.Argument(help="Where the JSON lines go.")],
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
) -> None:
    """Write the corrected labels and mentions that stand, with their reviews' texts, as training data."""

    async def work(service: Service) -> list[bytes]:
        return [orjson.dumps(row) + b"\n" async for row in service.feedback.corrections(tenant)]

    demand_folder(file)
    lines = run(work, data_dir)
    file.write_bytes(b"".join(lines))
    out.print(f"corrections: {len(lines):,} in {file}", highlight=False)


@cli.command()
def export(
    what: Annotated[Exported, typer.Argument(help="reviews, restaurants or results.")],
    to: Annotated[
        str, typer.Option("--to", help="A .jsonl, .jsonl.gz or .parquet file; - writes JSON lines to stdout.")
    ],
    restaurant: Annotated[list[str] | None, typer.Option("--restaurant", help="Only these restaurants.")] = None,
    since: Since = None,
    until: Until = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
) -> None:
    """Write everything that is stored now to a file, whole or not at all; import takes reviews and restaurants back."""
    asked = window(since, until)
    if what != "reviews" and (since or until):
        wrong = f"was given for {what}"
        raise Invalid.of(Fault(where="--since, --until", wrong=wrong, right="none: only reviews are of a time"))
    ask = ExportAsk(what, to, tuple(restaurant or ()), asked, force)
    try:
        rows = asyncio.run(_export(load(data_dir=data_dir), ask, caller(tenant)))
    except BrokenPipeError:
        leave_pipe()
        return
    err.print(f"{what}: {rows:,} in {to}" if to != "-" else f"{what}: {rows:,}", highlight=False)


@cli.command()
def replay(
    until: Annotated[
        str | None,
        typer.Option("--until", help="A log position (1500) or a time (2026-11-01T00:00Z); the end by default."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Rebuild a past state from the log and print its canonical dump, one JSON line a row."""
    stop = moment_or_position(until)
    for line in run(lambda service: _replayed(service, stop), data_dir):
        sys.stdout.write(line + "\n")


@cli.command()
def erase(
    author: Annotated[str, typer.Argument(help="The author's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Erase a person: content and identity leave log, rows, results and index; the proof stays."""
    if not yes:
        typer.confirm(f"Erase everything that {author!r} wrote, for good?", abort=True)
    done = run(lambda service: service.erase(tenant, author, caller(tenant)), data_dir)
    if as_json:
        print_json({"reviews": done.reviews, "events": done.events, "position": done.position})
    else:
        out.print(f"erased {done.reviews} reviews in {done.events} events; proof at position {done.position}")


@cli.command("rebuild-index")
def rebuild_index(
    new_embedder: Annotated[
        bool,
        typer.Option("--new-embedder", help="Build a collection for this version's embedder beside those of others."),
    ] = False,
    drop_others: Annotated[
        bool, typer.Option("--drop-others", help="Afterwards remove the collections of other embedders.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make the index and the counters again from the log, beside those in use, and swap. A server goes on meanwhile."""

    async def work(settings: Settings) -> tuple[int, list[str]]:
        async with open_service(settings, rebuild=new_embedder) as service:
            with progress_bar(quiet=as_json) as bar:
                task = bar.add_task("index", total=await service.reviews.position(), detail="events")
                position = await service.projector.rebuild(
                    on_progress=lambda reached: bar.update(task, completed=reached)
                )
                if service.images:
                    task = bar.add_task("images", total=await service.reviews.position(), detail="events")
                    await service.images.projector.rebuild(
                        on_progress=lambda reached: bar.update(task, completed=reached)
                    )
            indexes = [service.index, *([service.images.index] if service.images else [])]
            if drop_others:
                for index in indexes:
                    await index.drop_others()
                await service.counters.drop_others()
            return position, [other for index in indexes for other in await index.others()]

    position, others = asyncio.run(work(load(data_dir=data_dir)))
    if as_json:
        print_json({"position": position, "others": others})
        return
    out.print(f"index and counters stand at position {position:,} of the log", highlight=False)
    for other in others:
        out.print(f"kept beside: {other}; --drop-others removes it", style="dim", highlight=False)


@cli.command("eval")
def eval_(
    file: Annotated[Path, typer.Argument(help="Labelled texts, a JSON object a line; docs/eval.md has the format.")],
    plot: Annotated[Path | None, typer.Option("--plot", help="Also draw the calibration plot, as SVG, here.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the resamples behind the intervals.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure the built-in judge on labelled texts: sentiment, aspects, spans, with intervals and baselines."""
    rows = read_rows(file)
    found = asyncio.run(evaluate(LiteJudge.load(), rows, seed=seed))
    if plot:
        if found.sentiment is None or not found.sentiment.calibration:
            raise Invalid.of(
                Fault(where="--plot", wrong="has nothing to draw", right="rows that are positive or negative")
            )
        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_text(calibration_svg(found.sentiment.calibration), encoding="utf-8")
    if as_json:
        print_json({"file": str(file), **asdict(found)})
    else:
        out.print(evaluation_view(found))
    if plot:
        err.print(f"plot: {plot}", highlight=False)


@cli.command()
def refresh(
    once: Annotated[bool, typer.Option("--once", help="Refresh what is due now, and end.")] = False,
    policy: Annotated[
        PolicyName | None,
        typer.Option("--policy", help="matjip, update_score, tiers or every; freshness.policy by default."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Keep published results fresh, in place of a server that does not (freshness.enabled: false). One such process at a time."""
    settings = load(data_dir=data_dir)
    chosen = {"enabled": True} | ({"policy": policy} if policy else {})
    settings = settings.model_copy(update={"freshness": settings.freshness.model_copy(update=chosen)})
    configure(settings.logs, version=__version__, stream=sys.stderr)
    kept = asyncio.run(_refresh(settings, once=once, quiet=as_json))
    if as_json:
        print_json(kept)
    else:
        out.print(
            f"refreshed {kept.runs_last_day:,} of {kept.published:,} restaurants, {kept.failures_last_day:,} failed; "
            f"{kept.waiting_restaurants:,} wait",
            highlight=False,
        )


@cli.command("adapt")
def adapt_(
    from_ratings: Annotated[
        bool,
        typer.Option("--from-ratings", help="Learn from the stars of stored reviews: up to 2 blame, from 4 praise."),
    ] = False,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Labelled texts with their restaurants; docs/adapt.md has the format."),
    ] = None,
    corrections: Annotated[
        bool, typer.Option("--corrections", help="Learn from the labels that people corrected.")
    ] = False,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="What another engine decided, in the form of --labels.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Where it is kept, let it answer at once.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure and store nothing.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the resamples behind the intervals.")] = 0,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Adapt the built-in sentiment to this site; kept only where it wins in restaurants that it did not learn from."""
    if publish and dry_run:
        raise Invalid.of(Fault(where="--publish", wrong="was given with --dry-run", right="one of them"))
    if not (from_ratings or labels or corrections or decisions):
        right = "one or several of --from-ratings, --labels, --corrections and --decisions"
        raise Invalid.of(Fault(where="what to learn from", wrong="is not given", right=right))
    files = (*(labelled(read_rows(labels)) if labels else ()), *(decided(read_rows(decisions)) if decisions else ()))

    async def work(service: Service) -> tuple[Adapted, Status | None]:
        with progress_bar(quiet=as_json) as bar:
            task = bar.add_task("adapt", total=4, detail="gathering")
            examples: list[Example] = [*files]
            examples += await rated(service.reviews, tenant) if from_ratings else []
            if corrections:
                examples += await corrected(service.feedback, service.reviews, service.judge, tenant)
            made = await adapt(
                examples,
                service.judge,
                tenant=tenant,
                current=await service.gate.current(tenant),
                seed=seed,
                on_step=lambda step: bar.update(task, advance=1, detail=step),
            )
            if dry_run or not made.kept:
                return made, None
            proposed = await service.gate.propose(made, caller(tenant))
            return made, (await service.gate.publish(made.version, caller(tenant)) if publish else proposed).status

    made, status = run(work, data_dir)
    if as_json:
        print_json(
            {"version": made.version, "status": status, "kept": made.kept, "reason": made.reason, **made.report()}
        )
    else:
        out.print(adapted_view(made, status=status))


@cli.command()
def models(
    act: Annotated[
        Act | None, typer.Argument(help="publish, drop or rollback; without it, the versions are listed.")
    ] = None,
    version: Annotated[str | None, typer.Argument(help="Of what is published or dropped.")] = None,
    data_dir: DataDir = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """List the adaptations of this site, let one answer, drop one, or take back what answers now."""
    if (version is not None) != (act in ("publish", "drop")):
        wrong = "is missing" if version is None else "was given to what needs none"
        raise Invalid.of(Fault(where="VERSION", wrong=wrong, right="a version for publish and drop, and none else"))

    async def work(service: Service) -> list[Version]:
        if version is not None:
            await (service.gate.publish if act == "publish" else service.gate.drop)(version, caller(tenant))
        elif act == "rollback":
            await service.gate.roll_back(caller(tenant))
        return await service.gate.all(tenant)

    listed = run(work, data_dir)
    if as_json:
        print_json([one.shown() for one in listed])
    else:
        out.print(versions_view(listed))


@cli.command("serve")
def serve_(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one; the log says which.")
    ] = 8000,
    role: Annotated[
        Role | None, typer.Option("--role", help="What to serve; the setting role by default, which is api.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve until a signal: the API, or in the role inference the one queue before a GPU."""
    settings = load(data_dir=data_dir, role=role)
    configure(settings.logs, version=__version__)
    serve_until_stopped(settings, host, port)


@cli.command()
def demo(
    reviews: Annotated[Path | None, typer.Option("--reviews", help="Other reviews than the sample's.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Where the report goes; into the data folder by default.")
    ] = None,
    serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the API afterwards, until Ctrl-C.")] = True,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="A folder of its own; one for each file of reviews by default.")
    ] = None,
) -> None:
    """Run the whole job on sample reviews: import, analyse, search, report; then serve."""
    source = reviews or sample()
    name = f"{source.name.split('.')[0]}-{hashlib.sha256(bytes(source.resolve())).hexdigest()[:6]}"
    settings = load(data_dir=data_dir or Path("var/demo") / name)
    report = report or settings.data_dir / "report.html"
    made, mask = asyncio.run(whole_job(settings, source)), masking(settings)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(render(made, mask=mask), encoding="utf-8")
    out.print(overview(made))
    if made.restaurants:
        out.print(restaurant_view(max(made.restaurants, key=lambda item: len(item.strengths.strengths)), mask=mask))
    for found in made.searches[:1]:
        out.print(hits_view(found, mask=mask))
    out.print(timings_view(made.timings))
    out.print(f"\n[bold]report[/]  {report.resolve().as_uri()}", highlight=False, soft_wrap=True)
    if serving:
        out.print(f"[bold]API[/]     http://{host}:{port}/docs   (Ctrl-C ends it)\n", highlight=False, soft_wrap=True)
        configure(settings.logs, version=__version__)
        serve_until_stopped(settings, host, port)


@dataclass(frozen=True, slots=True)
class ImportAsk:
    """The words of `matjip import`."""

    source: str
    mapping: tuple[str, ...] = ()
    file_format: str | None = None
    name: str | None = None
    rejects: Path | None = None


async def _import(settings: Settings, ask: ImportAsk, who: Caller, *, quiet: bool) -> ImportSummary:
    """Import without loading a model: only the record is opened, so a running server is no hindrance."""
    async with _database(settings) as (_, reviews):
        with progress_bar(quiet=quiet) as bar:
            return await import_reviews(
                ask.source,
                reviews,
                who,
                clock=SystemClock(),
                folder=settings.data_dir / "imports",
                mapping=ask.mapping,
                file_format=ask.file_format,
                name=ask.name,
                rejects=ask.rejects,
                on_progress=import_progress(bar),
            )


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[Database, SqlReviews]]:
    """The database and the record in it, without a model or an index."""
    prepare_folder(settings.data_dir)
    configure(settings.logs, version=__version__, stream=sys.stderr)
    database = open_database(settings.database, data_dir=settings.data_dir)
    try:
        await database.migrate()
        yield database, SqlReviews(database, SystemClock(), erasure_key=erasure_key(settings))
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class ExportAsk:
    """The words of `matjip export`."""

    what: Exported
    to: str
    restaurants: tuple[str, ...]
    window: Window
    force: bool


async def _export(settings: Settings, ask: ExportAsk, who: Caller) -> int:
    """Write the file; how many rows. Of reviews and restaurants only the record is opened, as for an import."""
    if ask.what == "results":
        configure(settings.logs, version=__version__, stream=sys.stderr)
        async with open_service(settings) as service:
            ids = ask.restaurants or [each.id for each in await service.reviews.restaurants(who.tenant)]
            for each in ask.restaurants:
                await service.reviews.restaurant(who.tenant, each)
            pages = result_rows(service.analyses, who.tenant, ids)
            return await _written(pages, RESULT_COLUMNS, ask, who, total=len(ids), unit="restaurants")
    async with _database(settings) as (_, reviews):
        counts = await reviews.counts(who.tenant)
        if ask.what == "restaurants":
            pages = restaurant_rows(reviews, who.tenant, restaurant_ids=ask.restaurants)
            return await _written(pages, RESTAURANT_COLUMNS, ask, who, total=len(ask.restaurants) or len(counts))
        about = ask.window
        pages = review_rows(reviews, who.tenant, restaurant_ids=ask.restaurants, since=about.since, until=about.until)
        total = sum(counts.get(each, 0) for each in set(ask.restaurants) or counts)
        return await _written(pages, REVIEW_COLUMNS, ask, who, total=total)


async def _written(
    pages: AsyncIterator[list[Fields]],
    columns: Mapping[str, Column],
    ask: ExportAsk,
    who: Caller,
    *,
    total: int,
    unit: str = "",
) -> int:
    rows = 0
    with (
        open_sheet(ask.to, columns, run=who.request_id, force=ask.force) as sheet,
        progress_bar(quiet=False) as bar,
    ):
        task = bar.add_task("export", total=total, detail="")
        async for page in pages:
            sheet.write(page)
            rows += len(page)
            bar.update(task, advance=1 if unit else len(page), detail=f"{rows:,} rows")
    return rows


async def _report(service: Service, asks: Sequence[Ask], queries: Sequence[str], who: Caller, *, quiet: bool) -> Report:
    with progress_bar(quiet=quiet) as bar:
        await _caught_up(service, bar)  # what peers are praised for is counted from the log
        task = bar.add_task("analyse", total=len(asks), detail="")
        return await gather(
            service.reviews,
            service.analyses,
            service.search,
            who,
            asks=asks,
            queries=queries,
            clock=service.clock,
            version=__version__,
            on_progress=lambda restaurant: bar.update(task, advance=1, detail=restaurant),
        )


async def _estimates(service: Service, asks: Sequence[Ask], who: Caller, *, quiet: bool) -> list[Estimate]:
    found = []
    with progress_bar(quiet=quiet) as bar:
        await _caught_up(service, bar)
        task = bar.add_task("estimate", total=len(asks), detail="")
        for ask in asks:
            found += [await service.analyses.expect(name, ask, who) for name in get_args(AnalysisName)]
            bar.update(task, advance=1, detail=ask.restaurant_id)
    return found


async def _caught_up(service: Service, bar: Progress) -> float:
    """Bring the index and the counters to the end of the log; how many seconds it took."""
    task = bar.add_task("index", total=None, detail="vectors, words and counters")
    began = service.clock.monotonic()
    await service.projector.catch_up()
    bar.update(task, total=1, completed=1)
    return service.clock.monotonic() - began


async def whole_job(settings: Settings, source: Path) -> Report:
    """Import, index, analyse and search: what the demo shows."""
    who = caller()
    imported = await _import(settings, ImportAsk(str(source)), who, quiet=False)
    out.print(import_view(imported))
    async with open_service(settings, rebuild=True) as service:
        with progress_bar(quiet=False) as bar:
            indexed = await _caught_up(service, bar)
        counts = await service.reviews.counts(who.tenant)
        chosen = sorted(counts, key=lambda restaurant: (-counts[restaurant], restaurant))[:DEMO_RESTAURANTS]
        if len(counts) > len(chosen):
            out.print(f"shown    the {len(chosen)} of {len(counts):,} restaurants with most reviews", highlight=False)
        asks = [Ask(restaurant_id=restaurant, urgency="batch") for restaurant in sorted(chosen)]
        made = await _report(service, asks, DEMO_QUERIES, who, quiet=False)
        timings = (Timing("import", imported.seconds, imported.rows), Timing("index", indexed, imported.rows))
        return replace(made, timings=(*timings, *made.timings))


async def _opens(settings: Settings) -> None:
    async with open_inference(settings):
        pass


def serve_until_stopped(settings: Settings, host: str, port: int) -> None:
    """Serve on uvloop, which costs a request less than asyncio's own loop; where it is not built, on asyncio's."""

    async def opened() -> None:
        if settings.role == "inference":
            async with open_inference(settings) as inference:
                await serve_inference(inference, host, port)
            return
        async with open_service(settings) as service:
            await serve(service, host, port)

    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(opened())


async def _refresh(settings: Settings, *, once: bool, quiet: bool) -> Promise:
    async with open_service(settings) as service:
        if not once:
            await service.refresher.follow()
        with progress_bar(quiet=quiet) as bar:
            task = bar.add_task("refresh", total=None, detail="restaurants")
            await service.refresher.step(
                on_progress=lambda done, of: bar.update(task, completed=done, total=of, detail=f"{done:,} restaurants")
            )
        return service.refresher.promise()


async def _replayed(service: Service, until: int | datetime | None) -> list[str]:
    return list(dump(await state_at(service.reviews, until)))


def sample() -> Path:
    """The sample reviews: in the package where it is installed, beside the sources where it is not."""
    packaged = Path(__file__).parent / "examples" / "reviews.jsonl"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "examples" / "reviews.jsonl"


def moment_or_position(until: str | None) -> int | datetime | None:
    """A log position or a time, as --until takes it."""
    if until is None:
        return None
    if until.isdigit():
        return int(until)
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        right = "a log position such as 1500, or a time such as 2026-11-01T00:00Z"
        raise Invalid.of(Fault(where="--until", wrong=f"is {until!r}", right=right)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def results_of(item: RestaurantReport) -> dict[str, object]:
    """One restaurant's three results for `--json`."""
    return {
        "restaurant_id": item.restaurant.id,
        "sentiment": item.sentiment.model_dump(mode="json"),
        "summary": item.summary.model_dump(mode="json"),
        "strengths": item.strengths.model_dump(mode="json"),
    }


def progress_bar(*, quiet: bool) -> Progress:
    """A bar with rate and time left, on stderr; none where nobody looks."""
    return Progress(
        TextColumn("{task.description:<8}"),
        BarColumn(),
        TaskProgressColumn(show_speed=False),
        TextColumn("{task.fields[detail]}"),
        TimeRemainingColumn(),
        console=err,
        disable=quiet or not err.is_terminal,
        transient=True,
    )


def import_progress(bar: Progress) -> Callable[[ImportProgress], None]:
    """Moves the bar by bytes, and tells rows and rate."""
    task = bar.add_task("import", total=None, detail="")

    def moved(now: ImportProgress) -> None:
        elapsed = bar.tasks[task].elapsed or 1e-9
        detail = f"{now.rows:,} rows, {now.rows / elapsed:,.0f} a second"
        if now.rejected:
            detail += f", [yellow]{now.rejected:,} rejected[/]"
        bar.update(task, total=now.bytes_total, completed=now.bytes_read, detail=detail)

    return moved


def import_view(summary: ImportSummary) -> Table:
    """What an import did, as a small table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    table.add_row("imported", f"{summary.created:,}", f"new reviews from {Path(summary.source).name}")
    for word, count in (("updated", summary.updated), ("unchanged", summary.unchanged)):
        if count:
            table.add_row(word, f"{count:,}", "reviews")
    if summary.restaurants:
        table.add_row("stored", f"{summary.restaurants:,}", "restaurants")
    if summary.rejected:
        table.add_row(
            "[yellow]rejected[/]", f"{summary.rejected:,}", f"rows, with their reasons in {summary.rejects_file}"
        )
        for reason, count in summary.reasons.most_common(5):
            table.add_row("", f"{count:,}", Text(reason))
    if summary.resumed_at:
        table.add_row("resumed", f"{summary.resumed_at:,}", "rows were done before")
    if summary.zoneless_times:
        table.add_row("read as UTC", f"{summary.zoneless_times:,}", "times without a zone")
    if summary.ignored_columns:
        table.add_row(
            "ignored", str(len(summary.ignored_columns)), Text("columns: " + ", ".join(summary.ignored_columns))
        )
    table.add_row("rate", f"{summary.rows_per_s:,.0f}", f"rows a second, {summary.seconds:.1f} s")
    return table


def feedback_view(rows: Sequence[Feedback]) -> Table:
    """What was said, newest first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("said", "kind", "of", "correction", "reason", "by"):
        table.add_column(name, overflow="fold")
    for row in rows:
        at = to_iso(row.at)[:19].replace("T", " ")
        of = " ".join(filter(None, ("claim" if row.claim_id else "review", row.claim_id, row.review_id, row.aspect)))
        words = (Text(word or "") for word in (of, row.correction, row.reason, row.actor))
        table.add_row(at, row.kind, *words)
    return table


def runs_view(runs: Sequence[Run]) -> Table:
    """Runs, newest first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("started", "analysis", "outcome", "reviews", "ms", "engine", "actor", "run"):
        table.add_column(name, justify="right" if name in ("reviews", "ms") else "left", overflow="fold")
    for run in runs:
        started = to_iso(run.started_at)[:19].replace("T", " ")
        numbers = (str(run.reviews), f"{run.duration_ms:,.0f}")
        table.add_row(started, run.analysis, run.outcome, *numbers, run.engine, Text(run.actor), run.run_id)
    return table
