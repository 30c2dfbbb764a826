"""The report: what the analyses found about some restaurants, as one HTML page that needs nothing but itself."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import quote as percent_encoded

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from matjip.analysis.result import (
    AspectSummary,
    Comparison,
    Group,
    Hit,
    Quote,
    Result,
    SearchResult,
    SentimentResult,
    Strength,
    StrengthsResult,
    SummaryResult,
)
from matjip.clock import to_iso
from matjip.console import charts
from matjip.console.passage import Mask, Passages, excerpt, masked, merged, pieces
from matjip.console.words import Language, Say, aspect_name, language_name, said_name, say_in, source_name
from matjip.index.index import opposite
from matjip.reviews.review import Restaurant, Review

__all__ = [
    "Report",
    "RestaurantReport",
    "Timing",
    "anchor",
    "language_of",
    "quoted_ids",
    "quotes_of",
    "render",
]

UNSHOWABLE = re.compile("[\0\ud800-\udfff]")  # HTML drops the one and UTF-8 has no others; replaced one for one
QUOTES_SHOWN = 2  # under a statement; the rest unfolds
EXCERPT_CHARS = 180  # of a search hit: three lines at desk width
TOP_STRENGTHS = 2  # in a row of the overview


class Timing(NamedTuple):
    """How long one step took, and over how many reviews (None: it is not counted in reviews)."""

    step: str
    seconds: float
    reviews: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestaurantReport:
    """One restaurant, what was found about it, and the reviews that are quoted, by id."""

    restaurant: Restaurant
    sentiment: SentimentResult
    summary: SummaryResult
    strengths: StrengthsResult
    reviews: Mapping[str, Review] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called; its id while it has no name."""
        return self.restaurant.name or self.restaurant.id

    @property
    def n(self) -> int:
        """The reviews that were considered."""
        return self.sentiment.meta.counts.considered

    def results(self) -> dict[str, Result]:
        """The results by the name of their analysis."""
        return {"sentiment": self.sentiment, "summary": self.summary, "strengths": self.strengths}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a page or a terminal shows. `language` None: the one that most reviews are summed up in."""

    title: str
    made_at: datetime
    version: str
    engine: str
    model: str
    restaurants: tuple[RestaurantReport, ...]
    timings: tuple[Timing, ...] = ()
    searches: tuple[SearchResult, ...] = ()
    language: Language | None = None


def language_of(report: Report) -> Language:
    """The language of the labels: the report's own, else the summaries' majority by reviews, else Korean."""
    if report.language is not None:
        return report.language
    votes = Counter[str]()
    for each in report.restaurants:
        votes[each.summary.language] += max(each.n, 1)
    return "en" if votes["en"] > votes["ko"] else "ko"


def quotes_of(summary: SummaryResult, strengths: StrengthsResult) -> Iterator[Quote]:
    """Every quote that a restaurant's section shows."""
    for statement in (*summary.positive, *summary.negative):
        yield from statement.quotes
    for aspect in summary.aspects:
        for statement in aspect.statements:
            yield from statement.quotes
        yield from (quote for quote in (aspect.best_for, aspect.best_against) if quote)
    for strength in strengths.strengths:
        yield from strength.quotes


def quoted_ids(summary: SummaryResult, strengths: StrengthsResult) -> tuple[str, ...]:
    """Which reviews a RestaurantReport must hold: those with a quote, each once."""
    return tuple(dict.fromkeys(quote.review_id for quote in quotes_of(summary, strengths)))


def render(report: Report, *, mask: Mask) -> str:
    """The page. `mask` hides personal data in every review text and must keep its length.

    The page makes no request, runs one script of ours named by its hash, and shows every text from outside as text.
    """
    language = language_of(report)
    say = say_in(language)
    style, script = _asset("static/report.css"), _asset("static/report.js")
    return _template().render(
        report=report,
        language=language,
        say=say,
        style=Markup(style),  # noqa: S704  our own files, not input
        script=Markup(script),  # noqa: S704
        policy=_policy(style, script),
        sections=[_Section(number, each, mask=mask, say=say) for number, each in enumerate(report.restaurants, 1)],
        searches=[_Search(number, each, mask=mask) for number, each in enumerate(report.searches, 1)],
        names={each.restaurant.id: each.name for each in report.restaurants},
        totals=_totals(report),
        charts=charts,
        pieces=pieces,
        aspect_name=lambda aspect: aspect_name(aspect, language),
        said_name=lambda said: said_name(said, language),
        opposite=opposite,
        language_name=lambda code: language_name(code, language),
        source_name=lambda source: source_name(source, language),
        anchor=anchor,
        day=lambda moment: to_iso(moment)[:10],
        minute=lambda moment: to_iso(moment)[:16].replace("T", " ") + " UTC",
        quotes_shown=QUOTES_SHOWN,
        top_strengths=TOP_STRENGTHS,
    )


def anchor(restaurant_id: str) -> str:
    """The restaurant's place in the page: #r-<id>, percent-encoded so that any id makes one valid name."""
    return "r-" + percent_encoded(restaurant_id, safe="", errors="replace")


