"""The built-in sentiment, adapted to one site: what may be learned from, what is set aside, and when the result is kept.

Restaurants are set aside whole and for ever, by a hash of their ids: no version of a tenant learns from them, so that any
two can be compared on them. An adaptation is kept where all of this holds:

- on the restaurants set aside its accuracy is higher, and the 95 % interval of the difference (restaurants drawn anew)
  lies above nought; its log loss there is no higher;
- on the sentences that ship with the product it loses at most `GUARD_LOSS` against the shipped judge, so that labels which
  are wrong everywhere, in the restaurants set aside too, cannot win.
"""

import hashlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from matjip.errors import Fault, Invalid
from matjip.evaluation.examples import TRUST, Example, Source
from matjip.evaluation.measures import calibration_error
from matjip.evaluation.resampling import Figure, figure, ratio, resampled
from matjip.inference.judge import Judge
from matjip.inference.lite.adapted import Adaptation, AdaptedJudge, log_odds, version_of
from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.features import normalise
from matjip.inference.lite.fitting import Lesson, fit
from matjip.inference.task import JudgeSentiment, Label, Sentiment

__all__ = [
    "GUARD_LOSS",
    "Adapted",
    "Comparison",
    "Reason",
    "Refusal",
    "Sets",
    "adapt",
    "compare",
    "guard",
    "is_set_aside",
    "lot",
    "points",
    "prepare",
]

Column = NDArray[np.float64]
Refusal = Literal["no_examples", "too_few_examples", "one_class", "too_few_restaurants", "labels_look_wrong"]
Reason = Literal["no_gain", "log_loss_rose", "guard_lost"]
Verdicts = Sequence[Sentiment]
Watch = Callable[[str], None]

