"""Which results to refresh, and when: staleness defined once, and policies that say of a restaurant when it is due.

A change (a review written, rewritten or removed) is *reflected* when a result that read it is published. Its *lag* is the
time from its being recorded until then, and goes on growing for as long as it is not. *Staleness* is the mean of the lags
of the changes recorded within a window, and their 95th percentile.

The fewest runs for a mean lag. Let a run be worth `price` review-hours. A restaurant with n changes waiting costs n
review-hours an hour; the next change comes after 1/rate hours, and to run then instead of now serves one change more.
A run every k changes costs rate·price/k + (k-1)/2 an hour, which is least at the first k with k(k+1)/2 ≥ rate·price: run as
soon as n(n+1) / (2·rate) reaches the price. So a quiet restaurant is refreshed at its every review, without lag, and a busy
one every √(2·rate·price) reviews. The left side is the price at which one would just run: under a budget the highest go
first. This is exact for Poisson arrivals; for others the rate is followed, and falls in silence. One price for all is what
makes the sum least; it is moved until the mean lag is just under the target.
"""

import heapq
import math
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = [
    "Every",
    "Key",
    "Policy",
    "Priced",
    "Said",
    "Staleness",
    "Tiers",
    "Tracker",
    "UpdateScore",
    "Waiting",
    "novelty_ratio",
    "worth",
]

Key = tuple[str, str]  # tenant, restaurant id
HOUR_S = 3_600.0
NEVER = math.inf
LOOK_AGAIN_S = 600.0  # price and pace drift: what is not due yet is looked at again so soon at the latest
# Measured with bench/freshness.py: both halves are needed, the one for bursts and the other for sparse restaurants.
FAST_H, SLOW_H, SITE_H = 2.0, 24.0, 1.0
PRIOR_PER_H = 0.02  # of a restaurant of which nothing is known: a change in two days
PACE_LEAST, PACE_MOST = 0.1, 5.0  # the site's hour over its day: beyond these it is an import or an outage
PACE_PRIOR_PER_H = 5.0  # a site of fewer reviews tells nothing by its pace
PRICE_FIRST = (
    3.0  # review-hours; below what a site of a few reviews a day and restaurant comes to, so that it starts fresh
)
PRICE_LEAST, PRICE_MOST = (
    1e-3,
    30.0,
)  # the most for each hour of the target: it falls by a third a day where that was too much
PRICE_STEPS_PER_H = 0.08  # e-folds an hour at an error as large as the target; the measure itself is a day old
AIM = 0.93  # of the target: lags that still run are measured short, and a promise is kept with something to spare
RETRY_FIRST_S, RETRY_MOST_S = 60.0, HOUR_S
BIN = 1.05  # lags are kept in bins so much wider than the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A restaurant whose published result does not reflect its last changes."""

    key: Key
    changes: int
    since: float  # when the oldest of them was recorded, in seconds
    refreshed_at: float  # when its result was published, in seconds
    rate_per_h: float  # changes that are expected
    cost: float = 1.0  # of a run, beside a usual one
    reads_per_day: float = 0.0
    novelty: float = 1.0  # see novelty_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """Lags of the changes of a window, whether reflected or still waiting; zeros where there was no change."""

    mean_s: float = 0.0
    p95_s: float = 0.0
    changes: int = 0


class Policy(Protocol):
    """When a restaurant is refreshed. Decisions are pure; `learn` alone remembers."""

    name: str
    price: float  # review-hours that a run is worth; 0 where it has none

    def due_at(self, one: Waiting, now: float) -> float:
        """When it is to be refreshed if nothing more changes, or not before when to ask again; not after now: at once."""
        ...

    def learn(self, mean_lag_s: float, now: float) -> None:
        """Hear how large the mean lag of the window is."""
        ...


def worth(one: Waiting) -> float:
    """The review-hours that a run must be worth for it to wait on: refreshing gains most where this is highest."""
    return one.changes * (one.changes + 1) / (2 * one.rate_per_h * one.cost)


class Every:
    """At each stroke of the interval, whatever changed since the last."""

    name = "every"
    price = 0.0

    def __init__(self, interval_s: float = 600.0) -> None:
        self._interval_s = interval_s

    def due_at(self, one: Waiting, now: float) -> float:
        return max(now, math.ceil(one.since / self._interval_s) * self._interval_s)

    def learn(self, mean_lag_s: float, now: float) -> None:
        """Nothing: the interval is given."""


