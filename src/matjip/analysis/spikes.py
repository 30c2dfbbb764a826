"""More negative reviews than a restaurant's own history explains, at a stated rate of false alarms."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from matjip.analysis.evidence import Judged
from matjip.analysis.proportions import Share

__all__ = ["ALARMS_A_YEAR", "Spike", "Written", "current_spike", "spikes", "written"]

ALARMS_A_YEAR = (
    0.5  # wrong alarms a restaurant and year, at most: one in two years, or 14 a day among 10,000 restaurants
)
WINDOWS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))  # a bad evening, a bad weekend, a bad week
HISTORY = timedelta(days=365)  # before the window: what the window is compared with
OVERLAP = 5  # tests that are about one: windows that end with neighbouring reviews hold nearly the same
LEAST_HISTORY = timedelta(days=28)  # four weekends: with less, nothing is claimed
LEAST_REVIEWS = 30  # in that history
LEAST_NEGATIVES = 3  # in the window
LEAST_TIMES = 1.5  # as large a share as before, at least: a certain but small rise alarms nobody
LEAST_BLOCKS = 8  # of the window's length, with reviews, from which it is told how far days differ by themselves
END = timedelta(days=7)  # without another sign a spike is over
SHIFTS = (0.0, 0.25, 0.5, 0.75)  # of where blocks begin: a border through every evening would hide bad evenings
MOST_CORRELATED = 0.5
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Written:
    """One voice: when it was written, and whether it is negative."""

    at: datetime
    is_negative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A run of signs, none more than a week after the one before."""

    started_at: datetime  # of the first review of the window that gave the first sign
    found_at: datetime  # of the negative review that completed it
    last_at: datetime  # of the one that gave the last
    negatives: int  # in the window with the strongest sign
    reviews: int
    negatives_before: int  # in the year before that window
    reviews_before: int
    p_value: float
    threshold: float  # what the p-value is below


def written(judged: Judged) -> list[Written]:
    """The dated reviews in order of time: near-duplicates once, and an author once a day. A date that lies ahead is none."""
    found, seen = [], set()
    for at, review in enumerate(judged.snapshot.reviews):
        if review.created_at is None or review.created_at > judged.snapshot.as_of or judged.duplicates[at] is not None:
            continue
        voice = (review.author or at, review.created_at.date())
        if voice not in seen:
            seen.add(voice)
            found.append(Written(review.created_at, judged.sentiments[at].answer.label == "negative"))
    return sorted(found, key=lambda each: each.at)


def current_spike(reviews: Sequence[Written], as_of: datetime) -> Spike | None:
    """The spike that is not over yet, if there is one."""
    since = as_of - END - HISTORY
    latest = list(spikes([each for each in reviews if each.at > since - HISTORY], since=as_of - 4 * END))
    return latest[-1] if latest and latest[-1].last_at > as_of - END else None


def spikes(
    reviews: Sequence[Written], *, since: datetime | None = None, alarms_a_year: float = ALARMS_A_YEAR
) -> Iterator[Spike]:
    """Every spike in reviews that are in order of time, with signs from `since` on; what comes later changes no earlier one.

    A sign is looked for when a negative review arrives, in each of three windows that end with it: are more of the others
    there negative than the year before lets expect? Only shares are compared, so a busy weekend is no spike. What to expect
    is beta-binomial (J. Skellam, JRSS B 10, 1948): the history's share is known from so many reviews only, and days differ by
    themselves, by a correlation that is measured between the reviews of blocks as long as the window (from Pearson's X²).
    That one review of the window is negative is given, and counted into the expectation. The threshold is `alarms_a_year`,
    shared out over the tests that a year of negative reviews makes. Shared out over all of them (Bonferroni) it would bound
    the expected number of wrong signs however the tests depend on each other; but their windows overlap, and signs within
    a week are one spike, so it is shared out over a fifth of them, which simulated restaurants bear out (bench spikes).
    """
    signs = _signs(_Counted.of(reviews), since, alarms_a_year)
    run: list[_Sign] = []
    for sign in signs:
        if run and sign.at - run[-1].at > END:
            yield _spike(run)
            run = []
        run.append(sign)
    if run:
        yield _spike(run)


