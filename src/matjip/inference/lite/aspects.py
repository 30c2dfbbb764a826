"""What a text praises and blames: one question, whatever its language."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from matjip.inference.lite.categories import CategoryHead, Clause, clauses_of
from matjip.inference.lite.english import English
from matjip.inference.lite.korean import Korean
from matjip.inference.lite.read import Read
from matjip.inference.lite.sentiment import SentimentModel
from matjip.inference.task import ASPECTS, Aspect, Mention

__all__ = ["AspectFinder"]

HANGUL = re.compile("[\u1100-\u1112\uac00-\ud7a3]")  # syllables, and the parts that decomposed ones start with
LATIN = re.compile("[A-Za-z]{2}")
# Log odds from which a clause is said to praise or blame (a chance of 0.85); between, what it speaks of is not mentioned at all.
SURE_LOGIT = 1.7


@dataclass(frozen=True, slots=True)
class AspectFinder:
    """The tables of both languages, and the category head for what no table lists."""

    korean: Korean
    english: English
    head: CategoryHead
    sentiment: SentimentModel

    @classmethod
    def load(cls, folder: Traversable | Path | None = None) -> "AspectFinder":
        """Read what `training/aspects.py` wrote; by default what ships in the package."""
        folder = folder or files("matjip.inference.lite")
        return cls(
            Korean.load(folder / "korean.json"),
            English.load(folder),
            CategoryHead.load(folder / "categories.npz"),
            SentimentModel.load(folder),
        )

    def find(self, texts: Sequence[str]) -> Iterator[tuple[Mention, ...]]:
        """The mentions of each text, in the order of their place; a mention said twice in one text stands once.

        The head has nothing to add to a clause that the tables explain, nor of an aspect that they found in the text.
        """
        tables = self._by_language(texts)
        for found, more in zip(tables, self._by_clause(texts, tables), strict=True):
            yield tuple(sorted([*found.mentions, *more], key=lambda mention: (mention.start, mention.end)))

    def _by_language(self, texts: Sequence[str]) -> list[Read]:
        """What each language's own reader finds: a text is read in both where it holds both alphabets."""
        english = [number for number, text in enumerate(texts) if LATIN.search(text)]
        reads = {
            number: [read]
            for number, read in zip(english, self.english.read([texts[number] for number in english]), strict=True)
        }
        for number, text in enumerate(texts):
            if HANGUL.search(text):
                reads.setdefault(number, []).insert(0, self.korean.read(text))
        return [_together(reads.get(number, [])) for number in range(len(texts))]

    def _by_clause(self, texts: Sequence[str], tables: Sequence[Read]) -> list[list[Mention]]:
        clauses = [clause for clause in clauses_of(texts) if not _explained(clause, tables[clause.text])]
        scores = self.head.scores([texts[clause.text][clause.start : clause.end] for clause in clauses])
        silent = [{mention.aspect for mention in read.mentions} for read in tables]
        new: list[tuple[Clause, Aspect]] = []
        for place, column in np.argwhere(scores > 0).tolist():
            clause, aspect = clauses[place], ASPECTS[column]
            if aspect not in silent[clause.text]:
                silent[clause.text].add(aspect)
                new.append((clause, aspect))
        logits = self.sentiment.logits([texts[clause.text][clause.start : clause.end] for clause, _ in new])
        found: list[list[Mention]] = [[] for _ in texts]
        for (clause, aspect), logit in zip(new, logits.tolist(), strict=True):
            if abs(logit) >= SURE_LOGIT:
                found[clause.text].append(
                    Mention(
                        aspect=aspect,
                        polarity="positive" if logit > 0 else "negative",
                        target=None,
                        opinion=None,
                        start=clause.start,
                        end=clause.end,
                    )
                )
        return found


def _together(reads: Sequence[Read]) -> Read:
    found: dict[tuple[object, ...], Mention] = {}
    for mention in (mention for read in reads for mention in read.mentions):
        found.setdefault((mention.aspect, mention.polarity, mention.target, mention.opinion), mention)
    return Read(list(found.values()), [span for read in reads for span in read.silent])


def _explained(clause: Clause, read: Read) -> bool:
    """Whether the tables read an opinion here, if only to know that it says nothing."""
    spans = [*((mention.start, mention.end) for mention in read.mentions), *read.silent]
    return any(start < clause.end and clause.start < end for start, end in spans)
