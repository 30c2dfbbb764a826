"""Which aspects a clause speaks of, by what it sounds like: beside the tables, for what no table lists.

A linear model an aspect over the hashed n-grams of one clause. It says that a clause praises or blames the service,
not by which word; the whole clause is the span, and neither a thing nor an opinion is named.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.inference.lite.features import hashed
from matjip.inference.task import ASPECTS

__all__ = ["CategoryHead", "Clause", "clauses_of"]

BATCH = 500  # clauses at once: the feature arrays stay in cache
# Where a clause ends: a sentence's end, a comma, or a Korean ending that joins clauses and the blank behind it.
CLAUSE_END = re.compile(
    r"[.!?~…\n;,]+|(?<=[가-힣][고며])\s|(?<=지만|는데|은데|인데|해서|라서|어서|아서)\s|(?<=\s)(?=but |although |though |while )"
)
SHORTEST, LONGEST = 6, 160  # characters of a clause that is judged: a shorter one is half a word, a longer one a story


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of one text: which text, and its code points."""

    text: int
    start: int
    end: int


def clauses_of(texts: Sequence[str]) -> list[Clause]:
    """The clauses of every text, in order, without blanks around them."""
    found = []
    for number, text in enumerate(texts):
        start = 0
        for stop, resume in [*(match.span() for match in CLAUSE_END.finditer(text)), (len(text), len(text))]:
            part = text[start:stop]
            first = start + len(part) - len(part.lstrip())
            last = first + len(part.strip())
            if SHORTEST <= last - first <= LONGEST:
                found.append(Clause(number, first, last))
            start = resume
    return found


@dataclass(frozen=True, slots=True)
class CategoryHead:
    """int8 weights, one column an aspect."""

    codes: NDArray[np.int8]  # shape (buckets, aspects)
    scales: NDArray[np.float32]  # one a column; weight = sign(code) * (code / 127)² * scale
    biases: NDArray[np.float32]  # the threshold is in here: above 0 the clause speaks of the aspect

    @classmethod
    def load(cls, file: Traversable | Path) -> "CategoryHead":
        """Read what `training/categories.py` wrote."""
        with file.open("rb") as opened, np.load(opened) as data:
            return cls(data["codes"], data["scales"], data["biases"])

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """How clearly each text speaks of each aspect: shape (texts, aspects); 0 is the threshold."""
        parts = [self._scores(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, len(ASPECTS)), dtype=np.float32)

    def _scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        owners, buckets = hashed(texts, len(self.codes).bit_length() - 1)
        sums = np.zeros((len(texts), self.codes.shape[1]), dtype=np.float32)
        if len(owners):
            codes = self.codes[buckets].astype(np.float32)
            starts = np.flatnonzero(np.diff(owners, prepend=-1))
            sums[owners[starts]] = np.add.reduceat(codes * np.abs(codes), starts, axis=0)
        counts = np.sqrt(np.maximum(np.bincount(owners, minlength=len(texts)), 1))[:, None]
        scores: NDArray[np.float32] = (sums * (self.scales / 127**2) / counts + self.biases).astype(np.float32)
        return scores
