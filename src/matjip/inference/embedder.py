"""Text to vectors, and pictures to vectors of the same space."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Embedder", "EmbedderOf", "ImageEmbedder", "Vectors", "unit_vectors"]

Vectors = NDArray[
    np.int8
]  # shape (texts, dimensions); unit vectors times 127, rounded: integers, so that sums are exact


class Embedder(Protocol):
    """Whoever can embed."""

    @property
    def name(self) -> str:
        """Name and version; another name means another index."""
        ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in order. A text without any known feature gets a row of zeros."""
        ...


EmbedderOf = Callable[[str], Embedder]  # who embeds for a tenant


class ImageEmbedder(Embedder, Protocol):
    """Whoever can embed pictures beside the words for them."""

    async def embed_images(self, urls: Sequence[str]) -> Vectors:
        """One row an image, in order, in the space of `embed`. An image that cannot be read gets a row of zeros.

        Raises Unavailable where it is not one image that fails but whoever embeds.
        """
        ...


def unit_vectors(sums: NDArray[np.floating]) -> Vectors:
    """Each row made a unit vector, times 127 and rounded; a row of zeros stays one."""
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    units = sums / np.where(lengths > 0, lengths, 1)
    vectors: Vectors = np.round(units * 127).astype(np.int8)
    return vectors
