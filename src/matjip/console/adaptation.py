"""What an adaptation came to, and the list of versions, for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from matjip.clock import to_iso
from matjip.evaluation.adapt import Adapted, Comparison
from matjip.evaluation.resampling import Figure
from matjip.evaluation.versions import Status, Version

__all__ = ["adapted_view", "versions_view"]

MEASURES = ("accuracy", "change, in points (95 %)", "log loss", "calibration error", "decided")
STYLES: Mapping[Status, str] = {"published": "bold green", "shadow": "cyan", "retired": "dim", "dropped": "dim"}


def adapted_view(made: Adapted, *, status: Status | None) -> RenderableType:
    """What was learned from, what it changes where, and what became of it."""
    given = ", ".join(f"{count:,} {source}" for source, count in made.sources.items())
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("given", given)
    facts.add_row(
        "learned", f"from {made.learned:,}; {made.aside.texts:,} of {made.aside.restaurants:,} restaurants set aside"
    )
    if made.left_out:
        facts.add_row("left out", ", ".join(f"{count:,} {why}" for why, count in made.left_out.items()))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "restaurants set aside", "the product's own sentences"):
        table.add_column(name, no_wrap=True)
    table.add_row("compared with", made.compared_with, made.adaptation.base)
    for row in zip(("texts", *MEASURES), _compared(made.aside), _compared(made.guard), strict=True):
        table.add_row(*row)
    verdict = Text(
        f"kept: {made.version} " if made.kept else "not kept: ", style="bold green" if made.kept else "bold yellow"
    )
    verdict.append(f"({status}) " if status else "(nothing was stored) " if made.kept else "", style="")
    verdict.append(made.sentence, style="")
    return Group(facts, Text(), table, Text(), verdict)


def versions_view(versions: Sequence[Version]) -> RenderableType:
    """One row a version, newest first."""
    if not versions:
        return Text("No version yet: the shipped weights answer. matjip adapt makes one.", style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("version", "status", "points gained (95 %)", "differs", "in shadow", "made", "by"):
        table.add_column(name, no_wrap=name != "by", overflow="fold")
    for one in versions:
        seen = one.agreed + one.disagreed
        table.add_row(
            one.version,
            Text(one.status, style=STYLES[one.status]),
            _gain(one.report),
            _changed(one.report),
            f"{one.disagreed:,} of {seen:,}" if seen else "—",
            to_iso(one.made_at)[:10],
            Text(one.actor),
        )
    return table


def _compared(found: Comparison) -> tuple[str, ...]:
    return (
        f"{found.texts:,}",
        f"{found.accuracy_before:.3f} → {found.accuracy_after:.3f}",
        _brief(found.gain),
        f"{found.log_loss_before:.3f} → {found.log_loss_after:.3f}",
        f"{found.calibration_error_before:.3f} → {found.calibration_error_after:.3f}",
        f"{found.decided_before:.2f} → {found.decided_after:.2f}",
    )


def _brief(gain: Figure) -> str:
    if gain.value is None or gain.low is None or gain.high is None:
        return "—"
    return f"{gain.value * 100:+.1f} ({gain.low * 100:+.1f} to {gain.high * 100:+.1f})"


def _gain(report: Mapping[str, Any]) -> str:
    return _brief(Figure(**report["aside"]["gain"])) if "aside" in report else "—"


def _changed(report: Mapping[str, Any]) -> str:
    differing = report.get("disagreement")
    return f"{differing['share']:.1%} of {differing['reviews']:,}" if differing else "—"
