"""How the reviews lean: one label a review, counts that add up, ratios that sum to 100."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from matjip.analysis.evidence import Judged
from matjip.analysis.proportions import Share, corrected_share, wilson
from matjip.analysis.result import Interval, Month, ReviewSentiment
from matjip.inference.quality import Detection
from matjip.inference.task import Label

__all__ = ["Leaning", "lean", "ratios"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """The part of a SentimentResult that comes from the reviews alone."""

    counts: dict[Label, int]
    ratios: dict[Label, int]
    positive_interval: Interval | None
    sampling_interval: Interval | None
    by_month: tuple[Month, ...]
    reviews: tuple[ReviewSentiment, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def lean(judged: Judged, detection: Detection | None = None) -> Leaning:
    """Count the labels; every number comes from the list of labelled reviews. `detection` is of the label positive."""
    labels: list[Label] = [verdict.answer.label for verdict in judged.sentiments]
    counted = Counter(labels)
    counts: dict[Label, int] = {label: counted[label] for label in ("positive", "negative", "neutral")}
    sampling = wilson(counts["positive"], len(labels)) if labels else None
    decided = Share(counts["positive"], counts["positive"] + counts["negative"])
    corrected = corrected_share(decided, detection) if detection else None
    return Leaning(
        counts=counts,
        ratios=dict(zip(counts, ratios(list(counts.values())), strict=True)),
        positive_interval=_both(sampling, corrected[1]) if sampling and corrected else sampling,
        sampling_interval=sampling,
        by_month=_by_month(judged, labels),
        reviews=tuple(
            ReviewSentiment(
                review_id=review.id,
                label=verdict.answer.label,
                confidence=verdict.answer.confidence,
                p_positive=verdict.answer.p_positive,
                decided_by=verdict.engine,
            )
            for review, verdict in zip(judged.snapshot.reviews, judged.sentiments, strict=True)
        ),
    )


def _both(one: Interval, other: Interval) -> Interval:
    """From the lower of the low ends to the higher of the high ones: the errors here may be those that were measured, or none."""
    return Interval(low=min(one.low, other.low), high=max(one.high, other.high))


def ratios(counts: Sequence[int]) -> list[int]:
    """Whole per cents that sum to 100, by largest remainder; the earlier one wins a tie. All 0 when nothing was counted."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    whole = [100 * count // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda at: -(100 * counts[at] % total))
    for at in by_remainder[: 100 - sum(whole)]:
        whole[at] += 1
    return whole


def _by_month(judged: Judged, labels: Sequence[Label]) -> tuple[Month, ...]:
    months: dict[tuple[int, int], Counter[Label]] = {}
    for review, label in zip(judged.snapshot.reviews, labels, strict=True):
        if review.created_at is not None:
            months.setdefault((review.created_at.year, review.created_at.month), Counter())[label] += 1
    return tuple(
        Month(month=f"{year:04}-{month:02}", positive=of["positive"], negative=of["negative"], neutral=of["neutral"])
        for (year, month), of in sorted(months.items())
    )
