"""How few runs keep results an hour fresh: refresh policies on simulated streams, through the code that decides in service.

2,000 restaurants, 7 simulated days, of which the first is warm-up and not counted; several seeds, whose runs are averaged
and whose worst mean is shown. "power law": rates fall as 1/(rank + 3) to a mean of six reviews a day and restaurant, with a
day's rhythm. "quiet power law": the same with one a day. "bursts": as when a film opens: the size of a burst is Pareto
(0.9), it decays over a day or so, and little follows; NSMC has no dates, so that the shape is ours.
A run reflects all that was recorded before it and takes no time; reads follow the rate, with log-normal chance.
"as configured": every 10 minutes whatever changed; tiers of 10 minutes from 1,000 reads a
day, of an hour from 100, of a day for the rest;
update_score from a score of 3, and a sweep once a day. "tuned": those with the fewest runs that hold the hour on the first
seed, found in hindsight: one interval; three tiers over cut-offs and intervals; threshold and sweep. `matjip` is given the
target alone and begins each seed anew. "known future": the fewest runs of whoever knows every review beforehand, by dynamic
programming: a bound that nobody reaches. `saved` is against every 10 minutes. Ticks are a minute where nothing is said.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from random import Random

import numpy as np

from matjip.analysis.freshness import HOUR_S, Every, Policy, Priced, Said, Tiers, Tracker, UpdateScore, novelty_ratio
from matjip.clock import new_dice

__all__ = ["Stream", "Told", "bursts", "power_law", "rows", "simulate"]

BARS = ("stream policy", "runs")
DAY_H = 24
DAYS, WARM_DAYS = 7, 1
RESTAURANTS, QUICK_RESTAURANTS = 2_000, 80
SEEDS, QUICK_SEEDS = 3, 1
TICK_S, SLOW_TICK_S = 60.0, 600.0
TARGETS_H = (0.5, 1.0, 2.0)
MAX_WAIT_S = 6 * HOUR_S  # as the setting
INTERVALS_S = tuple(60.0 * each for each in (10, 20, 30, 60, 90, 120, 150, 180, 240, 360, 720))
CUTS = (0.01, 0.03, 0.1, 0.2, 0.4, 0.7)  # shares of the restaurants, the most read first
THRESHOLDS = (1.0, 2.0, 3.0, 4.5, 7.0)
READS_PER_REVIEW = 30
ASPECTS, WORDS = 10, 60
PRAISE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Reviews of restaurants 0, 1, 2 and so on: when, in seconds, and of which; and how often each restaurant is read."""

    at: tuple[float, ...]
    restaurant: tuple[int, ...]
    says: tuple[tuple[tuple[str, str], ...], ...]  # "taste+" and a word, of each
    reads_per_day: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a policy came to, after the warm-up."""

    runs: int
    lags_s: np.ndarray
    restaurants: np.ndarray  # of each lag
    ran: Counter[int]  # runs by restaurant

    @property
    def mean_h(self) -> float:
        return float(self.lags_s.mean()) / HOUR_S

    @property
    def p95_h(self) -> float:
        return float(np.percentile(self.lags_s, 95)) / HOUR_S


def rows(quick: bool) -> list[dict[str, object]]:
    restaurants, seeds = (QUICK_RESTAURANTS, QUICK_SEEDS) if quick else (RESTAURANTS, SEEDS)
    kinds: dict[str, Callable[[int], Stream]] = {
        "power law": lambda seed: power_law(seed, restaurants=restaurants, a_day=6.0),
        "quiet power law": lambda seed: power_law(seed, restaurants=restaurants, a_day=1.0),
        "bursts": lambda seed: bursts(seed, restaurants=restaurants),
    }
    found: list[dict[str, object]] = []
    for kind, make in kinds.items():
        streams = [make(seed) for seed in range(seeds)]
        compared = list(_compared(kind, streams))
        plain = next(int(str(row["runs"])) for row in compared if row["policy"] == "every 10 min")
        found += [row | {"saved": round(1 - int(str(row["runs"])) / plain, 3)} for row in compared]
    return found


def _compared(kind: str, streams: Sequence[Stream]) -> Iterator[dict[str, object]]:
    first = streams[0]
    interval_s, tiers, (threshold, sweep_s) = _tuned_every(first), _tuned_tiers(first), _tuned_score(first)
    named: list[tuple[str, Callable[[], Policy], float]] = [
        ("every 10 min", lambda: Every(600.0), TICK_S),
        (f"every, tuned: {interval_s / 60:.0f} min", lambda: Every(interval_s), TICK_S),
        ("tiers", lambda: Tiers({1_000: 600.0, 100: HOUR_S, 0: DAY_H * HOUR_S}), TICK_S),
        ("tiers, tuned: " + _minutes(tiers.values()), lambda: Tiers(tiers), TICK_S),
        ("update_score ≥ 3", lambda: UpdateScore(3.0, max_wait_s=DAY_H * HOUR_S), TICK_S),
        (
            f"update_score, tuned: ≥ {threshold:g} or {sweep_s / 60:.0f} min",
            lambda: UpdateScore(threshold, max_wait_s=sweep_s),
            TICK_S,
        ),
        *((f"matjip, {target:g} h", _priced(target), TICK_S) for target in TARGETS_H),
        ("matjip, 1 h, tick 10 min", _priced(1.0), SLOW_TICK_S),
    ]
    for name, policy, tick_s in named:
        told = [simulate(stream, policy(), tick_s=tick_s) for stream in streams]
        yield _row(kind, name, [each.runs for each in told], told)
    yield {"stream": kind, "policy": "known future"} | _bound(first)


def _priced(target_h: float) -> Callable[[], Policy]:
    return lambda: Priced(target_h * HOUR_S, max_wait_s=MAX_WAIT_S)


def _row(kind: str, name: str, runs: Sequence[int], told: Sequence[Told]) -> dict[str, object]:
    return {
        "stream": kind,
        "policy": name,
        "runs": round(sum(runs) / len(runs)),
        "reviews": round(sum(len(each.lags_s) for each in told) / len(told)),
        "mean_staleness_h": round(sum(each.mean_h for each in told) / len(told), 3),
        "p95_staleness_h": round(sum(each.p95_h for each in told) / len(told), 2),
        "worst_mean_h": round(max(each.mean_h for each in told), 3),
    }


def simulate(
    stream: Stream, policy: Policy, *, tick_s: float = TICK_S, days: int = DAYS, warm_days: int = WARM_DAYS
) -> Told:
    """The stream through a tracker of the product: at each tick what was recorded is told, and what is due runs at once."""
    tracker = Tracker(policy, now=0.0)
    keys = [("t", str(number)) for number in range(len(stream.reads_per_day))]
    numbers = {key: number for number, key in enumerate(keys)}
    for number, key in enumerate(keys):
        tracker.publish(key, at=0.0)
        tracker.weigh(key, reads_per_day=stream.reads_per_day[number])
    heard = _Heard(stream) if policy.name == "update_score" else None
    waiting: dict[int, list[float]] = defaultdict(list)
    warm_s, end_s, next_review = warm_days * DAY_H * HOUR_S, days * DAY_H * HOUR_S, 0
    lags: list[float] = []
    of: list[int] = []
    ran: Counter[int] = Counter()
    for tick in range(1, round(end_s / tick_s) + 1):
        now = tick * tick_s
        while next_review < len(stream.at) and stream.at[next_review] <= now:
            at, number = stream.at[next_review], stream.restaurant[next_review]
            novelty = heard.novelty(next_review) if heard else 1.0
            tracker.changed(keys[number], at=at, position=next_review, novelty=novelty)
            waiting[number].append(at)
            next_review += 1
        for key in tracker.due(now):
            number = numbers[key]
            tracker.reflected(key, at=now, position=next_review - 1)
            if heard:
                heard.reflected(number)
            for at in waiting.pop(number, ()):
                if at >= warm_s:
                    lags.append(now - at)
                    of.append(number)
            ran[number] += now > warm_s
    for number, times in waiting.items():  # of what still waits, as it stands
        late = [end_s - at for at in times if at >= warm_s]
        lags += late
        of += [number] * len(late)
    return Told(runs=ran.total(), lags_s=np.array(lags), restaurants=np.array(of), ran=ran)


class _Heard:
    """What reviews say, reflected and not: what a novelty is worked out from."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._old: dict[int, Said] = defaultdict(Said)
        self._new: dict[int, Said] = defaultdict(Said)

    def novelty(self, review: int) -> float:
        number = self._stream.restaurant[review]
        new = self._new[number]
        for aspect, word in self._stream.says[review]:
            new.aspects[aspect] += 1
            new.pairs[aspect[:-1], word] += 1
        return novelty_ratio(self._old[number], new)

    def reflected(self, number: int) -> None:
        old, new = self._old[number], self._new.pop(number, Said())
        old.aspects.update(new.aspects)
        old.pairs.update(new.pairs)


