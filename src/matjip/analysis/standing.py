"""What feedback comes to: how each claim, label and mention stands, and what a reader is then shown and the analyses count.

Claims are left out, marked or reworded where a result is shown, so that what is stored needs no new run and restoring is
immediate. Labels and mentions are corrected before anything is counted, as long as the review's text is what they were
corrected for.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar, cast

from matjip.analysis import wording
from matjip.analysis.evidence import Judged
from matjip.analysis.feedback import Feedback, FeedbackStore, Subject
from matjip.analysis.result import (
    AspectSummary,
    Quote,
    Result,
    SentimentResult,
    Statement,
    Strength,
    StrengthsResult,
    SummaryResult,
)
from matjip.analysis.summary import overall
from matjip.inference.task import Aspect, Label, Mention, Polarity, Sentiment, Verdict
from matjip.reviews.store import Reviews

__all__ = ["NOT_SAID", "PERSON", "Standing", "Standings", "content_hash", "fold", "read_standings", "written_in"]

PERSON = "person"  # who decided, where the judge was corrected
NOT_SAID = "not_said"  # of an aspect that the review does not speak of, whatever the judge found
HASH_BYTES = 16
CERTAIN: dict[Label, float] = {"positive": 1.0, "negative": 0.0, "neutral": 0.5}  # the label's p_positive
R = TypeVar("R", bound=Result)
C = TypeVar("C", Statement, Strength)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that was said of one thing, taken together."""

    flagged: bool = False
    hidden: bool = False
    correction: str | None = None
    content_hash: str | None = None  # of the review that it was said of
    at: datetime | None = None  # when the last was said

    def after(self, said: Feedback) -> "Standing":
        """A flag or a hiding is added; a correction answers both; restoring ends all of it. A rewritten review starts anew."""
        before = self if self.content_hash == said.content_hash else Standing()
        fresh = Standing(content_hash=said.content_hash, at=said.at)
        match said.kind:
            case "flag":
                return replace(before, flagged=True, content_hash=said.content_hash, at=said.at)
            case "hide":
                return replace(before, hidden=True, content_hash=said.content_hash, at=said.at)
            case "correct":
                return replace(fresh, correction=said.correction)
            case "restore":
                return fresh


