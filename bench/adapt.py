"""Adaptation: what a site's own labels and stars gain in restaurants and films that nothing was learned from, and what is lost elsewhere.

BENCH_DATA names the folder of `kor_semeval14_train.csv` and `nsmc_reviews.tsv.gz`; both are read and never copied, and what is
learned from them is thrown away. Every line starts from the shipped weights and runs `matjip adapt`'s own function.
"labels": half of Kor-SemEval's sentences of one polarity, as labels of a site, measured on the other half ("A→B", "B→A").
The sentences name no restaurant: each half is made into sixty by a hash of the text.
"stars": films that the shipped weights never saw (subjects with id % 25 = 1), half of them as a site with stars (NSMC's
1 to 10 halved), measured on the reviews up to 2 and from 4 stars of the other half's films. Of a restaurant or a film at most
20 texts are measured.
`labels` were given, of which two thirds of the restaurants are learned from and a third is set aside. `gain` is of accuracy,
in points, with its 95 % interval by drawing whole restaurants (films) anew; log losses are on the same texts. `kept` is what the
product's rule says, which sees only the labels given. `own` and `other` are points gained (below nought: lost) on the sentences
that ship with the product and on the other data set, by the candidate whether it is kept or not.
The last rows of each way give labels of which some are wrong on purpose, and measure on right ones.
"""

import asyncio
import csv
import gzip
import hashlib
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from matjip.clock import new_dice
from matjip.errors import Invalid
from matjip.evaluation.adapt import adapt, compare, guard
from matjip.evaluation.examples import Example
from matjip.inference.cached import CachedJudge
from matjip.inference.judge import Judge
from matjip.inference.lite.adapted import AdaptedJudge
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import Label

__all__ = ["rows"]

BARS = ("data labels", "gain")
SENTENCES, FILMS = "kor_semeval14_train.csv", "nsmc_reviews.tsv.gz"  # under BENCH_DATA
GIVEN = (100, 300, 1_000, 3_000, 10_000)
SPOKEN_OF = re.compile("가격|비싸|저렴|서비스|직원")
SAID = {"긍정", "부정", "중립", "대립"}
SIDES: dict[str, Label] = {"긍정": "positive", "부정": "negative"}
FOLDS, DEVELOPMENT = 25, 1  # films by id, as training sets them aside
RESTAURANTS = 60  # a half
OF_A_FILM = 20
OTHERS = 2_000  # texts of the other data set that the loss is measured on
HOSTILE_LABELS = 3_000
SEED = 0
SWAPPED: dict[Label, Label] = {"positive": "negative", "negative": "positive", "neutral": "neutral"}
Examples = list[Example]


def rows(quick: bool) -> list[dict[str, object]]:
    folder = Path(os.environ.get("BENCH_DATA", ""))
    if not (folder / SENTENCES).exists() or not (folder / FILMS).exists():
        print(f"bench adapt: BENCH_DATA names no folder with {SENTENCES} and {FILMS}", file=sys.stderr)
        return []
    return asyncio.run(_rows(folder, quick=quick))


async def _rows(folder: Path, *, quick: bool) -> list[dict[str, object]]:
    shipped = CachedJudge(LiteJudge.load(), entries=200_000)
    sentences, films = _halves(_sentences(folder / SENTENCES)), _halves(_films(folder / FILMS))
    given = GIVEN[:2] if quick else GIVEN
    found: list[dict[str, object]] = []
    for data, halves, elsewhere in (("labels", sentences, films), ("stars", films, sentences)):
        other = _drawn([one for half in elsewhere for one in half if one.label != "neutral"], OTHERS)
        for way, name in enumerate(("A→B", "B→A")):
            mine, theirs = _drawn(halves[way]), _measured(halves[1 - way])
            for size in [*(size for size in given if size < len(mine)), *([] if quick else [len(mine)])]:
                found.append(await _row(f"{data} {name}", mine[:size], theirs, other, shipped))
            for how, wrong in HOSTILE.items():
                hostile = [wrong(one) for one in _drawn(mine, HOSTILE_LABELS)]
                found.append(await _row(f"{data} {name}, {how}", hostile, theirs, other, shipped))
    return found


