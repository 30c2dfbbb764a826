"""The reader of English terms: a convolution over words, with the best path of tags. Trained with JAX on MAMS sentences."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from matjip.inference.lite.terms import (
    BEGINS,
    FEATURES,
    INSIDE,
    LEANINGS,
    OUTSIDE,
    ROWS,
    TAGS,
    TAPS,
    TermReader,
    rows_of,
    words_of,
)
from training.adam import adam
from training.sources import vader_words

__all__ = ["Marked", "figures", "marked", "train"]

CHANNELS = 32
FILTERS = 64
LONGEST = 80  # words that training reads of a sentence
BATCH = 64
PASSES = 30
RATE = 2e-3  # falls to nothing in a straight line
FORGOTTEN_WORDS = 0.2  # share of words whose own row is dropped, so that beginning, ending and neighbours must do
FORGOTTEN = 0.4  # share of what each layer heard that is dropped
POLARITIES = ("negative", "neutral", "positive")

Weights = dict[str, jax.Array]


class Marked(NamedTuple):
    """A sentence and its terms: code points and polarity."""

    text: str
    terms: list[tuple[int, int, str]]


def marked(path: Path) -> list[Marked]:
    """The sentences of a MAMS file with the terms that people marked."""
    return [
        Marked(
            sentence.findtext("text") or "",
            sorted(
                (int(term.get("from", 0)), int(term.get("to", 0)), term.get("polarity", "neutral"))
                for term in sentence.iter("aspectTerm")
            ),
        )
        for sentence in ElementTree.parse(path).getroot().iter("sentence")
    ]


class Batch(NamedTuple):
    """Sentences side by side, padded."""

    rows: np.ndarray  # shape (sentences, words, FEATURES)
    here: np.ndarray  # shape (sentences, words): 1 where a word stands
    tags: np.ndarray
    leanings: np.ndarray  # -1 outside terms
    share: np.ndarray  # of its term that each word is


def train(mams_folder: Path, out: Path, *, log=print) -> dict[str, float]:
    """Write `terms.npz`; returns figures on the sentences that it learned nothing from."""
    return figures(fit(marked(mams_folder / "train.xml"), out, log=log), marked(mams_folder / "val.xml"))


def figures(reader: TermReader, sentences: Sequence[Marked]) -> dict[str, float]:
    """Exact spans, and the leaning of terms whose place is given: of all three, and of those praised or blamed."""
    found = reader.read([sentence.text for sentence in sentences])
    spans = [{(term.start, term.end) for term in terms} for terms in found]
    true = [{(start, end) for start, end, _ in sentence.terms} for sentence in sentences]
    both, said, marked_terms = (sum(map(len, each)) for each in (map(set.__and__, spans, true), spans, true))
    leanings = [
        (polarity, term)
        for text, terms in sentences
        for (_, _, polarity), term in zip(terms, reader.leanings(text, [term[:2] for term in terms]), strict=True)
    ]
    sided = [
        (polarity, "positive" if term.positive > term.negative else "negative")
        for polarity, term in leanings
        if polarity != "neutral"
    ]
    return {
        "n": marked_terms,
        "precision": both / said,
        "recall": both / marked_terms,
        "f1": 2 * both / (said + marked_terms),
        "leaning": float(np.mean([POLARITIES[int(np.argmax(term[2:]))] == polarity for polarity, term in leanings])),
        "sided": len(sided),
        "sided_right": float(np.mean([said == polarity for polarity, said in sided])),
    }


def fit(sentences: Sequence[Marked], out: Path, *, log=print) -> TermReader:
    """Write `terms.npz` from marked sentences."""
    data = _padded(sentences)
    dice = np.random.default_rng(0)
    weights = _initial(dice)
    first = {name: jnp.zeros_like(value) for name, value in weights.items()}
    second = {name: jnp.zeros_like(value) for name, value in weights.items()}
    key = jax.random.key(0)
    steps = PASSES * (len(sentences) // BATCH)
    step = 0
    for passed in range(PASSES):
        losses = []
        order = dice.permutation(len(sentences))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            step += 1
            chosen = order[start : start + BATCH]
            key, drop = jax.random.split(key)
            batch = Batch(*(part[chosen] for part in data))
            rate = RATE * (1 - step / (steps + 1))
            weights, first, second, loss = _step(weights, first, second, batch, drop, rate, float(step))
            losses.append(loss)
        if passed % 4 == 3:
            log(f"terms: pass {passed + 1} of {PASSES}, loss {float(np.mean(losses)):.4f}")
    _write({name: np.array(value) for name, value in weights.items()}, data.rows, out / "terms.npz")
    return TermReader.load(out / "terms.npz")


def _padded(sentences: Sequence[Marked]) -> Batch:
    shape = (len(sentences), LONGEST)
    data = Batch(
        np.zeros((*shape, FEATURES), dtype=np.int32),
        np.zeros(shape, dtype=np.float32),
        np.zeros(shape, dtype=np.int32),
        np.full(shape, -1, dtype=np.int32),
        np.zeros(shape, dtype=np.float32),
    )
    for number, (text, terms) in enumerate(sentences):
        words = words_of(text)[:LONGEST]
        data.rows[number, : len(words)] = [rows_of(word.text) for word in words]
        data.here[number, : len(words)] = 1
        for start, end, polarity in terms:
            inside = [place for place, word in enumerate(words) if word.start < end and start < word.end]
            data.tags[number, inside[:1]] = BEGINS
            data.tags[number, inside[1:]] = INSIDE
            data.leanings[number, inside] = POLARITIES.index(polarity)
            data.share[number, inside] = 1 / max(len(inside), 1)
    return data


def _initial(dice: np.random.Generator) -> Weights:
    table = dice.normal(0, 0.1, (sum(ROWS), CHANNELS))
    for word, valence in vader_words():  # one channel starts with how people rated the word, from -4 to 4
        table[rows_of(word)[0], 0] = valence / 4
    sizes = [CHANNELS, *[FILTERS] * (len(TAPS) - 1)]
    weights = {"table": table, "moves": np.zeros((TAGS, TAGS))}
    for number, (taps, size) in enumerate(zip(TAPS, sizes, strict=True)):
        weights[f"layer_{number}"] = dice.normal(0, (len(taps) * size) ** -0.5, (len(taps) * size, FILTERS))
        weights[f"bias_{number}"] = np.zeros(FILTERS)
    weights["tag"] = dice.normal(0, 0.1, (FILTERS + 1, TAGS))
    weights["leaning"] = dice.normal(0, 0.1, (FILTERS + 1, LEANINGS))
    return {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}


def _answer(weights: Weights, batch: Batch, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    keys = jax.random.split(key, len(TAPS) + 2)
    here = batch.here[..., None]
    kept = jax.random.bernoulli(keys[0], 1 - FORGOTTEN_WORDS, batch.rows.shape).astype(jnp.float32)
    state = (weights["table"][batch.rows] * kept[..., None]).sum(2) * here
    layers = []
    for number, taps in enumerate(TAPS):
        reach = max(taps)
        wide = jnp.pad(state, ((0, 0), (reach, reach), (0, 0)))
        window = jnp.concatenate([wide[:, reach + tap : reach + tap + state.shape[1]] for tap in taps], -1)
        more = jax.nn.relu(window @ weights[f"layer_{number}"] + weights[f"bias_{number}"]) * here
        more = more * jax.random.bernoulli(keys[number + 1], 1 - FORGOTTEN, more.shape) / (1 - FORGOTTEN)
        state = more if number == 0 else state + more
        layers.append(state)
    return tuple(
        state @ weights[name][:-1] + weights[name][-1] for state, name in ((layers[1], "tag"), (layers[2], "leaning"))
    )  # type: ignore[return-value]


def _loss(weights: Weights, batch: Batch, key: jax.Array) -> jax.Array:
    tags, leanings = _answer(weights, batch, key)
    # The tags as a chain (J. Lafferty et al., 2001): the score of the true path less that of all paths.
    moves = weights["moves"].at[OUTSIDE, INSIDE].set(-1e4)
    picked = jnp.take_along_axis(tags, batch.tags[..., None], -1)[..., 0] * batch.here
    moved = moves[batch.tags[:, :-1], batch.tags[:, 1:]] * batch.here[:, 1:]
    true = picked.sum(1) + moved.sum(1)

    def onward(total: jax.Array, place: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        said, going = place
        new = jax.nn.logsumexp(total[:, :, None] + moves, axis=1) + said
        return jnp.where(going[:, None] > 0, new, total), None

    begin = tags[:, 0] + jnp.array([0.0, 0.0, -1e4])
    total, _ = jax.lax.scan(onward, begin, (tags[:, 1:].swapaxes(0, 1), batch.here[:, 1:].swapaxes(0, 1)))
    chain = (jax.nn.logsumexp(total, axis=1) - true).mean()
    # A term's leaning is the mean over its words; here each word answers for its share.
    said = jax.nn.log_softmax(leanings)
    known = jnp.maximum(batch.leanings, 0)
    one = jnp.take_along_axis(said, known[..., None], -1)[..., 0]
    sided = -(one * batch.share).sum() / batch.share.sum()
    return chain + 3 * sided


@partial(jax.jit, donate_argnums=(0, 1, 2))
def _step(weights, first, second, batch, key, rate, step):
    loss, slope = jax.value_and_grad(_loss)(weights, batch, key)
    return *adam(weights, first, second, slope, rate=rate, step=step), loss


def _write(weights: dict[str, np.ndarray], rows: np.ndarray, file: Path) -> None:
    table = weights.pop("table")
    seen = np.zeros(len(table), dtype=bool)
    seen[rows] = True
    table[~seen, 1:] = 0  # never learned: only what people rated stays
    if not seen.all():
        rated = {rows_of(word)[0] for word, _ in vader_words()}
        table[[row for row in np.flatnonzero(~seen).tolist() if row not in rated], 0] = 0
    scale = np.abs(table).max(axis=0) / 127
    weights["moves"][OUTSIDE, INSIDE] = -1e4
    np.savez_compressed(
        file,
        table=np.round(table / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        **{name: value.astype(np.float16) for name, value in weights.items()},
    )
