"""The one door to every benchmark: `scripts/bench NAME [--quick] [--json]`, or `all` to run each and refresh its report."""

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPORTS = Path(__file__).parent / "reports"
BENCHMARKS = {"import": "bench.importing", "judge": "bench.judge", "search": "bench.search"}
Rows = list[dict[str, object]]


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    words.add_argument("name", choices=[*BENCHMARKS, "all"])
    words.add_argument("--quick", action="store_true", help="smaller, within 45 seconds")
    words.add_argument("--json", action="store_true", help="print a list of flat rows and nothing else")
    asked = words.parse_args()
    for name in BENCHMARKS if asked.name == "all" else [asked.name]:
        module = importlib.import_module(BENCHMARKS[name])
        rows: Rows = module.rows(asked.quick)
        if asked.json:
            print(json.dumps(rows, ensure_ascii=False))
        else:
            Console().print(table(name, rows))
        if asked.name == "all" and not asked.quick:
            report(name, module.__doc__ or "", rows)


def table(name: str, rows: Rows) -> Table:
    shown = Table(title=f"bench {name}", header_style="bold", box=None, pad_edge=False)
    for column in columns(rows):
        numeric = all(isinstance(row.get(column, 0), int | float) for row in rows)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(text(row.get(column, "")) for column in columns(rows)))
    return shown


def report(name: str, about: str, rows: Rows) -> None:
    """bench/reports/NAME.md: what was compared, the command, the machine, the table."""
    head = columns(rows)
    lines = [
        f"# bench {name}\n",
        about.strip() + "\n",
        f"`make bench` on {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores ({processor()}).",
        "Absolute times are this machine's; compare rows of one run.\n",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(text(row.get(column, "")) for column in head) + " |" for row in rows),
    ]
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


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
