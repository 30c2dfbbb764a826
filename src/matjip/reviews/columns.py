"""Columns to fields: which column of a file holds what, and each value made what the record keeps."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from matjip.errors import Fault, Invalid
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.rows import Row
from matjip.reviews.store import Put, PutRestaurant

__all__ = ["Columns"]

# Names that files use; the first one that is there is taken.
ALIASES: dict[str, tuple[str, ...]] = {
    "restaurant_id": ("restaurant_id", "store_id", "shop_id", "place_id", "business_id", "subject_id", "restaurant"),
    "id": ("id", "review_id", "comment_id"),
    "content": ("content", "text", "review", "comment", "body", "review_text"),
    "author_id": ("author_id", "user_id", "member_id", "writer_id", "nickname", "author", "user"),
    "group_id": ("group_id",),
    "subgroup_id": ("subgroup_id",),
    "rating": ("rating", "score", "stars", "star", "grade"),
    "is_recommended": ("is_recommended", "recommended"),
    "images": ("images", "image_urls", "image_url", "photos"),
    "source": ("source", "channel"),
    "language": ("language", "lang"),
    "created_at": ("created_at", "date", "created", "timestamp", "datetime", "written_at"),
}
REQUIRED = ("restaurant_id", "content")
RESTAURANT_FIELDS = ("id", "name", "categories", "region", "price_band", "address", "created_at")
MAPPING = re.compile(r"(?P<field>\w+)(?:=(?P<column>[^/]+?)(?:/(?P<divisor>\d+(?:\.\d+)?))?|:=(?P<constant>.+))")
RIGHT = "field=column, rating=column/2, or field:=constant"
MILLISECONDS_FROM = 1e11  # a number of seconds this large is the year 5138: it counts milliseconds
TRUE, FALSE = {"true", "1", "y", "yes", "t"}, {"false", "0", "n", "no", "f"}


class Unfit(Exception):
    """A value that cannot be what its field needs: (what is wrong, what would be right)."""


@dataclass(slots=True)
class Columns:
    """How one file's rows become drafts."""

    names: dict[str, str]  # field → column
    constants: dict[str, str]
    rating_divisor: float
    explicit: frozenset[str]  # fields that the caller mapped: they must be there
    prefix: str | None  # of made ids, before the line; None: an id must come with the row
    zoneless: int = 0  # times without a zone so far; read as UTC
    ignored: frozenset[str] = frozenset()

    @classmethod
    def of(cls, mapping: Sequence[str], columns: Iterable[str] | None, prefix: str | None) -> "Columns":
        """Raises Invalid before anything is imported: an unknown field, a column that is not there, none for what must be."""
        given, constants, divisor, faults = _parsed(mapping)
        if faults:
            raise Invalid.of(*faults)
        found = cls({}, constants, divisor, frozenset(given), prefix)
        if columns is None:  # JSON lines: each line has its own names
            return cls(dict(given), constants, divisor, frozenset(given), prefix)
        listed = list(columns)
        found.names = _chosen(given, constants, listed)
        found.ignored = frozenset(listed) - set(found.names.values())
        return found

    def write_of(self, row: Row) -> Put | PutRestaurant | list[Fault]:
        """The row as a write, or everything that keeps it from being one."""
        fields = row.fields
        if fields.get("kind") == "restaurant":
            return self._restaurant(fields, row.line)
        values: dict[str, object] = {}
        faults: list[Fault] = []
        for field, read in READERS.items():
            column, value = self._value(field, fields)
            if value is None or value == "":
                continue
            try:
                values[field] = read(value)
            except Unfit as unfit:
                wrong, right = unfit.args
                faults.append(Fault(where=f"line {row.line}, {column}", wrong=wrong, right=right))
        return self._review(values, row.line, fields, faults)

    def _review(
        self, values: dict[str, object], line: int, fields: Mapping[str, object], faults: list[Fault]
    ) -> Put | list[Fault]:
        if "rating" in values and self.rating_divisor != 1:
            values["rating"] = float(str(values["rating"])) / self.rating_divisor
        created = values.get("created_at")
        if isinstance(created, datetime) and created.tzinfo is None:
            self.zoneless += 1
            values["created_at"] = created.replace(tzinfo=UTC)
        if "id" not in values and self.prefix is not None:
            values["id"] = f"{self.prefix}:{line}"
        failed = {fault.where.rpartition(", ")[2] for fault in faults}
        for field in (*REQUIRED, "id"):
            if field not in values and self._value(field, fields)[0] not in failed:
                had = ", ".join(sorted(map(str, fields))[:12]) or "nothing"
                faults.append(
                    Fault(where=f"line {line}, {field}", wrong="is missing", right=f"a value (the row has {had})")
                )
        return faults or Put(review=ReviewDraft(**values))  # type: ignore[arg-type]

    def _value(self, field: str, fields: Mapping[str, object]) -> tuple[str, object]:
        if field in self.constants:
            return field, self.constants[field]
        column = self.names.get(field)
        if column is not None:
            return column, fields.get(column)
        for alias in ALIASES[field]:
            if alias in fields:
                return alias, fields[alias]
        return field, None

    def _restaurant(self, fields: Mapping[str, object], line: int) -> PutRestaurant | list[Fault]:
        values: dict[str, object] = {}
        faults = []
        for field in RESTAURANT_FIELDS:
            value = fields.get(field)
            if value is None:
                continue
            try:
                values[field] = RESTAURANT_READERS[field](value)
            except Unfit as unfit:
                wrong, right = unfit.args
                faults.append(Fault(where=f"line {line}, {field}", wrong=wrong, right=right))
        if "id" not in values and not faults:
            faults.append(Fault(where=f"line {line}, id", wrong="is missing", right="the restaurant's id"))
        created = values.get("created_at")
        if isinstance(created, datetime) and created.tzinfo is None:
            self.zoneless += 1
            values["created_at"] = created.replace(tzinfo=UTC)
        return faults or PutRestaurant(restaurant=RestaurantDraft(**values))  # type: ignore[arg-type]


