"""What a task is to a model: the words that ask, the shape of the answer, and what an item of it must hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from matjip.inference.lite.language import language_of
from matjip.inference.model import Message
from matjip.inference.prompts.data import fenced, new_fence
from matjip.inference.task import Language

__all__ = ["LANGUAGES", "Item", "Language", "Question", "Reading", "Reason", "Wrong"]

Item = Mapping[str, object]
Reason = Literal[
    "missing",  # no item of the answer has the number
    "invented",  # the number is no review's
    "duplicated",  # two items have the number and differ
    "shape",  # a field is missing or of another type
    "label",
    "confidence",
    "aspect",
    "polarity",
    "quote",  # the review does not say it
    "number",  # of a text: none of the facts' numbers, or another thing's
    "word",  # of a text: says something that the facts do not
    "negation",
    "hype",
    "quoted",  # of a text: words in quote marks that no quote of the evidence holds
    "one_sided",  # of a text: praise or blame, or what it was to be about, left out
    "order",  # of a text: what is named less before what is named more
    "repeated",  # of a text: a sentence says a word twice
    "unfinished",  # of a text: a sentence ends with a word that none ends with
    "length",
    "language",
    "masked",  # of a text: what a quote would hide
    "sign",  # of a text: a link, an address, a control character or another sign that no sentence needs
    "no_room",  # the model could not have answered in time, and was not asked
    "unavailable",  # the model gave no answer at all
    "out_of_time",  # of somebody who waits
    "refused",  # it refuses this prompt
    "too_long",  # no prompt can hold it
]
Reading = tuple[object, Sequence[Reason]]  # the answer, and what was dropped from it
LANGUAGES: tuple[Language, ...] = ("ko", "en")
AGAIN = {
    "ko": "앞선 답에는 이 항목들이 없거나 형식이 틀렸다. 항목마다 꼭 하나씩 답하라.\n",
    "en": "An answer before lacked these or had them in the wrong form. Give exactly one item for each.\n",
}
COUNT = {"ko": "위 {count}개에 JSON으로 답하라.", "en": "Answer for these {count} as JSON."}


class Wrong(Exception):
    """An item breaks a rule; it is asked for once more, then decided by another judge."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One task's prompt. A changed word is a new version: stored answers are known by it."""

    task: str
    version: str
    instructions: Mapping[Language, str]
    fields: Mapping[str, object]  # JSON schema of what an item holds besides its number
    answer_tokens: int  # of one item, at most, about
    read: Callable[[Item, Any], Reading]  # an item and what it is held against: the text that it is of; raises Wrong
    is_final: bool = False  # where what was read and refused is the fallback's by rule, not for want of an answer

    def schema(self, count: int) -> dict[str, object]:
        """Of the whole answer: exactly so many items."""
        number = {"type": "integer", "minimum": 1, "maximum": count}
        item = {
            "type": "object",
            "properties": {"number": number, **self.fields},
            "required": ["number", *self.fields],
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"items": {"type": "array", "minItems": count, "maxItems": count, "items": item}},
            "required": ["items"],
            "additionalProperties": False,
        }

    def messages(
        self, texts: Sequence[str], dice: Random, *, language: Language | None = None, is_repair: bool = False
    ) -> tuple[Message, ...]:
        """The question of these neutral texts, in the language named or else the one that most of them are in.

        The instructions come first and never change, so that a server finds them in its prefix cache.
        """
        language = language or ("ko" if 2 * sum(language_of(text) == "ko" for text in texts) >= len(texts) else "en")
        data = fenced(texts, new_fence(dice, texts))
        asked = (AGAIN[language] if is_repair else "") + COUNT[language].format(count=len(texts))
        return Message("system", self.instructions[language]), Message("user", data + asked)
