"""What the analyses answer. These models are what is stored, what the API shows and what `--json` prints: one definition."""

import hashlib
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from matjip.inference.task import Aspect, Label, Polarity

__all__ = [
    "AnalysisName",
    "AspectSummary",
    "Comparison",
    "Corrected",
    "Counts",
    "Distinct",
    "Group",
    "Hit",
    "Interval",
    "Lag",
    "Meta",
    "Month",
    "Quote",
    "Result",
    "ReviewSentiment",
    "SearchResult",
    "SentimentResult",
    "Shape",
    "Span",
    "Statement",
    "Step",
    "Strength",
    "StrengthsResult",
    "SummaryResult",
    "Trend",
    "Usage",
    "Why",
    "Window",
    "claim_id",
]

AnalysisName = Literal["sentiment", "summary", "strengths"]
Status = Literal["ok", "insufficient_evidence"]
CLAIM_ID_BYTES = 8  # among the claims of one restaurant


def claim_id(*about: str | None) -> str:
    """A claim's id from what it is about, so that it outlives the counts in its words: of the analysis, the aspect and so on."""
    return hashlib.blake2b(repr(about).encode(), digest_size=CLAIM_ID_BYTES).hexdigest()


class Shape(BaseModel):
    """A frozen value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(Shape):
    """Which reviews were asked for: created in [since, until), in these languages and from these sources (empty: all)."""

    since: datetime | None = None
    until: datetime | None = None
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Counts(Shape):
    """How many reviews there were and how many were used."""

    available: int = Field(description="Living reviews of the restaurant, or reviews sent inline.")
    considered: int = Field(description="Those inside the window; every denominator in the result is this one.")
    authors: int | None = Field(description="Distinct known authors among them; null when no author is known.")
    near_duplicates: int = Field(default=0, description="Reviews whose text almost repeats an earlier one's.")


class Usage(Shape):
    """What the answer cost. Unknown is null, never 0."""

    reviews_judged: int = Field(description="Texts that went through the judge for this answer.")
    duration_ms: float
    tokens: int = Field(default=0, description="Tokens of a language model; 0 while only the built-in models answer.")


class Lag(Shape):
    """What an answer does not reflect yet; zeros where it reflects all."""

    changes: int = Field(default=0, description="Changes of the restaurant and its reviews since.")
    mean_s: float = Field(default=0.0, description="How long ago they were recorded, on average, in seconds.")


class Meta(Shape):
    """Where an answer comes from."""

    run_id: str
    request_id: str
    as_of: datetime = Field(description="When the reviews were read.")
    revision: int = Field(description="Log position of the restaurant's last change in it; 0 for inline reviews.")
    snapshot_hash: str = Field(description="Equal for equal reviews, window and engine.")
    stored: bool = Field(description="False for reviews sent inline: analysed, never kept.")
    reused: bool = Field(default=False, description="True when nothing had changed and the stored result was given.")
    stale: bool = Field(default=False, description="True when reviews changed since and a refresh was not possible.")
    staleness: Lag = Field(default=Lag(), description="How far behind the reviews it is.")
    degraded: bool = Field(default=False, description="True when a fallback answered.")
    engine: str = Field(
        description='Who judged and worded: "lite"; "lite+llm" where a model did part of it, "lite+person" where people corrected '
        "labels."
    )
    model: str = Field(description="Names and versions of the models used.")
    prompt_version: str | None = Field(
        default=None, description="Of the prompts behind what a language model said; null where it said nothing."
    )
    window: Window
    counts: Counts
    usage: Usage
    feedback: int = Field(
        default=0, description="Position of the last correction of a label or a mention when the reviews were read."
    )
    disclosure: str


class Result(Shape):
    """What every stored analysis shares."""

    restaurant_id: str
    status: Status = Field(
        description='"insufficient_evidence" when there is too little to say; counts tell how little.'
    )
    meta: Meta


class Interval(Shape):
    """A 95 % interval of a share, 0 to 1 (Wilson score; E. B. Wilson, JASA 22, 1927)."""

    low: float
    high: float


class ReviewSentiment(Shape):
    """One review's label and who decided it."""

    review_id: str
    label: Label
    confidence: float
    p_positive: float
    decided_by: str = Field(description='"lite", or "person" where the label was corrected.')
    flagged: bool = Field(default=False, description="True where somebody doubts it.")


class Month(Shape):
    """Labels of the reviews created in one calendar month, UTC."""

    month: str = Field(description="2026-11", pattern=r"^\d{4}-\d{2}$")
    positive: int
    negative: int
    neutral: int


