"""The same findings for a terminal: tables and panels that fit 80 columns, Hangul included, and plain pipes.

Words from outside are shown as words: no markup, no escape sequence and no text direction of theirs takes effect.
Without a mask, texts are shown as the results give them, as `--json` does.
"""

import re
from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from matjip.analysis.result import (
    Quote,
    Result,
    SearchResult,
    SentimentResult,
    Statement,
    Strength,
    StrengthsResult,
    SummaryResult,
    Why,
)
from matjip.clock import to_iso
from matjip.console.passage import Mask, excerpt, masked
from matjip.console.report import Report, RestaurantReport, Timing, language_of
from matjip.console.words import Language, aspect_name, said_name, say_in
from matjip.index.index import opposite
from matjip.inference.asking import ENGINE

__all__ = [
    "LeaningBar",
    "hits_view",
    "overview",
    "restaurant_view",
    "sentiment_view",
    "strengths_view",
    "summary_view",
    "terminal",
    "timings_view",
]

# C0 and C1 controls but for the line break, and the marks that turn the direction of what follows them
UNSAFE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
BAR_CELLS = 14  # of a table of 80 columns
WIDE_BAR_CELLS = 40
QUOTES_SHOWN = 2  # under a line
EXCERPT_CHARS = 150  # of a hit: about two lines of Hangul at 80 columns
POSITIVE, NEUTRAL, NEGATIVE, ACCENT = "cyan", "bright_black", "yellow", "magenta"  # told apart by shape as well


def terminal(report: Report, *, mask: Mask = str) -> RenderableType:
    """The whole report: the overview, each restaurant, the searches, the timings."""
    language = language_of(report)
    parts: list[RenderableType] = [
        Text(_plain(report.title), style="bold"),
        overview(report),
    ]
    for each in report.restaurants:
        parts += [Text(), restaurant_view(each, mask=mask, language=language)]
    for search in report.searches:
        parts += [Text(), hits_view(search, mask=mask, language=language)]
    if report.timings:
        parts += [Text(), timings_view(report.timings, language=language)]
    return Group(*parts)


def overview(report: Report) -> RenderableType:
    """One row a restaurant: reviews, the leaning with its interval, the first strengths."""
    language = language_of(report)
    say = say_in(language)
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim", expand=False)
    table.add_column(say("restaurant"), overflow="fold", ratio=None, min_width=10, max_width=24)
    table.add_column(say("reviews"), justify="right", no_wrap=True)
    table.add_column(say("sentiment"), no_wrap=True)
    table.add_column(f"{say('positive')} ({say('interval_name')})", no_wrap=True)
    table.add_column(say("top_strengths"), overflow="fold", min_width=12)
    for each in report.restaurants:
        found = each.strengths.strengths[:2] if each.strengths.status == "ok" else ()
        best = "\n".join(_plain(strength.claim) for strength in found) or say(
            "insufficient"
            if each.strengths.status != "ok"
            else "none_shown"
            if each.strengths.hidden
            else "none_strengths"
        )
        table.add_row(
            Text(_plain(each.name), style="bold"),
            f"{each.n:,}",
            LeaningBar(each.sentiment, cells=BAR_CELLS),
            _reading(each.sentiment),
            Text(best, style="" if found else "dim"),
        )
    return table


def restaurant_view(report: RestaurantReport, *, mask: Mask = str, language: Language = "ko") -> RenderableType:
    """One restaurant: how it leans, what is said, what it is good at, each with quotes."""
    facts = [*report.restaurant.categories, report.restaurant.region or ""]
    return Group(
        Rule(Text(_plain(report.name), style="bold"), align="left", style="dim"),
        Text(_plain(" · ".join(filter(None, facts))), style="dim"),
        sentiment_view(report.sentiment, language=language),
        Text(),
        summary_view(report.summary, mask=mask, language=language),
        Text(),
        strengths_view(report.strengths, mask=mask, language=language),
    )


def sentiment_view(result: SentimentResult, *, language: Language = "ko") -> RenderableType:
    """The leaning as one bar and three counts."""
    say = say_in(language)
    parts: list[RenderableType] = []
    if result.status != "ok":
        parts.append(_insufficient(result, language))
    if result.total_count:
        counts = Text.assemble(
            (f"+ {say('positive')} {result.positive_count:,}", POSITIVE),
            "   ",
            (f"· {say('neutral')} {result.neutral_count:,}", NEUTRAL),
            "   ",
            (f"− {say('negative')} {result.negative_count:,}", NEGATIVE),
        )
        line = Table.grid(padding=(0, 1))
        line.add_row(LeaningBar(result, cells=WIDE_BAR_CELLS), _reading(result))
        parts += [line, counts]
    return Group(*parts)


