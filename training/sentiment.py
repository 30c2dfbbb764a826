"""The sentiment weights: a linear model over hashed n-grams, quantised to int8, calibrated on held-out subjects."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from matjip.evaluation.measures import calibration_error
from matjip.inference.lite.features import hashed
from matjip.inference.lite.sentiment import SentimentModel
from training import grammar_en, grammar_ko
from training.sources import Labelled, mams_windows, nsmc, vader_words

__all__ = ["train"]

BITS = 21
REGULARISATION = 8.0  # liblinear's C
KOREAN_SENTENCES = 60_000
ENGLISH_SENTENCES = 24_000
SMALLEST = 8  # int8 codes below this are dropped: they cost bytes and move nothing


def train(nsmc_path: Path, mams_folder: Path, out: Path, *, log=print) -> dict[str, float]:
    """Write `sentiment.npz` and return figures on the development subjects."""
    splits = nsmc(nsmc_path)
    rows = _rows(splits["train"], mams_folder, Random(7))
    log(f"sentiment: {len(rows):,} training texts")
    features = matrix([row.text for row in rows], BITS)
    labels = np.array([row.label for row in rows])
    model = LogisticRegression(solver="liblinear", C=REGULARISATION, tol=1e-2, max_iter=40)
    model.fit(features, labels, sample_weight=np.array([row.weight for row in rows]))
    codes, scale = quantised(model.coef_[0])
    bias = float(model.intercept_[0])

    texts, truth = zip(*splits["calibration"], strict=True)
    uncalibrated = SentimentModel(codes, scale, bias, temperature=1.0)
    temperature = _temperature(uncalibrated.logits(texts), np.array(truth))
    np.savez_compressed(
        out / "sentiment.npz",
        codes=codes,
        scale=np.float32(scale),
        bias=np.float32(bias),
        temperature=np.float32(temperature),
    )
    return figures(SentimentModel.load(out / "sentiment.npz"), splits["development"])


def figures(model: SentimentModel, rows: Sequence[tuple[str, int]]) -> dict[str, float]:
    """Accuracy and calibration error of the words alone, without the restaurant prior and without aspects."""
    texts, truth = zip(*rows, strict=True)
    right = np.array(truth) == 1
    chance = 1 / (1 + np.exp(-model.logits(texts)))
    return {
        "n": len(rows),
        "accuracy": float(np.mean((chance >= 0.5) == right)),
        "ece": calibration_error(chance.tolist(), right.tolist()),
        "temperature": model.temperature,
    }


def matrix(texts: Sequence[str], bits: int, *, batch: int = 20_000) -> csr_matrix:
    """Texts as rows of hashed features, each row scaled by 1 / sqrt(its number of n-grams)."""
    owners, columns, start = [], [], 0
    for start in range(0, len(texts), batch):
        owner, bucket = hashed(texts[start : start + batch], bits)
        owners.append(owner.astype(np.int64) + start)
        columns.append(bucket.astype(np.int32))
    rows, cols = np.concatenate(owners), np.concatenate(columns)
    counts = np.bincount(rows, minlength=len(texts))
    values = (1 / np.sqrt(np.maximum(counts, 1)))[rows].astype(np.float32)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    found = csr_matrix((values, cols, pointers), shape=(len(texts), 1 << bits))
    found.sum_duplicates()
    return found


def quantised(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """int8 codes on a square-root scale: weight = sign(code) * (code / 127)² * scale. Small weights keep their places."""
    scale = float(np.abs(weights).max())
    codes = np.round(np.sign(weights) * np.sqrt(np.abs(weights) / scale) * 127).astype(np.int8)
    codes[np.abs(codes) < SMALLEST] = 0
    return codes, scale


def _rows(reviews: list[tuple[str, int]], mams_folder: Path, dice: Random) -> list[Labelled]:
    rows = [Labelled(text, label, 0.5) for text, label in reviews]
    for text, label in grammar_ko.generate(KOREAN_SENTENCES, dice):
        rows.append(Labelled(grammar_ko.with_mood(text, label, dice), label, 0.5))
    rows += [Labelled(text, label, 0.5) for text, label in grammar_en.generate(ENGLISH_SENTENCES, dice)]
    rows += [Labelled(text, label, 1.5) for text, label in mams_windows(mams_folder / "train.xml")]
    rows += [Labelled(word, int(value > 0), abs(value) / 4) for word, value in vader_words()]
    dice.shuffle(rows)
    return rows


def _temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The divisor of the logits with the least log loss: one number, so that the order of reviews is kept."""
    tried = np.arange(0.5, 2.5, 0.02)
    losses = [np.mean(np.logaddexp(0, -(2 * truth - 1) * logits / one)) for one in tried]
    return float(tried[int(np.argmin(losses))])