class Tiers:
    """What is read often at short intervals, the rest at longer ones. `tiers`: reads a day at least → seconds between runs."""

    name = "tiers"
    price = 0.0

    def __init__(self, tiers: Mapping[float, float]) -> None:
        self._tiers = sorted(tiers.items(), reverse=True)

    def due_at(self, one: Waiting, now: float) -> float:
        interval_s = next((each for reads, each in self._tiers if one.reads_per_day >= reads), self._tiers[-1][1])
        return max(now, one.refreshed_at + interval_s)

    def learn(self, mean_lag_s: float, now: float) -> None:
        """Nothing: the intervals are given."""


class UpdateScore:
    """Once review_count × novelty_ratio reaches the threshold, or the oldest change has waited too long."""

    name = "update_score"
    price = 0.0

    def __init__(self, threshold: float, *, max_wait_s: float) -> None:
        self._threshold = threshold
        self._max_wait_s = max_wait_s

    def due_at(self, one: Waiting, now: float) -> float:
        return now if one.changes * one.novelty >= self._threshold else one.since + self._max_wait_s

    def learn(self, mean_lag_s: float, now: float) -> None:
        """Nothing: the threshold is given."""


class Priced:
    """The fewest runs that keep the mean lag at the target; see above. No change waits longer than `max_wait_s`."""

    name = "matjip"

    def __init__(self, target_s: float, *, max_wait_s: float, price: float = PRICE_FIRST) -> None:
        self.price = price  # review-hours that a run is worth
        self._target_s = target_s
        self._max_wait_s = max_wait_s
        self._learned_at: float | None = None

    def due_at(self, one: Waiting, now: float) -> float:
        ratio = self.price / worth(one)
        if ratio <= 1:
            return now
        # Rates fall by no more than this in silence, so that it cannot be due before.
        return min(one.since + self._max_wait_s, now + FAST_H * HOUR_S * math.log(ratio))

    def learn(self, mean_lag_s: float, now: float) -> None:
        """Let a run be worth more where lags are short, and less where they are long: integral control of its logarithm."""
        hours = 0.0 if self._learned_at is None else (now - self._learned_at) / HOUR_S
        self._learned_at = now
        error = max(-1.0, min(1.0, AIM - mean_lag_s / self._target_s))
        price = self.price * math.exp(PRICE_STEPS_PER_H * min(1.0, hours) * error)
        self.price = max(PRICE_LEAST, min(PRICE_MOST * self._target_s / HOUR_S, price))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What reviews say: how often each aspect is praised and blamed ("taste+"), and with which words."""

    aspects: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)  # ("taste", "짜다")


def novelty_ratio(reflected: Said, new: Said) -> float:
    """How much the new reviews say that the reflected ones did not, 0 to 1: the mean of two shares, each 0 to 1.

    The one is the Jensen-Shannon distance (base 2) between what is praised and blamed in the new and in the reflected
    reviews; the other the share of the new aspect-opinion pairs that no reflected review has. Reviews that say nothing
    add nothing: 0. Where nothing was said before, everything is new: 1.
    """
    if not new.aspects and not new.pairs:
        return 0.0
    unseen = sum(times for pair, times in new.pairs.items() if pair not in reflected.pairs)
    shares = [unseen / new.pairs.total()] if new.pairs else []
    if new.aspects:
        shares.append(_distance(reflected.aspects, new.aspects))
    return sum(shares) / len(shares)


def _distance(one: Counter[str], other: Counter[str]) -> float:
    if not one:
        return 1.0
    ones, others = one.total(), other.total()
    divergence = 0.0
    for name in {*one, *other}:
        p, q = one[name] / ones, other[name] / others
        middle = (p + q) / 2
        divergence += sum(share / 2 * math.log2(share / middle) for share in (p, q) if share)
    return math.sqrt(max(0.0, min(1.0, divergence)))


class _Rate:
    """Changes an hour, the last `hours` of them weighing most."""

    __slots__ = ("_at", "_hours", "_total")

    def __init__(self, hours: float) -> None:
        self._hours = hours
        self._total = 0.0
        self._at = 0.0

    def add(self, now: float) -> None:
        self._total = self._left(now) + 1
        self._at = now

    def per_h(self, now: float) -> float:
        """As of now; too low for as long as it has not been counted for those hours, so that a start is fresher, not staler."""
        return self._left(now) / self._hours

    def _left(self, now: float) -> float:
        return self._total * math.exp((self._at - now) / (self._hours * HOUR_S)) if self._total else 0.0


class _Lags:
    """Lags of reflected changes, by the hour in which these were recorded."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._by_hour: dict[float, Counter[int]] = {}  # lags by bin
        self._sums: dict[float, float] = {}
        self.sum_s = 0.0
        self.changes = 0

    def add(self, recorded_at: float, lag_s: float) -> None:
        hour = recorded_at // HOUR_S
        self._by_hour.setdefault(hour, Counter())[round(math.log(1 + lag_s, BIN))] += 1
        self._sums[hour] = self._sums.get(hour, 0.0) + lag_s
        self.sum_s += lag_s
        self.changes += 1

    def forget(self, now: float) -> None:
        for hour in [hour for hour in self._sums if (hour + 1) * HOUR_S < now - self._window_s]:
            self.sum_s -= self._sums.pop(hour)
            self.changes -= self._by_hour.pop(hour).total()

    def bins(self) -> Counter[int]:
        every: Counter[int] = Counter()
        for one in self._by_hour.values():
            every.update(one)
        return every


