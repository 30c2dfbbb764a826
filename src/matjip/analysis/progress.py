"""What has changed since a day: how each aspect is spoken of, tested, and which strengths came and went."""

from datetime import datetime

from pydantic import Field

from matjip.analysis import wording
from matjip.analysis.evidence import Judged
from matjip.analysis.proportions import Share
from matjip.analysis.result import Shape, StrengthsResult, Trend
from matjip.analysis.trends import split, trends
from matjip.inference.task import Aspect, Label

__all__ = ["AspectProgress", "ClaimProgress", "Progress", "progress"]

OVERALL = ""  # no aspect's name


class AspectProgress(Shape):
    """Voices for and against one aspect since then and before."""

    aspect: Aspect
    trend: Trend
    text: str | None = Field(description="A sentence where the test finds a direction; else null.")


class ClaimProgress(Shape):
    """A strength of one of the two results, by its claim."""

    claim_id: str
    claim: str
    support_before: int | None = Field(description="Voices behind it in the earlier result; null where it was none.")
    support: int | None = Field(description="Voices behind it in the later one; null where it is none any more.")


class Progress(Shape):
    """A restaurant since a day, beside the time before."""

    restaurant_id: str
    since: datetime
    as_of: datetime
    language: str
    reviews: int = Field(description="Dated reviews since then.")
    reviews_before: int
    overall: Trend | None = Field(
        description="Reviews labelled positive and negative; null where either time has none."
    )
    aspects: tuple[AspectProgress, ...]
    sentences: tuple[str, ...] = Field(description="One for each direction that the test finds, the overall one first.")
    result_before: datetime | None = Field(
        description="When the strengths in force on that day were worked out; null where none were stored by then."
    )
    claims: tuple[ClaimProgress, ...] = Field(
        description="Strengths that came, went or stayed between that result and the latest; facts, not tested."
    )


def progress(
    judged: Judged,
    since: datetime,
    *,
    language: wording.Language,
    before: StrengthsResult | None = None,
    now: StrengthsResult | None = None,
) -> Progress:
    """Every direction by Fisher's exact test at a false discovery rate of 0.05 over the aspects and the labels together."""
    after, earlier = split(judged, since)
    spoken_of = sorted({place.mention.aspect for place in judged.places()})
    labels = (_labels(judged, after), _labels(judged, earlier))
    moved = trends(judged, spoken_of, since=since, besides={OVERALL: labels})
    told = sorted(moved, key=lambda aspect: (aspect != OVERALL, moved[aspect].q_value, aspect))
    sentences = {
        aspect: wording.since(aspect or None, moved[aspect], language) for aspect in told if moved[aspect].direction
    }
    return Progress(
        restaurant_id=judged.snapshot.restaurant_id,
        since=since,
        as_of=judged.snapshot.as_of,
        language=language,
        reviews=len(after),
        reviews_before=len(earlier),
        overall=moved.get(OVERALL),
        aspects=tuple(
            AspectProgress(aspect=aspect, trend=moved[aspect], text=sentences.get(aspect))
            for aspect in spoken_of
            if aspect in moved
        ),
        sentences=tuple(sentences.values()),
        result_before=before.meta.as_of if before else None,
        claims=_claims(before, now) if before and now else (),
    )


def _labels(judged: Judged, among: frozenset[int]) -> Share:
    """Positive ones of those that lean, near-duplicates and one author's several once each way."""

    def voices(label: Label) -> int:
        return judged.support(at for at in among if judged.sentiments[at].answer.label == label)

    positive, negative = voices("positive"), voices("negative")
    return Share(positive, positive + negative)


def _claims(before: StrengthsResult, now: StrengthsResult) -> tuple[ClaimProgress, ...]:
    then, today = ({each.claim_id: each for each in result.strengths if each.claim_id} for result in (before, now))
    return tuple(
        ClaimProgress(
            claim_id=each,
            claim=(today.get(each) or then[each]).claim,
            support_before=then[each].support if each in then else None,
            support=today[each].support if each in today else None,
        )
        for each in dict.fromkeys((*today, *then))
    )
