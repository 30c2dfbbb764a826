"""What a text praises and blames: one question, whatever its language."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from matjip.inference.lite.english import English
from matjip.inference.lite.korean import Korean
from matjip.inference.task import Mention

__all__ = ["AspectFinder"]

HANGUL = re.compile("[\u1100-\u1112\uac00-\ud7a3]")  # syllables, and the parts that decomposed ones start with
LATIN = re.compile("[A-Za-z]{2}")


@dataclass(frozen=True, slots=True)
class AspectFinder:
    """Both languages behind one question."""

    korean: Korean
    english: English

    @classmethod
    def load(cls, folder: Traversable | Path | None = None) -> "AspectFinder":
        """Read what `training/aspects.py` wrote; by default what ships in the package."""
        folder = folder or files("matjip.inference.lite")
        return cls(Korean.load(folder / "korean.json"), English.load(folder / "english.json"))

    def find(self, texts: Sequence[str]) -> Iterator[tuple[Mention, ...]]:
        """The mentions of each text, in the order of their place; a mention said twice in one text stands once."""
        for text in texts:
            found: dict[tuple[object, ...], Mention] = {}
            if HANGUL.search(text):
                _add(found, self.korean.mentions(text))
            if LATIN.search(text):
                _add(found, self.english.mentions(text))
            yield tuple(sorted(found.values(), key=lambda mention: (mention.start, mention.end)))


def _add(found: dict[tuple[object, ...], Mention], mentions: Iterator[Mention]) -> None:
    for mention in mentions:
        found.setdefault((mention.aspect, mention.polarity, mention.target, mention.opinion), mention)
