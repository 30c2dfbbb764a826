"""What the reviews say: statements that are counted in all the reviews and cited by exact quotes; nothing fills a gap."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from matjip.analysis import wording
from matjip.analysis.evidence import Judged, Mask, Place
from matjip.analysis.proportions import wilson
from matjip.analysis.result import AspectSummary, Quote, Statement, Trend, claim_id
from matjip.analysis.sentiment import ratios
from matjip.analysis.trends import lately, trends
from matjip.inference.task import Aspect, Counted, Facts, Polarity

__all__ = ["OVERALL", "Said", "overall", "summarise"]

OVERALL = "overall"  # the name of its facts; those of a statement go by its claim's id
ASPECTS_IN_OVERALL = 4  # more than four things in a sentence are not remembered
NAMED_SHARE = 0.2  # of a statement's support: a word that fewer name is not worth naming
POLARITIES: tuple[Polarity, Polarity] = ("positive", "negative")
NAMED_MIN = 2  # once is not "most often"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The part of a SummaryResult that comes from the reviews alone; all empty when there is too little to say."""

    overall: str | None
    leaning: tuple[int, int]  # reviews whose label is positive, and negative
    positive: tuple[Statement, ...]
    negative: tuple[Statement, ...]
    aspects: tuple[AspectSummary, ...]
    facts: Mapping[str, Facts]  # behind each text, for whoever words it otherwise


def summarise(
    judged: Judged, *, language: wording.Language, min_support: int, mask: Mask, quotes: int, quote_chars: int
) -> Said:
    """Every aspect that enough independent reviewers praise or blame, the most spoken of first.

    A statement needs one place at least where words say it: a thing and an opinion, or an opinion that implies its thing.
    """
    spent: set[int] = set()
    recent = lately(judged)
    are_dated = any(review.created_at is not None for review in judged.snapshot.reviews)
    named: dict[tuple[Aspect, Polarity], list[wording.Named]] = {}

    def state(aspect: Aspect, polarity: Polarity) -> Statement | None:
        places = judged.places(aspect, polarity)
        support = judged.support(place.review for place in places)
        if support < min_support or all(place.mention.opinion is None for place in places):
            return None
        written = [at for place in places if (at := judged.snapshot.reviews[place.review].created_at) is not None]
        of_late = judged.support(place.review for place in places if place.review in recent) if are_dated else None
        named[aspect, polarity] = _named(judged, places, support, language)
        return Statement(
            claim_id=claim_id("summary", aspect, polarity),
            text=wording.statement(
                aspect,
                polarity,
                support=support,
                considered=judged.considered,
                named=named[aspect, polarity],
                recent=of_late,
                language=language,
            ),
            aspect=aspect,
            polarity=polarity,
            support=support,
            considered=judged.considered,
            recent=of_late,
            latest=max(written, default=None),
            review_ids=tuple(dict.fromkeys(judged.snapshot.reviews[place.review].id for place in places)),
            quotes=judged.quotes(places, mask=mask, limit=quotes, max_chars=quote_chars, spent=spent),
        )

    aspects = sorted({place.mention.aspect for place in judged.places()})
    made: dict[tuple[Aspect, Polarity], Statement] = {
        (aspect, polarity): statement
        for aspect in aspects
        for polarity in POLARITIES
        if (statement := state(aspect, polarity))
    }
    positive = _by_support(statement for statement in made.values() if statement.polarity == "positive")
    negative = _by_support(statement for statement in made.values() if statement.polarity == "negative")
    counts = Counter(verdict.answer.label for verdict in judged.sentiments)
    leaning = (counts["positive"], counts["negative"])
    about = None
    if made:
        about = overall(
            considered=judged.considered, leaning=leaning, positive=positive, negative=negative, language=language
        )
    told = _aspects(judged, made, language=language, mask=mask, quote_chars=quote_chars)
    facts = _facts(made, named, {each.aspect: each.trend for each in told}, language)
    if about is not None:
        points = [facts[each.claim_id].points[0] for part in _told(positive, negative) for each in part]
        facts[OVERALL] = Facts(
            language=language,
            considered=judged.considered,
            points=tuple(replace(point, named=(), recent=None) for point in points),
            leaning=leaning,
            per_cent=_per_cent(leaning, judged.considered),
            text=about,
        )
    return Said(overall=about, leaning=leaning, positive=positive, negative=negative, aspects=told, facts=facts)


