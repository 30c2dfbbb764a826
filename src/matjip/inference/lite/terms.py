"""The things that an English text speaks of, word by word, and whether each is praised, blamed or only named.

A small convolution over words: each word brings the rows of its letters, of its beginning, its ending and its shape;
the three layers hear 2, 4 and 8 words to either side. The first tells where a thing begins and ends (the best
path of begin, inside and outside for the whole text), the last what is said of it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["Term", "TermReader", "Word", "rows_of", "words_of"]

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[^\w\s]|_")
FEATURES = 4  # rows that a word brings: itself, its beginning, its ending, its shape
ROWS = (1 << 14, 1 << 11, 1 << 11, 8)
FIRST_ROW = (0, ROWS[0], ROWS[0] + ROWS[1], sum(ROWS[:3]))
TAPS = ((-2, -1, 0, 1, 2), (-2, 0, 2), (-4, 0, 4))  # the places that each layer hears, from the word's own
GAP = 4  # empty places between texts, so that no layer hears a neighbour
TAGS = 3  # outside, begins, inside
OUTSIDE, BEGINS, INSIDE = range(TAGS)
LEANINGS = 3  # negative, neutral, positive
BATCH = 200  # texts at once

Array = NDArray[np.float32]


class Word(NamedTuple):
    """A word, a number or a sign, with its code points in the text."""

    text: str
    start: int
    end: int


class Term(NamedTuple):
    """A thing that the text speaks of, and the chances that it is blamed, only named, praised."""

    start: int  # code points of the text
    end: int
    negative: float
    neutral: float
    positive: float


def words_of(text: str) -> list[Word]:
    """The words of a text, in order."""
    return [Word(match.group(), *match.span()) for match in WORD.finditer(text)]


@lru_cache(maxsize=1 << 13)  # the words of a language that are said often
def rows_of(word: str) -> tuple[int, int, int, int]:
    """The rows that a word brings, one of each table."""
    low = word.lower().replace("’", "'")
    shape = (word[:1].isupper()) + 2 * (len(word) > 1 and word.isupper()) + 4 * word[:1].isalpha()
    return (
        crc32(low.encode()) % ROWS[0],
        FIRST_ROW[1] + crc32(b"<" + low[:3].encode()) % ROWS[1],
        FIRST_ROW[2] + crc32(b">" + low[-3:].encode()) % ROWS[2],
        FIRST_ROW[3] + shape,
    )


class Heard(NamedTuple):
    """What the network says of every word of every text, one behind the other."""

    starts: NDArray[np.int64]  # where each text begins
    tags: Array  # shape (places, TAGS)
    leanings: Array  # shape (places, LEANINGS)


class TermReader:
    """float32 at run time; the table lies in the file as int8 with one scale a channel."""

    __slots__ = ("_biases", "_layers", "_leaning", "_moves", "_scale", "_table", "_tag")

    def __init__(self, weights: dict[str, Array]) -> None:
        self._table = weights["table"]  # int8, shape (rows, channels)
        self._scale = weights["scale"]
        self._layers = [weights[f"layer_{number}"] for number in range(len(TAPS))]
        self._biases = [weights[f"bias_{number}"] for number in range(len(TAPS))]
        self._tag = weights["tag"]  # shape (filters + 1, TAGS): the last row is the bias
        self._leaning = weights["leaning"]
        self._moves = weights["moves"]  # shape (TAGS, TAGS): the score of one tag behind another

    @classmethod
    def load(cls, file: Traversable | Path) -> "TermReader":
        """Read what `training/terms.py` wrote."""
        with file.open("rb") as opened, np.load(opened) as data:
            return cls({name: data[name] if name == "table" else data[name].astype(np.float32) for name in data.files})

    def read(self, texts: Sequence[str]) -> list[list[Term]]:
        """The terms of each text, in order."""
        found: list[list[Term]] = []
        for start in range(0, len(texts), BATCH):
            words = [words_of(text) for text in texts[start : start + BATCH]]
            heard = self.hear(words)
            for said, tags, first in zip(words, self._tags(words, heard), heard.starts.tolist(), strict=True):
                found.append([_term(said, *span, heard.leanings[first:]) for span in spans_of(tags)])
        return found

    def leanings(self, text: str, spans: Sequence[tuple[int, int]]) -> list[Term]:
        """What is said of things whose code points are known."""
        words = words_of(text)
        heard = self.hear([words])
        found = []
        for start, end in spans:
            inside = [place for place, word in enumerate(words) if word.start < end and start < word.end]
            term = _term(words, inside[0], inside[-1] + 1, heard.leanings[heard.starts[0] :])
            found.append(term._replace(start=start, end=end))
        return found

    def hear(self, texts: Sequence[Sequence[Word]]) -> Heard:
        """Run the network over all words of all texts at once."""
        lengths = np.array([len(words) for words in texts], dtype=np.int64)
        starts = GAP + np.cumsum(lengths + GAP) - lengths - GAP
        here = np.zeros((int(lengths.sum()) + GAP * (len(texts) + 1), 1), dtype=np.float32)
        rows = np.zeros((len(here), FEATURES), dtype=np.int32)
        for words, start in zip(texts, starts.tolist(), strict=True):
            if words:
                rows[start : start + len(words)] = [rows_of(word.text) for word in words]
                here[start : start + len(words)] = 1
        state = self._table[rows].astype(np.float32).sum(axis=1) * self._scale * here
        layers = []
        for number, taps in enumerate(TAPS):
            wide = np.pad(state, ((GAP, GAP), (0, 0)))
            window = np.concatenate([wide[GAP + tap : GAP + tap + len(state)] for tap in taps], axis=1)
            more = np.maximum(window @ self._layers[number] + self._biases[number], 0) * here
            state = more if number == 0 else state + more
            layers.append(state)
        return Heard(starts, _linear(layers[1], self._tag), _linear(layers[2], self._leaning))

    def _tags(self, texts: Sequence[Sequence[Word]], heard: Heard) -> list[list[int]]:
        """The best path of tags through each text (A. Viterbi, 1967), all texts side by side."""
        lengths = np.array([len(words) for words in texts], dtype=np.int64)
        longest = int(lengths.max(initial=0))
        best = np.zeros((len(texts), TAGS), dtype=np.float32)
        best[:, INSIDE] = -np.inf
        came = np.zeros((longest, len(texts), TAGS), dtype=np.int8)
        for place in range(longest):
            going = place < lengths
            said = heard.tags[np.minimum(heard.starts + place, len(heard.tags) - 1)]
            if place == 0:
                best = np.where(going[:, None], best + said, best)
                continue
            paths = best[:, :, None] + self._moves
            came[place] = paths.argmax(axis=1)
            best = np.where(going[:, None], paths.max(axis=1) + said, best)
        found = []
        for number, length in enumerate(lengths.tolist()):
            tag, path = int(best[number].argmax()), []
            for place in range(length - 1, -1, -1):
                path.append(tag)
                tag = int(came[place, number, tag])
            found.append(path[::-1])
        return found


def spans_of(tags: Sequence[int]) -> list[tuple[int, int]]:
    """The words of each term: first, and the one behind the last."""
    found: list[tuple[int, int]] = []
    for place, tag in enumerate(tags):
        if tag == BEGINS or (tag == INSIDE and not (found and found[-1][1] == place)):
            found.append((place, place + 1))
        elif tag == INSIDE:
            found[-1] = (found[-1][0], place + 1)
    return found


def _linear(state: Array, weights: Array) -> Array:
    said: Array = state @ weights[:-1] + weights[-1]
    return said


def _term(words: Sequence[Word], first: int, last: int, leanings: Array) -> Term:
    scores = leanings[first] if last == first + 1 else leanings[first:last].mean(axis=0)
    odds = np.exp(scores - scores.max())
    return Term(words[first].start, words[last - 1].end, *(odds / odds.sum()).tolist())