def power_law(seed: int, *, restaurants: int, a_day: float, days: int = DAYS) -> Stream:
    """Rates that fall as 1/(rank + 3), `a_day` reviews on average, more at noon and in the evening than at night."""
    dice = new_dice(seed)
    weights = [1 / (rank + 3) for rank in range(restaurants)]
    rates = [a_day / DAY_H * restaurants * weight / sum(weights) for weight in weights]
    times = [
        [
            at
            for at in _poisson(dice, rate * RHYTHM_MOST, 0.0, days * DAY_H)
            if dice.random() * RHYTHM_MOST < _rhythm(at)
        ]
        for rate in rates
    ]
    return _stream(dice, times, rates)


def bursts(seed: int, *, restaurants: int, days: int = DAYS) -> Stream:
    """One burst each, of Pareto's size, begun at some time in eleven days, decaying over a day or so; and little besides."""
    dice = new_dice(seed)
    times = []
    for _ in range(restaurants):
        size = round(min(3_000.0, 8 * dice.paretovariate(0.9)))
        start, decay_h = dice.uniform(-4 * DAY_H, days * DAY_H), dice.lognormvariate(math.log(30), 0.6)
        found = _poisson(dice, 0.3 / DAY_H, 0.0, days * DAY_H)
        while size:
            at = start + dice.expovariate(1 / decay_h)
            if dice.random() * RHYTHM_MOST < _rhythm(at):
                size -= 1
                found += [at] if 0 <= at < days * DAY_H else []
        times.append(found)
    return _stream(dice, times, [len(each) / days / DAY_H for each in times])


