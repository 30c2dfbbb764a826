"""An answer of the OpenAI-compatible embeddings API, as vLLM and others give it, read with suspicion."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from matjip.inference.failure import ModelFailure

__all__ = ["read_rows", "wrong_dimensions"]


def read_rows(body: bytes, count: int, *, server: str) -> NDArray[np.float64]:
    """One row a text, in the order that was asked. Raises ModelFailure where the body is anything else.

    `server` is whoever answered, as a sentence begins: "The embedding server".
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError:
        raise _malformed(f"{server} answered with something else than vectors.") from None
    rows = {row.index: row.embedding for row in answer.data}
    if sorted(rows) != list(range(count)):
        raise _malformed(f"{server} answered {len(answer.data)} vectors where {count} were asked.")
    if len({len(row) for row in rows.values()}) > 1:
        raise _malformed(f"{server} answered vectors of different lengths.")
    numbers = np.array([rows[at] for at in range(count)])
    if not np.isfinite(numbers).all():
        raise _malformed(f"{server} answered vectors that hold no numbers.")
    return numbers


def wrong_dimensions(found: int, right: int, *, server: str, setting: str) -> ModelFailure:
    """What is raised where the rows are of another length than the setting says."""
    return _malformed(f"{server}'s vectors have {found} dimensions, {setting} is {right}.")


def _malformed(message: str) -> ModelFailure:
    return ModelFailure(message, reason="malformed")


class _Row(BaseModel):
    index: int
    embedding: list[float]


class _Answer(BaseModel):
    data: list[_Row]
