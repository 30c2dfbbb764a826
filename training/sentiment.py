"""The sentiment weights: a linear model over hashed n-grams and a network beside it, calibrated on held-out subjects."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from matjip.evaluation.measures import calibration_error
from matjip.inference.lite.features import hashed
from matjip.inference.lite.sentiment import SentimentModel
from training import formal_ko, grammar_en, grammar_ko, network
from training.sources import Labelled, mams_windows, nsmc, rated, vader_words

__all__ = ["train"]

BITS = 21
REGULARISATION = 8.0  # liblinear's C
KOREAN_SENTENCES = 60_000
FORMAL_SENTENCES = 50_000
ENGLISH_SENTENCES = 24_000
SMALLEST = 8  # int8 codes below this are dropped: they cost bytes and move nothing


def train(nsmc_path: Path, mams_folder: Path, out: Path, *, log=print) -> dict[str, float]:
    """Write `sentiment.npz` and `network.npz`; returns figures on the development subjects."""
    splits = nsmc(nsmc_path)
    rows = _rows(rated(nsmc_path), mams_folder, Random(7))
    sided = [row for row in rows if row.label in (0, 1)]
    log(f"sentiment: {len(rows):,} training texts, {len(sided):,} of them of one side")
    features = matrix([row.text for row in sided], BITS)
    model = LogisticRegression(solver="liblinear", C=REGULARISATION, tol=1e-2, max_iter=40)
    model.fit(features, np.array([row.label for row in sided]), sample_weight=np.array([row.weight for row in sided]))
    codes, scale = quantised(model.coef_[0])
    read = network.train(rows, out, log=log)

    texts, truth = zip(*splits["calibration"], strict=True)
    both = SentimentModel(codes=codes, scale=scale, bias=0.0, network=read, trust=(1.0, 1.0))
    parts = np.stack([both.linear(texts), read.logits(texts)], axis=1)
    trusted = LogisticRegression(C=1e6).fit(parts, truth)
    np.savez_compressed(
        out / "sentiment.npz",
        codes=codes,
        scale=np.float32(scale),
        bias=np.float32(trusted.intercept_[0]),
        trust=trusted.coef_[0].astype(np.float32),
    )
    return figures(SentimentModel.load(out), splits["development"])


def figures(model: SentimentModel, rows: Sequence[tuple[str, int]]) -> dict[str, float]:
    """Accuracy and calibration error of the words alone, without the restaurant prior and without aspects."""
    texts, truth = zip(*rows, strict=True)
    right = np.array(truth) == 1
    chance = 1 / (1 + np.exp(-model.logits(texts)))
    linear, read = model.linear(texts), model.network.logits(texts)
    return {
        "n": len(rows),
        "accuracy": float(np.mean((chance >= 0.5) == right)),
        "ece": calibration_error(chance.tolist(), right.tolist()),
        "linear_accuracy": float(np.mean((linear >= np.median(linear)) == right)),
        "network_accuracy": float(np.mean((read >= np.median(read)) == right)),
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


def quantised(weights: np.ndarray, *, smallest: int = SMALLEST) -> tuple[np.ndarray, float]:
    """int8 codes on a square-root scale: weight = sign(code) * (code / 127)² * scale. Small weights keep their places."""
    scale = float(np.abs(weights).max())
    codes = np.round(np.sign(weights) * np.sqrt(np.abs(weights) / scale) * 127).astype(np.int8)
    codes[np.abs(codes) < smallest] = 0
    return codes, scale


def _rows(reviews: list[Labelled], mams_folder: Path, dice: Random) -> list[Labelled]:
    rows = [row._replace(weight=row.weight * 0.8) for row in reviews]
    for text, label in grammar_ko.generate(KOREAN_SENTENCES, dice):
        rows.append(Labelled(grammar_ko.with_mood(text, label, dice), label, 0.5))
    rows += [Labelled(made.text, made.label, 0.2) for made in formal_ko.generate(FORMAL_SENTENCES, dice)]
    rows += [Labelled(text, label, 0.5) for text, label in grammar_en.generate(ENGLISH_SENTENCES, dice)]
    rows += [Labelled(text, label, 1.5) for text, label in mams_windows(mams_folder / "train.xml")]
    rows += [Labelled(word, int(value > 0), abs(value) / 4) for word, value in vader_words()]
    dice.shuffle(rows)
    return rows