def _rhythm(at_h: float) -> float:
    """Of reviews in the hours of a day: a noon and a higher evening, and hardly any at night; 1 on average."""
    turn = (at_h % DAY_H) / DAY_H * 2 * math.pi
    return max(0.08, 1 + 0.9 * math.sin(turn - 2.36) + 0.4 * math.sin(2 * turn - 4.19)) / RHYTHM_MEAN


RHYTHM_MEAN = 1.0  # until it is known
RHYTHM_MEAN = sum(_rhythm(each / 10) for each in range(10 * DAY_H)) / (10 * DAY_H)
RHYTHM_MOST = max(_rhythm(each / 10) for each in range(10 * DAY_H)) * 1.01


def _poisson(dice: Random, rate_per_h: float, start_h: float, end_h: float) -> list[float]:
    found, at = [], start_h + dice.expovariate(rate_per_h)
    while at < end_h:
        found.append(at)
        at += dice.expovariate(rate_per_h)
    return found


def _stream(dice: Random, times_h: Sequence[Sequence[float]], rates: Sequence[float]) -> Stream:
    events = sorted((at, number) for number, times in enumerate(times_h) for at in times)
    leanings = [[dice.gammavariate(0.5, 1) for _ in range(ASPECTS)] for _ in times_h]
    says = []
    for _, number in events:
        aspects = dice.choices(range(ASPECTS), leanings[number], k=dice.choice((1, 2, 3)))
        words = (min(WORDS, round(dice.paretovariate(0.8))) for _ in aspects)
        says.append(
            tuple(
                (f"{aspect}{'+' if dice.random() < PRAISE else '-'}", f"{word}")
                for aspect, word in zip(aspects, words, strict=True)
            )
        )
    return Stream(
        at=tuple(at * HOUR_S for at, _ in events),
        restaurant=tuple(number for _, number in events),
        says=tuple(says),
        reads_per_day=tuple(rate * DAY_H * READS_PER_REVIEW * dice.lognormvariate(0, 1) for rate in rates),
    )


def _tuned_every(stream: Stream) -> float:
    """The longest interval that holds the hour, to five minutes."""
    return max(
        interval_s
        for interval_s in (300.0 * steps for steps in range(20, 27))
        if simulate(stream, Every(interval_s)).mean_h <= 1.0 or interval_s == 20 * 300.0
    )


