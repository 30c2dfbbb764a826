"""A small network that reads a review's n-grams in their order: windows of three characters, the strongest of each kind, and all of them.

Each character brings the rows of the one, two and three characters that end there; a convolution over three neighbours,
a maximum and a sum over the text, one linear answer. It hears "not" before "good", which a sum of n-grams cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.inference.lite.features import GOLDEN, STEP, mixed, normalise

__all__ = ["NgramNetwork", "ngrams"]

SIZES = 3  # characters of the longest n-gram
BITS = (12, 16, 16)  # of the tables of one, two and three characters
DIGITS = 4  # of a logit: the last bits of a matrix product differ with the number of texts beside it
BATCH = 200  # texts at once: the gathered rows stay in cache
BEFORE = " \0"  # stands before each text, so that its first n-grams are the same wherever it stands

Ngrams = tuple[NDArray[np.int32], NDArray[np.int64]]


def ngrams(texts: Sequence[str]) -> Ngrams:
    """All texts one behind the other: the rows of every character, shape (characters, 3), and each text's length in characters.

    Before each text and behind the last stand two characters of no text, whose rows are -1.
    """
    ready = [normalise(text).replace("\0", " ") for text in texts]
    lengths = np.fromiter(map(len, ready), dtype=np.int64, count=len(ready))
    joined = "".join(BEFORE + text for text in (*ready, ""))
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        letters = mixed(codes * GOLDEN)
        rolling: NDArray[np.uint64] = np.zeros(len(codes), dtype=np.uint64)
        rows = np.empty((len(codes), SIZES), dtype=np.int32)
        for size in range(SIZES):
            shifted = np.concatenate([np.zeros(size, dtype=np.uint64), letters[: len(letters) - size]])
            rolling = (rolling + shifted * np.uint64(pow(int(STEP), size, 1 << 64))).astype(np.uint64)
            rows[:, size] = (mixed(rolling) >> np.uint64(64 - BITS[size])).astype(np.int32)
    (marks,) = np.nonzero(codes == 0)
    rows[marks] = rows[marks - 1] = -1
    return rows, lengths


@dataclass(frozen=True, slots=True)
class NgramNetwork:
    """float32 at run time; the tables lie in the file as int8 with one scale each."""

    tables: tuple[NDArray[np.float32], ...]  # one for each size of n-gram: shape (rows, channels)
    window: NDArray[np.float32]  # shape (3 * channels, filters)
    window_bias: NDArray[np.float32]
    head: NDArray[np.float32]  # shape (2 * filters,): of the maxima, then of the sums
    bias: float

    @classmethod
    def load(cls, file: Traversable | Path) -> "NgramNetwork":
        """Read what `training/network.py` wrote."""
        with file.open("rb") as opened, np.load(opened) as data:
            return cls(
                tuple(data[f"table_{size}"].astype(np.float32) * data["scales"][size] for size in range(SIZES)),
                **{name: data[name].astype(np.float32) for name in ("window", "window_bias", "head")},
                bias=float(data["bias"]),
            )

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log odds of praise, not calibrated. A text without characters has 0."""
        parts = [self._logits(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        rows, lengths = ngrams(texts)
        if not lengths.any():
            return np.zeros(len(texts))
        read = self.tables[0][rows[:, 0]]
        for size in range(1, SIZES):
            read += self.tables[size][rows[:, size]]
        read[rows[:, 0] < 0] = 0
        windows = np.concatenate([read[:-2], read[1:-1], read[2:]], axis=1)  # centred on all but the first and the last
        heard = np.maximum(windows @ self.window + self.window_bias, 0)
        heard[rows[1:-1, 0] < 0] = 0
        starts = np.cumsum(lengths + len(BEFORE)) - lengths - 1  # in `heard`, which lacks the first character
        present = lengths > 0
        strongest = np.maximum.reduceat(heard, starts[present], axis=0)
        together = np.add.reduceat(heard, starts[present], axis=0) / np.sqrt(lengths[present])[:, None]
        found = np.zeros(len(texts))
        found[present] = np.concatenate([strongest, together], axis=1) @ self.head + self.bias
        return np.round(found, DIGITS)