def _facts(
    made: Mapping[tuple[Aspect, Polarity], Statement],
    named: Mapping[tuple[Aspect, Polarity], Sequence[wording.Named]],
    trends: Mapping[Aspect, Trend | None],
    language: wording.Language,
) -> dict[str, Facts]:
    """What each statement may say."""

    def count(each: Statement) -> Counted:
        trend = trends.get(each.aspect)
        return Counted(
            aspect=each.aspect,
            called=wording.called(each.aspect, language),
            polarity=each.polarity,
            support=each.support,
            is_many=each.support >= wording.MANY * each.considered,
            named=tuple(named[each.aspect, each.polarity]),
            recent=None if each.recent == each.support else each.recent,
            trend=trend.direction if trend else None,
        )

    return {
        each.claim_id: Facts(
            language=language,
            considered=each.considered,
            points=(count(each),),
            text=each.text,
            quotes=tuple(quote.text for quote in each.quotes),
        )
        for each in made.values()
    }


def _by_support(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda statement: (-statement.support, statement.aspect)))


def _named(judged: Judged, places: Sequence[Place], support: int, language: wording.Language) -> list[wording.Named]:
    """The things that the reviews name, as written, by how many voices name them."""
    voices: dict[str, set[int]] = {}
    for place in places:
        target = place.mention.target
        if target and wording.is_nameable(target, place.mention.aspect, language):
            voices.setdefault(wording.folded(target, language), set()).add(judged.units[place.review])
    counted = Counter({target: len(of) for target, of in voices.items()})
    least = max(NAMED_MIN, NAMED_SHARE * support)
    return [
        (target, count)
        for target, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        if count >= least
    ][:2]


def overall(
    *,
    considered: int,
    leaning: tuple[int, int],
    positive: tuple[Statement, ...],
    negative: tuple[Statement, ...],
    language: wording.Language,
) -> str:
    """How the reviews lean and what they speak of: praise and blame share the sentence by their number, and neither that exists is left out."""
    praised, blamed = _told(positive, negative)
    return wording.overall(
        considered=considered,
        positive=leaning[0],
        negative=leaning[1],
        per_cent=_per_cent(leaning, considered),
        praised=[(each.aspect, each.support) for each in praised],
        blamed=[(each.aspect, each.support) for each in blamed],
        language=language,
    )


def _told(
    positive: tuple[Statement, ...], negative: tuple[Statement, ...]
) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
    """Which of them the sentences about all speak of."""
    praise, blame = (sum(statement.support for statement in of) for of in (positive, negative))
    for_blame = round(ASPECTS_IN_OVERALL * blame / max(praise + blame, 1))
    for_blame = min(max(for_blame, 1), ASPECTS_IN_OVERALL - 1) if praise and blame else for_blame
    return positive[: ASPECTS_IN_OVERALL - for_blame], negative[:for_blame]


def _per_cent(leaning: tuple[int, int], considered: int) -> tuple[int, int]:
    """As the sentiment has them: the three that sum to 100."""
    positive, negative, _ = ratios([*leaning, considered - sum(leaning)])
    return positive, negative


def _aspects(
    judged: Judged,
    made: dict[tuple[Aspect, Polarity], Statement],
    *,
    language: wording.Language,
    mask: Mask,
    quote_chars: int,
) -> tuple[AspectSummary, ...]:
    def best(aspect: Aspect, polarity: Polarity) -> Quote | None:
        statement = made.get((aspect, polarity))
        quotes = (
            statement.quotes
            if statement
            else judged.quotes(judged.places(aspect, polarity), mask=mask, limit=1, max_chars=quote_chars)
        )
        return quotes[0] if quotes else None

    summaries = []
    spoken_of = list(dict.fromkeys(aspect for aspect, _ in made))
    moved = trends(judged, spoken_of)
    for aspect in spoken_of:
        trend = moved.get(aspect)
        praised, blamed = ({place.review for place in judged.places(aspect, polarity)} for polarity in POLARITIES)
        positive, negative = judged.support(praised), judged.support(blamed)
        summaries.append(
            AspectSummary(
                aspect=aspect,
                positive=positive,
                negative=negative,
                mentions=judged.support(praised | blamed),
                positive_interval=wilson(positive, positive + negative),
                trend=trend,
                trend_text=wording.trend(aspect, trend, language) if trend and trend.direction else None,
                best_for=best(aspect, "positive"),
                best_against=best(aspect, "negative"),
                statements=tuple(made[aspect, polarity] for polarity in POLARITIES if (aspect, polarity) in made),
            )
        )
    return tuple(sorted(summaries, key=lambda summary: (-summary.mentions, summary.aspect)))
