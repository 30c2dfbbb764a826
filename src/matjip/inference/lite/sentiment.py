"""The sentiment of a whole review: a linear model over hashed n-grams, calibrated, with a band where it does not decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.inference.lite.features import hashed
from matjip.inference.task import Sentiment

__all__ = ["SentimentModel"]

BATCH = 1_000  # texts at once: the feature arrays stay in cache and memory stays flat


@dataclass(frozen=True, slots=True)
class SentimentModel:
    """int8 weights on a square-root scale, and what turns their sum into a probability and a label."""

    codes: NDArray[np.int8]  # one a bucket; weight = sign(code) * (code / 127)² * scale
    scale: float
    bias: float
    temperature: float  # divides the logit; fitted on subjects that were not trained on
    positive_from: float  # p at and above which a review is positive
    negative_to: float  # p at and below which it is negative; between the two it is neutral

    @classmethod
    def load(cls, file: Traversable | Path) -> "SentimentModel":
        """Read what `training/sentiment.py` wrote."""
        with file.open("rb") as opened, np.load(opened) as data:
            return cls(
                codes=data["codes"],
                **{
                    name: float(data[name]) for name in ("scale", "bias", "temperature", "positive_from", "negative_to")
                },
            )

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """P(positive) of each text. A text without characters has the model's bias, about one half."""
        parts = [self._probabilities(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def judge(self, texts: Sequence[str]) -> Iterator[Sentiment]:
        """One answer a text, in order."""
        for chance in self.probabilities(texts).tolist():
            if chance >= self.positive_from:
                yield Sentiment(label="positive", p_positive=chance, confidence=chance)
            elif chance <= self.negative_to:
                yield Sentiment(label="negative", p_positive=chance, confidence=1 - chance)
            else:
                yield Sentiment(label="neutral", p_positive=chance, confidence=1 - abs(2 * chance - 1))

    def _probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        owners, buckets = hashed(texts, len(self.codes).bit_length() - 1)
        codes = self.codes[buckets].astype(np.float64)
        weights = np.sign(codes) * (codes / 127) ** 2 * self.scale
        counts = np.bincount(owners, minlength=len(texts))
        sums = np.bincount(owners, weights=weights, minlength=len(texts))
        logits = sums / np.sqrt(np.maximum(counts, 1)) + self.bias
        chance: NDArray[np.float64] = 1 / (1 + np.exp(-logits / self.temperature))
        return chance