class _Section:
    """One restaurant's part of the page: its results, and its quotes as they may be seen."""

    def __init__(self, number: int, report: RestaurantReport, *, mask: Mask, say: Say) -> None:
        quotes = quotes_of(report.summary, report.strengths)
        self.passages = Passages(f"v{number}-", report.reviews, quotes=quotes, mask=mask)
        self.report = report
        self.anchor = anchor(report.restaurant.id)
        self.group = _told_group(report.strengths.group, say)
        self.peers = {each.aspect: each for each in report.strengths.comparison}
        self.bound = charts.reach(each.distinct for each in report.strengths.strengths)
        self.scale = self._scale()

    @property
    def top(self) -> tuple[Strength, ...]:
        """The first strengths, for the overview."""
        return self.report.strengths.strengths[:TOP_STRENGTHS]

    @property
    def searched(self) -> str:
        """What the filter of the overview looks through."""
        restaurant = self.report.restaurant
        return " ".join([self.report.name, restaurant.id, *restaurant.categories, restaurant.region or ""])

    def alone(self, aspect: AspectSummary) -> tuple[Quote, ...]:
        """The best words of a side of which too few speak for a statement."""
        said = {statement.polarity for statement in aspect.statements}
        sides = (("positive", aspect.best_for), ("negative", aspect.best_against))
        return tuple(quote for polarity, quote in sides if quote and polarity not in said)

    @property
    def disclosures(self) -> tuple[str, ...]:
        """What the results say about themselves, each once."""
        results = (self.report.sentiment, self.report.summary, self.report.strengths)
        return tuple(dict.fromkeys(result.meta.disclosure for result in results if result.meta.disclosure))

    def share(self, count: int) -> float:
        """A count as a share of the reviews that the summary considered."""
        considered = self.report.summary.meta.counts.considered
        return count / considered if considered else 0.0

    def _scale(self) -> float:
        """The share at the ends of the aspect bars: the largest one here or at the peers, rounded up to a tenth."""
        shares = [self.share(max(each.positive, each.negative)) for each in self.report.summary.aspects]
        shares += [max(_shares(each)) for each in self.report.strengths.comparison]
        tenths = int(10 * max(shares, default=0.0)) + 1
        return min(1.0, tenths / 10)


class _Search:
    """One search and its hits, with the same care for what may be seen."""

    def __init__(self, number: int, result: SearchResult, *, mask: Mask) -> None:
        self.result = result
        self.hits = [_FoundReview(f"s{number}-{rank}", hit, mask=mask) for rank, hit in enumerate(result.hits, 1)]


class _FoundReview:
    """A hit as the page shows it: an excerpt about the first highlight, and the whole text to open."""

    def __init__(self, anchor: str, hit: Hit, *, mask: Mask) -> None:
        self.anchor = anchor
        self.hit = hit
        self.text = masked(hit.content, mask)
        self.spans = merged(hit.highlights, len(hit.content))
        self.excerpt = excerpt(self.text, self.spans, chars=EXCERPT_CHARS)


def _shares(comparison: Comparison) -> tuple[float, float, float, float]:
    return comparison.praise, comparison.group_praise, comparison.blame, comparison.group_blame


def _told_group(group: Group, say: Say) -> str:
    """Whom the restaurant was compared with, in words."""
    if not group.restaurants or group.chosen_by == "none":
        return " ".join(filter(None, (say("not_compared"), group.note)))
    known = {"category": say("category"), "region": say("region"), "price": say("price")}
    parts = [known.get(part, part) for part in group.chosen_by.split("+")]
    alone = group.chosen_by in ("everyone", "similar")
    which = say(group.chosen_by) if alone else say("same", parts="·".join(parts))
    return say("compared", which=which, restaurants=group.restaurants, reviews=group.reviews)


class _Totals(NamedTuple):
    """The sums over all restaurants."""

    reviews: int
    positive: int
    neutral: int
    negative: int
    first_month: str | None
    last_month: str | None


def _totals(report: Report) -> _Totals:
    sentiments = [each.sentiment for each in report.restaurants]
    months = sorted(month.month for sentiment in sentiments for month in sentiment.by_month)
    return _Totals(
        sum(each.n for each in report.restaurants),
        sum(sentiment.positive_count for sentiment in sentiments),
        sum(sentiment.neutral_count for sentiment in sentiments),
        sum(sentiment.negative_count for sentiment in sentiments),
        months[0] if months else None,
        months[-1] if months else None,
    )


def _asset(path: str) -> str:
    return (files(__package__) / path).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The page's content security policy: nothing from anywhere, and only our own style and script, by their hashes."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _shown(value: object) -> object:
    """Text as HTML keeps it character by character: a carriage return by number, what HTML cannot hold as U+FFFD."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return Markup(str(escape(UNSHOWABLE.sub("\ufffd", value))).replace("\r", "&#13;"))  # noqa: S704  escaped here


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("templates/report.html.j2"))
