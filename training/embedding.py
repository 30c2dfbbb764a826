"""The embedding: latent directions of which n-grams occur together, by a truncated singular value decomposition."""

from pathlib import Path
from random import Random

import numpy as np
from scipy.sparse import diags
from sklearn.decomposition import TruncatedSVD

from training import grammar_en, grammar_ko
from training.sentiment import matrix
from training.sources import mams_windows, nsmc

__all__ = ["train"]

BITS = 16
DIMENSIONS = 64
REVIEWS = 120_000  # more moved nothing and doubled the time
KOREAN_SENTENCES = 60_000
ENGLISH_SENTENCES = 24_000
ROUNDS = 4  # power iterations


def train(nsmc_path: Path, mams_folder: Path, out: Path, *, log=print) -> dict[str, float]:
    """Write `embedding.npz`: one int8 row of 64 a bucket, with a scale a row."""
    dice = Random(11)
    reviews = [text for text, _ in nsmc(nsmc_path)["train"]]
    texts = dice.sample(reviews, min(REVIEWS, len(reviews)))
    texts += [text for text, _ in grammar_ko.generate(KOREAN_SENTENCES, dice)]
    texts += [text for text, _ in grammar_en.generate(ENGLISH_SENTENCES, dice)]
    texts += [text for text, _ in mams_windows(mams_folder / "train.xml")]
    log(f"embedding: {len(texts):,} training texts")
    features = matrix(texts, BITS)
    held = np.bincount(features.indices, minlength=features.shape[1])
    weight = np.log((len(texts) + 1) / (held + 1)).astype(np.float32)
    weight[held == 0] = 0
    weighed = features @ diags(weight)
    decomposition = TruncatedSVD(DIMENSIONS + 1, n_iter=ROUNDS, random_state=0).fit(weighed)
    # The first direction is how common a text's n-grams are, whatever it says; dropping it spreads the rest.
    rows = (decomposition.components_[1:] * weight / np.sqrt(decomposition.singular_values_[1:, None])).T
    scale = np.abs(rows).max(axis=1) / 127
    codes = np.round(rows / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8)
    np.savez_compressed(out / "embedding.npz", codes=codes, scale=scale.astype(np.float16))
    return {"texts": len(texts), "variance": float(decomposition.explained_variance_ratio_.sum())}
