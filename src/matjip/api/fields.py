"""What fields of a request may hold: ids, texts, moments, windows, cursors."""

import binascii
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from matjip.analysis.result import Window
from matjip.errors import Fault, Invalid
from matjip.reviews.review import MAX_CONTENT_CHARS, MAX_ID_CHARS
from matjip.reviews.validate import MAX_NAME_CHARS

__all__ = [
    "MAX_PAGE",
    "NO_NUL",
    "Content",
    "Cursor",
    "Id",
    "Language",
    "Limit",
    "Moment",
    "Name",
    "Rating",
    "RequestShape",
    "Version",
    "Word",
    "from_cursor",
    "to_cursor",
    "to_position",
    "window_of",
]

MAX_POSITION_DIGITS = 18  # what every database's big integer holds
MAX_PAGE = 1_000  # items on one page: about 5 MB of the longest reviews
MAX_VERSION = 2_147_483_647  # what every database's integer column holds


class RequestShape(BaseModel):
    """A request's body: an unknown field is an error, a type is never guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("a text or a whole number below 2^64")
    text = str(value)
    if not 0 < len(text) <= MAX_ID_CHARS:
        raise ValueError(f"1 to {MAX_ID_CHARS} characters")
    if "/" in text or text in (".", "..") or text.strip() != text or any(map(_is_control, text)):
        raise ValueError('an id without "/", control characters and spaces at its ends')
    return text


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs")


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError(f"no NUL character (there is one at {text.index(chr(0))})")
    return text


def _moment(value: object) -> datetime:
    right = "a time with its offset such as 2026-11-01T09:00:00Z (in a query, + is written %2B), or a date (00:00 UTC)"
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if not isinstance(value, str) or not value.isascii():
        raise ValueError(right)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None and len(value) > len("2026-11-01"):
            raise ValueError(right)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(right) from None


Id = Annotated[
    str,
    BeforeValidator(_id),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARS, "pattern": r"^[^\s/\x00-\x1f\x7f]+$"},
                {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
            ],
            "description": "A text or a whole number; kept and shown as text.",
        }
    ),
]
NO_NUL = AfterValidator(_without_nul)  # after the lengths, so that their faults speak of characters
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS), NO_NUL]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100), NO_NUL]
Content = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_CONTENT_CHARS,
        description="The review, kept exactly as received. Offsets into it are Unicode code points.",
    ),
    NO_NUL,
]
Moment = Annotated[
    datetime, BeforeValidator(_moment), Field(description="ISO 8601 with an offset, or a date for 00:00 UTC.")
]
Rating = Annotated[float, Field(strict=True, ge=0, le=5, allow_inf_nan=False)]
Version = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=MAX_VERSION,
        description="Refuse the write unless the stored version is this one; 0: it must be new. Also as If-Match.",
    ),
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$"), Field(description="ISO 639-1: ko, en.")]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE, description="Items on a page.")]
Cursor = Annotated[
    str,
    StringConstraints(max_length=2_000),
    Field(description="`next_cursor` of the page before; opaque, do not build it yourself."),
]


def window_of(
    since: datetime | None,
    until: datetime | None,
    languages: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    *,
    where: str = "",
) -> Window:
    """The window; raises Invalid when it ends before it begins. `where` is the path of the object that holds it."""
    if since is not None and until is not None and since >= until:
        raise Invalid.of(Fault(where=f"{where}since", wrong="is not before until", right="since < until"))
    return Window(since=since, until=until, languages=tuple(languages or ()), sources=tuple(sources or ()))


def to_cursor(after: str) -> str:
    """The cursor of the page that follows this id."""
    return urlsafe_b64encode(after.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> str | None:
    """The id that a cursor stands for. Raises Invalid for one that we did not make."""
    if cursor is None:
        return None
    try:
        after = _id(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except (binascii.Error, ValueError):
        after = ""
    if not after or to_cursor(after) != cursor:
        raise Invalid.of(
            Fault(where="query.cursor", wrong="is not one of ours", right="next_cursor of the page before")
        )
    return after


def to_position(cursor: str | None) -> int | None:
    """The position that a cursor stands for. Raises Invalid for one that we did not make."""
    position = from_cursor(cursor)
    if position is None:
        return None
    if not (position.isascii() and position.isdecimal() and len(position) <= MAX_POSITION_DIGITS):
        raise Invalid.of(
            Fault(where="query.cursor", wrong="is not one of ours", right="next_cursor of the page before")
        )
    return int(position)
