"""What has changed since a day, as sentences and a table."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from matjip.analysis.progress import Progress
from matjip.analysis.result import Trend

__all__ = ["progress_view"]

UNCHANGED = {
    "en": "No difference that could not be chance.",
    "ko": "우연이라고 볼 수 없을 만한 차이는 없습니다.",
}
COLUMNS = ("", "praise", "blame", "praise before", "blame before", "q")
COLOURS = {"better": "green", "worse": "red", None: ""}
ARROWS = {"better": "▲", "worse": "▼", None: " "}


def progress_view(found: Progress) -> RenderableType:
    """The sentences, then each aspect since then beside before, then the strengths that came and went."""
    parts: list[RenderableType] = [Text(sentence) for sentence in found.sentences]
    parts = parts or [Text(UNCHANGED["en" if found.language == "en" else "ko"], style="dim")]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == COLUMNS[0] else "right")
    whole = [("all reviews", found.overall)] if found.overall else []
    for name, trend in [*whole, *((each.aspect, each.trend) for each in found.aspects)]:
        table.add_row(*_cells(name, trend), style=COLOURS[trend.direction])
    parts += [Text(), table]
    moved = [each for each in found.claims if None in (each.support, each.support_before)]
    if moved:
        parts.append(Text())
    for each in moved:
        came = each.support is not None
        parts.append(Text(f"{'+' if came else '−'} {each.claim}", style=COLOURS["better" if came else "worse"]))
    return Group(*parts)


def _cells(name: str, trend: Trend) -> tuple[str, ...]:
    counts = (trend.positive, trend.negative, trend.positive_before, trend.negative_before)
    return (f"{ARROWS[trend.direction]} {name}", *(f"{count:,}" for count in counts), f"{trend.q_value:.3f}")
