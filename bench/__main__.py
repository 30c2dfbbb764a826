"""The one door to every benchmark: `scripts/bench NAME [--quick] [--json]`, or `all` to run each and refresh its report."""

import argparse
import importlib
import json
import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy
import sqlalchemy
from rich.console import Console
from rich.table import Table

from matjip import __version__

REPORTS = Path(__file__).parent / "reports"
BENCHMARKS = {
    "adapt": "bench.adapt",
    "analyses": "bench.analyses",
    "caches": "bench.caches",
    "cascade": "bench.cascade",
    "engine": "bench.engine",
    "freshness": "bench.freshness",
    "gateway": "bench.gateway",
    "gateways": "bench.gateways",
    "import": "bench.importing",
    "lite": "bench.lite",
    "planted": "bench.planted",
    "retrieval": "bench.retrieval",
    "sampling": "bench.sampling",
    "scheduling": "bench.scheduling",
    "search": "bench.search",
    "spikes": "bench.spikes",
    "wording": "bench.wording",
}
TABLE_WIDTH = 140  # characters; a narrower table folds its numbers
BAR_WIDTH = 40  # characters of the longest bar
Rows = list[dict[str, object]]


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    words.add_argument("name", choices=[*BENCHMARKS, "all"])
    words.add_argument("--quick", action="store_true", help="smaller, within 45 seconds")
    words.add_argument("--json", action="store_true", help="print a list of flat rows and nothing else")
    words.add_argument(
        "--report", action="store_true", help="rewrite bench/reports/NAME.md; `all` does so unless --quick"
    )
    asked = words.parse_args()
    for name in BENCHMARKS if asked.name == "all" else [asked.name]:
        module = importlib.import_module(BENCHMARKS[name])
        rows: Rows = module.rows(asked.quick)
        if asked.json:
            print(json.dumps(rows, ensure_ascii=False))
        else:
            Console(width=max(Console().width, TABLE_WIDTH)).print(table(name, rows))
        if rows and (asked.report or (asked.name == "all" and not asked.quick)):
            report(name, module.__doc__ or "", rows, bars(rows, *module.BARS))


def table(name: str, rows: Rows) -> Table:
    shown = Table(title=f"bench {name}", header_style="bold", box=None, pad_edge=False)
    for column in columns(rows):
        numeric = all(isinstance(row.get(column, 0), int | float) for row in rows)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(text(row.get(column, "")) for column in columns(rows)))
    return shown


def report(name: str, about: str, rows: Rows, bars: list[str]) -> None:
    """bench/reports/NAME.md: what was compared, the command, the versions, the machine, the table and its bars."""
    head = columns(rows)
    lines = [
        f"# bench {name}\n",
        about.strip() + "\n",
        f"`scripts/bench {' '.join(sys.argv[1:])}` on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({processor()}).",
        f"Matjip {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"SQLAlchemy {sqlalchemy.__version__}, NumPy {numpy.__version__}.",
        "Absolute times are this machine's; compare rows of one run.\n",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(text(row.get(column, "")) for column in head) + " |" for row in rows),
        "",
        "```text",
        *bars,
        "```",
    ]
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def bars(rows: Rows, label: str, measure: str) -> list[str]:
    """One measure as bars on a linear scale, of the rows that have it; the label is one column or several."""
    shown = [
        (" ".join(str(row[part]) for part in label.split()), value)
        for row in rows
        if isinstance(value := row.get(measure), int | float)
    ]
    most = max((value for _, value in shown), default=0) or 1
    width = max((len(name) for name, _ in shown), default=0)
    drawn = [f"{name:<{width}}  {'█' * round(BAR_WIDTH * value / most) or '▏'} {text(value)}" for name, value in shown]
    return [measure, *drawn]


def columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def processor() -> str:
    names = (
        [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        if sys.platform == "linux"
        else []
    )
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