@dataclass(slots=True)
class _Restaurant:
    """What is known of one."""

    fast: _Rate
    slow: _Rate
    refreshed_at: float
    reflected_to: int
    cost: float = 1.0
    reads_per_day: float = 0.0
    novelty: float = 1.0
    pending: deque[tuple[int, float]] = field(default_factory=deque)  # position and time of each change
    look_at: float = NEVER
    is_running: bool = False
    failures: int = 0


class Tracker:
    """What waits where, since when, and what is due: a fold over changes and refreshes, the same for the same ones.

    Each decision costs as much as what changed or came due since the last. Times are in seconds and never go back.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        now: float,
        window_s: float = 24 * HOUR_S,
        max_runs_per_hour: int | None = None,
    ) -> None:
        self.policy = policy
        self._began = now
        self._most = max_runs_per_hour
        self._restaurants: dict[Key, _Restaurant] = {}
        self._looks: list[tuple[float, Key]] = []
        self._lags = _Lags(window_s)
        self._started: deque[float] = deque()  # runs of the last hour
        self._site = (_Rate(SITE_H), _Rate(SLOW_H))
        self._waiting = 0
        self._sum_at = 0.0  # of the times of all that wait

    def publish(self, key: Key, *, at: float, position: int = -1) -> None:
        """A result of this restaurant is published that reflects it up to a log position; from now on changes count."""
        if key not in self._restaurants:
            self._restaurants[key] = _Restaurant(_Rate(FAST_H), _Rate(SLOW_H), at, position)

    def weigh(self, key: Key, *, cost: float | None = None, reads_per_day: float | None = None) -> None:
        """What a run of this restaurant costs beside a usual one, and how often it is read; None: as before."""
        one = self._restaurants.get(key)
        if one is not None:
            one.cost = one.cost if cost is None else cost
            one.reads_per_day = one.reads_per_day if reads_per_day is None else reads_per_day

    def withdraw(self, key: Key) -> None:
        """It has no result any more, and needs none: what waited is forgotten."""
        one = self._restaurants.pop(key, None)
        if one is not None:
            self._waiting -= len(one.pending)
            self._sum_at -= sum(at for _, at in one.pending)

    def changed(self, key: Key, *, at: float, position: int, novelty: float = 1.0) -> None:
        """A change was recorded; of a restaurant that is not published it counts for nothing.

        One that is reflected already has the lag that it had, unless it is older than this tracker, which was not there.
        """
        one = self._restaurants.get(key)
        if one is None:
            return
        if position <= one.reflected_to:
            if at >= self._began:
                self._lags.add(at, max(0.0, one.refreshed_at - at))
            return
        for rate in (one.fast, one.slow, *self._site):
            rate.add(at)
        one.pending.append((position, at))
        one.novelty = novelty
        self._waiting += 1
        self._sum_at += at
        if not one.is_running and not one.failures:
            self._look(key, one, at)

    def due(self, now: float) -> list[Key]:
        """The restaurants to refresh now, those that gain most first; each is `reflected` or `failed` afterwards."""
        self._lags.forget(now)
        if self._waiting or self._lags.changes:
            self.policy.learn(self.mean_lag_s(now), now)
        ripe = []
        while self._looks and self._looks[0][0] <= now:
            at, key = heapq.heappop(self._looks)
            one = self._restaurants.get(key)
            if one is None or one.look_at != at or one.is_running or not one.pending:
                continue
            one.look_at = NEVER  # the same moment may stand here twice
            seen = self._seen(key, one, now)
            when = now if one.failures else self.policy.due_at(seen, now)
            if when <= now:
                ripe.append(seen)
            else:
                self._look(key, one, min(when, now + LOOK_AGAIN_S))
        ripe.sort(key=lambda each: (-worth(each), each.key))
        return self._within_budget(ripe, now)

    def reflected(self, key: Key, *, at: float, position: int) -> None:
        """A result is published that reflects the changes up to a log position."""
        one = self._restaurants.get(key)
        if one is None or (position <= one.reflected_to and not one.is_running):
            return
        one.reflected_to = max(one.reflected_to, position)
        while one.pending and one.pending[0][0] <= position:
            _, recorded_at = one.pending.popleft()
            self._lags.add(recorded_at, max(0.0, at - recorded_at))
            self._waiting -= 1
            self._sum_at -= recorded_at
        if not self._waiting:
            self._sum_at = 0.0  # what rounding left
        one.refreshed_at, one.is_running, one.failures = max(at, one.refreshed_at), False, 0
        if one.pending:
            self._look(key, one, at)

    def failed(self, key: Key, now: float) -> None:
        """The run did not succeed: it is tried again later, each time later still."""
        one = self._restaurants.get(key)
        if one is not None:
            one.is_running = False
            one.failures += 1
            self._look(key, one, now + min(RETRY_MOST_S, RETRY_FIRST_S * 2 ** (one.failures - 1)))

    def mean_lag_s(self, now: float) -> float:
        """The mean of `staleness`, at once."""
        changes = self._lags.changes + self._waiting
        return (self._lags.sum_s + self._waiting * now - self._sum_at) / changes if changes else 0.0

    def staleness(self, now: float) -> Staleness:
        """Of the changes recorded within the window, and of all that wait."""
        self._lags.forget(now)
        bins = self._lags.bins()
        bins.update(
            round(math.log(1 + max(0.0, now - at), BIN)) for one in self._restaurants.values() for _, at in one.pending
        )
        return Staleness(mean_s=self.mean_lag_s(now), p95_s=_percentile(bins, 0.95), changes=bins.total())

    def lag_of(self, key: Key, now: float) -> tuple[int, float]:
        """How many changes of this restaurant wait, and their mean lag in seconds."""
        one = self._restaurants.get(key)
        if one is None or not one.pending:
            return 0, 0.0
        return len(one.pending), sum(max(0.0, now - at) for _, at in one.pending) / len(one.pending)

    @property
    def waiting(self) -> tuple[int, int]:
        """Restaurants and changes that wait."""
        return sum(bool(one.pending) for one in self._restaurants.values()), self._waiting

    @property
    def published(self) -> Collection[Key]:
        """The restaurants that are followed."""
        return self._restaurants.keys()

    def _seen(self, key: Key, one: _Restaurant, now: float) -> Waiting:
        hour, day = (rate.per_h(now) for rate in self._site)
        pace = max(PACE_LEAST, min(PACE_MOST, (hour + PACE_PRIOR_PER_H) / (day + PACE_PRIOR_PER_H)))
        slow = PRIOR_PER_H + one.slow.per_h(now) / 2
        return Waiting(
            key=key,
            changes=len(one.pending),
            since=one.pending[0][1],
            refreshed_at=one.refreshed_at,
            rate_per_h=one.fast.per_h(now) / 2 + slow * pace,
            cost=one.cost,
            reads_per_day=one.reads_per_day,
            novelty=one.novelty,
        )

    def _within_budget(self, ripe: list[Waiting], now: float) -> list[Key]:
        while self._started and self._started[0] <= now - HOUR_S:
            self._started.popleft()
        left = len(ripe) if self._most is None else max(0, self._most - len(self._started))
        for one in ripe[left:]:
            self._look(one.key, self._restaurants[one.key], now)
        for one in ripe[:left]:
            self._restaurants[one.key].is_running = True
            if self._most is not None:
                self._started.append(now)
        return [one.key for one in ripe[:left]]

    def _look(self, key: Key, one: _Restaurant, at: float) -> None:
        one.look_at = at
        heapq.heappush(self._looks, (at, key))


def _percentile(bins: Counter[int], share: float) -> float:
    """The lag that so large a share of them does not exceed, to the width of a bin."""
    left = math.ceil(share * bins.total())
    for number in sorted(bins):
        left -= bins[number]
        if left <= 0:
            return float(BIN**number - 1)
    return 0.0
