"""The sentiment of a whole review: two models of its words, what its aspects say, and a band without a verdict."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.inference.lite.features import hashed
from matjip.inference.lite.language import language_of
from matjip.inference.lite.network import NgramNetwork
from matjip.inference.task import Mention, Sentiment

__all__ = ["SentimentModel", "sentiment"]

BATCH = 250  # texts at once: the feature arrays stay in cache and memory stays flat

# The model learned from film reviews, half of them bad. Restaurant reviews praise more often, in Korean most of all where
# they tell what happened: a prior of 0.65 instead of 0.5 is added to Korean texts (log(0.65 / 0.35)).
KOREAN_PRIOR_LOGIT = 0.62
# A found opinion is evidence of its own: each adds or takes this much, three at most. Chosen on our own sample reviews.
MENTION_LOGIT = 1.1
MOST_MENTIONS = 3
# Between the two a review leans neither way. Blame is held to more than praise, as it stands out on a page of praise.
POSITIVE_FROM = 0.70
NEGATIVE_TO = 0.25


@dataclass(frozen=True, slots=True)
class SentimentModel:
    """A linear model over hashed n-grams (int8 weights on a square-root scale), a network that reads them in order,
    and what turns their sum into a probability and a label."""

    codes: NDArray[np.int8]  # one a bucket; weight = sign(code) * (code / 127)² * scale
    scale: float
    bias: float
    network: NgramNetwork
    # How much each counts, and the bias of both; fitted as one logistic regression on subjects that neither was trained on,
    # so that the sum is calibrated.
    trust: tuple[float, float]

    @classmethod
    def load(cls, folder: Traversable | Path) -> "SentimentModel":
        """Read what `training/sentiment.py` wrote."""
        with (folder / "sentiment.npz").open("rb") as opened, np.load(opened) as data:
            linear, read = data["trust"].tolist()
            return cls(
                codes=data["codes"],
                scale=float(data["scale"]),
                bias=float(data["bias"]),
                network=NgramNetwork.load(folder / "network.npz"),
                trust=(linear, read),
            )

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated log odds of praise by words alone. A text without characters has the model's bias, about none."""
        linear, read = self.trust
        logits: NDArray[np.float64] = linear * self.linear(texts) + read * self.network.logits(texts) + self.bias
        return logits

    def linear(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The linear model's sums, without the bias."""
        parts = [self._sums(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def judge(self, texts: Sequence[str], mentions: Sequence[Sequence[Mention]]) -> Iterator[Sentiment]:
        """One answer a text, in order, from its words and from what it says of aspects."""
        for text, logit, found in zip(texts, self.logits(texts).tolist(), mentions, strict=True):
            named = [
                mention for mention in found if mention.opinion is not None
            ]  # others were judged by these very words
            balance = sum(1 if mention.polarity == "positive" else -1 for mention in named)
            logit += MENTION_LOGIT * max(-MOST_MENTIONS, min(balance, MOST_MENTIONS))
            if language_of(text) == "ko":
                logit += KOREAN_PRIOR_LOGIT
            yield sentiment(logit)

    def _sums(self, texts: Sequence[str]) -> NDArray[np.float64]:
        owners, buckets = hashed(texts, len(self.codes).bit_length() - 1)
        codes = self.codes[buckets].astype(np.float64)
        weights = np.sign(codes) * (codes / 127) ** 2 * self.scale
        counts = np.bincount(owners, minlength=len(texts))
        sums = np.bincount(owners, weights=weights, minlength=len(texts))
        scaled: NDArray[np.float64] = sums / np.sqrt(np.maximum(counts, 1))
        return scaled


def sentiment(logit: float) -> Sentiment:
    """The answer that log odds of praise stand for."""
    chance = 1 / (1 + math.exp(-logit))
    if chance >= POSITIVE_FROM:
        return Sentiment(label="positive", p_positive=chance, confidence=chance)
    if chance <= NEGATIVE_TO:
        return Sentiment(label="negative", p_positive=chance, confidence=1 - chance)
    return Sentiment(label="neutral", p_positive=chance, confidence=1 - abs(2 * chance - 1))
