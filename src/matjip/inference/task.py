"""The typed questions that a judge answers, and the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Self, TypeVar

__all__ = [
    "ASPECTS",
    "Aspect",
    "ExpandQuery",
    "Expansion",
    "FindAspects",
    "JudgeSentiment",
    "Label",
    "Mention",
    "Polarity",
    "Sentiment",
    "Task",
    "Verdict",
]

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