def _parsed(mapping: Sequence[str]) -> tuple[dict[str, str], dict[str, str], float, list[Fault]]:
    given: dict[str, str] = {}
    constants: dict[str, str] = {}
    divisor, faults = 1.0, []
    for word in mapping:
        match = MAPPING.fullmatch(word.strip())
        if not match:
            faults.append(Fault(where="--map", wrong=f"is {word!r}", right=RIGHT))
        elif match["field"] not in ALIASES:
            faults.append(
                Fault(where="--map", wrong=f"names the field {match['field']!r}", right=f"one of {', '.join(ALIASES)}")
            )
        elif match["divisor"] and (match["field"] != "rating" or float(match["divisor"]) == 0):
            faults.append(
                Fault(where="--map", wrong=f"divides in {word!r}", right="a division of rating alone, by more than 0")
            )
        elif match["constant"]:
            constants[match["field"]] = match["constant"]
        else:
            given[match["field"]] = match["column"].strip()
            divisor = float(match["divisor"] or divisor)
    return given, constants, divisor, faults


def _chosen(given: Mapping[str, str], constants: Mapping[str, str], columns: list[str]) -> dict[str, str]:
    lower = {name.lower(): name for name in columns}
    found = ", ".join(columns)
    faults = [
        Fault(where=f"--map {field}={column}", wrong="names a column that is not there", right=f"one of {found}")
        for field, column in given.items()
        if column not in columns
    ]
    names = dict(given)
    for field, aliases in ALIASES.items():
        if field not in names and field not in constants:
            alias = next(
                (lower[alias] for alias in aliases if alias in lower and lower[alias] not in names.values()), None
            )
            if alias is not None:
                names[field] = alias
    for field in REQUIRED:
        if field not in names and field not in constants:
            right = f"a column named {' or '.join(ALIASES[field][:3])}, or --map {field}=COLUMN (found: {found})"
            faults.append(Fault(where="the header", wrong=f"has no column for {field}", right=right))
    if faults:
        raise Invalid.of(*faults)
    return names


def _id(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unfit(f"is {_shown(value)}", "text or a whole number")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise Unfit(f"is {_shown(value)}", "text")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(_text(value))
    except ValueError:
        raise Unfit(f"is {_shown(value)}", "a number") from None


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in TRUE | FALSE:
        return word in TRUE
    raise Unfit(f"is {_shown(value)}", "true or false")


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value >= MILLISECONDS_FROM else value, UTC)
        return datetime.fromisoformat(_text(value).strip())
    except (ValueError, OverflowError, OSError):
        raise Unfit(f"is {_shown(value)}", "a time such as 2026-11-01T12:00:00Z, or seconds since 1970") from None


def _urls(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        text = value.strip()
        try:
            value = orjson.loads(text) if text.startswith("[") else re.split(r"[|\s]+", text)
        except orjson.JSONDecodeError:
            raise Unfit(f"is {_shown(value)}", "a list of URLs") from None
    return _texts(value)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise Unfit(f"is {_shown(value)}", "a list of texts")


def _whole(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise Unfit(f"is {_shown(value)}", "a whole number")
    return int(number)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


READERS: dict[str, Callable[[object], object]] = {
    "restaurant_id": _id,
    "id": _id,
    "content": _text,
    "author_id": _id,
    "group_id": _id,
    "subgroup_id": _id,
    "rating": _number,
    "is_recommended": _flag,
    "images": _urls,
    "source": _text,
    "language": _text,
    "created_at": _moment,
}
RESTAURANT_READERS: dict[str, Callable[[object], object]] = {
    "id": _id,
    "name": _text,
    "categories": _texts,
    "region": _text,
    "price_band": _whole,
    "address": _text,
    "created_at": _moment,
}
