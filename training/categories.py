"""The category head: which aspects a clause speaks of, learned from sentences of our own grammar and from English terms."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from sklearn.linear_model import LogisticRegression

from matjip.inference.lite.categories import CategoryHead, clauses_of
from matjip.inference.task import ASPECTS
from training import formal_ko, grammar_en, grammar_ko, lexicon_en
from training.sentiment import matrix, quantised
from training.sources import nsmc

__all__ = ["labelled_korean", "named_aspects", "train"]

BITS = 16
REGULARISATION = 10.0  # liblinear's C
FORMAL_SENTENCES = 50_000
SPOKEN_SENTENCES = 40_000
ENGLISH_SENTENCES = 20_000
FILM_REVIEWS = 25_000  # they speak of none of our aspects, in every way in which Koreans write
FILM_WEIGHT = 0.5
HELD_OUT = 0.1
PRECISION = 0.95  # of each aspect on held-out sentences of the grammar, where it is easier than on what people write
SMALLEST = 6  # int8 codes below this are dropped

Row = tuple[str, frozenset[str], float]  # text, aspects, weight


def train(nsmc_path: Path, mams_folder: Path, out: Path, *, log=print) -> dict[str, float]:
    """Write `categories.npz` and return precision and recall on held-out sentences of the grammar."""
    rows = _rows(nsmc_path, mams_folder, Random(13))
    log(f"categories: {len(rows):,} training clauses")
    split = int(len(rows) * (1 - HELD_OUT))
    features = matrix([text for text, _, _ in rows], BITS)
    weights = np.array([weight for _, _, weight in rows])
    codes = np.zeros((1 << BITS, len(ASPECTS)), dtype=np.int8)
    scales, biases = np.zeros(len(ASPECTS), dtype=np.float32), np.zeros(len(ASPECTS), dtype=np.float32)
    for column, aspect in enumerate(ASPECTS):
        truth = np.array([aspect in aspects for _, aspects, _ in rows])
        model = LogisticRegression(solver="liblinear", C=REGULARISATION, tol=1e-2, max_iter=40)
        model.fit(features[:split], truth[:split], sample_weight=weights[:split])
        scores = features[split:] @ model.coef_[0] + model.intercept_[0]
        threshold = _threshold(scores, truth[split:])
        codes[:, column], scales[column] = quantised(model.coef_[0], smallest=SMALLEST)
        biases[column] = model.intercept_[0] - threshold
    np.savez_compressed(out / "categories.npz", codes=codes, scales=scales, biases=biases)
    return _figures(CategoryHead.load(out / "categories.npz"), rows[split:])


def _figures(head: CategoryHead, rows: list[Row]) -> dict[str, float]:
    found = head.scores([text for text, _, _ in rows]) > 0
    truth = np.array([[aspect in aspects for aspect in ASPECTS] for _, aspects, _ in rows])
    return {
        "n": len(rows),
        "precision": float((found & truth).sum() / found.sum()),
        "recall": float((found & truth).sum() / truth.sum()),
    }


def _threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """The lowest score, never below even odds, from which on the aspect is right in PRECISION of the cases."""
    order = np.argsort(-scores)
    precise = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    last = np.flatnonzero(precise >= PRECISION)
    return max(0.0, float(scores[order[last[-1]]])) if len(last) else float(scores.max())


def _rows(nsmc_path: Path, mams_folder: Path, dice: Random) -> list[Row]:
    rows: list[Row] = []
    rows += [(made.text, frozenset(made.aspects), 1.0) for made in labelled_korean(dice)]
    rows += [(text, named_aspects(text), 1.0) for text, _ in grammar_en.generate(ENGLISH_SENTENCES, dice)]
    rows += [(text, aspects, 2.0) for text, aspects in _english_clauses(mams_folder / "train.xml")]
    films = [text for text, _ in nsmc(nsmc_path)["train"]]
    rows += [(text, frozenset(), FILM_WEIGHT) for text in dice.sample(films, FILM_REVIEWS)]
    dice.shuffle(rows)
    return rows


def labelled_korean(dice: Random) -> Iterator[formal_ko.Made | grammar_ko.Made]:
    """Formal and spoken sentences with the aspects that they were made of; stories have no label."""
    yield from formal_ko.generate(FORMAL_SENTENCES, dice)
    yield from grammar_ko.generate_labelled(SPOKEN_SENTENCES, dice)


NOUNS = {noun: aspect for aspect, words in lexicon_en.NOUNS.items() for noun in words.split("|")}


def named_aspects(text: str) -> frozenset[str]:
    """The aspects of the nouns of our table that an English text names."""
    words = [word.strip(".,!:;()\"'").lower() for word in text.split()]
    phrases = [" ".join(words[place : place + size]) for size in (1, 2) for place in range(len(words))]
    return frozenset(NOUNS[phrase] for phrase in phrases if phrase in NOUNS)


def _english_clauses(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Clauses of marked sentences: an aspect where a marked term is a noun of our table, none where no term stands."""
    for sentence in ElementTree.parse(path).getroot().iter("sentence"):
        text = sentence.findtext("text") or ""
        terms = [(int(term.get("from", 0)), term.get("term", "").lower()) for term in sentence.iter("aspectTerm")]
        for clause in clauses_of([text]):
            inside = [term for at, term in terms if clause.start <= at < clause.end]
            known = [NOUNS.get(term) or NOUNS.get(term.split()[-1], "") for term in inside if term]
            if all(known):
                yield text[clause.start : clause.end], frozenset(known)
