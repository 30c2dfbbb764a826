"""What work would take, as a table."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from matjip.analysis.estimate import MICROS, Estimate, total_of

__all__ = ["estimates_view"]

COLUMNS = ("analysis", "would run", "unchanged", "reviews", "tokens", "seconds", "cost")
UNKNOWN = "unknown"


def estimates_view(estimates: Sequence[Estimate]) -> RenderableType:
    """By analysis and together: how many would run, over how many reviews, and what it would take."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == COLUMNS[0] else "right")
    for name in dict.fromkeys(each.analysis for each in estimates):
        table.add_row(name, *_cells([each for each in estimates if each.analysis == name]))
    table.add_row("together", *_cells(estimates), style="bold")
    return Group(table, *(Text(hint, style="dim") for hint in _hints(estimates)))


def _cells(estimates: Sequence[Estimate]) -> tuple[str, ...]:
    total, waiting = total_of(estimates), [each for each in estimates if each.would == "run"]
    return (
        f"{len(waiting):,}",
        f"{len(estimates) - len(waiting):,}",
        f"{sum(each.reviews for each in waiting):,}",
        UNKNOWN if total.tokens is None else f"{total.tokens:,}",
        UNKNOWN if total.seconds is None else f"{total.seconds:,.2f}",
        UNKNOWN if total.cost is None else f"{total.cost.amount_micros / MICROS:,.6f} {total.cost.currency}",
    )


def _hints(estimates: Sequence[Estimate]) -> Iterator[str]:
    if any(each.time is None for each in estimates):
        yield "A time is unknown until five runs of the analysis were measured."
    if any(each.time is not None and each.cost is None for each in estimates):
        yield "A cost is unknown without a price: set analysis.machine_hour_price."
