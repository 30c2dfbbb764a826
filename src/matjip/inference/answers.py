"""What a model answered, item by item: whatever can be read is kept, whatever cannot is counted, nothing is made up."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matjip.inference.prompts.question import Item, Question, Reason, Wrong

__all__ = ["Answers", "read_answers"]

DECODER = json.JSONDecoder(strict=False)  # control characters may stand inside a string
MOST_DIGITS = 4  # of a number written as a string


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers by place of the item asked about, and how often each fault was met."""

    by_place: dict[int, object]
    dropped: Counter[Reason]
    broken: set[int]  # places whose item was read and broke a rule


def read_answers(question: Question, answer: str, subjects: Sequence[object]) -> Answers:
    """What the answer decides of these texts or facts. Never raises: an item that breaks a rule is left undecided."""
    by_number: dict[int, Item] = {}
    dropped: Counter[Reason] = Counter()
    twice: set[int] = set()
    for item in _items(answer):
        number = _number(item.get("number"))
        if number is None or not 1 <= number <= len(subjects):
            dropped["shape" if number is None else "invented"] += 1
        elif by_number.setdefault(number, item) != item:
            twice.add(number)
    found: dict[int, object] = {}
    broken: set[int] = set()
    for place, subject in enumerate(subjects):
        if place + 1 in twice:
            dropped["duplicated"] += 1
        elif (one := by_number.get(place + 1)) is None:
            dropped["missing"] += 1
        else:
            try:
                found[place], faults = question.read(one, subject)
                dropped.update(faults)
            except Wrong as error:
                dropped[error.reason] += 1
                broken.add(place)
    return Answers(by_place=found, dropped=dropped, broken=broken)


def _items(answer: str) -> list[Item]:
    """Those of the last whole answer, or of an answer that was cut short, every item that is whole."""
    strays: list[Item] = []
    whole: list[Item] | None = None
    for found in _objects(answer):
        if isinstance(items := found.get("items"), list):
            whole = [each for each in items if isinstance(each, dict)]
        elif "number" in found:
            strays.append(found)
    return strays if whole is None else whole


def _objects(answer: str) -> Iterator[Item]:
    at = answer.find("{")
    while at >= 0:
        try:
            found, end = DECODER.raw_decode(answer, at)
        except (ValueError, RecursionError):
            found, end = None, at + 1
        if isinstance(found, dict):
            yield found
        at = answer.find("{", end)


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
