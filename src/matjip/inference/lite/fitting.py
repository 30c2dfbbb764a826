"""How an adaptation is learned: logistic regression held close to the shipped model, its trust found on texts set aside in turn.

Everything is a full pass over all texts in a fixed order: the same examples give the same adaptation, bit for bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from matjip.inference.lite.adapted import OTHERS, Adaptation, grams
from matjip.inference.lite.language import language_of

__all__ = ["Lesson", "fit"]

Column = NDArray[np.float64]
# Chosen on pretended sites of films that the shipped model was trained on, and on the sample in `examples/`.
HOLD_WORDS = 1.0  # how hard each n-gram is held at the shipped weight, in texts
HOLD_LINE = 5.0  # the same of slope and biases
LEAST_TEXTS = 3  # that hold an n-gram, or it is not learned: what one person wrote leaves no trace of its own
MOST_BUCKETS = 12_000  # about 40 KB
FOLDS = 3  # groups set aside in turn to find how far the learned words are trusted
NEWTON_STEPS = 12
CG_STEPS = 40
CLOSE = 1e-5  # of the first slope: nearer changes no int8 code


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Texts, what the shipped judge makes of them, and what is right."""

    texts: Sequence[str]
    shipped: Column  # whole log odds
    truth: Column  # 1 praise, 0 blame, or a chance between
    weights: Column
    groups: NDArray[np.int64]  # number of the restaurant: no group is on both sides of a cut


@dataclass(frozen=True, slots=True)
class _Table:
    """Texts as sparse rows over the n-grams that enough of them hold."""

    owners: NDArray[np.int32]
    columns: NDArray[np.int64]
    values: Column
    buckets: NDArray[np.int64]  # of each column
    texts: int

    def times(self, weights: Column) -> Column:
        return np.bincount(self.owners, weights=self.values * weights[self.columns], minlength=self.texts).astype(
            np.float64
        )

    def back(self, slopes: Column) -> Column:
        return np.bincount(self.columns, weights=self.values * slopes[self.owners], minlength=len(self.buckets)).astype(
            np.float64
        )


def fit(base: str, lesson: Lesson, *, hold: float = HOLD_WORDS) -> Adaptation:
    """The adaptation of the judge `base` to these texts. Raises ValueError without a text."""
    table = _table(lesson.texts)
    known = [language_of(text) for text in lesson.texts]
    languages = [*sorted({language for language in known if language != "und"}), OTHERS]
    line = np.stack(
        [lesson.shipped, *(np.array([one == name for one in known], float) for name in languages[:-1])], axis=1
    )
    weights = lesson.weights / lesson.weights.mean()
    aside = np.zeros(len(known))  # what the words add to texts that they were not learned from
    order = {group: place for place, group in enumerate(dict.fromkeys(lesson.groups.tolist()))}
    folds = np.array([order[group] % FOLDS for group in lesson.groups.tolist()])
    for fold in range(FOLDS):
        words, _ = _learn(table, line, lesson.truth, np.where(folds == fold, 0.0, weights), hold)
        aside[folds == fold] = table.times(words)[folds == fold]
    words, _ = _learn(table, line, lesson.truth, weights, hold)
    trusted = np.concatenate([aside[:, None], line], axis=1)
    rest = np.array([1.0, 1.0, *(0.0 for _ in languages[:-1])])
    held = np.full(len(rest), HOLD_LINE)
    (trust, slope, *biases) = _newton(
        rest,
        lambda at: trusted @ at,
        lambda by: by @ trusted,
        lesson.truth,
        weights,
        held,
        towards=rest,
    ).tolist()
    kept = _strongest(words)
    return Adaptation.of(
        base,
        buckets=table.buckets[kept],
        weights=words[kept] * max(trust, 0.0),
        slope=max(slope, 0.0),
        biases={**dict(zip(languages, biases, strict=False)), OTHERS: 0.0},
    )


def _table(texts: Sequence[str]) -> _Table:
    owners, buckets, values = grams(texts)
    pairs = np.unique(owners.astype(np.int64) << 32 | buckets)
    held, counts = np.unique(pairs & 0xFFFFFFFF, return_counts=True)
    shared = held[counts >= LEAST_TEXTS]
    if not len(shared):
        return _Table(owners[:0], buckets[:0], values[:0], shared, len(texts))
    places = np.minimum(np.searchsorted(shared, buckets), len(shared) - 1)
    known = shared[places] == buckets
    return _Table(owners[known], places[known], values[known], shared, len(texts))


def _learn(table: _Table, line: Column, truth: Column, weights: Column, hold: float) -> tuple[Column, Column]:
    """The n-grams' weights, and slope and biases, learned together."""
    size, extra = len(table.buckets), line.shape[1]
    towards = np.zeros(size + extra)
    towards[size] = 1.0
    held = np.concatenate([np.full(size, hold), np.full(extra, HOLD_LINE)])
    found = _newton(
        towards,
        lambda at: table.times(at[:size]) + line @ at[size:],
        lambda by: np.concatenate([table.back(by), by @ line]),
        truth,
        weights,
        held,
        towards=towards,
    )
    return found[:size], found[size:]


def _newton(
    start: Column,
    forward: Callable[[Column], Column],
    back: Callable[[Column], Column],
    truth: Column,
    weights: Column,
    held: Column,
    *,
    towards: Column,
) -> Column:
    """The least of Σ weight · log loss + Σ held · (x - towards)² / 2: convex, by Newton steps and conjugate gradients.

    C.-J. Lin, R. Weng and S. Keerthi, Trust region Newton method for large-scale logistic regression, JMLR 9 (2008);
    here a step is halved until it descends.
    """
    at, first = start.copy(), 0.0

    def loss(point: Column) -> float:
        logits = forward(point)
        return float(weights @ (np.logaddexp(0, logits) - truth * logits) + 0.5 * held @ (point - towards) ** 2)

    now = loss(at)
    for _ in range(NEWTON_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(forward(at), -30, 30)))
        slope = back(weights * (chances - truth)) + held * (at - towards)
        size = float(np.linalg.norm(slope))
        first = first or size
        if size <= CLOSE * first:
            break
        curve = weights * chances * (1 - chances)
        step = _solve(partial(_curved, forward, back, curve, held), slope)
        length = 1.0
        while (then := loss(at - length * step)) > now and length > 1e-4:
            length /= 2
        if then >= now:
            break
        at, now = at - length * step, then
    return at


def _curved(
    forward: Callable[[Column], Column], back: Callable[[Column], Column], curve: Column, held: Column, by: Column
) -> Column:
    """The matrix of second slopes, times a direction."""
    return back(curve * forward(by)) + held * by


def _solve(times: Callable[[Column], Column], right: Column) -> Column:
    """Conjugate gradients, as near as a Newton step needs it."""
    found = np.zeros_like(right)
    rest = right.copy()
    way = rest.copy()
    square = float(rest @ rest)
    enough = square * 1e-4
    for _ in range(CG_STEPS):
        if square <= enough:
            break
        ahead = times(way)
        stride = square / float(way @ ahead)
        found += stride * way
        rest -= stride * ahead
        before, square = square, float(rest @ rest)
        way = rest + square / before * way
    return found


def _strongest(words: Column) -> NDArray[np.int64]:
    """Places of those that move most."""
    return np.argsort(-np.abs(words), kind="stable")[:MOST_BUCKETS]