SET_ASIDE = 1 / 3  # of the restaurants
HASH_BYTES = 8
LEAST_LEARNED, LEAST_MEASURED = 40, 20  # positive or negative examples on either side
LEAST_OF_A_CLASS = 10, 5
LEAST_RESTAURANTS = 8  # on either side: fewer, drawn anew, are no interval
MOST_OF_A_RESTAURANT = 0.2  # of either side's examples
MOST_OF_AN_AUTHOR = 0.05
FAIR_FLOOR = 3  # examples that anybody may give
MOST_LEARNED = 20_000  # examples: more cost time and gain nothing (bench/reports/adapt.md)
SURE = 0.9  # probability of the shipped judge's label
LEAST_SURE = 20  # answers before their share says anything
MOST_AGAINST_SURE = (
    0.25  # of the shipped judge's sure answers that labels may contradict; it errs in a few per cent of them
)
GUARD = "guard.tsv"  # label, text: ours, hard, half of them blame
GUARD_LOSS = 0.05  # of accuracy: eight of its sentences; a site of three praises to one blame may lose half of that
TARGET: Mapping[Label, float] = {"positive": 1.0, "negative": 0.0, "neutral": 0.5}
NEUTRAL_TRUST = 0.5  # "neutral" pulls towards the middle, half as hard as a side to its end
FLOOR = 1e-6  # of a probability in a log loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """What is learned from and what is set aside, and what was left out of both, by reason."""

    learned: tuple[Example, ...]
    aside: tuple[Example, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two judges on the same labelled texts; differences are paired, and their intervals draw whole restaurants anew."""

    texts: int
    restaurants: int
    accuracy_before: float
    accuracy_after: float
    gain: Figure  # of accuracy
    log_loss_before: float
    log_loss_after: float
    log_loss_gain: Figure
    calibration_error_before: float
    calibration_error_after: float
    decided_before: float  # share that is not left neutral
    decided_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """What came of it; `reason` and `sentence` say why where it is not kept."""

    adaptation: Adaptation
    body: bytes
    version: str
    compared_with: str  # the judge that answered when it was made
    sources: Mapping[Source, int]  # examples given
    learned: int
    left_out: Mapping[str, int]
    against_sure: float | None  # share of the shipped judge's sure answers that the labels contradict
    aside: Comparison  # with the judge that answers now
    guard: Comparison  # with the shipped judge
    reason: Reason | None
    sentence: str

    @property
    def kept(self) -> bool:
        return self.reason is None

    def report(self) -> dict[str, object]:
        """What was measured, as it is stored beside the version."""
        return {
            "compared_with": self.compared_with,
            "sources": dict(self.sources),
            "learned": self.learned,
            "left_out": dict(self.left_out),
            "against_sure": self.against_sure,
            "aside": asdict(self.aside),
            "guard": asdict(self.guard),
            "sentence": self.sentence,
        }


async def adapt(
    examples: Sequence[Example],
    shipped: Judge,
    *,
    tenant: str,
    current: Judge | None = None,
    seed: int = 0,
    on_step: Watch = lambda _: None,
) -> Adapted:
    """Learn from the examples, measure on what is set aside, and decide.

    Raises Invalid where there is nothing that could be learned or measured; `facts["refusal"]` names which.
    """
    sets = prepare(examples, tenant)
    on_step("reading")
    texts = tuple(one.text for one in sets.learned)
    answers = await shipped.judge(JudgeSentiment(texts))
    logits = log_odds([one.answer.p_positive for one in answers])
    against = _against_sure(sets.learned, 1 / (1 + np.exp(-logits)))
    if against is not None and against > MOST_AGAINST_SURE:
        raise _refused(
            "labels_look_wrong",
            f"contradict {against:.0%} of what the shipped judge is sure of",
            f"at most {MOST_AGAINST_SURE:.0%}; look whether labels are swapped or belong to other texts",
        )
    on_step("learning")
    names = {name: place for place, name in enumerate(dict.fromkeys(one.restaurant_id for one in sets.learned))}
    adaptation = fit(
        shipped.name,
        Lesson(
            texts=texts,
            shipped=logits,
            truth=np.array([TARGET[one.label] for one in sets.learned]),
            weights=np.array(
                [TRUST[one.source] * (NEUTRAL_TRUST if one.label == "neutral" else 1) for one in sets.learned]
            ),
            groups=np.array([names[one.restaurant_id] for one in sets.learned]),
        ),
    )
    on_step("measuring")
    body = adaptation.to_bytes()
    candidate = AdaptedJudge(shipped, adaptation, version=version_of(body))
    aside = await compare(current or shipped, candidate, sets.aside, seed=seed)
    guarded = await compare(shipped, candidate, guard(), seed=seed)
    reason, sentence = _decided(aside, guarded)
    return Adapted(
        adaptation=adaptation,
        body=body,
        version=version_of(body),
        compared_with=(current or shipped).name,
        sources=dict(Counter(one.source for one in examples)),
        learned=len(sets.learned),
        left_out=sets.left_out,
        against_sure=against,
        aside=aside,
        guard=guarded,
        reason=reason,
        sentence=sentence,
    )


async def compare(before: Judge, after: Judge, examples: Sequence[Example], *, seed: int = 0) -> Comparison:
    """Both on the examples that are positive or negative; there must be one."""
    sided = [one for one in examples if one.label != "neutral"]
    task = JudgeSentiment(tuple(one.text for one in sided))
    answers = [[one.answer for one in await judge.judge(task)] for judge in (before, after)]
    praise = np.array([one.label == "positive" for one in sided])
    groups = np.unique([one.restaurant_id for one in sided], return_inverse=True)[1]
    columns = {"all": np.ones(len(sided))}
    for name, found in zip(("before", "after"), answers, strict=True):
        chance = np.clip([one.p_positive for one in found], FLOOR, 1 - FLOOR)
        columns[f"right {name}"] = ((chance >= 0.5) == praise).astype(float)
        columns[f"loss {name}"] = -np.log(np.where(praise, chance, 1 - chance))
    sums = resampled(
        {name: np.bincount(groups, weights=column).astype(np.float64) for name, column in columns.items()}, seed=seed
    )
    shares = {name: float(column.mean()) for name, column in columns.items()}
    return Comparison(
        texts=len(sided),
        restaurants=int(groups.max()) + 1,
        accuracy_before=shares["right before"],
        accuracy_after=shares["right after"],
        gain=figure(ratio(sums["right after"] - sums["right before"], sums["all"])),
        log_loss_before=shares["loss before"],
        log_loss_after=shares["loss after"],
        log_loss_gain=figure(ratio(sums["loss before"] - sums["loss after"], sums["all"])),
        calibration_error_before=_gap(answers[0], praise),
        calibration_error_after=_gap(answers[1], praise),
        decided_before=_decided_share(answers[0]),
        decided_after=_decided_share(answers[1]),
    )


def guard() -> list[Example]:
    """The sentences that ship with the product, a restaurant each."""
    lines = (files("matjip.evaluation") / GUARD).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [
        Example(
            text=text,
            label="positive" if label == "positive" else "negative",
            source="labels",
            restaurant_id=str(place),
        )
        for place, (label, text) in enumerate(rows)
    ]


def is_set_aside(tenant: str, restaurant_id: str) -> bool:
    """Whether this restaurant's examples are measured on, and never learned from."""
    return lot("aside", tenant, restaurant_id) < SET_ASIDE


def prepare(examples: Sequence[Example], tenant: str) -> Sets:
    """Both sides, with nobody's voice louder than allowed and no text on both. Raises Invalid where a side is too small."""
    if not examples:
        raise _refused("no_examples", "are none", "labels, ratings, corrections or decisions to learn from")
    left_out: Counter[str] = Counter()
    once = _once(examples, left_out)
    sides: list[list[Example]] = []
    for aside in (False, True):
        side = [one for one in once if is_set_aside(tenant, one.restaurant_id) == aside]
        if not aside:
            known = {normalise(one.text) for one in once if is_set_aside(tenant, one.restaurant_id)}
            fresh = [one for one in side if normalise(one.text) not in known]
            left_out["said in a restaurant set aside too"] += len(side) - len(fresh)
            side = fresh
        _check_restaurants("set aside" if aside else "learned from", side)
        side = _fair(side, lambda one: one.restaurant_id, MOST_OF_A_RESTAURANT, "over a restaurant's share", left_out)
        side = _fair(side, lambda one: one.author, MOST_OF_AN_AUTHOR, "over an author's share", left_out)
        sides.append(side)
    learned, aside_ = sides
    if len(learned) > MOST_LEARNED:
        left_out["more than are needed"] += len(learned) - MOST_LEARNED
        learned = sorted(learned, key=_lot)[:MOST_LEARNED]
    _check("learned from", learned, LEAST_LEARNED, LEAST_OF_A_CLASS[0], left_out)
    _check("set aside", aside_, LEAST_MEASURED, LEAST_OF_A_CLASS[1], left_out)
    return Sets(learned=tuple(learned), aside=tuple(aside_), left_out={name: n for name, n in left_out.items() if n})


def _once(examples: Sequence[Example], left_out: Counter[str]) -> list[Example]:
    """Each long text once, however often it was copied, and each short one once a restaurant; none with two labels.

    Of copies whoever is trusted most speaks, and by lot: the order of a file decides nothing.
    """
    same: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for one in sorted(examples, key=lambda one: (-TRUST[one.source], _lot(one))):
        same[normalise(one.text), one.restaurant_id].append(one)
    groups = list(same.values())
    copies: dict[int, list[Example]] = defaultdict(list)
    for place, original in enumerate(near_duplicates([group[0].text for group in groups])):
        copies[place if original is None else original] += groups[place]
    found = []
    for group in copies.values():
        best = max(TRUST[one.source] for one in group)
        trusted = [one for one in group if TRUST[one.source] == best]
        if len({one.label for one in trusted}) > 1:
            left_out["labelled in two ways"] += len(group)
            continue
        left_out["copies"] += len(group) - 1
        found.append(trusted[0])
    return found


def _fair(
    examples: Sequence[Example],
    of: Callable[[Example], str | None],
    share: float,
    why: str,
    left_out: Counter[str],
) -> list[Example]:
    """Without what anybody has above his share of what remains; who is kept is drawn by lot."""
    counts = Counter(name for one in examples if (name := of(one)) is not None)
    free = sum(of(one) is None for one in examples)

    def is_over(most: int) -> bool:
        return most > share * (free + sum(min(count, most) for count in counts.values()))

    # From some number on it is too much, and below it never.
    most = bisect_left(range(FAIR_FLOOR + 1, max(counts.values(), default=0) + 1), 1, key=is_over) + FAIR_FLOOR
    taken: Counter[str] = Counter()
    kept = []
    for one in sorted(examples, key=_lot):
        name = of(one)
        if name is not None:
            taken[name] += 1
            if taken[name] > most:
                left_out[why] += 1
                continue
        kept.append(one)
    return kept


def _check(side: str, examples: Sequence[Example], least: int, of_a_class: int, left_out: Mapping[str, int]) -> None:
    counts = Counter(one.label for one in examples)
    sided = counts["positive"] + counts["negative"]
    without = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
    also = f" (left out: {without})" if without else ""
    if sided < least:
        raise _refused(
            "too_few_examples", f"to be {side} are {sided:,}{also}", f"at least {least} positive or negative"
        )
    if min(counts["positive"], counts["negative"]) < of_a_class:
        wrong = f"to be {side} are {counts['positive']:,} positive and {counts['negative']:,} negative{also}"
        raise _refused("one_class", wrong, f"at least {of_a_class} of each")


def _check_restaurants(side: str, examples: Sequence[Example]) -> None:
    restaurants = len({one.restaurant_id for one in examples})
    if examples and restaurants < LEAST_RESTAURANTS:
        wrong = f"to be {side} are of {restaurants} restaurants"
        raise _refused("too_few_restaurants", wrong, f"at least {LEAST_RESTAURANTS}; a third of all is set aside")


def _against_sure(examples: Sequence[Example], chances: Column) -> float | None:
    """How much of what the shipped judge is sure of the labels contradict; None where it is sure of too little.

    Corrections are what it was wrong about, and what nobody corrected is its own answer: neither is asked.
    """
    sure = [
        (chance >= SURE) == (one.label == "positive")
        for one, chance in zip(examples, chances.tolist(), strict=True)
        if one.label != "neutral" and one.source not in ("corrections", "kept") and max(chance, 1 - chance) >= SURE
    ]
    return 1 - sum(sure) / len(sure) if len(sure) >= LEAST_SURE else None


def _decided(aside: Comparison, guarded: Comparison) -> tuple[Reason | None, str]:
    lost = guarded.accuracy_before - guarded.accuracy_after
    if aside.gain.low is None or aside.gain.low <= 0:
        return (
            "no_gain",
            f"On the restaurants set aside accuracy changes by {points(aside.gain)}, which may be nothing.",
        )
    if aside.log_loss_after > aside.log_loss_before:
        return "log_loss_rose", (
            f"On the restaurants set aside the log loss rises from {aside.log_loss_before:.3f} to {aside.log_loss_after:.3f}."
        )
    if lost > GUARD_LOSS:
        return "guard_lost", (
            f"Of the sentences that ship with the product it reads {lost * 100:.1f} points fewer rightly than the shipped judge, "
            f"and at most {GUARD_LOSS * 100:.0f} may be lost: the labels may be wrong everywhere."
        )
    return None, f"On the restaurants set aside accuracy changes by {points(aside.gain)}."


def points(gain: Figure) -> str:
    """A difference of accuracy with its interval, in points of a hundred."""
    if gain.value is None or gain.low is None or gain.high is None:
        return "nothing that could be measured"
    return f"{gain.value * 100:+.1f} points (95 %: {gain.low * 100:+.1f} to {gain.high * 100:+.1f})"


def _refused(refusal: Refusal, wrong: str, right: str) -> Invalid:
    fault = Fault(where="the examples", wrong=wrong, right=right)
    return Invalid(str(fault), faults=(fault,), facts={"refusal": refusal})


def lot(*words: str) -> float:
    """The same words throw the same number, from 0 to 1."""
    digest = hashlib.blake2b("\0".join(words).encode(errors="surrogatepass"), digest_size=HASH_BYTES).digest()
    return float(int.from_bytes(digest) / 2 ** (8 * HASH_BYTES))


def _lot(one: Example) -> tuple[float, str]:
    return lot("lot", one.restaurant_id, one.text), one.label


def _gap(answers: Verdicts, praise: NDArray[np.bool_]) -> float:
    return calibration_error([one.p_positive for one in answers], praise.tolist())


def _decided_share(answers: Verdicts) -> float:
    return sum(one.label != "neutral" for one in answers) / len(answers)