@dataclass(frozen=True, slots=True)
class _Sign:
    at: datetime
    since: datetime
    here: Share
    before: Share
    p_value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class _Counted:
    """Reviews by time, and how many negative ones there are up to each."""

    reviews: Sequence[Written]
    seconds: NDArray[np.float64]
    negatives: NDArray[np.int64]  # before each, and in all at the end

    @classmethod
    def of(cls, reviews: Sequence[Written]) -> "_Counted":
        seconds = np.array([each.at.timestamp() for each in reviews], dtype=np.float64)
        bad = np.array([each.is_negative for each in reviews], dtype=np.int64)
        return cls(reviews, seconds, np.concatenate([[0], np.cumsum(bad)]))

    def place(self, seconds: float) -> int:
        return int(np.searchsorted(self.seconds, seconds, side="left"))

    def share(self, start: int, end: int) -> Share:
        return Share(int(self.negatives[end] - self.negatives[start]), end - start)

    def correlation(self, start: int, end: int, window_s: float) -> float:
        """Between the reviews of a block as long as the window: 0 where blocks differ as chance makes them."""
        whole = self.share(start, end)
        if not 0 < whole.hits < whole.total:
            return 0.0
        return max(self._correlation(start, end, window_s, shift) for shift in SHIFTS)

    def _correlation(self, start: int, end: int, window_s: float, shift: float) -> float:
        blocks = ((self.seconds[start:end] - self.seconds[start]) / window_s + shift).astype(np.int64)
        sizes = np.bincount(blocks)
        bad = np.bincount(blocks, weights=np.diff(self.negatives[start : end + 1]))
        sizes, bad = sizes[sizes > 0], bad[sizes > 0]
        pairs, share = int((sizes - 1).sum()), self.share(start, end).value
        if len(sizes) < LEAST_BLOCKS or not pairs:
            return 0.0
        pearson = float(((bad - sizes * share) ** 2 / (sizes * share * (1 - share))).sum())
        return max(0.0, pearson * len(sizes) / (len(sizes) - 1) - len(sizes)) / pairs


def _signs(counted: _Counted, since: datetime | None, alarms_a_year: float) -> Iterator[_Sign]:
    for at, review in enumerate(counted.reviews):
        if not review.is_negative or (since is not None and review.at < since):
            continue
        found = [sign for window in WINDOWS if (sign := _sign(counted, at, window, alarms_a_year))]
        if found:
            yield min(found, key=lambda sign: sign.p_value / sign.threshold)


def _sign(counted: _Counted, at: int, window: timedelta, alarms_a_year: float) -> _Sign | None:
    end = counted.seconds[at]
    first = counted.place(end - window.total_seconds())
    start = counted.place(counted.seconds[first] - HISTORY.total_seconds())
    here, before = counted.share(first, at + 1), counted.share(start, first)
    span_s = counted.seconds[first] - counted.seconds[start]
    if here.hits < LEAST_NEGATIVES or before.total < LEAST_REVIEWS or span_s < LEAST_HISTORY.total_seconds():
        return None
    if here.value < LEAST_TIMES * before.value:
        return None
    tests_a_year = (before.hits + 1) / span_s * YEAR.total_seconds() * len(WINDOWS)
    threshold = min(1.0, OVERLAP * alarms_a_year / tests_a_year)
    correlation = counted.correlation(start, first, window.total_seconds())
    p_value = _so_many(here, before, min(correlation, MOST_CORRELATED))
    if p_value > threshold:
        return None
    return _Sign(counted.reviews[at].at, counted.reviews[first].at, here, before, p_value, threshold)


def _so_many(here: Share, before: Share, correlation: float) -> float:
    """The chance of at least so many negatives here, given that the last is one."""
    share = (before.hits + 0.5) / (before.total + 1)
    weight = 1 / (correlation + 1 / (before.total + 2)) - 1  # reviews that what is known of the share is worth
    good, bad = weight * (1 - share), weight * share + 1
    others, hits = here.total - 1, here.hits - 1
    term = math.exp(
        math.lgamma(others + 1) - math.lgamma(hits + 1) - math.lgamma(others - hits + 1)
        + math.lgamma(bad + hits) + math.lgamma(good + others - hits) - math.lgamma(bad + good + others)
        + math.lgamma(bad + good) - math.lgamma(bad) - math.lgamma(good)
    )  # fmt: skip
    chance = 0.0
    for each in range(hits, others + 1):
        chance += term
        term *= (others - each) * (bad + each) / ((each + 1) * (good + others - each - 1))
    return min(1.0, chance)


def _spike(run: Sequence[_Sign]) -> Spike:
    strongest = min(run, key=lambda sign: sign.p_value)
    return Spike(
        started_at=run[0].since,
        found_at=run[0].at,
        last_at=run[-1].at,
        negatives=strongest.here.hits,
        reviews=strongest.here.total,
        negatives_before=strongest.before.hits,
        reviews_before=strongest.before.total,
        p_value=strongest.p_value,
        threshold=strongest.threshold,
    )