def _drawn(examples: Examples, size: int | None = None) -> Examples:
    return new_dice(SEED).sample(examples, len(examples))[:size]


def _measured(examples: Examples) -> Examples:
    """Praise and blame, and nobody louder than others."""
    taken: Counter[str] = Counter()
    found = []
    for one in _drawn(examples):
        taken[one.restaurant_id] += one.label != "neutral"
        if one.label != "neutral" and taken[one.restaurant_id] <= OF_A_FILM:
            found.append(one)
    return found


async def _row(name: str, given: Examples, theirs: Examples, other: Examples, shipped: Judge) -> dict[str, object]:
    row: dict[str, object] = {"data": name}
    try:
        made = await adapt(given, shipped, tenant="bench", seed=SEED)
    except Invalid as error:
        return row | {"labels": len(given), "kept": f"refused: {error.facts['refusal']}"}
    candidate: Judge = AdaptedJudge(shipped, made.adaptation, version=made.version)
    there = await compare(shipped, candidate, theirs, seed=SEED)
    own = await compare(shipped, candidate, guard(), seed=SEED)
    lost = await compare(shipped, candidate, other, seed=SEED)
    return row | {
        "labels": len(given),
        "learned": made.learned,
        "texts": there.texts,
        "before": round(there.accuracy_before, 4),
        "after": round(there.accuracy_after, 4),
        "gain": _points(there.gain.value),
        "95 %": f"{_points(there.gain.low):+} to {_points(there.gain.high):+}",
        "log_loss_before": round(there.log_loss_before, 3),
        "log_loss_after": round(there.log_loss_after, 3),
        "kept": made.reason or "yes",
        "own": _points(own.gain.value),
        "other": _points(lost.gain.value),
        "kb": round(len(made.body) / 1_000, 1),
    }


def _points(share: float | None) -> float:
    return round(100 * (share or 0.0), 1)


def _sentences(file: Path) -> Examples:
    """Those of one polarity, each of a restaurant made by its hash."""
    said: dict[str, set[str]] = defaultdict(set)
    with file.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            said[line["original_sentence"]].add(line["label"])
    return [
        Example(text=text, label=SIDES[side], source="labels", restaurant_id=str(_hash(text) % (2 * RESTAURANTS)))
        for text, labels in said.items()
        if len(spoken := labels & SAID) == 1 and (side := min(spoken)) in SIDES
    ]


def _films(file: Path) -> Examples:
    """Reviews with stars of the films that training never saw."""
    found = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            film, rating, text = line.rstrip("\n").split("\t", 2)
            if int(film) % FOLDS == DEVELOPMENT and text.strip():
                stars = int(rating) / 2
                label: Label = "negative" if stars <= 2 else "positive" if stars >= 4 else "neutral"
                found.append(Example(text=text, label=label, source="ratings", restaurant_id=film))
    return found


def _swapped(one: Example) -> Example:
    return replace(one, label=SWAPPED[one.label])


def _below(share: float, *words: str) -> bool:
    return _hash(" ".join(words)) < share * 2**64


# Labels that are wrong on both sides, in the restaurants set aside too.
HOSTILE: dict[str, Callable[[Example], Example]] = {
    "all swapped": _swapped,
    "a tenth swapped": lambda one: _swapped(one) if _below(0.1, "row", one.text) else one,
    "a fifth swapped": lambda one: _swapped(one) if _below(0.2, "row", one.text) else one,
    "a fifth of the restaurants swapped": lambda one: _swapped(one) if _below(0.2, "all", one.restaurant_id) else one,
    "swapped where price or service is spoken of": lambda one: _swapped(one) if SPOKEN_OF.search(one.text) else one,
    "half called blame": lambda one: replace(one, label="negative") if _below(0.5, "blame", one.text) else one,
}


def _halves(examples: Examples) -> tuple[Examples, Examples]:
    """By restaurant."""
    sides: tuple[Examples, Examples] = ([], [])
    for one in examples:
        sides[_hash(f"half {one.restaurant_id}") % 2].append(one)
    return sides


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
