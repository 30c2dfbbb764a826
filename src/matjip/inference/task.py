"""The typed questions that a judge answers, and the answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Generic, Literal, Self, TypeVar

__all__ = [
    "ASPECTS",
    "Aspect",
    "Counted",
    "ExpandQuery",
    "Expansion",
    "Facts",
    "FindAspects",
    "JudgeSentiment",
    "Label",
    "Language",
    "Mention",
    "Polarity",
    "Sentiment",
    "Task",
    "Verdict",
    "WordClaim",
    "WriteSummary",
]

Language = Literal["ko", "en"]  # that answers are written in
Label = Literal["positive", "negative", "neutral"]
Polarity = Literal["positive", "negative"]
Aspect = str  # one of ASPECTS, or a name from configuration
ASPECTS: tuple[Aspect, ...] = (
    "taste",
    "menu",
    "service",
    "price",
    "atmosphere",
    "cleanliness",
    "waiting",
    "location",
    "portion",
    "delivery",
)

A_co = TypeVar("A_co", covariant=True)


class Task(Generic[A_co]):
    """A question over many items; a judge answers each with an A."""

    __slots__ = ()

    @property
    def items(self) -> tuple[str, ...]:
        """What the question is asked of."""
        raise NotImplementedError(f"{type(self).__name__} has no items")

    @property
    def subjects(self) -> tuple[object, ...]:
        """What an answer is held against, item by item: the items themselves, unless an item only renders something."""
        return self.items

    @property
    def language(self) -> Language | None:
        """The language to ask in and to be answered in; None: whatever the items are written in."""
        return None

    def among(self, places: Sequence[int]) -> Self:
        """The same question of the items at these places."""
        raise NotImplementedError(f"{type(self).__name__} has no items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Generic[A_co]):
    """One item's answer and who gave it."""

    answer: A_co
    engine: str  # "lite", "llm"
    model: str  # name and version, so that a result can say what made it
    tokens: int = 0  # of a language model, this item's share of the prompt and of the answer
    instead_of: str | None = None  # the engine that was asked and did not decide: this is a fallback's answer
    no_room_s: int | None = None  # where that engine had no room in time: seconds until it may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """The polarity of a whole review."""

    label: Label
    p_positive: float  # calibrated probability, 0 to 1
    confidence: float  # probability of the label: p, 1 - p, or for neutral 1 - |2p - 1|


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One aspect and the opinion about it, in one place of one text. Offsets are code points of the text as stored."""

    aspect: Aspect
    polarity: Polarity
    target: str | None  # the thing spoken of, as written ("국물"); None where the opinion implies it ("맛있어요")
    opinion: str | None  # its dictionary form ("진하다", "delicious"); None where only the clause as a whole says it
    start: int  # of the span that covers target and opinion
    end: int
    negated: bool = False


@dataclass(frozen=True)
class FindAspects(Task[tuple[Mention, ...]]):
    """What does each text praise or blame?"""

    texts: tuple[str, ...]

    @property
    def items(self) -> tuple[str, ...]:
        return self.texts

    def among(self, places: Sequence[int]) -> Self:
        return type(self)(tuple(self.texts[place] for place in places))


@dataclass(frozen=True)
class JudgeSentiment(Task[Sentiment]):
    """Which way does each text lean?"""

    texts: tuple[str, ...]
    mentions: tuple[tuple[Mention, ...], ...] | None = None  # of each, where they were found already: a help, no answer

    @property
    def items(self) -> tuple[str, ...]:
        return self.texts

    def among(self, places: Sequence[int]) -> Self:
        mentions = None if self.mentions is None else tuple(self.mentions[place] for place in places)
        return type(self)(tuple(self.texts[place] for place in places), mentions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """Words added to a query and the situation that called for them; both empty when nothing applies."""

    situation: str | None
    terms: tuple[str, ...]


@dataclass(frozen=True)
class ExpandQuery(Task[Expansion]):
    """Which words would a reviewer use for what each query describes?"""

    queries: tuple[str, ...]

    @property
    def items(self) -> tuple[str, ...]:
        return self.queries

    def among(self, places: Sequence[int]) -> Self:
        return type(self)(tuple(self.queries[place] for place in places))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One aspect that is praised or blamed, and what was counted of it."""

    aspect: Aspect
    called: tuple[str, ...]  # how the aspect is called in the facts' language, the best first
    polarity: Polarity
    support: int  # voices
    is_many: bool  # so that "many" may be said
    named: tuple[
        tuple[str, int | None], ...
    ] = ()  # things, the most named first, and their voices where those count alone
    opinions: tuple[str, ...] = ()  # in dictionary form
    has_others: bool = False  # what is named and said here are examples: others stand behind the same number
    recent: int | None = None  # voices of the last three months, where that is worth saying
    trend: Literal["better", "worse"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a text may say: counted before, and never the other way round. `text` says it by rules."""

    language: Language
    considered: int  # reviews
    points: tuple[Counted, ...]  # the first is the first to be told
    leaning: tuple[int, int] | None = None  # reviews that are positive, and negative
    per_cent: tuple[int, int] | None = None  # the same as shares
    is_compared: bool = False  # praised more than at similar restaurants
    times: float | None = None  # so many times as often, to one decimal
    text: str
    quotes: tuple[str, ...] = ()  # of the evidence, masked as they are published: data, and no facts

    @property
    def line(self) -> str:
        """The facts as one line, without what is not so; equal for equal facts alone."""
        return json.dumps(asdict(self, dict_factory=_said), ensure_ascii=False, separators=(",", ":"))


def _said(fields: Sequence[tuple[str, object]]) -> dict[str, object]:
    """The fields that say something; 0 does."""
    return {name: value for name, value in fields if value is not None and value is not False and value != ()}


@dataclass(frozen=True)
class _Worded(Task[str]):
    """Facts to be told, all in one language."""

    facts: tuple[Facts, ...]

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(one.line for one in self.facts)

    @property
    def subjects(self) -> tuple[object, ...]:
        return self.facts

    @property
    def language(self) -> Language | None:
        return self.facts[0].language if self.facts else None

    def among(self, places: Sequence[int]) -> Self:
        return type(self)(tuple(self.facts[place] for place in places))


@dataclass(frozen=True)
class WordClaim(_Worded):
    """How is each strength said in one short line?"""


@dataclass(frozen=True)
class WriteSummary(_Worded):
    """How is each part of a summary said in a sentence or three?"""
