"""Columns to fields: which column of a file holds what, and each value made what the record keeps."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import cast

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
NEEDED = (*REQUIRED, "id")
RESTAURANT_TABLE = {"kind", "id", "name"}  # columns of a table of restaurants, whose rows say kind: restaurant
RESTAURANT_FIELDS = ("id", "name", "categories", "region", "price_band", "address", "created_at")
MAPPING = re.compile(r"(?P<field>\w+)(?:=(?P<column>[^/]+?)(?:/(?P<divisor>\d+(?:\.\d+)?))?|:=(?P<constant>.+))")
RIGHT = "field=column, rating=column/2, or field:=constant"
EPOCH = re.compile(r"\d{9,13}(?:\.\d+)?")  # seconds since 1973, or milliseconds; eight digits are a date
MILLISECONDS_FROM = 1e11  # a number of seconds this large is the year 5138: it counts milliseconds
MAX_SHAPES = 1_000  # sets of names in JSON lines whose columns are remembered; each more is worked out again
MAX_IGNORED = 100  # ignored columns that are listed
TRUE, FALSE = {"true", "1", "y", "yes", "t"}, {"false", "0", "n", "no", "f"}


class Unfit(Exception):
    """A value that cannot be what its field needs: (what is wrong, what would be right)."""


@dataclass(slots=True)
class Columns:
    """How one file's rows become drafts."""

    given: dict[str, str]  # field → column, as the caller mapped it
    constants: dict[str, object]
    rating_divisor: float
    prefix: str | None  # of made ids, before the line; None: an id must come with the row
    zoneless: int = 0  # times without a zone so far; read as UTC
    ignored: set[str] = field(default_factory=set)
    _by_shape: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, mapping: Sequence[str], columns: Iterable[str] | None, prefix: str | None) -> "Columns":
        """Raises Invalid before anything is imported: an unknown field, a column that is not there, none for what must be."""
        given, constants, divisor, faults = _parsed(mapping)
        if not faults and columns is not None:  # of JSON lines each has its own names
            listed = list(columns)
            faults = _faults_of(_chosen(given, constants, listed), given, constants, listed)
        if faults:
            raise Invalid.of(*faults)
        return cls(given, constants, divisor, prefix)

    def names_of(self, columns: tuple[str, ...]) -> dict[str, str]:
        """Which of these columns holds which field; what none holds is noted as ignored."""
        names = self._by_shape.get(columns)
        if names is None:
            names = _chosen(self.given, self.constants, columns)
            unused = sorted({*columns} - {*names.values(), "kind"} - self.ignored)
            self.ignored.update(unused[: MAX_IGNORED - len(self.ignored)])
            if len(self._by_shape) < MAX_SHAPES:
                self._by_shape[columns] = names
        return names

    def write_of(self, row: Row) -> Put | PutRestaurant | list[Fault]:
        """The row as a write, or everything that keeps it from being one."""
        fields = row.fields
        if fields.get("kind") == "restaurant":
            return self._restaurant(fields, row.line)
        values = dict(self.constants)
        failed: dict[str, Fault] = {}
        for name, column in self.names_of(tuple(fields)).items():
            value = fields.get(column)
            if value is not None and value != "":
                try:
                    values[name] = READERS[name](value)
                except Unfit as unfit:
                    wrong, right = unfit.args
                    failed[name] = Fault(where=f"line {row.line}, {column}", wrong=wrong, right=right)
        if "id" not in values and "id" not in failed and self.prefix is not None:
            values["id"] = f"{self.prefix}:{row.line}"
        missing = [_missing(name, row) for name in NEEDED if name not in values and name not in failed]
        if failed or missing:
            return [*failed.values(), *missing]
        return Put(review=self._review(values))

    def _review(self, values: dict[str, object]) -> ReviewDraft:
        if self.rating_divisor != 1 and "rating" in values and "rating" not in self.constants:
            values["rating"] = cast(float, values["rating"]) / self.rating_divisor
        if "created_at" in values:
            values["created_at"] = self._utc(cast(datetime, values["created_at"]))
        return ReviewDraft(**values)  # type: ignore[arg-type]

    def _utc(self, moment: datetime) -> datetime:
        if moment.tzinfo is not None:
            return moment
        self.zoneless += 1
        return moment.replace(tzinfo=UTC)

    def _restaurant(self, fields: Mapping[str, object], line: int) -> PutRestaurant | list[Fault]:
        values: dict[str, object] = {}
        faults = []
        for name in RESTAURANT_FIELDS:
            value = fields.get(name)
            if value is None:
                continue
            try:
                values[name] = RESTAURANT_READERS[name](value)
            except Unfit as unfit:
                wrong, right = unfit.args
                faults.append(Fault(where=f"line {line}, {name}", wrong=wrong, right=right))
        if "id" not in values and not faults:
            faults.append(Fault(where=f"line {line}, id", wrong="is missing", right="the restaurant's id"))
        if "created_at" in values:
            values["created_at"] = self._utc(cast(datetime, values["created_at"]))
        return faults or PutRestaurant(restaurant=RestaurantDraft(**values))  # type: ignore[arg-type]


