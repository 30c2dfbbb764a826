"""Where the training texts come from: NSMC raw (CC0), MAMS (Apache-2.0), VADER's lexicon (MIT), and our own grammar."""

import csv
import gzip
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

__all__ = [
    "KOREAN_CATEGORIES",
    "KOREAN_POLARITIES",
    "SPOKEN_OF",
    "Labelled",
    "kor_semeval",
    "mams_windows",
    "nsmc",
    "rated",
    "split_of",
    "vader_words",
]

NEGATIVE_UP_TO = 4  # NSMC ratings run from 1 to 10; 5 to 8 lean neither way and are left out
POSITIVE_FROM = 9
BETWEEN = {5: 0.15, 6: 0.3, 7: 0.5, 8: 0.75}  # ratings that lean neither way, as chances of praise
BETWEEN_WEIGHT = 0.3
FOLDS = 25  # subjects are held out whole, so that no film is on both sides
DEVELOPMENT_FOLD = 1
CALIBRATION_FOLD = 2
# Kor-SemEval's categories as ours, by SemEval-2014's own definitions: 음식 is what we call taste, menu and portion;
# 분위기 ("ambience") is the room and all in it, so that a dirty table belongs to it; the rest is one to one.
KOREAN_CATEGORIES = {
    "음식": ("taste", "menu", "portion"),
    "서비스": ("service",),
    "가격": ("price",),
    "분위기": ("atmosphere", "cleanliness"),
}
KOREAN_POLARITIES = {"긍정": "positive", "부정": "negative"}
SPOKEN_OF = {*KOREAN_POLARITIES, "중립", "대립"}  # 대립: praised and blamed at once
WINDOW_CHARS = 60  # around a term in an English sentence: about a clause


class Labelled(NamedTuple):
    """A text, whether it praises (1), blames (0) or stands between, and how much it counts."""

    text: str
    label: float
    weight: float = 1.0


def kor_semeval(path: Path) -> dict[str, dict[str, str]]:
    """Sentence → category → label, for evaluation only."""
    sentences: dict[str, dict[str, str]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            sentences[line["original_sentence"]][line["auxiliary_sentence"]] = line["label"]
    return sentences


def split_of(subject: int) -> str:
    """train, development or calibration: by subject."""
    fold = subject % FOLDS
    return {DEVELOPMENT_FOLD: "development", CALIBRATION_FOLD: "calibration"}.get(fold, "train")


def nsmc(path: Path) -> dict[str, list[tuple[str, int]]]:
    """Reviews of clear rating by split; each split balanced by dropping positives at random (seed 0)."""
    splits: dict[str, dict[int, list[str]]] = {name: {0: [], 1: []} for name in ("train", "development", "calibration")}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            subject, rating, text = line.rstrip("\n").split("\t", 2)
            score = int(rating)
            if score <= NEGATIVE_UP_TO or score >= POSITIVE_FROM:
                splits[split_of(int(subject))][int(score >= POSITIVE_FROM)].append(text)
    dice = Random(0)
    balanced = {}
    for name, by_label in splits.items():
        size = min(map(len, by_label.values()))
        rows = [(text, label) for label, texts in by_label.items() for text in dice.sample(texts, size)]
        dice.shuffle(rows)
        balanced[name] = rows
    return balanced


def rated(path: Path) -> list[Labelled]:
    """Every training review with its label; praise, which is three times as frequent, weighs as much as blame in all."""
    rows: list[tuple[str, int]] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            subject, rating, text = line.rstrip("\n").split("\t", 2)
            if split_of(int(subject)) == "train":
                rows.append((text, int(rating)))
    blame = sum(rating <= NEGATIVE_UP_TO for _, rating in rows)
    praise = sum(rating >= POSITIVE_FROM for _, rating in rows)
    return [
        Labelled(text, BETWEEN[rating], BETWEEN_WEIGHT)
        if rating in BETWEEN
        else Labelled(text, int(rating >= POSITIVE_FROM), blame / praise if rating >= POSITIVE_FROM else 1.0)
        for text, rating in rows
    ]


def mams_windows(path: Path) -> Iterator[tuple[str, int]]:
    """The clause around each English term that is praised or blamed."""
    for sentence in ElementTree.parse(path).getroot().iter("sentence"):
        text = sentence.findtext("text") or ""
        for term in sentence.iter("aspectTerm"):
            if term.get("polarity") in ("positive", "negative"):
                yield (
                    _clause(text, int(term.get("from", 0)), int(term.get("to", 0))),
                    int(term.get("polarity") == "positive"),
                )


def _clause(text: str, start: int, end: int) -> str:
    left = max(0, start - WINDOW_CHARS)
    right = min(len(text), end + WINDOW_CHARS)
    for cut in (", ", "; ", ". ", " but ", " and the "):
        before = text.rfind(cut, left, start)
        left = max(left, before + len(cut)) if before >= 0 else left
        after = text.find(cut, end, right)
        right = after if after >= 0 else right
    return text[left:right].strip()


def vader_words() -> list[tuple[str, float]]:
    """Words with a mean valence of at least 0.8, from -4 to 4; none where the package is not installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return []
    lexicon = SentimentIntensityAnalyzer().lexicon
    return [(word, value) for word, value in lexicon.items() if abs(value) >= 0.8 and word.isalpha()]
