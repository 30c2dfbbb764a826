"""The built-in sentiment as one site speaks: a small update that is added to the shipped log odds and never touches the weights.

What is added: a weight for some hashed n-grams, a slope, and a bias for each language. Aspects stay as they were shipped.
"""

import asyncio
import hashlib
import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from matjip.errors import Invalid
from matjip.inference.judge import Judge
from matjip.inference.lite.features import hashed
from matjip.inference.lite.language import language_of
from matjip.inference.lite.sentiment import sentiment
from matjip.inference.task import JudgeSentiment, Sentiment, Task, Verdict

__all__ = ["BITS", "OTHERS", "Adaptation", "AdaptedJudge", "grams", "log_odds", "read_adaptation", "version_of"]

A = TypeVar("A")
BITS = 21  # of a bucket, as in the shipped model
BATCH = 250  # texts at once
CODES = 127  # int8 on a square-root scale, as the shipped weights: weight = sign(code) * (code / 127)² * scale
OTHERS = ""  # every language without a bias of its own
DIGEST_BYTES = 4  # of a version's name
SUREST = 30.0  # log odds: nothing is ever surer, and an exponential stays a number
FORMAT = 1
Grams = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]  # which text, which bucket, how much


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """The whole update. With no buckets, a slope of 1 and no bias it changes nothing."""

    base: str  # the judge that it was made for, "lite/3": added to another's log odds it would mean nothing
    buckets: NDArray[np.int32]  # ascending
    codes: NDArray[np.int8]  # one a bucket
    scale: float
    slope: float
    biases: Mapping[str, float]  # language → log odds

    @classmethod
    def of(
        cls,
        base: str,
        *,
        buckets: NDArray[np.int64],
        weights: NDArray[np.float64],
        slope: float,
        biases: Mapping[str, float],
    ) -> "Adaptation":
        """Rounded as it is stored; buckets whose weight rounds to nothing are left out."""
        scale = float(np.float32(np.abs(weights).max(initial=0.0)))
        codes = np.round(np.sign(weights) * np.sqrt(np.abs(weights) / (scale or 1.0)) * CODES).astype(np.int8)
        order = np.argsort(buckets)
        kept = order[codes[order] != 0]
        return cls(
            base=base,
            buckets=buckets[kept].astype(np.int32),
            codes=codes[kept],
            scale=scale,
            slope=float(np.float32(slope)),
            biases={language: float(np.float32(bias)) for language, bias in sorted(biases.items())},
        )

    def logits(self, texts: Sequence[str], shipped: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """The log odds of praise as this site speaks, from the whole log odds that the shipped judge found."""
        parts = [self._said(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        said = np.concatenate(parts) if parts else np.zeros(0)
        others = self.biases.get(OTHERS, 0.0)
        biases = np.array([self.biases.get(language_of(text), others) for text in texts])
        found: NDArray[np.float64] = self.slope * np.array(shipped, np.float64) + said + biases
        return np.clip(found, -SUREST, SUREST)

    def to_bytes(self) -> bytes:
        """Equal for equal adaptations: `read_adaptation` reads it."""
        opened = io.BytesIO()
        languages = sorted(self.biases)
        with zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in {
                "format": np.array(FORMAT),
                "base": np.frombuffer(self.base.encode(), np.uint8),
                "gaps": np.diff(self.buckets, prepend=np.int32(0)),
                "codes": self.codes,
                "line": np.array([self.scale, self.slope], np.float32),
                "languages": np.frombuffer("\n".join(languages).encode(), np.uint8),
                "biases": np.array([self.biases[language] for language in languages], np.float32),
            }.items():
                part = io.BytesIO()
                np.lib.format.write_array(part, np.asarray(array), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue(), zipfile.ZIP_DEFLATED)
        return opened.getvalue()

    def _said(self, texts: Sequence[str]) -> NDArray[np.float64]:
        owners, buckets, values = grams(texts)
        if not len(self.buckets):
            return np.zeros(len(texts))
        places = np.minimum(np.searchsorted(self.buckets, buckets), len(self.buckets) - 1)
        codes = np.where(self.buckets[places] == buckets, self.codes[places], 0).astype(np.float64)
        weights = np.sign(codes) * (codes / CODES) ** 2 * self.scale
        return np.bincount(owners, weights=weights * values, minlength=len(texts)).astype(np.float64)


class AdaptedJudge:
    """A Judge around the shipped one: its sentiment moved by an adaptation, and everything else as it answers it.

    What the inner judge remembers is not judged again; the rest is some ten microseconds a text.
    """

    def __init__(self, inner: Judge, adaptation: Adaptation, *, version: str) -> None:
        self._inner, self._adaptation = inner, adaptation
        self.name = f"{adaptation.base}+{version}"

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        found = await self._inner.judge(task)
        if not isinstance(task, JudgeSentiment):
            return found
        chances = [cast(Sentiment, one.answer).p_positive for one in found]
        answers: list[Sentiment] = []
        for start in range(0, len(chances), BATCH):
            part = (task.texts[start : start + BATCH], chances[start : start + BATCH])
            if len(chances) <= BATCH:
                answers += self._moved(*part)
            else:  # off the event loop
                answers += await asyncio.to_thread(self._moved, *part)
        return tuple(
            Verdict(answer=cast(A, answer), engine=one.engine, model=self.name)
            for one, answer in zip(found, answers, strict=True)
        )

    def _moved(self, texts: Sequence[str], chances: Sequence[float]) -> list[Sentiment]:
        return [sentiment(logit) for logit in self._adaptation.logits(texts, log_odds(chances)).tolist()]


def log_odds(chances: Sequence[float]) -> NDArray[np.float64]:
    """What the sentiment's probabilities were made of."""
    edge = math.exp(-SUREST)
    bounded = np.clip(np.array(chances, np.float64), edge, 1 - edge)
    found: NDArray[np.float64] = np.log(bounded / (1 - bounded))
    return found


def grams(texts: Sequence[str]) -> Grams:
    """The n-grams of every text, grouped by text, and what each adds: 1 / sqrt(n-grams of the text), as in the shipped model."""
    owners, buckets = hashed(texts, BITS)
    counts = np.bincount(owners, minlength=len(texts))
    return owners, buckets, (1 / np.sqrt(np.maximum(counts, 1)))[owners]


def version_of(body: bytes) -> str:
    """The name of what these bytes hold."""
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def read_adaptation(body: bytes, version: str) -> Adaptation:
    """The inverse of `to_bytes`. Raises Invalid where the bytes are not those that the version names, or of another format."""
    if version_of(body) != version:
        raise Invalid(f"The adaptation {version} is damaged; make it again with matjip adapt.")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as data:
            scale, slope = data["line"].tolist()
            languages = data["languages"].tobytes().decode().split("\n")
            found = Adaptation(
                base=data["base"].tobytes().decode(),
                buckets=np.cumsum(data["gaps"], dtype=np.int32),
                codes=data["codes"].astype(np.int8),
                scale=scale,
                slope=slope,
                biases=dict(zip(languages, data["biases"].tolist(), strict=True)),
            )
            numbers = np.array([scale, slope, *found.biases.values()])
            ascending = bool(np.all(np.diff(found.buckets) > 0))
            is_ours = int(data["format"]) == FORMAT and len(found.buckets) == len(found.codes) and ascending
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise Invalid(
            f"The adaptation cannot be read ({type(error).__name__}); make it again with matjip adapt."
        ) from None
    if not (is_ours and np.isfinite(numbers).all()):
        raise Invalid("The adaptation is damaged or of another format; make it again with matjip adapt.")
    return found
