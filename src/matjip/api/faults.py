"""What validation found wrong, as faults: where, what it is, what would be right. Large and private values are not echoed."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from matjip.errors import Fault

__all__ = ["faults_of", "malformed_json", "place"]

MAX_FAULTS = 50  # a batch of thousands of wrong items is understood after fifty
MAX_SHOWN_CHARS = 40
PRIVATE = frozenset(("content", "author_id", "query", "idempotency_key", "Idempotency-Key", "address", "name"))
RIGHT = {
    "missing": "a value",
    "extra_forbidden": "no field of this name; see /docs for the known ones",
    "model_attributes_type": "an object",
    "model_type": "an object",
    "dict_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a finite number",
}
PREFIXES = ("Input should be ", "String should ", "Value error, ", "Tuple should ", "List should ")


def faults_of(errors: Sequence[Any]) -> tuple[Fault, ...]:
    """One fault an error, at most fifty."""
    return tuple(_fault(error) for error in errors[:MAX_FAULTS])


def _fault(error: Mapping[str, Any]) -> Fault:
    location = tuple(error["loc"])
    if error["type"] == "missing":
        return Fault(where=place(location), wrong="is missing", right=RIGHT["missing"])
    if error["type"] == "extra_forbidden":
        return Fault(where=place(location), wrong="is not a field", right=RIGHT["extra_forbidden"])
    return Fault(where=place(location), wrong=_shown(error.get("input"), location), right=_right(error))


def place(location: Sequence[str | int]) -> str:
    """("body", "reviews", 3, "rating") → "reviews[3].rating"; other sources keep their name: "query.limit"."""
    parts = list(location)
    if parts and parts[0] == "body" and len(parts) > 1:
        parts = parts[1:]
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")[:200] or "body"


def _right(error: Mapping[str, Any]) -> str:
    if known := RIGHT.get(error["type"]):
        return known
    message = str(error["msg"])
    for prefix in PREFIXES:
        message = message.removeprefix(prefix)
    return message.removeprefix("have ")


def _shown(value: object, location: Sequence[str | int]) -> str:
    if value is None:
        return "is null"
    if isinstance(value, bool):
        return f"is {str(value).lower()}"
    if isinstance(value, str):
        private = any(part in PRIVATE for part in location[1:])
        return f"has {len(value)} characters" if private or len(value) > MAX_SHOWN_CHARS else f'is "{value}"'
    if isinstance(value, (int, float)):
        return f"is {value}"
    if isinstance(value, (list, tuple)):
        return f"is a list of {len(value)}"
    return "is an object" if isinstance(value, Mapping) else f"is of type {type(value).__name__}"


def malformed_json(error: RequestValidationError) -> Fault | None:
    """Where and why a body is not JSON, by line and column; None when it is."""
    for item in error.errors():
        if item["type"] == "json_invalid":
            before = str(error.body)[: int(item["loc"][1])]
            line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
            reason = str(item["ctx"]["error"])
            return Fault(
                where=f"body at line {line}, column {column}", wrong=f"is not JSON ({reason})", right="JSON in UTF-8"
            )
    return None
