"""Text to vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Embedder", "Vectors"]

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