def summary_view(result: SummaryResult, *, mask: Mask = str, language: Language = "ko") -> RenderableType:
    """The overall sentences, then praise and criticism with counts and quotes."""
    say = say_in(language)
    if result.status != "ok":
        return Group(_heading(say("summary")), _insufficient(result, language))
    mark = f"  [{say('by_model')}]" if result.overall_worded_by == ENGINE else ""
    parts: list[RenderableType] = [_heading(say("summary")), Text(_plain(result.overall or "") + mark)]
    for title, sign, style, statements in (
        (say("praised"), "+", POSITIVE, result.positive),
        (say("criticised"), "−", NEGATIVE, result.negative),
    ):
        if statements:
            parts += [Text(), _heading(title)]
            for each in statements:
                parts += _statement(each, sign=sign, style=style, mask=mask, marks=_marks(each, language))
    parts += _hidden(result, language)
    moved = [(each.trend.direction, each.trend_text) for each in result.aspects if each.trend and each.trend_text]
    if moved:
        parts += [Text(), _heading(say("lately"))]
        arrows = {"better": ("↑ ", POSITIVE), "worse": ("↓ ", NEGATIVE)}
        parts += [Text.assemble(arrows[direction], _plain(text)) for direction, text in moved if direction]
    return Group(*parts)


def strengths_view(result: StrengthsResult, *, mask: Mask = str, language: Language = "ko") -> RenderableType:
    """Each strength with its type, support, lead over the peers, and quotes."""
    say = say_in(language)
    parts: list[RenderableType] = [_heading(say("strengths"))]
    if result.status != "ok":
        return Group(*parts, _insufficient(result, language))
    for each in result.strengths:
        line = Text.assemble(
            (f"[{say(each.type)}]", f"{ACCENT} bold" if each.type == "distinct" else "dim"),
            " ",
            (_plain(each.claim), "bold"),
            (f"  {aspect_name(each.aspect, language)} {say('support', n=each.support, of=each.considered)}", "dim"),
        )
        if each.distinct:
            low, high = (f"{100 * end:+.0f}" for end in (each.distinct.interval.low, each.distinct.interval.high))
            lead = f"{say('points', n=f'{100 * each.distinct.difference:+.0f}')} ({say('points_interval', low=low, high=high)})"
            line.append(f"  {lead}", style=ACCENT)
        line.append(_marks(each, language), style="italic")
        parts += [line, *_quotes(each.quotes, mask)]
    if not result.strengths:
        parts.append(Text(say("none_shown" if result.hidden else "none_strengths"), style="dim"))
    return Group(*parts, *_hidden(result, language))


def hits_view(result: SearchResult, *, mask: Mask = str, language: Language = "ko") -> RenderableType:
    """The hits in order, each with the words that were found in colour."""
    say = say_in(language)
    head = Text.assemble((f"“{_plain(result.query)}”", "bold"), f"  {say('n_found', n=result.total)}")
    parts: list[RenderableType] = [head]
    if result.degraded:
        parts.append(Text(say("by_words"), style="italic"))
    if result.expanded_terms:
        parts.append(Text(f"{say('expanded')}: {_plain(', '.join(result.expanded_terms))}", style="dim"))
    if result.asked:
        asked = ", ".join(said_name(said, language) for said in result.asked)
        parts.append(Text(f"{say('asked')}: {asked}", style="dim"))
    for rank, hit in enumerate(result.hits, 1):
        text = Text()
        for piece, lit in excerpt(masked(hit.content, mask), hit.highlights, chars=EXCERPT_CHARS):
            text.append(_plain(piece, lines=False), style=f"{ACCENT} bold underline" if lit else "")
        rating = f" ★ {hit.rating:g}" if hit.rating is not None else ""
        name = _plain(hit.restaurant_name or hit.restaurant_id)
        facts = Text.assemble(
            (name, "bold"), (f"{rating} · {to_iso(hit.created_at)[:10]} · {_plain(hit.review_id)}", "dim")
        )
        row = Table.grid(padding=(0, 1))
        row.add_column(justify="right", width=3, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(str(rank), Group(facts, text, _why(hit.why, language)))
        parts.append(row)
    if not result.hits:
        parts.append(Text(say("no_hits"), style="dim"))
    return Group(*parts)


def timings_view(timings: Iterable[Timing], *, language: Language = "ko") -> RenderableType:
    """How long each step took."""
    say = say_in(language)
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column(say("step"), overflow="fold")
    for key in ("seconds", "reviews", "per_second"):
        table.add_column(say(key), justify="right", no_wrap=True)
    for step, seconds, reviews in timings:
        rate = f"{reviews / seconds:,.0f}" if reviews and seconds > 0 else "–"
        table.add_row(Text(_plain(step)), f"{seconds:.2f}", f"{reviews:,}" if reviews is not None else "–", rate)
    return table


class LeaningBar:
    """Positive, neutral and negative as one bar of cells; three shapes, and ASCII where nothing else can be shown."""

    def __init__(self, result: SentimentResult, *, cells: int) -> None:
        self._counts = (result.positive_count, result.neutral_count, result.negative_count)
        self._cells = cells

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shapes = "#.-" if options.ascii_only else "█░▒"
        total = sum(self._counts)
        cells = min(self._cells, options.max_width)
        ends = [round(cells * sum(self._counts[: place + 1]) / total) if total else 0 for place in range(3)]
        lengths = (ends[0], ends[1] - ends[0], ends[2] - ends[1])
        for shape, style, length in zip(shapes, (POSITIVE, NEUTRAL, NEGATIVE), lengths, strict=True):
            yield Segment(shape * length, Style.parse(style))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(8, self._cells), self._cells)


