"""Labelled texts from a JSONL file: read whole, every fault named with its line and the right form."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import orjson

from matjip.errors import Fault, Invalid
from matjip.inference.task import ASPECTS, Label

__all__ = ["Row", "Said", "read_rows"]

LABELS: tuple[Label, ...] = get_args(Label)
ROW_KEYS = ("text", "label", "aspects", "id", "weight", "restaurant_id", "author_id")
SAID_KEYS = ("aspect", "polarity", "start", "end")
MOST_FAULTS = 20  # named at once; a file of another format has one a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that a text speaks of, as its labeller saw it."""

    aspect: str | None = None  # one of ASPECTS, or several joined by "|" where the labeller told them not apart
    polarity: Label | None = None  # None: spoken of, in no one way
    span: tuple[int, int] | None = None  # code points of the thing itself ("국물"), without the opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled text. None: the labeller did not look for it; no aspects: looked for, and none there."""

    text: str
    label: Label | None = None
    aspects: tuple[Said, ...] | None = None
    id: str | None = None
    weight: float = 1.0
    restaurant_id: str | None = None  # whom and by whom it is: `matjip adapt` sets whole restaurants aside
    author_id: str | None = None


class _Wrong(Exception):
    """What is wrong in one row: where in it, what, and what would be right."""

    def __init__(self, where: str, wrong: str, right: str) -> None:
        super().__init__(where, wrong, right)
        self.where, self.wrong, self.right = where, wrong, right


def read_rows(file: Path) -> list[Row]:
    """Every row, in order. Raises Invalid where the file cannot be read, holds no row, or a row is not as documented."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Invalid.of(Fault(where=str(file), wrong=f"cannot be read ({error.strerror})", right="a file")) from None
    rows: list[Row] = []
    faults: list[Fault] = []
    lines: dict[str, int] = {}  # where an id stood first
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = _row(line)
            if row.id is not None and lines.setdefault(row.id, number) != number:
                raise _Wrong("id", f"{row.id!r} stands in line {lines[row.id]} too", "an id of its own")
            rows.append(row)
        except _Wrong as error:
            where = f"line {number}: {error.where}" if error.where else f"line {number}"
            faults.append(Fault(where=where, wrong=error.wrong, right=error.right))
            if len(faults) == MOST_FAULTS:
                break
    if faults:
        raise Invalid.of(*faults)
    if not rows:
        right = 'a line of JSON a text, such as {"text": "맛있어요", "label": "positive"}'
        raise Invalid.of(Fault(where=str(file), wrong="holds no row", right=right))
    return rows


def _row(line: bytes) -> Row:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _Wrong("", f"is no JSON ({error.msg})", "one JSON object a line, in UTF-8") from None
    held = _keys(found, "", ROW_KEYS)
    text = held.get("text")
    if not isinstance(text, str) or not text.strip():
        raise _Wrong("text", _is(text), "a text that is not empty")
    if held.get("label") is None and held.get("aspects") is None:
        raise _Wrong("", "has neither label nor aspects", "at least one of them")
    return Row(
        text=text,
        label=_label(held.get("label"), "label"),
        aspects=_aspects(held.get("aspects"), text),
        id=_id(held.get("id"), "id"),
        weight=_weight(held.get("weight", 1.0)),
        restaurant_id=_id(held.get("restaurant_id"), "restaurant_id"),
        author_id=_id(held.get("author_id"), "author_id"),
    )


def _keys(found: object, where: str, known: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise _Wrong(where, _is(found), f"an object with {', '.join(known)}")
    if unknown := sorted(set(found) - set(known)):
        raise _Wrong(where, f"has the unknown key {unknown[0]!r}", f"none but {', '.join(known)}")
    return found


def _label(found: object, where: str) -> Label | None:
    if found is None:
        return None
    for label in LABELS:
        if found == label:
            return label
    raise _Wrong(where, _is(found), " or ".join(LABELS))


def _id(found: object, where: str) -> str | None:
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    raise _Wrong(where, _is(found), "a text or a whole number")


def _weight(found: object) -> float:
    if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < math.inf:
        return float(found)
    raise _Wrong("weight", _is(found), "a number above 0")


def _aspects(found: object, text: str) -> tuple[Said, ...] | None:
    if found is None:
        return None
    if not isinstance(found, list):
        raise _Wrong("aspects", _is(found), "a list of objects")
    return tuple(_said(found, text))


def _said(found: list[object], text: str) -> Iterator[Said]:
    for place, one in enumerate(found):
        where = f"aspects[{place}]"
        held = _keys(one, where, SAID_KEYS)
        aspect, span = _aspect(held.get("aspect"), where), _span(held, where, text)
        if aspect is None and span is None:
            raise _Wrong(where, "has neither aspect nor start and end", "at least one of them")
        yield Said(aspect=aspect, polarity=_label(held.get("polarity"), f"{where}.polarity"), span=span)


def _aspect(found: object, where: str) -> str | None:
    if found is None:
        return None
    if not isinstance(found, str) or not set(found.split("|")) <= set(ASPECTS):
        raise _Wrong(f"{where}.aspect", _is(found), f"one of {', '.join(ASPECTS)}, or several joined by |")
    return "|".join(sorted(set(found.split("|")), key=ASPECTS.index))


def _span(held: Mapping[str, object], where: str, text: str) -> tuple[int, int] | None:
    start, end = held.get("start"), held.get("end")
    if start is None and end is None:
        return None
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        wrong = f"has start {start!r} and end {end!r}"
        raise _Wrong(where, wrong, f"0 <= start < end <= {len(text)}, in code points of the text")
    return start, end


def _is(found: object) -> str:
    shown = repr(found)
    return f"is {shown[:60]}…" if len(shown) > 60 else f"is {shown}"