AS_FOUND = Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Everything that stands of one restaurant."""

    of: Mapping[Subject, Standing] = field(default_factory=dict)
    corrected_to: int = 0  # position of the last feedback that can change a count

    def applied(self, judged: Judged) -> Judged:
        """What the judge found, with the labels and mentions that people corrected in reviews that still read so."""
        about: dict[str, list[tuple[Aspect | None, Standing]]] = {}
        for (_, review_id, aspect), standing in self.of.items():
            if review_id is not None and standing.correction:
                about.setdefault(review_id, []).append((aspect, standing))
        if not about:
            return judged
        sentiments, mentions = list(judged.sentiments), list(judged.mentions)
        for at, review in enumerate(judged.snapshot.reviews):
            for aspect, standing in about.get(review.id, ()):
                if standing.content_hash != content_hash(review.content):
                    continue
                if aspect is None:
                    sentiments[at] = _decided(cast(Label, standing.correction))
                else:
                    mentions[at] = _said_so(mentions[at], aspect, str(standing.correction), review.content)
        return replace(judged, sentiments=tuple(sentiments), mentions=tuple(mentions))

    def shown(self, result: R) -> R:
        """The result as a reader sees it: without what is hidden, which is counted, and with what is flagged or corrected marked."""
        shown: Result = result
        if isinstance(result, SentimentResult):
            shown = self._sentiment(result)
        elif isinstance(result, SummaryResult):
            shown = self._summary(result)
        elif isinstance(result, StrengthsResult):
            strengths = self._claims(result.strengths, result.language)
            hidden = len(result.strengths) - len(strengths)
            shown = result.model_copy(update={"strengths": strengths, "hidden": hidden})
        return cast(R, shown)

    def _sentiment(self, result: SentimentResult) -> SentimentResult:
        said = {review_id: each for (_, review_id, aspect), each in self.of.items() if review_id and aspect is None}
        reviews = tuple(
            review.model_copy(update={"flagged": said.get(review.review_id, AS_FOUND).flagged})
            for review in result.reviews
            if not said.get(review.review_id, AS_FOUND).hidden
        )
        return result.model_copy(update={"reviews": reviews, "hidden": len(result.reviews) - len(reviews)})

    def _summary(self, result: SummaryResult) -> SummaryResult:
        positive = self._claims(result.positive, result.language)
        negative = self._claims(result.negative, result.language)
        hidden = len(result.positive) + len(result.negative) - len(positive) - len(negative)
        told, worded_by = result.overall, result.overall_worded_by
        if hidden:  # the sentences about all name no aspect of which the claim is hidden
            told = overall(
                considered=result.meta.counts.considered,
                leaning=(result.positive_count, result.negative_count),
                positive=positive,
                negative=negative,
                language=cast(wording.Language, result.language),
            )
            worded_by = "lite"
        shown = {(each.aspect, each.polarity) for each in (*positive, *negative)}
        gone = {(each.aspect, each.polarity) for each in (*result.positive, *result.negative)} - shown
        aspects = tuple(self._aspect(each, result.language, gone) for each in result.aspects)
        update = {"overall": told, "overall_worded_by": worded_by, "aspects": aspects, "hidden": hidden}
        return result.model_copy(update=update | {"positive": positive, "negative": negative})

    def _aspect(self, summary: AspectSummary, language: str, gone: set[tuple[Aspect, Polarity]]) -> AspectSummary:
        update: dict[str, object] = {"statements": self._claims(summary.statements, language)}
        if (summary.aspect, "positive") in gone or self._is_hidden(summary.best_for):
            update["best_for"] = None
        if (summary.aspect, "negative") in gone or self._is_hidden(summary.best_against):
            update["best_against"] = None
        return summary.model_copy(update=update)

    def _claims(self, claims: Iterable[C], language: str) -> tuple[C, ...]:
        standing = [(claim, self._standing(claim)) for claim in claims]
        return tuple(self._quoting(_reworded(claim, each, language)) for claim, each in standing if not each.hidden)

    def _quoting(self, claim: C) -> C:
        """The claim without quotes of reviews that are hidden."""
        quotes = tuple(quote for quote in claim.quotes if not self._is_hidden(quote))
        return claim if len(quotes) == len(claim.quotes) else claim.model_copy(update={"quotes": quotes})

    def _is_hidden(self, quote: Quote | None) -> bool:
        return quote is not None and self.of.get((None, quote.review_id, None), AS_FOUND).hidden

    def _standing(self, claim: Statement | Strength) -> Standing:
        """Its own, or under a name that it went by before. It is hidden under one name, so it is hidden."""
        ids = (claim.claim_id, *(claim.same_as if isinstance(claim, Strength) else ()))
        found = [self.of[each, None, None] for each in ids if each and (each, None, None) in self.of]
        if not found:
            return AS_FOUND
        corrections = [each.correction for each in found if each.correction]
        return Standing(
            flagged=any(each.flagged for each in found),
            hidden=any(each.hidden for each in found),
            correction=corrections[0] if corrections else None,
        )


def fold(rows: Iterable[Feedback]) -> Standings:
    """How everything stands after these rows, in any order."""
    of: dict[Subject, Standing] = {}
    corrected_to = 0
    for row in sorted(rows, key=lambda row: row.position):
        of[row.subject] = of.get(row.subject, AS_FOUND).after(row)
        if row.review_id is not None and row.kind in ("correct", "restore"):
            corrected_to = row.position
    return Standings(of=of, corrected_to=corrected_to)


async def read_standings(store: FeedbackStore, reviews: Reviews, tenant: str, restaurant_id: str) -> Standings:
    """How everything of a restaurant stands now; what was said of a text that is gone or rewritten stands no more."""
    found = fold(await store.of(tenant, restaurant_id))
    about = {review_id for _, review_id, _ in found.of if review_id is not None}
    if not about:
        return found
    living = await reviews.reviews_by_id(tenant, [(restaurant_id, review_id) for review_id in sorted(about)])
    hashes = {review.id: content_hash(review.content) for review in living}
    of = {
        subject: standing
        for subject, standing in found.of.items()
        if subject[1] is None or hashes.get(subject[1]) == standing.content_hash
    }
    return replace(found, of=of)


def written_in(claim: str) -> wording.Language:
    """The language of a claim that a person worded."""
    return "ko" if wording.is_in(claim, "ko") else "en"


def content_hash(content: str) -> str:
    """Equal for equal texts."""
    return hashlib.blake2b(content.encode(errors="surrogatepass"), digest_size=HASH_BYTES).hexdigest()


def _decided(label: Label) -> Verdict[Sentiment]:
    answer = Sentiment(label=label, p_positive=CERTAIN[label], confidence=1.0)
    return Verdict(answer=answer, engine=PERSON, model=PERSON)


def _said_so(mentions: tuple[Mention, ...], aspect: Aspect, correction: str, content: str) -> tuple[Mention, ...]:
    """The mentions with this aspect praised, blamed or not spoken of.

    Mentions that say so already stay. Those that say the opposite keep their place and lose their opinion, whose word
    would be quoted for what it does not say. Where the judge found none, the whole text speaks of it.
    """
    others = tuple(each for each in mentions if each.aspect != aspect)
    if correction == NOT_SAID:
        return others
    polarity = cast(Polarity, correction)
    right = tuple(each for each in mentions if each.aspect == aspect and each.polarity == polarity)
    turned = tuple(replace(each, polarity=polarity, opinion=None) for each in mentions if each.aspect == aspect)
    whole = Mention(aspect=aspect, polarity=polarity, target=None, opinion=None, start=0, end=len(content))
    return tuple(sorted((*others, *(right or turned or (whole,))), key=lambda each: (each.start, each.end)))


def _reworded(claim: C, standing: Standing, language: str) -> C:
    """Marked, and in a person's words where those are in the result's language; its evidence is the same."""
    text = standing.correction if standing.correction and written_in(standing.correction) == language else None
    if text is None and not standing.flagged:
        return claim
    update: dict[str, object] = {"flagged": standing.flagged, "corrected": text is not None}
    if text is not None:
        update["claim" if isinstance(claim, Strength) else "text"] = text
        update["worded_by"] = PERSON
    return claim.model_copy(update=update)
