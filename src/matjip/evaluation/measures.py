"""Measures of a classifier: plain functions from values to a value."""

from collections.abc import Sequence

__all__ = ["BINS", "accuracy", "calibration_error", "macro_f1"]

BINS = 15  # of equal width over the probabilities, as most papers cut them


def accuracy(answers: Sequence[str], truth: Sequence[str]) -> float:
    """The share of answers that are right."""
    return sum(answer == right for answer, right in zip(answers, truth, strict=True)) / len(truth)


def macro_f1(answers: Sequence[str], truth: Sequence[str]) -> float:
    """The mean over the true labels of the harmonic mean of precision and recall."""
    scores = []
    for label in sorted(set(truth)):
        right = sum(answer == label == true for answer, true in zip(answers, truth, strict=True))
        scores.append(2 * right / (answers.count(label) + truth.count(label)) if right else 0.0)
    return sum(scores) / len(scores)


def calibration_error(chances: Sequence[float], truth: Sequence[bool]) -> float:
    """How far, on average, a probability is from the share that came true, over bins of equal width."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for chance, true in zip(chances, truth, strict=True):
        bins[min(int(chance * BINS), BINS - 1)].append((chance, true))
    return sum(abs(sum(chance for chance, _ in one) - sum(true for _, true in one)) for one in bins if one) / len(truth)
