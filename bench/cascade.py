"""How many tokens a cascade saves, and the accuracy that it costs, with judges of known accuracy in the model's place.

The built-in model decides where it is sure, a scripted judge the rest, through the real prompts, packing and parsing; tokens are
estimated. A scripted judge errs on each review with a chance of c·d², where c gives it its accuracy on all reviews and d is
the review's difficulty, a rank from 0 to 1, one of:

- `uncertain`: what the built-in model is unsure of is hard for the other too (its uncertainty and noise, half and half);
- `misread`: what the built-in model gets wrong is hard for the other too (the chance that it gives to the wrong label, and
  noise), as with sarcasm and with wrong stars;
- `apart`: drawn without regard to the built-in model.

Truth is the stars of NSMC (at most 4 or at least 9 of 10), balanced, every text once. Thresholds are chosen on one half of the
subjects that the built-in model was trained on: of the pairs that hold blame to at least as much as praise and spend at most
28 % of the tokens, the one whose worst loss over the three kinds of difficulty is smallest, for the judge of .95. They are
reported on the other half, and on subjects that the built-in model never saw (`fresh`), where it is right less often: those
rows say what to expect. `threshold` is praise-blame; `chosen` marks the pair; `share` is of the tokens that asking about every
review takes; `lost` is points of accuracy against that, `lost_at_95` the same of the judge of .95 on fresh subjects.
"""

import asyncio
import gzip
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.clock import new_dice
from matjip.inference.asking import AskingJudge
from matjip.inference.cached import CachedJudge
from matjip.inference.cascade import Cascade, CascadeSettings
from matjip.inference.judge import Judge
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.prompts.data import neutral
from matjip.inference.scripted import ScriptedModel
from matjip.inference.task import JudgeSentiment
from matjip.inference.tokens import Estimated

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
BARS = ("difficulty threshold share", "lost_at_95")
FOLDS, HELD_OUT, FRESH = 25, (1, 2), 1  # of NSMC's subjects, by id % 25; the built-in models never saw the held out
BLAME_TO, PRAISE_FROM = 4, 9  # of ten stars
REVIEWS, QUICK_REVIEWS = 8_000, 1_000
ACCURACIES = (0.92, 0.95, 0.97)
GOAL_ACCURACY, CHOICE_SHARE = 0.95, 0.28
STEPS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975)
CURVE = tuple(zip(STEPS, (0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99), strict=True))
DIFFICULTIES = ("uncertain", "misread", "apart")
Texts = tuple[str, ...]
Pair = tuple[float, float]


def rows(quick: bool) -> list[dict[str, object]]:
    source = DATA / "nsmc_reviews.tsv.gz"
    if not source.exists():
        return [{"subjects": f"not measured: no {source.name} in BENCH_DATA"}]
    return asyncio.run(_rows(source, QUICK_REVIEWS if quick else REVIEWS))


async def _rows(source: Path, size: int) -> list[dict[str, object]]:
    lite = CachedJudge(LiteJudge.load())
    groups = {name: await _Group.of(texts, lite) for name, texts in _texts(source, size).items()}
    chosen = await _chosen(groups.pop("choosing"))
    return [row for name, group in groups.items() for row in await _measured(name, group, chosen)]


async def _measured(name: str, group: "_Group", chosen: Pair) -> list[dict[str, object]]:
    about: dict[str, object] = {"subjects": name, "reviews": len(group.texts)}
    _, alone = await group.ask(group.lite)
    found = [about | {"engine": "lite", "tokens": 0, "share": 0.0, "accuracy": round(alone, 4)}]
    for difficulty in DIFFICULTIES:
        for accuracy in ACCURACIES:
            what = about | {"difficulty": difficulty, "judge_accuracy": accuracy}
            judge = group.judge(difficulty, accuracy)
            most, right = await group.ask(judge)
            found.append(what | {"engine": "llm", "tokens": most, "share": 1.0, "accuracy": round(right, 4)})
            for pair in sorted({*CURVE, chosen}):
                tokens, reached = await group.ask(Cascade(group.lite, judge, settings=_settings(pair)))
                lost = round(100 * (right - reached), 2)
                row = what | {
                    "engine": "cascade",
                    "threshold": f"{pair[0]:g}-{pair[1]:g}",
                    "chosen": "yes" if pair == chosen else "",
                    "tokens": tokens,
                    "share": round(tokens / most, 3),
                    "accuracy": round(reached, 4),
                    "lost": lost,
                }
                found.append(row | ({"lost_at_95": lost} if (name, accuracy) == ("fresh", GOAL_ACCURACY) else {}))
    return found