def _tuned_tiers(stream: Stream) -> dict[float, float]:
    """The three tiers that hold the hour with the fewest runs, among all cut-offs and intervals of the grid."""
    restaurants = len(stream.reads_per_day)
    order = sorted(range(restaurants), key=lambda number: -stream.reads_per_day[number])
    runs, lags = np.zeros((len(INTERVALS_S), restaurants + 1)), np.zeros((len(INTERVALS_S), restaurants + 1))
    reviews = 1
    for at, interval_s in enumerate(INTERVALS_S):
        told = simulate(stream, Tiers({0: interval_s}))
        ran = np.array([told.ran[number] for number in order])
        lag = np.bincount(told.restaurants, told.lags_s, restaurants)[order]
        runs[at, 1:], lags[at, 1:], reviews = np.cumsum(ran), np.cumsum(lag), len(told.lags_s)
    best: tuple[float, dict[float, float]] | None = None
    for few, more in combinations_with_replacement((0.0, *CUTS), 2):
        bounds = [0, round(few * restaurants), round(more * restaurants), restaurants]
        for chosen in product(range(len(INTERVALS_S)), repeat=3):
            spans = list(zip(chosen, bounds, bounds[1:], strict=False))
            lag = sum(lags[at, high] - lags[at, low] for at, low, high in spans)
            cost = sum(runs[at, high] - runs[at, low] for at, low, high in spans)
            if lag <= HOUR_S * reviews and (best is None or cost < best[0]):
                least = [stream.reads_per_day[order[max(0, bound - 1)]] for bound in bounds[1:3]]
                if not bounds[1]:
                    least[0] = math.inf
                if not bounds[2]:
                    least[1] = math.inf
                best = (cost, {0.0: INTERVALS_S[chosen[2]]} | _tiers(least, chosen))
    assert best is not None  # ten minutes for all hold it
    return best[1]


def _tiers(least: Sequence[float], chosen: Sequence[int]) -> dict[float, float]:
    return {reads: INTERVALS_S[at] for reads, at in zip(reversed(least), (chosen[1], chosen[0]), strict=True)}


def _tuned_score(stream: Stream) -> tuple[float, float]:
    """The threshold, and the longest sweep with it that holds the hour, that have the fewest runs."""
    found = []
    for threshold in THRESHOLDS:
        low, high = math.log(600.0), math.log(DAY_H * HOUR_S)
        for _ in range(7):
            middle = (low + high) / 2
            told = simulate(stream, UpdateScore(threshold, max_wait_s=math.exp(middle)))
            low, high = (middle, high) if told.mean_h <= 1.0 else (low, middle)
            if told.mean_h <= 1.0:
                found.append((told.runs, threshold, math.exp(middle)))
    _, threshold, sweep_s = min(found)
    return threshold, sweep_s


def _minutes(seconds: Iterable[float]) -> str:
    return "/".join(f"{each / 60:.0f}" for each in sorted(seconds)) + " min"


def _bound(stream: Stream) -> dict[str, object]:
    """The fewest runs with a mean lag of an hour, every review known beforehand: the price of a run that comes to it."""
    times: dict[int, list[float]] = defaultdict(list)
    for at, number in zip(stream.at, stream.restaurant, strict=True):
        if at >= WARM_DAYS * DAY_H * HOUR_S:
            times[number].append(at / HOUR_S)
    low, high, found = 0.0, 6.0, (0, np.zeros(1))
    for _ in range(9):
        middle = (low + high) / 2
        tried = [_known(each, math.exp(middle)) for each in times.values()]
        lags = np.array([lag for _, each in tried for lag in each])
        low, high = (middle, high) if lags.mean() <= 1.0 else (low, middle)
        if lags.mean() <= 1.0:
            found = (sum(runs for runs, _ in tried), lags)
    return {
        "runs": found[0],
        "reviews": len(found[1]),
        "mean_staleness_h": round(float(found[1].mean()), 3),
        "p95_staleness_h": round(float(np.percentile(found[1], 95)), 2),
    }


def _known(times: Sequence[float], price: float) -> tuple[int, list[float]]:
    """The runs and the lags that cost least together, each run right at a review."""
    least, began = [0.0], [0]
    for last in range(1, len(times) + 1):
        lag, best, first = 0.0, math.inf, last
        for start in range(last - 1, -1, -1):
            lag += times[last - 1] - times[start]
            if lag > 2 * price + 1:  # two runs cost less
                break
            if least[start] + price + lag < best:
                best, first = least[start] + price + lag, start
        least.append(best)
        began.append(first)
    runs, lags, last = 0, [], len(times)
    while last:
        runs += 1
        lags += [times[last - 1] - at for at in times[began[last] : last]]
        last = began[last]
    return runs, lags
