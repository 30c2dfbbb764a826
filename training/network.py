"""The network beside the linear model: it reads n-grams in order. Trained with JAX, by Adam, for a few passes."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from matjip.inference.lite.network import BEFORE, BITS, SIZES, NgramNetwork, ngrams
from training.adam import adam
from training.sources import Labelled

__all__ = ["train"]

CHANNELS = 16
FILTERS = 80
LONGEST = 120  # characters that training reads of a text; nine in ten are shorter than 75
BATCH = 1024
PASSES = 3  # a fourth learned the training texts by heart
RATE = 3e-3  # falls to nothing in a straight line
FORGOTTEN = 0.3  # share of n-grams whose rows are dropped while training
FORGOTTEN_HEARD = 0.4  # the same of what the windows heard
LENGTH_STEP = 12  # batches hold texts of like length, padded to a multiple of this

Weights = dict[str, jax.Array]


def train(rows: Sequence[Labelled], out: Path, *, log=print) -> NgramNetwork:
    """Write `network.npz` from texts with labels between 0 (blame) and 1 (praise)."""
    read, lengths = _padded([row.text for row in rows])
    labels = np.array([row.label for row in rows], dtype=np.float32)
    counts = np.array([row.weight for row in rows], dtype=np.float32)
    counts /= counts.mean()
    dice = np.random.default_rng(0)
    weights = _initial(dice)
    first = {name: jnp.zeros_like(value) for name, value in weights.items()}
    second = {name: jnp.zeros_like(value) for name, value in weights.items()}
    key = jax.random.key(0)
    steps = PASSES * (len(rows) // BATCH)
    step = 0
    for passed in range(PASSES):
        losses = []
        for batch in _batches(lengths, dice):
            step += 1
            key, drop = jax.random.split(key)
            width = min(LONGEST, -(-int(lengths[batch].max()) // LENGTH_STEP) * LENGTH_STEP)
            rate = RATE * (1 - step / (steps + 1))
            weights, first, second, loss = _step(
                weights,
                first,
                second,
                read[batch, :width],
                lengths[batch],
                labels[batch],
                counts[batch],
                drop,
                rate,
                float(step),
            )
            losses.append(loss)
        log(f"network: pass {passed + 1} of {PASSES}, loss {float(np.mean(losses)):.4f}")
    _write({name: np.asarray(value) for name, value in weights.items()}, out / "network.npz")
    return NgramNetwork.load(out / "network.npz")


def _padded(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    found = np.full((len(texts), LONGEST, SIZES), -1, dtype=np.int32)
    kept = np.zeros(len(texts), dtype=np.int32)
    for start in range(0, len(texts), BATCH):
        rows, lengths = ngrams(texts[start : start + BATCH])
        at = len(BEFORE)
        for place, length in enumerate(lengths.tolist(), start):
            kept[place] = min(length, LONGEST)
            found[place, : kept[place]] = rows[at : at + kept[place]]
            at += length + len(BEFORE)
    return found, kept


def _batches(lengths: np.ndarray, dice: np.random.Generator) -> Iterator[np.ndarray]:
    order = np.argsort(lengths + dice.uniform(0, LENGTH_STEP / 2, len(lengths)))
    batches = [order[start : start + BATCH] for start in range(0, len(order) - BATCH + 1, BATCH)]
    dice.shuffle(batches)
    yield from batches


def _initial(dice: np.random.Generator) -> Weights:
    tables = {f"table_{size}": dice.normal(0, 0.1, (1 << bits, CHANNELS)) for size, bits in enumerate(BITS)}
    window = dice.normal(0, (3 * CHANNELS) ** -0.5, (3 * CHANNELS, FILTERS))
    rest = {
        "window": window,
        "window_bias": np.zeros(FILTERS),
        "head": dice.normal(0, 0.05, 2 * FILTERS),
        "bias": np.zeros(()),
    }
    return {name: jnp.asarray(value, jnp.float32) for name, value in (tables | rest).items()}


def _answer(weights: Weights, read: jax.Array, lengths: jax.Array, key: jax.Array) -> jax.Array:
    here = (read[..., 0] >= 0)[..., None]
    first, second = jax.random.split(key)
    kept = jax.random.bernoulli(first, 1 - FORGOTTEN, read.shape) / (1 - FORGOTTEN)
    rows = sum(weights[f"table_{size}"][read[..., size]] * kept[..., size, None] for size in range(SIZES))
    rows = jnp.pad(rows * here, ((0, 0), (1, 1), (0, 0)))
    windows = jnp.concatenate([rows[:, :-2], rows[:, 1:-1], rows[:, 2:]], -1)
    heard = jax.nn.relu(windows @ weights["window"] + weights["window_bias"]) * here
    pooled = jnp.concatenate([heard.max(1), heard.sum(1) / jnp.sqrt(jnp.maximum(lengths, 1))[:, None]], -1)
    pooled = pooled * jax.random.bernoulli(second, 1 - FORGOTTEN_HEARD, pooled.shape) / (1 - FORGOTTEN_HEARD)
    return pooled @ weights["head"] + weights["bias"]


def _loss(
    weights: Weights, read: jax.Array, lengths: jax.Array, labels: jax.Array, counts: jax.Array, key: jax.Array
) -> jax.Array:
    logits = _answer(weights, read, lengths, key)
    return jnp.mean(counts * (jnp.logaddexp(0, logits) - labels * logits))


@partial(jax.jit, donate_argnums=(0, 1, 2))
def _step(weights, first, second, read, lengths, labels, counts, key, rate, step):
    loss, slope = jax.value_and_grad(_loss)(weights, read, lengths, labels, counts, key)
    return *adam(weights, first, second, slope, rate=rate, step=step), loss


def _write(weights: dict[str, np.ndarray], file: Path) -> None:
    tables = [weights.pop(f"table_{size}") for size in range(SIZES)]
    scales = [float(np.abs(table).max()) / 127 for table in tables]
    codes = {
        f"table_{size}": np.round(table / scale).astype(np.int8)
        for size, (table, scale) in enumerate(zip(tables, scales, strict=True))
    }
    np.savez_compressed(
        file,
        scales=np.array(scales, dtype=np.float32),
        **codes,
        **{name: value.astype(np.float16) for name, value in weights.items()},
    )