def _plain(text: str, *, lines: bool = True) -> str:
    """The text without what a terminal would obey."""
    shown = UNSAFE.sub("\ufffd", text.replace("\t", " ").replace("\r\n", "\n"))
    return shown if lines else shown.replace("\n", " ")


def _reading(result: SentimentResult) -> Text:
    if not result.total_count:
        return Text("–", style="dim")
    interval = result.positive_interval
    ends = f" ({100 * interval.low:.0f}–{100 * interval.high:.0f})" if interval else ""
    return Text.assemble((f"{result.positive_ratio}%", "bold"), (ends, "dim"))


def _heading(text: str) -> Text:
    return Text(text, style=f"{ACCENT} bold")


def _insufficient(result: Result, language: Language) -> Text:
    say = say_in(language)
    n = result.meta.counts.considered
    return Text.assemble((say("insufficient"), "bold"), f" (n = {n}) ", (say("insufficient_why", n=n), "dim"))


def _why(why: Why, language: Language) -> Text:
    """Why it was found, in one dim line: its places in the lists, and what it says of what was asked."""
    say = say_in(language)
    reasons = [Text(said_name(said, language), style="green") for said in why.said]
    reasons += [Text(said_name(opposite(said), language), style="red") for said in why.against]
    reasons += [Text(say("why_meaning", n=why.dense_rank))] if why.dense_rank else []
    reasons += [Text(say("why_word", n=why.word_rank))] if why.word_rank else []
    return Text(" · ", style="dim").join(reasons)


def _marks(claim: Statement | Strength, language: Language) -> str:
    """What people did to the claim, and whether a model worded it."""
    say = say_in(language)
    said = [say("flagged")] * claim.flagged + [say("corrected")] * claim.corrected
    said += [say("by_model")] * (claim.worded_by == ENGINE)
    return "".join(f"  [{mark}]" for mark in said)


def _hidden(result: SummaryResult | StrengthsResult, language: Language) -> list[RenderableType]:
    return [Text(say_in(language)("n_hidden", n=result.hidden), style="dim italic")] if result.hidden else []


def _statement(statement: Statement, *, sign: str, style: str, mask: Mask, marks: str) -> Iterable[RenderableType]:
    support = f"  {statement.support:,} / {statement.considered:,}"
    yield Text.assemble((f"{sign} ", f"{style} bold"), _plain(statement.text), (support, "dim"), (marks, "italic"))
    yield from _quotes(statement.quotes, mask)


def _quotes(quotes: Sequence[Quote], mask: Mask) -> Iterable[RenderableType]:
    for quote in quotes[:QUOTES_SHOWN]:
        rating = f" ★ {quote.rating:g}" if quote.rating is not None else ""
        when = f" {to_iso(quote.created_at)[:10]}" if quote.created_at else ""
        said = _plain(
            "".join(piece for piece, _ in excerpt(masked(quote.text, mask), (), chars=EXCERPT_CHARS)), lines=False
        )
        yield Padding(Text.assemble(f"“{said}”", (f"{rating}{when}", "dim")), (0, 0, 0, 4))
