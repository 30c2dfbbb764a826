"""Small charts as inline SVG. Positions are percentages, so a chart is as wide as its place and its strokes stay thin.

Colours come from the page's CSS classes; every series also differs in pattern or place, never in colour alone.
"""

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from matjip.analysis.result import Comparison, Distinct, Interval, Month, Trend
from matjip.console.words import Say

__all__ = ["aspect_bar", "difference_bar", "filled", "reach", "sentiment_bar", "shift", "sparkline", "trend"]

MAX_MONTHS = 24  # more columns than this are thinner than their numbers on a telephone
SPARK_WIDTH, SPARK_HEIGHT, SPARK_PAD = 96, 26, 3  # CSS pixels
TREND_HEIGHT, TREND_TOP, TREND_FOOT = 148, 16, 18  # CSS pixels: in all, for n above, for the month below
WIDEST_COLUMN = 9.0  # per cent of the width: two months should not look like two walls
N_FITS = 14  # up to so many columns the number above each is readable at 390 pixels


def _svg(kind: str, label: str, *, height: int, body: str) -> Markup:
    return Markup('<svg class="chart {}" role="img" aria-label="{}" width="100%" height="{}">{}</svg>').format(
        kind,
        label,
        height,
        Markup(body),  # noqa: S704  drawn here
    )


def _rect(kind: str, x: float, *, width: float, y: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.2f}%" width="{max(width, 0):.2f}%" y="{y:.1f}" height="{height:.1f}"/>'


def _line(kind: str, x1: float, *, x2: float, y1: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1:.1f}" y2="{y2:.1f}"/>'


def _whisker(low: float, high: float, *, middle: float, arm: float) -> str:
    """An interval from low to high per cent of the width, drawn twice: a halo, then the line."""
    ends = [
        (low, high, middle, middle),
        (low, low, middle - arm, middle + arm),
        (high, high, middle - arm, middle + arm),
    ]
    return "".join(_line(kind, a, x2=b, y1=c, y2=d) for kind in ("halo", "whisker") for a, b, c, d in ends)


def sentiment_bar(counts: tuple[int, int, int], interval: Interval | None, *, say: Say) -> Markup:
    """Positive from the left, negative (hatched) from the right, neutral between; the interval of positive on top."""
    positive, neutral, negative = counts
    total = sum(counts)
    if not total:
        return _svg("sentiment", say("no_hits"), height=18, body=_rect("neutral", 0, width=100, y=4, height=10))
    left, right = 100 * positive / total, 100 * negative / total
    body = _rect("neutral", 0, width=100, y=3, height=12)
    body += _rect("positive", 0, width=left, y=3, height=12)
    body += _rect("negative", 100 - right, width=right, y=3, height=12)
    body += _rect("hatch", 100 - right, width=right, y=3, height=12)
    if interval is not None:
        body += _whisker(100 * interval.low, 100 * interval.high, middle=9, arm=4)
    shares = {"positive": round(left), "negative": round(right), "neutral": round(100 * neutral / total)}
    return _svg("sentiment", say("sentiment_of", **shares), height=18, body=body)


def filled(months: Iterable[Month]) -> tuple[Month, ...]:
    """The months in order, with empty ones where nobody wrote, so that the time axis is true."""
    known = {month.month: month for month in months}
    if not known:
        return ()
    year, number = map(int, min(known).split("-"))
    out = []
    while (name := f"{year:04d}-{number:02d}") <= max(known):
        out.append(known.get(name, Month(month=name, positive=0, negative=0, neutral=0)))
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    return tuple(out)


def _total(month: Month) -> int:
    return month.positive + month.negative + month.neutral


def sparkline(months: Sequence[Month], *, say: Say) -> Markup:
    """The share of positive by month, 0 to 1; the line breaks where a month has no review."""
    shown = filled(months)[-MAX_MONTHS:]
    if not shown:
        return Markup("")
    step = (SPARK_WIDTH - 2 * SPARK_PAD) / max(len(shown) - 1, 1)
    high = SPARK_HEIGHT - 2 * SPARK_PAD
    points = [
        (SPARK_PAD + index * step, SPARK_PAD + high * (1 - month.positive / _total(month))) if _total(month) else None
        for index, month in enumerate(shown)
    ]
    path, pen = "", "M"
    for point in points:
        path += f"{pen}{point[0]:.1f} {point[1]:.1f}" if point else ""
        pen = "L" if point else "M"
    x, y = [point for point in points if point][-1]
    middle = SPARK_HEIGHT / 2
    label = say("spark_of", first=shown[0].month, last=shown[-1].month)
    return Markup(
        '<svg class="chart spark" role="img" aria-label="{}" width="{}" height="{}" viewBox="0 0 {} {}">'
        '<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/><path class="line" d="{}"/>'
        '<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="2.4"/></svg>'
    ).format(
        label, SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, middle, middle, path, x, y
    )  # fmt: skip


