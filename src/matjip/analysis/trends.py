"""Whether an aspect is spoken of better or worse lately than before: a test behind every such sentence."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from matjip.analysis.evidence import Judged
from matjip.analysis.proportions import Share, differ_by_chance, discoveries
from matjip.analysis.result import Trend
from matjip.inference.task import Aspect

__all__ = ["RECENT", "lately", "split", "trends"]

RECENT = timedelta(days=90)  # a season: long enough for a dozen reviews, short enough to act on
AHEAD = timedelta(days=1)  # clocks and time zones differ by so much; a later date is a mistake
LEAST_VOICES = 5  # lately and before each: fewer make no direction, however far apart
FALSE_DISCOVERIES = 0.05  # among the aspects of one restaurant
Split = tuple[Share, Share]  # of those since a day, and of those before
EMPTY: Mapping[str, Split] = MappingProxyType({})


def lately(judged: Judged) -> frozenset[int]:
    """The reviews, by their number, of the last ninety days before the window's end, or before the snapshot was read."""
    return _written(judged, since=_end(judged) - RECENT)


def trends(
    judged: Judged, aspects: Sequence[Aspect], *, since: datetime | None = None, besides: Mapping[str, Split] = EMPTY
) -> dict[str, Trend]:
    """The voices for and against each aspect since a day, by default lately, and before; and how `besides` went, by the same test.

    Of undated reviews nothing is known, and none is counted. Better or worse where Fisher's exact test, two-sided, finds the
    shares of praise apart at a false discovery rate of 0.05 over all of these (Benjamini and Hochberg); else no direction is
    claimed.
    """
    since = since or _end(judged) - RECENT
    after, before = split(judged, since)
    counted = {aspect: (_share(judged, aspect, after), _share(judged, aspect, before)) for aspect in aspects}
    counted |= besides
    tested = {
        aspect: differ_by_chance(now, then) for aspect, (now, then) in counted.items() if now.total and then.total
    }
    q_values = discoveries(tested)
    return {aspect: _trend(since, *counted[aspect], tested[aspect], q_values[aspect]) for aspect in tested}


def split(judged: Judged, since: datetime) -> tuple[frozenset[int], frozenset[int]]:
    """The dated reviews, by their number, from that day on, and those before."""
    after = _written(judged, since=since)
    return after, _written(judged) - after


def _end(judged: Judged) -> datetime:
    until = judged.snapshot.window.until
    return judged.snapshot.as_of if until is None else min(until, judged.snapshot.as_of)


def _written(judged: Judged, *, since: datetime | None = None) -> frozenset[int]:
    """Reviews with a date, from then on; a date that lies ahead is none."""
    return frozenset(
        at
        for at, review in enumerate(judged.snapshot.reviews)
        if review.created_at is not None
        and review.created_at <= judged.snapshot.as_of + AHEAD
        and (since is None or review.created_at >= since)
    )


def _share(judged: Judged, aspect: Aspect, among: Collection[int]) -> Share:
    """Voices that praise it, of all that praise or blame it; one that does both counts on both sides."""
    praise = judged.support(at.review for at in judged.places(aspect, "positive") if at.review in among)
    blame = judged.support(at.review for at in judged.places(aspect, "negative") if at.review in among)
    return Share(praise, praise + blame)


def _trend(since: datetime, now: Share, before: Share, p_value: float, q_value: float) -> Trend:
    direction: Literal["better", "worse"] | None = None
    if q_value <= FALSE_DISCOVERIES and min(now.total, before.total) >= LEAST_VOICES:
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
