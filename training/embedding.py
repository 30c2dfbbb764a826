"""The embedding: rows of n-grams whose sums lie close for texts that say the same of the same aspect, in either language.

Contrastive learning with JAX, two kinds of batch in turn. Texts of the same aspect and polarity, Korean and English mixed,
are pulled together (P. Khosla et al., Supervised contrastive learning, 2020); two cuts of the same review are pulled
together and all other reviews pushed away (A. van den Oord et al., InfoNCE, 2018), which keeps dishes and things apart.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import jax
import jax.numpy as jnp
import numpy as np

from matjip.inference.lite.features import hashed
from training import grammar_en
from training.adam import adam
from training.categories import labelled_korean, named_aspects
from training.sources import mams_windows, nsmc

__all__ = ["train"]

BITS = 16
DIMENSIONS = 64
ENGLISH_SENTENCES = 24_000
REVIEWS = 120_000
STEPS = 1_600
PAIRS = 256  # of a batch
READ = 80  # n-grams that a step reads of a text, drawn anew each time
TEMPERATURE = 0.07
RATE = 2e-3  # falls to a tenth in a straight line
SHORTEST_CUT = 0.5  # share of a review that a cut keeps at least

Pairs = tuple[list[str], list[str], np.ndarray]  # the texts, their partners, and a number for what each pair says


def train(nsmc_path: Path, mams_folder: Path, out: Path, *, log=print) -> dict[str, float]:
    """Write `embedding.npz`: one int8 row of 64 a bucket, with a scale a row."""
    dice = Random(11)
    said = _said(mams_folder, dice)
    texts = [text for of_kind in said for text in of_kind]
    texts += dice.sample([text for text, _ in nsmc(nsmc_path)["train"]], REVIEWS)
    log(f"embedding: {len(texts):,} training texts, {len(said)} things said")
    held = np.zeros(1 << BITS)
    for start in range(0, len(texts), 20_000):
        owners, buckets = hashed(texts[start : start + 20_000], BITS)
        held += np.bincount(
            np.unique(owners.astype(np.int64) << BITS | buckets) & ((1 << BITS) - 1), minlength=1 << BITS
        )
    rarity = np.where(held > 0, np.log((len(texts) + 1) / (held + 1)), 0)
    start_rows = (
        np.random.default_rng(0).normal(0, 1, (1 << BITS, DIMENSIONS))
        * (rarity / rarity.max())[:, None]
        / DIMENSIONS**0.5
    )
    rows = _learned(jnp.asarray(start_rows, jnp.float32), (lambda: _same(said, dice), lambda: _cuts(texts, dice)), log)
    scale = np.abs(rows).max(axis=1) / 127
    codes = np.round(rows / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8)
    codes[held == 0] = 0
    np.savez_compressed(out / "embedding.npz", codes=codes, scale=scale.astype(np.float16))
    return {"texts": len(texts), "steps": STEPS}


def _said(mams_folder: Path, dice: Random) -> list[list[str]]:
    """Texts of one aspect and one polarity, together."""
    found: dict[tuple[str, int], list[str]] = {}
    for made in labelled_korean(dice):
        if made.label is not None and len(set(made.aspects)) == 1:
            found.setdefault((made.aspects[0], made.label), []).append(made.text)
    english = [*grammar_en.generate(ENGLISH_SENTENCES, dice), *mams_windows(mams_folder / "train.xml")]
    for text, label in english:
        aspects = named_aspects(text)
        if len(aspects) == 1:
            found.setdefault((*aspects, label), []).append(text)
    return list(found.values())


def _same(said: Sequence[list[str]], dice: Random) -> Pairs:
    kinds = [dice.randrange(len(said)) for _ in range(PAIRS)]
    return [dice.choice(said[kind]) for kind in kinds], [dice.choice(said[kind]) for kind in kinds], np.array(kinds)


def _cuts(texts: list[str], dice: Random) -> Pairs:
    chosen = [dice.choice(texts) for _ in range(PAIRS)]
    return [_cut(text, dice) for text in chosen], [_cut(text, dice) for text in chosen], np.arange(PAIRS)


def _cut(text: str, dice: Random) -> str:
    kept = max(1, round(len(text) * dice.uniform(SHORTEST_CUT, 1)))
    start = dice.randrange(len(text) - kept + 1)
    return text[start : start + kept]


def _learned(rows: jax.Array, kinds: Sequence[Callable[[], Pairs]], log: Callable[[str], None]) -> np.ndarray:
    first, second = jnp.zeros_like(rows), jnp.zeros_like(rows)
    draw = np.random.default_rng(1)
    losses: list[jax.Array] = []
    for step in range(1, STEPS + 1):
        ours, theirs, says = kinds[step % len(kinds)]()
        read = _read(ours + theirs, draw)
        rate = RATE * (1 - 0.9 * step / STEPS)
        rows, first, second, loss = _step(rows, first, second, read, says, rate, float(step))
        losses.append(loss)
        if step % (STEPS // 4) == 0:
            log(f"embedding: step {step:,} of {STEPS:,}, loss {float(np.mean(losses[-100:])):.3f}")
    return np.asarray(rows)


def _read(texts: list[str], draw: np.random.Generator) -> np.ndarray:
    """READ n-grams of each text, by chance where it has more, -1 where it has fewer: shape (texts, READ)."""
    owners, buckets = hashed(texts, BITS)
    order = np.lexsort((draw.random(len(owners)), owners))
    owners, buckets = owners[order], buckets[order]
    place = np.arange(len(owners)) - np.searchsorted(owners, owners)
    kept = place < READ
    found = np.full((len(texts), READ), -1, dtype=np.int32)
    found[owners[kept], place[kept]] = buckets[kept]
    return found


def _loss(rows: jax.Array, read: jax.Array, says: jax.Array) -> jax.Array:
    sums = (rows[read] * (read >= 0)[..., None]).sum(1)
    units = sums / jnp.sqrt((sums**2).sum(1, keepdims=True) + 1e-6)
    ours, theirs = units[:PAIRS], units[PAIRS:]
    alike = ours @ theirs.T / TEMPERATURE
    same = says[:, None] == says[None, :]
    forth = jax.nn.log_softmax(alike, axis=1)
    back = jax.nn.log_softmax(alike, axis=0)
    return -jnp.mean(((forth + back) * same).sum(1) / same.sum(1)) / 2


@partial(jax.jit, donate_argnums=(0, 1, 2))
def _step(rows, first, second, read, says, rate, step):
    loss, slope = jax.value_and_grad(_loss)(rows, read, says)
    return *adam(rows, first, second, slope, rate=rate, step=step), loss
