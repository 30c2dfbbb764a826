"""Text to 64 integers: the sum of its n-grams' rows, made a unit vector and rounded to int8."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.inference.embedder import Vectors, unit_vectors
from matjip.inference.lite.features import hashed
from matjip.inference.lite.weights import MANIFEST, verify

__all__ = ["LiteEmbedder"]

BATCH = 500  # texts at once: the gathered rows stay in cache
VERSION = "3"  # raised with every new file of weights, since another embedder means another index


@dataclass(frozen=True, slots=True)
class LiteEmbedder:
    """The built-in embedder."""

    codes: NDArray[np.int8]  # shape (buckets, dimensions)
    scales: NDArray[np.float32]  # shape (buckets,): a bucket's row is its codes times its scale

    @classmethod
    def load(cls, file: Path | None = None) -> "LiteEmbedder":
        """Read what `training/embedding.py` wrote. Raises Misconfigured where the manifest beside it names another file."""
        folder = file.parent if file else files("matjip.inference.lite")
        name = file.name if file else "embedding.npz"
        if file is None or (folder / MANIFEST).is_file():
            verify(folder, [name])
        with (folder / name).open("rb") as opened, np.load(opened) as data:
            return cls(data["codes"], data["scale"].astype(np.float32))

    @property
    def name(self) -> str:
        return f"lite-embedding/{VERSION}"

    @property
    def dimensions(self) -> int:
        return int(self.codes.shape[1])

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) <= 8:  # a query or two: a thread would cost more than the work
            return self.vectors(texts)
        return await asyncio.to_thread(self.vectors, texts)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """The same, at once: for those who are not on an event loop."""
        found = np.zeros((len(texts), self.dimensions), dtype=np.int8)
        for start in range(0, len(texts), BATCH):
            found[start : start + BATCH] = self._vectors(texts[start : start + BATCH])
        return found

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        owners, buckets = hashed(texts, len(self.codes).bit_length() - 1)
        sums = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if len(owners):
            starts = np.flatnonzero(np.diff(owners, prepend=-1)).tolist()
            codes, scales = self.codes[buckets].astype(np.float32), self.scales[buckets]
            for start, end in zip(starts, [*starts[1:], len(owners)], strict=True):
                np.dot(scales[start:end], codes[start:end], out=sums[owners[start]])
        return unit_vectors(sums)