def trend(months: Sequence[Month], *, say: Say) -> Markup:
    """One stacked column a month: positive below, neutral, negative (hatched) above; its height is the count."""
    shown = filled(months)[-MAX_MONTHS:]
    tallest = max((_total(month) for month in shown), default=0)
    if not tallest:
        return Markup("")
    slot = 100 / len(shown)
    unit = (TREND_HEIGHT - TREND_TOP - TREND_FOOT) / tallest
    every = 1 if len(shown) <= N_FITS else 3
    body = "".join(
        _column(month, at=index * slot, slot=slot, unit=unit, named=index % every == 0, numbered=every == 1, say=say)
        for index, month in enumerate(shown)
    )
    base = TREND_HEIGHT - TREND_FOOT
    body += _line("axis", 0, x2=100, y1=base, y2=base)
    label = "; ".join(_told(month, say) for month in shown if _total(month))
    return _svg("trend", label, height=TREND_HEIGHT, body=body)


def _told(month: Month, say: Say) -> str:
    return say(
        "month_of",
        month=month.month,
        positive=month.positive,
        neutral=month.neutral,
        negative=month.negative,
        n=_total(month),
    )


def _column(
    month: Month, *, at: float, slot: float, unit: float, named: bool, numbered: bool, say: Say
) -> str:  # fmt: skip
    width = min(slot * 0.72, WIDEST_COLUMN)
    y = float(TREND_HEIGHT - TREND_FOOT)
    x = at + (slot - width) / 2
    out = str(Markup("<g><title>{}</title>").format(_told(month, say)))
    for kind, count in (("positive", month.positive), ("neutral", month.neutral), ("negative", month.negative)):
        height = count * unit
        y -= height
        if count:
            out += _rect(kind, x, width=width, y=y, height=height)
            out += _rect("hatch", x, width=width, y=y, height=height) if kind == "negative" else ""
    middle = at + slot / 2
    if numbered and _total(month):
        out += f'<text class="n" x="{middle:.2f}%" y="{y - 4:.1f}">{_total(month)}</text>'
    if named:
        year, number = month.month.split("-")
        name = f"{year[2:]}.{number}" if at == 0 or number == "01" else str(int(number))
        out += f'<text class="month" x="{middle:.2f}%" y="{TREND_HEIGHT - 4}">{name}</text>'
    return out + "</g>"


def reach(distincts: Iterable[Distinct | None]) -> float:
    """Half the width of the axis on which all these differences fit: 0.2, 0.3 … 1."""
    ends = [abs(end) for each in distincts if each for end in (each.interval.low, each.interval.high, each.difference)]
    return min(1.0, max(0.2, math.ceil(10 * max(ends, default=0)) / 10))


def difference_bar(distinct: Distinct, *, bound: float, say: Say) -> Markup:
    """A dot and its interval about a zero line; right of it is better than the peers."""

    def at(value: float) -> float:
        return 50 + 50 * max(-1.0, min(1.0, value / bound))

    zero = _line("axis", 50, x2=50, y1=1, y2=17) + _line("rule", 0, x2=100, y1=9, y2=9)
    whisker = _whisker(at(distinct.interval.low), at(distinct.interval.high), middle=9, arm=3)
    dot = f'<circle class="dot" cx="{at(distinct.difference):.2f}%" cy="9" r="4"/>'
    numbers = {
        "n": f"{100 * distinct.difference:+.0f}",
        "low": f"{100 * distinct.interval.low:+.0f}",
        "high": f"{100 * distinct.interval.high:+.0f}",
    }
    return _svg("difference", say("difference_of", **numbers), height=18, body=zero + whisker + dot)


def shift(trend: Trend, *, say: Say) -> Markup:
    """The share of praise before (ring) and lately (dot) on a line from 0 to 100 %; a direction that was tested is bold."""
    n, m = trend.positive + trend.negative, trend.positive_before + trend.negative_before
    now, before = 100 * trend.positive / n, 100 * trend.positive_before / m
    body = (
        _line("rule", 0, x2=100, y1=9, y2=9)
        + _line("axis", 0, x2=0, y1=4, y2=14)
        + _line("axis", 100, x2=100, y1=4, y2=14)
    )
    body += _line(f"move {trend.direction or 'chance'}", before, x2=now, y1=9, y2=9)
    body += (
        f'<circle class="ring" cx="{before:.2f}%" cy="9" r="3.5"/><circle class="dot" cx="{now:.2f}%" cy="9" r="4"/>'
    )
    label = say("shift_of", now=round(now), n=n, before=round(before), m=m)
    return _svg("shift", label, height=18, body=body)


def aspect_bar(praise: float, blame: float, *, peers: Comparison | None, scale: float, say: Say) -> Markup:
    """Blame to the left (hatched), praise to the right, as shares of the scale; ticks where the peers stand."""
    right, left = 50 * min(1.0, praise / scale), 50 * min(1.0, blame / scale)
    body = _rect("positive", 50, width=right, y=4, height=12)
    body += _rect("negative", 50 - left, width=left, y=4, height=12)
    body += _rect("hatch", 50 - left, width=left, y=4, height=12)
    body += _line("axis", 50, x2=50, y1=1, y2=19)
    label = say("aspect_of", praise=round(100 * praise), blame=round(100 * blame))
    if peers is not None:
        for x in (50 + 50 * min(1.0, peers.group_praise / scale), 50 - 50 * min(1.0, peers.group_blame / scale)):
            body += _line("halo", x, x2=x, y1=1, y2=19) + _line("tick", x, x2=x, y1=1, y2=19)
        theirs = {"praise": round(100 * peers.group_praise), "blame": round(100 * peers.group_blame)}
        label += "; " + say("aspect_of_group", **theirs)
    return _svg("aspect", label, height=20, body=body)
