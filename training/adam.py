"""One step of Adam, for every network that is trained here."""

from typing import TypeVar

import jax
import jax.numpy as jnp

__all__ = ["adam"]

T = TypeVar("T")
MEAN, SQUARE = 0.9, 0.99  # how much of the old each step keeps; the usual values but for a shorter memory of squares
MEAN_NEW, SQUARE_NEW = 0.1, 0.01  # the rest, as it is written and not as floats subtract
SMALLEST = 1e-8  # keeps a weight that was never moved from a division by nothing


def adam(weights: T, first: T, second: T, slope: T, *, rate: float, step: float) -> tuple[T, T, T]:
    """The weights after the step (counted from 1), and the means of slopes and of their squares (D. Kingma and J. Ba, 2015)."""
    first = jax.tree.map(lambda old, new: MEAN * old + MEAN_NEW * new, first, slope)
    second = jax.tree.map(lambda old, new: SQUARE * old + SQUARE_NEW * new * new, second, slope)
    weights = jax.tree.map(
        lambda weight, mean, square: (
            weight - rate * (mean / (1 - MEAN**step)) / (jnp.sqrt(square / (1 - SQUARE**step)) + SMALLEST)
        ),
        weights,
        first,
        second,
    )
    return weights, first, second
