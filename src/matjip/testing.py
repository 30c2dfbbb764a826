"""The public door to the fakes: they ship, and keep the promises of what they stand for."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from matjip.index.words import token_number, tokens
from matjip.inference.embedder import Vectors

__all__ = ["FakeEmbedder"]


class FakeEmbedder:
    """Vectors from a text's words alone: texts that share words are near. `meanings` makes a word mean another."""

    name = "fake/1"

    def __init__(self, *, dimensions: int = 32, meanings: Mapping[str, str] | None = None) -> None:
        self.dimensions = dimensions
        self._meanings = dict(meanings or {})

    async def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimensions), np.int8)
        for at, text in enumerate(texts):
            for word, meaning in self._meanings.items():
                text = text.replace(word, meaning)
            row = sum((self._direction(token) for token in tokens(text)), np.zeros(self.dimensions))
            if length := np.linalg.norm(row):
                rows[at] = np.round(row / length * 127)
        return rows

    def _direction(self, token: str) -> NDArray[np.float64]:
        return np.random.default_rng(token_number(token)).standard_normal(self.dimensions)
