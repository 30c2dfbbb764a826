"""Whether an aspect is spoken of better or worse lately than before: a test behind every such sentence."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal

from matjip.analysis.evidence import Judged
from matjip.analysis.proportions import Share, differ_by_chance, discoveries
from matjip.analysis.result import Trend
from matjip.inference.task import Aspect

__all__ = ["RECENT", "lately", "trends"]

RECENT = timedelta(days=90)  # a season: long enough for a dozen reviews, short enough to act on
FALSE_DISCOVERIES = 0.05  # among the aspects of one restaurant


def lately(judged: Judged) -> frozenset[int]:
    """The reviews, by their number, of the last ninety days before the snapshot was read."""
    since = judged.snapshot.as_of - RECENT
    return frozenset(
        at
        for at, review in enumerate(judged.snapshot.reviews)
        if review.created_at is not None and review.created_at >= since
    )


def trends(judged: Judged, aspects: Sequence[Aspect]) -> dict[Aspect, Trend]:
    """The voices for and against each aspect lately and before. Of undated reviews nothing is known, and none is counted.

    Better or worse where Fisher's exact test, two-sided, finds the shares of praise apart at a false discovery rate of 0.05
    over these aspects (Benjamini and Hochberg); else no direction is claimed.
    """
    recent = lately(judged)
    dated = {at for at, review in enumerate(judged.snapshot.reviews) if review.created_at is not None}
    counted = {aspect: (_split(judged, aspect, recent), _split(judged, aspect, dated - recent)) for aspect in aspects}
    tested = {
        aspect: differ_by_chance(now, before) for aspect, (now, before) in counted.items() if now.total and before.total
    }
    q_values = discoveries(tested)
    since = judged.snapshot.as_of - RECENT
    return {aspect: _trend(since, *counted[aspect], tested[aspect], q_values[aspect]) for aspect in tested}


def _split(judged: Judged, aspect: Aspect, among: Collection[int]) -> Share:
    """Voices that praise it, of all that praise or blame it; one that does both counts on both sides."""
    praise = judged.support(at.review for at in judged.places(aspect, "positive") if at.review in among)
    blame = judged.support(at.review for at in judged.places(aspect, "negative") if at.review in among)
    return Share(praise, praise + blame)


def _trend(since: datetime, now: Share, before: Share, p_value: float, q_value: float) -> Trend:
    direction: Literal["better", "worse"] | None = None
    if q_value <= FALSE_DISCOVERIES:
        direction = "better" if now.value > before.value else "worse"
    return Trend(
        since=since,
        positive=now.hits,
        negative=now.total - now.hits,
        positive_before=before.hits,
        negative_before=before.total - before.hits,
        direction=direction,
        p_value=p_value,
        q_value=q_value,
    )
