"""What an English text praises and blames: clause by clause, an opinion word and the nearest noun that it goes with.

Where no opinion word is listed, the reader of terms says what the text speaks of and how; the tables are more often
right, so they come first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from pathlib import Path

import orjson

from matjip.inference.lite.language import language_of
from matjip.inference.lite.read import OTHER, Read
from matjip.inference.lite.terms import Term, TermReader
from matjip.inference.task import Aspect, Mention, Polarity

__all__ = ["English"]

SURE = 0.85  # chance from which a term is said to be praised or blamed, as for clauses of the category head
UNLISTED: Aspect = "taste"  # what a thing is that no table lists: dishes have no end, the rest of a restaurant does
FAR_WORDS = 6  # words between a noun and its opinion; further apart they belong to other clauses
WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
CLAUSE_END = re.compile(r"[.!?;\n]|,| but | although | though | however | yet | while ", re.IGNORECASE)
NEGATORS = frozenset(
    [
        "not",
        "no",
        "never",
        "hardly",
        "barely",
        "without",
        "isn't",
        "wasn't",
        "aren't",
        "weren't",
        "don't",
        "didn't",
        "doesn't",
        "can't",
        "couldn't",
        "nothing",
        "neither",
    ]
)
UNREAL_WORDS = frozenset(
    ["if", "would", "could", "should", "expected", "hoped", "wish", "supposed", "used", "heard", "said"]
)
COPULAS = frozenset(
    ["is", "was", "are", "were", "be", "been", "seems", "seemed", "tasted", "tastes", "looked", "felt", "feels"]
)


@dataclass(frozen=True, slots=True)
class English:
    """The English tables, and the reader of terms beside them."""

    opinions: dict[str, tuple[int, Aspect | None, list[Aspect]]]
    nouns: dict[str, Aspect]
    terms: TermReader

    @classmethod
    def load(cls, folder: Traversable | Path) -> "English":
        """Read what `training/aspects.py` and `training/terms.py` wrote."""
        table = orjson.loads((folder / "english.json").read_bytes())
        opinions, nouns = table["opinions"], table["nouns"]
        assert isinstance(opinions, dict)
        assert isinstance(nouns, dict)
        return cls(
            {word: tuple(known) for word, known in opinions.items()}, nouns, TermReader.load(folder / "terms.npz")
        )

    def read(self, texts: Sequence[str]) -> Iterator[Read]:
        """What each text says of its aspects, and where it names things or holds an opinion's words and says nothing."""
        whole = [number for number, text in enumerate(texts) if language_of(text) == "en"]
        named = dict(zip(whole, self.terms.read([texts[number] for number in whole]), strict=True))
        for number, text in enumerate(texts):
            read, terms = self._by_table(text), named.get(number, [])  # English words in a Korean text: by table only
            mentions = [self._whole(text, mention, terms) for mention in read.mentions]
            for term in terms:
                spans = [*((mention.start, mention.end) for mention in mentions), *read.silent]
                if any(start < term.end and term.start < end for start, end in spans):
                    continue
                mention = self._by_term(text, term)
                if mention:
                    mentions.append(mention)
                else:
                    read.silent.append((term.start, term.end))
            yield Read(mentions, read.silent)

    def aspect_of(self, thing: str) -> Aspect:
        """By the last listed words of its name: "bottle of wine" is wine, "dining room chairs" are chairs."""
        words = [match.group().lower() for match in WORD.finditer(thing)]
        for last in range(len(words), 0, -1):
            for first in range(max(0, last - 3), last):
                if (aspect := self.nouns.get(" ".join(words[first:last]))) is not None:
                    return aspect
        return UNLISTED

    def _whole(self, text: str, mention: Mention, terms: Sequence[Term]) -> Mention:
        """The mention with its thing named as the text names it: the tables' "peppers" are the text's "stuffed peppers"."""
        if mention.target is None:
            return mention
        place = text.index(mention.target, mention.start)
        for term in terms:
            thing = text[term.start : term.end]
            if (
                term.start <= place
                and place + len(mention.target) <= term.end
                and self.aspect_of(thing) == mention.aspect
            ):
                start, end = min(mention.start, term.start), max(mention.end, term.end)
                return replace(mention, target=thing, start=start, end=end)
        return mention

    def _by_term(self, text: str, term: Term) -> Mention | None:
        thing = text[term.start : term.end]
        aspect = self.aspect_of(thing)
        if aspect == OTHER or max(term.negative, term.positive) < SURE:
            return None
        return Mention(
            aspect=aspect,
            polarity="positive" if term.positive > term.negative else "negative",
            target=thing,
            opinion=None,
            start=term.start,
            end=term.end,
        )

    def _by_table(self, text: str) -> Read:
        found: list[Mention] = []
        silent: list[tuple[int, int]] = []
        start = 0
        for stop in [*(match.span() for match in CLAUSE_END.finditer(text)), (len(text), len(text))]:
            words = [
                (match.group().lower().replace("’", "'"), match.start(), match.end())
                for match in WORD.finditer(text, start, stop[0])
            ]
            for said in self._clause(text, words):
                if isinstance(said, Mention):
                    found.append(said)
                else:
                    silent.append(said)
            start = stop[1]
        return Read(found, silent)

    def _clause(self, text: str, words: list[tuple[str, int, int]]) -> Iterator[Mention | tuple[int, int]]:
        """The mentions of one clause, and the spans of opinions that were hoped for or praise nobody."""
        nouns = list(self._spans(words, self.nouns))
        used = {place for first, last, _ in nouns for place in range(first, last)}
        for first, last, phrase in self._spans(words, self.opinions):
            if used & set(range(first, last)):
                continue
            said = {word for word, _, _ in words[:first]}
            polarity, implied, aspects = self.opinions[phrase]
            if said & UNREAL_WORDS:
                yield words[0][1], words[-1][2]
                continue
            if not polarity:  # "kind of", "dog-friendly": recognised, and praises nobody
                yield words[first][1], words[min(last, len(words) - 1)][2]  # with the thing behind it
                continue
            noun = self._noun(nouns, first, last, words, aspects)
            aspect = self.nouns[noun[2]] if noun else implied
            if aspect is None:
                continue
            denials = [place for place in range(max(0, first - 4), first) if words[place][0] in NEGATORS]
            negated = len(denials) % 2 == 1 and "only" not in said
            begin = min([first, *denials[-1:], noun[0] if noun else first])
            end = max(last, noun[1] if noun else last)
            yield Mention(
                aspect=aspect,
                polarity=_polarity(polarity, negated=negated),
                target=text[words[noun[0]][1] : words[noun[1] - 1][2]] if noun else None,
                opinion=phrase,
                start=words[begin][1],
                end=words[end - 1][2],
                negated=negated,
            )

    @staticmethod
    def _spans(words: list[tuple[str, int, int]], table: Mapping[str, object]) -> Iterator[tuple[int, int, str]]:
        place = 0
        while place < len(words):
            for size in (3, 2, 1):
                phrase = " ".join(word for word, _, _ in words[place : place + size])
                if phrase in table and place + size <= len(words):
                    yield place, place + size, phrase
                    place += size - 1
                    break
            place += 1

    def _noun(
        self,
        nouns: list[tuple[int, int, str]],
        first: int,
        last: int,
        words: list[tuple[str, int, int]],
        aspects: list[Aspect],
    ) -> tuple[int, int, str] | None:
        best, best_distance = None, float(FAR_WORDS)
        for noun in nouns:
            if self.nouns[noun[2]] not in aspects:
                continue
            if noun[0] >= last:  # "great service": right behind; further on only if nothing better stands before
                distance = noun[0] - last + 0.5 if noun[0] - last <= 1 else noun[0] - last + 3.0
            else:
                between = {word for word, _, _ in words[noun[1] : first]}
                distance = first - noun[1] + (0.0 if between & COPULAS else 1.0)
            if distance < best_distance:
                best, best_distance = noun, distance
        return best


def _polarity(sign: int, *, negated: bool) -> Polarity:
    return "positive" if (sign > 0) != negated else "negative"