class SentimentResult(Result):
    """How the reviews lean. positive + negative + neutral = total, and the ratios sum to 100 (or all are 0 when total is)."""

    positive_count: int
    negative_count: int
    neutral_count: int
    total_count: int
    positive_ratio: int = Field(description="Whole per cent; largest remainders make the three sum to 100.")
    negative_ratio: int
    neutral_ratio: int
    positive_interval: Interval | None = Field(
        description="Where the share of positive among all lies, for sampling and for the judge's errors together: it holds "
        "the interval of the labels as they are, and that of the share if neutral reviews leaned like the others and the judge "
        "erred as it did where that was measured. Null without reviews."
    )
    sampling_interval: Interval | None = Field(default=None, description="The same if every label were right.")
    by_month: tuple[Month, ...]
    reviews: tuple[ReviewSentiment, ...]
    hidden: int = Field(default=0, description="Labels that are counted and, by people's wish, not listed.")


class Span(Shape):
    """A place in a text, in Unicode code points."""

    start: int
    end: int


class Quote(Shape):
    """A piece of a review, exactly as written: `review.content[start:end] == text` before masking.

    `masked` says that personal data inside was replaced character by character, so the offsets stay true.
    """

    review_id: str
    text: str
    start: int
    end: int
    created_at: datetime | None = None
    rating: float | None = None
    language: str
    masked: bool = False


class Statement(Shape):
    """One sentence, counted and cited."""

    claim_id: str = Field(default="", description="What feedback names; the same after every refresh.")
    text: str
    aspect: Aspect
    polarity: Polarity
    support: int = Field(description="Reviews behind it: distinct authors where known, near-duplicates once.")
    considered: int
    recent: int | None = Field(
        default=None, description="Of them, those of the last 90 days; null where none is dated."
    )
    latest: datetime | None = Field(default=None, description="When the newest of them was written.")
    review_ids: tuple[str, ...]
    quotes: tuple[Quote, ...]
    flagged: bool = Field(default=False, description="True where somebody doubts it.")
    worded_by: str = Field(
        default="lite",
        description='Who chose the words: "lite" (rules), "llm" (a model, held to the counted facts), or "person".',
    )
    corrected: bool = Field(default=False, description="True where the text is a person's; the evidence is the same.")


class Trend(Shape):
    """Voices for and against an aspect since a day and before, of dated reviews."""

    since: datetime = Field(description="That day; by itself where the last 90 days begin.")
    positive: int
    negative: int
    positive_before: int
    negative_before: int
    direction: Literal["better", "worse"] | None = Field(
        description="Null where the difference may be chance: its q-value is above 0.05."
    )
    p_value: float = Field(description="Fisher's exact test of the two shares of praise, two-sided.")
    q_value: float = Field(description="The same, controlled for false discoveries over the aspects.")


class AspectSummary(Shape):
    """One aspect: how many reviews praise and blame it, and the best words for and against."""

    aspect: Aspect
    positive: int = Field(description="Reviews that praise it; a review may also blame it.")
    negative: int
    mentions: int = Field(description="Reviews that speak of it.")
    positive_interval: Interval = Field(description="Of positive / (positive + negative).")
    trend: Trend | None = Field(default=None, description="Null where nobody spoke of it lately, or nobody before.")
    trend_text: str | None = Field(default=None, description="The trend as a sentence, where it has a direction.")
    best_for: Quote | None = Field(default=None, description="The best words of praise, even of a single review.")
    best_against: Quote | None = Field(default=None, description="The best words of blame, even of a single review.")
    statements: tuple[Statement, ...]


class SummaryResult(Result):
    """What the reviews say. Each list may be empty; nothing is made up to fill it."""

    language: str = Field(description="Of the sentences: ko or en.")
    overall: str | None = Field(description="Two or three sentences with counts; null when the status is not ok.")
    overall_worded_by: str = Field(
        default="lite", description='Who chose their words: "lite" (rules) or "llm" (a model).'
    )
    positive_count: int = Field(default=0, description="Reviews whose label is positive, as in `overall`.")
    negative_count: int = Field(default=0, description="Reviews whose label is negative.")
    positive: tuple[Statement, ...]
    negative: tuple[Statement, ...]
    aspects: tuple[AspectSummary, ...]
    hidden: int = Field(default=0, description="Statements that people hid.")


class Group(Shape):
    """Whom the restaurant is compared with."""

    chosen_by: str = Field(description='How: "category+region+price", "category", "similar", "everyone", or "none".')
    restaurants: int = Field(description="Size of the group, without this one.")
    reviews: int = Field(description="Those in the language that is compared, and in the whole months of the window.")
    language: str | None = Field(default=None, description="Reviews in this language are compared, here and there.")
    counted_to: int | None = Field(default=None, description="Log position that the group's counters had reached.")
    note: str | None = Field(default=None, description="Why there is no comparison, when there is none.")


