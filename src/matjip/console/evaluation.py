"""A judge's figures for a terminal: tables with intervals and a calibration plot; the same plot as an SVG file."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from matjip.evaluation.report import AspectReport, Bin, Report, SentimentReport, SpanReport
from matjip.evaluation.resampling import Figure

__all__ = ["calibration_svg", "evaluation_view"]

BAR_CELLS = 36  # of a table of 80 columns
SIDE, PAD, FOOT = 320, 44, 18  # pixels of the plot, of the room for its words, and under its numbers
LARGEST_DOT, SMALLEST_DOT = 12.0, 2.5  # pixels of radius; the area goes by the number of texts
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def evaluation_view(report: Report) -> RenderableType:
    """Everything that was measured, a table a question."""
    head = f"{report.judge} on {report.rows:,} rows; 95 % intervals from {report.resamples:,} resamples (seed {report.seed})"
    parts: list[RenderableType] = [Text(head, style="dim")]
    for part in (
        _sentiment(report.sentiment) if report.sentiment else (),
        _aspects(report.aspects) if report.aspects else (),
        _spans(report.spans) if report.spans else (),
    ):
        for piece in part:
            parts += [Text(), piece]
    return Group(*parts)


def _sentiment(found: SentimentReport) -> Iterator[RenderableType]:
    table = _table("sentiment", "", f"95 %, of {found.n_sided:,} positive or negative")
    for name, one in (
        ("accuracy", found.accuracy),
        ("  majority (baseline)", found.majority_accuracy),
        ("  list of words (baseline)", found.lexicon_accuracy),
        ("macro F1", found.macro_f1),
        ("calibration error", found.calibration_error),
        ("decided", found.decided),
        ("accuracy of the decided", found.accuracy_decided),
    ):
        table.add_row(name, *_shown(one))
    if found.n > found.n_sided:
        table.add_row("accuracy with neutral", *_shown(found.accuracy_shown))
        table.add_row("macro F1 with neutral", *_shown(found.macro_f1_shown))
    yield table
    yield _classes(found)
    yield _confusion(found)
    if found.calibration:
        yield _calibration(found.calibration)


def _classes(found: SentimentReport) -> Table:
    table = _table("per class", "true", "answered", "precision", "recall", "F1")
    for name, each in (("the likelier", found.forced), ("as shown", found.shown)):
        for label, one in each.items():
            if one.true:
                row = (one.precision, one.recall, one.f1)
                table.add_row(f"{label}, {name}", f"{one.true:,}", f"{one.answered:,}", *map(_brief, row))
    return table


def _confusion(found: SentimentReport) -> Table:
    table = _table("truth ↓  shown →", *found.confusion)
    for true, row in found.confusion.items():
        if any(row.values()):
            table.add_row(true, *(f"{count:,}" for count in row.values()))
    return table


def _calibration(bins: Sequence[Bin]) -> Table:
    table = _table("calibration", "texts", "said", "true", "share that is positive (█), said (◆)")
    for one in bins:
        cells = ["█" if (cell + 0.5) / BAR_CELLS < one.true else "·" for cell in range(BAR_CELLS)]
        cells[min(int(one.said * BAR_CELLS), BAR_CELLS - 1)] = "◆"
        table.add_row(
            f"{one.low:.2f}–{one.high:.2f}", f"{one.n:,}", f"{one.said:.2f}", f"{one.true:.2f}", "".join(cells)
        )
    return table


def _aspects(found: AspectReport) -> Iterator[RenderableType]:
    table = _table("aspects", "true", "found", "prec.", "recall", "F1", "95 %", "polarity right")
    for name, one in (*found.each.items(), ("all", found.all)):
        row = (_brief(one.precision), _brief(one.recall), *_shown(one.f1))
        table.add_row(
            name, f"{one.true:,}", f"{one.found:,}", *row, f"{_brief(one.polarity_accuracy)} of {one.sided:,}"
        )
    yield table
    yield Text(f"polarity right, were it always the more frequent (baseline): {_brief(found.all.polarity_majority)}")


def _spans(found: SpanReport) -> Iterator[RenderableType]:
    table = _table("exact spans", "true", "found", "prec.", "recall", "F1", "95 %")
    rows = (
        ("all", found.true, (found.precision, found.recall, found.f1)),
        ("praised or blamed", found.true_sided, (found.precision_sided, found.recall_sided, found.f1_sided)),
    )
    for name, true, (precision, recall, f1) in rows:
        table.add_row(name, f"{true:,}", f"{found.found:,}", _brief(precision), _brief(recall), *_shown(f1))
    yield table
    yield Text(f"polarity right, where the span is and leans one way: {' '.join(_shown(found.polarity_accuracy))}")


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(title, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _brief(one: Figure) -> str:
    return "—" if one.value is None else f"{one.value:.3f}"


def _shown(one: Figure) -> tuple[str, str]:
    return _brief(one), "" if one.low is None or one.high is None else f"{one.low:.3f}–{one.high:.3f}"


def calibration_svg(bins: Sequence[Bin]) -> str:
    """What was said against what was true: on the diagonal a probability means what it says."""
    most = max((one.n for one in bins), default=1)
    whole = SIDE + PAD + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{whole}" viewBox="0 0 {whole} {whole}" '
        'font-family="sans-serif" font-size="11" role="img">',
        "<title>Calibration: probability of praise that was said, and share of praise that was true</title>",
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>',
        f'<path d="M{PAD} {FOOT}V{FOOT + SIDE}H{PAD + SIDE}" fill="none" stroke="#444"/>',
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<text x="{_x(0.5)}" y="{FOOT + SIDE + 34}" text-anchor="middle">probability of praise that was said</text>',
        f'<text transform="translate(11 {_y(0.5)}) rotate(-90)" text-anchor="middle">share that was praise</text>',
    ]
    for tick in TICKS:
        parts.append(f'<text x="{_x(tick)}" y="{FOOT + SIDE + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{PAD - 6}" y="{_y(tick) + 4:g}" text-anchor="end">{tick:g}</text>')
    for one in bins:
        radius = max(SMALLEST_DOT, LARGEST_DOT * (one.n / most) ** 0.5)
        parts.append(
            f'<circle cx="{_x(one.said):.1f}" cy="{_y(one.true):.1f}" r="{radius:.1f}" fill="#0a7" fill-opacity=".6">'
            f"<title>{one.n} texts: said {one.said:.3f}, true {one.true:.3f}</title></circle>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    return PAD + SIDE * share


def _y(share: float) -> float:
    return FOOT + SIDE * (1 - share)