async def _chosen(group: "_Group") -> Pair:
    """The pair whose worst loss is smallest among those that spend little enough."""
    judges = [group.judge(difficulty, GOAL_ACCURACY) for difficulty in DIFFICULTIES]
    alone = [await group.ask(judge) for judge in judges]
    worst: dict[Pair, float] = {}
    for pair in ((praise, blame) for praise in STEPS for blame in STEPS if blame >= praise):
        asked = [await group.ask(Cascade(group.lite, judge, settings=_settings(pair))) for judge in judges]
        if asked[0][0] <= CHOICE_SHARE * alone[0][0]:
            worst[pair] = max(right - reached for (_, right), (_, reached) in zip(alone, asked, strict=True))
    return min(worst, key=lambda pair: (worst[pair], pair))


def _settings(pair: Pair) -> CascadeSettings:
    return CascadeSettings(positive_from=pair[0], negative_from=pair[1])


class _Group:
    """Reviews of some subjects, their truth, and what the built-in model thinks of them."""

    def __init__(self, texts: Texts, truth: NDArray[np.bool_], chances: NDArray[np.float64], lite: Judge) -> None:
        self.texts, self.lite = texts, lite
        self._truth, self._chances = truth, chances

    @classmethod
    async def of(cls, labelled: Mapping[str, bool], lite: Judge) -> "_Group":
        verdicts = await lite.judge(JudgeSentiment(tuple(labelled)))
        chances = np.array([one.answer.p_positive for one in verdicts])
        return cls(tuple(labelled), np.array(list(labelled.values())), chances, lite)

    def judge(self, difficulty: str, accuracy: float) -> AskingJudge:
        """A scripted judge that errs as often as it should, on the hard ones most."""
        draws = np.random.default_rng(7)
        noise, luck = draws.random(len(self.texts)), draws.random(len(self.texts))
        wrong = np.where(self._truth, 1 - self._chances, self._chances)
        hard = {
            "uncertain": _ranks(_ranks(-np.abs(self._chances - 0.5)) + noise),
            "misread": _ranks(_ranks(wrong) + noise),
            "apart": noise,
        }[difficulty]
        errs = luck < (1 - accuracy) * hard**2 / np.mean(hard**2)
        said = {
            neutral(text): bool(truth ^ err) for text, truth, err in zip(self.texts, self._truth, errs, strict=True)
        }
        model = ScriptedModel(lambda text: {"label": "positive" if said[text] else "negative", "confidence": 0.9})
        return AskingJudge(model, self.lite, counter=Estimated(), dice=new_dice(0))

    async def ask(self, judge: Judge) -> tuple[int, float]:
        """The tokens that it takes, and the share that it gets right; a neutral answer counts by its probability."""
        verdicts = await judge.judge(JudgeSentiment(self.texts))
        praised = np.array([one.answer.p_positive >= 0.5 for one in verdicts])
        return sum(one.tokens for one in verdicts), float(np.mean(praised == self._truth))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.argsort(np.argsort(values, kind="stable")) / len(values)
    return found


def _texts(source: Path, size: int) -> dict[str, dict[str, bool]]:
    """Balanced reviews, each text once: two halves of the subjects trained on, by subject, and those never seen."""
    found: dict[str, dict[bool, list[str]]] = {
        name: {True: [], False: []} for name in ("choosing", "other half", "fresh")
    }
    seen: set[str] = set()
    for subject, stars, text in _lines(source):
        if BLAME_TO < stars < PRAISE_FROM or (shown := neutral(text)) in seen or not shown.strip():
            continue
        seen.add(shown)
        fold = subject % FOLDS
        if fold not in HELD_OUT:
            found["choosing" if subject // FOLDS % 2 else "other half"][stars >= PRAISE_FROM].append(text)
        elif fold == FRESH:
            found["fresh"][stars >= PRAISE_FROM].append(text)
    dice = new_dice(0)
    return {name: _balanced(both, dice.sample, size) for name, both in found.items()}


def _balanced(both: Mapping[bool, Sequence[str]], sample, size: int) -> dict[str, bool]:
    each = min(size // 2, *map(len, both.values()))
    labelled = [(text, label) for label, texts in both.items() for text in sample(texts, each)]
    return dict(sample(labelled, len(labelled)))


def _lines(source: Path) -> Iterator[tuple[int, int, str]]:
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            subject, stars, text = line.rstrip("\n").split("\t", 2)
            yield int(subject), int(stars), text
