"""Spikes of negative reviews, as a table."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from matjip.analysis.alerts import Alert
from matjip.clock import to_iso

__all__ = ["alerts_view"]

COLUMNS = ("restaurant", "began", "last", "negative", "a year before", "of", "p")
NONE = "No spike of negative reviews was noticed."


def alerts_view(alerts: Sequence[Alert]) -> RenderableType:
    """Newest first: how many of how many, beside the year before, and what is blamed most."""
    if not alerts:
        return Text(NONE, style="dim")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        table.add_column(
            name, justify="right" if name in ("negative", "a year before", "p") else "left", overflow="fold"
        )
    for each in alerts:
        table.add_row(
            Text(each.restaurant_id),
            _minute(each.started_at),
            _minute(each.last_at),
            Text(f"{each.negatives:,} of {each.reviews:,}", style="red"),
            f"{each.negatives_before:,} of {each.reviews_before:,}",
            each.aspect or "–",
            f"{each.p_value:.1g}",
        )
    return table


def _minute(at: datetime) -> str:
    return to_iso(at)[:16].replace("T", " ")