class Corrected(Shape):
    """The difference as it would be if every review had been read without error, by the judge's measured errors."""

    difference: float
    interval: Interval = Field(description="95 %, of sampling and of the measured errors; -1 to 1.")


class Distinct(Shape):
    """More praised here than in the group, with the test behind it."""

    share: float = Field(description="Share of reviews here that praise the aspect.")
    group_share: float = Field(description="The same in the group, without those that stand out for it themselves.")
    difference: float = Field(description="share - group_share, shrunk towards 0 for small samples.")
    interval: Interval = Field(description="95 % interval of the difference; -1 to 1.")
    corrected: Corrected | None = Field(
        default=None, description="Null where the judge's errors at this aspect were not measured."
    )
    percentile: float | None = Field(
        default=None, description="Share of the group that is praised less for it, 0 to 1."
    )
    p_value: float = Field(description="Fisher's exact test against the rest of the group, one-sided.")
    q_value: float = Field(
        description="False discovery rate, over the aspects here and over all of the group, at which it would just be reported."
    )


class Strength(Shape):
    """One claim about the restaurant, with the reviews behind it."""

    claim_id: str = Field(default="", description="What feedback names; the same after every refresh.")
    same_as: tuple[str, ...] = Field(default=(), description="Ids under which parts of it would stand by themselves.")
    type: Literal["representative", "distinct"]
    aspect: Aspect
    claim: str
    support: int
    considered: int
    support_ratio: float = Field(description="support / considered, at most 1.")
    distinct: Distinct | None = None
    review_ids: tuple[str, ...]
    quotes: tuple[Quote, ...]
    flagged: bool = Field(default=False, description="True where somebody doubts it.")
    worded_by: str = Field(
        default="lite",
        description='Who chose the words: "lite" (rules), "llm" (a model, held to the counted facts), or "person".',
    )
    corrected: bool = Field(default=False, description="True where the text is a person's; the evidence is the same.")


class Step(Shape):
    """What one of the steps A to H took in and gave on."""

    step: str = Field(description="A to H", pattern="^[A-H]$")
    name: str
    taken: int
    given: int
    note: str | None = None


class Comparison(Shape):
    """One aspect here and in the group: shares of reviews that praise and blame it."""

    aspect: Aspect
    praise: float
    group_praise: float
    blame: float
    group_blame: float


class StrengthsResult(Result):
    """What the restaurant is good at, and better at than others."""

    language: str
    strengths: tuple[Strength, ...]
    group: Group
    comparison: tuple[Comparison, ...]
    steps: tuple[Step, ...]
    hidden: int = Field(default=0, description="Strengths that people hid.")


class Why(Shape):
    """Why a review was found."""

    words: tuple[str, ...] = Field(description="Words of the query, or of its expansion, that the review holds.")
    word_rank: int | None = Field(description="Its place by words (BM25), from 1; null if it was not in that list.")
    dense_rank: int | None = Field(description="Its place by meaning (vectors), from 1.")
    similarity: float = Field(description="Cosine of query and review, -1 to 1.")
    said: tuple[str, ...] = Field(
        (), description='Of what the query praises and blames ("service+"), what the review says too.'
    )
    against: tuple[str, ...] = Field((), description="Of the same, what the review says the opposite of.")


class Hit(Shape):
    """One review that was found. `highlights` are code-point spans of `content`."""

    review_id: str
    restaurant_id: str
    restaurant_name: str | None
    content: str
    highlights: tuple[Span, ...]
    rating: float | None
    language: str
    source: str | None
    images: tuple[str, ...]
    created_at: datetime
    score: float
    why: Why


class SearchResult(Shape):
    """A page of hits."""

    query: str
    situation: str | None = Field(description="What the query describes, when a rule knew it.")
    expanded_terms: tuple[str, ...] = Field(
        description="Words that were added; empty when nothing was, or when switched off."
    )
    asked: tuple[str, ...] = Field(
        (),
        description='What the query praises and blames ("service+", "price-"): reviews that say so come first, those that say '
        "the opposite last. Empty when nothing was heard, or when switched off.",
    )
    hits: tuple[Hit, ...]
    total: int = Field(description="How many reviews pass the filters and match; exact.")
    degraded: bool = Field(
        default=False,
        description="Whether the query was read by its words alone, since whoever embeds did not answer: reviews that say the "
        "same in other words are missing.",
    )
    next_cursor: str | None
    request_id: str
    as_of: datetime
    index_position: int = Field(description="Log position that the index has reached.")
    log_position: int = Field(description="Log position of the record; equal when the index has caught up.")
    model: str