def _parsed(mapping: Sequence[str]) -> tuple[dict[str, str], dict[str, object], float, list[Fault]]:
    given: dict[str, str] = {}
    constants: dict[str, object] = {}
    divisor, faults = 1.0, []
    for word in mapping:
        match = MAPPING.fullmatch(word.strip())
        name = match["field"] if match else ""
        if not match:
            faults.append(Fault(where="--map", wrong=f"is {word!r}", right=RIGHT))
        elif name not in ALIASES:
            faults.append(Fault(where="--map", wrong=f"names the field {name!r}", right=f"one of {', '.join(ALIASES)}"))
        elif name in given or name in constants:
            faults.append(Fault(where="--map", wrong=f"maps {name} twice", right="one mapping a field"))
        elif match["divisor"] and (name != "rating" or float(match["divisor"]) == 0):
            faults.append(
                Fault(where="--map", wrong=f"divides in {word!r}", right="a division of rating alone, by more than 0")
            )
        elif match["constant"]:
            try:
                constants[name] = READERS[name](match["constant"])
            except Unfit as unfit:
                wrong, right = unfit.args
                faults.append(Fault(where=f"--map {word}", wrong=wrong, right=right))
        else:
            given[name] = match["column"].strip()
            divisor = float(match["divisor"] or divisor)
    return given, constants, divisor, faults


def _chosen(given: Mapping[str, str], constants: Mapping[str, object], columns: Sequence[str]) -> dict[str, str]:
    """field → column: what was mapped, else the first usual name that is there and that no other field has taken."""
    lower = {name.lower(): name for name in reversed(columns)}
    names = dict(given)
    taken = set(given.values())
    for name, aliases in ALIASES.items():
        if name not in names and name not in constants:
            column = next((lower[alias] for alias in aliases if alias in lower and lower[alias] not in taken), None)
            if column is not None:
                names[name] = column
                taken.add(column)
    return names


def _faults_of(
    names: Mapping[str, str], given: Mapping[str, str], constants: Mapping[str, object], columns: Sequence[str]
) -> list[Fault]:
    found = ", ".join(columns)
    faults = []
    for name, column in names.items():
        where = f"--map {name}={column}" if name in given else "the header"
        if column not in columns:
            faults.append(Fault(where=where, wrong="names a column that is not there", right=f"one of {found}"))
        elif columns.count(column) > 1:
            faults.append(Fault(where=where, wrong=f"has {column} more than once", right=f"one column for {name}"))
    for name in () if {*columns} >= RESTAURANT_TABLE else REQUIRED:
        if name not in names and name not in constants:
            right = f"a column named {' or '.join(ALIASES[name][:3])}, or --map {name}=COLUMN (found: {found})"
            faults.append(Fault(where="the header", wrong=f"has no column for {name}", right=right))
    return faults


def _missing(name: str, row: Row) -> Fault:
    had = ", ".join(sorted(map(str, row.fields))[:12]) or "nothing"
    return Fault(where=f"line {row.line}, {name}", wrong="is missing", right=f"a value (the row has {had})")


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
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
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
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, str) and EPOCH.fullmatch(value.strip()):
        value = float(value)
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
    if not number.is_integer():
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
