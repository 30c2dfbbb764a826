"""A route that takes nothing on trust: JSON only, read strictly, and no query parameter that it does not know."""

import json
from collections.abc import Callable, Coroutine, Iterator
from difflib import get_close_matches
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import orjson
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from matjip.api.errors import EdgeError
from matjip.errors import Fault, Invalid

__all__ = ["StrictRoute"]

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
JSON = "application/json"  # as nearly everybody writes it: read no further


class _JsonRequest(Request):
    """A request whose JSON is read by orjson: no NaN, no lone surrogate, no invalid UTF-8, no endless nesting.

    Its error is a `json.JSONDecodeError`, which FastAPI hands on with the position.
    """

    async def json(self) -> object:
        body = await self.body()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise json.JSONDecodeError(error.msg, body.decode(errors="replace"), error.pos) from None


class StrictRoute(APIRoute):
    """The route class of every router."""

    def get_route_handler(self) -> Handle:
        handle = super().get_route_handler()
        known = set(_query_names(self.dependant))

        async def strictly(request: Request) -> Response:
            _check_encoding(request)
            _check_query(request, known)
            request = _JsonRequest(request.scope, request.receive)
            if self.body_field is not None and await request.body():
                _check_content_type(request)
            return await handle(request)

        return strictly


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _query_names(inner)


def _check_encoding(request: Request) -> None:
    for where, raw in (("path", request.scope.get("raw_path") or b""), ("query", request.scope["query_string"])):
        try:
            unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            fault = Fault(where=where, wrong="is not UTF-8 once its %-escapes are read", right="text in UTF-8")
            raise EdgeError("malformed", str(fault), faults=[fault]) from None


def _check_query(request: Request, known: set[str]) -> None:
    given = [name for name, _ in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)]
    faults = [
        Fault(where=f"query.{name[:100]}", wrong="is not a parameter of this route", right=_hint(name, known))
        for name in dict.fromkeys(given)
        if name not in known
    ]
    if faults:
        raise Invalid.of(*faults[:20])


def _hint(name: str, known: set[str]) -> str:
    close = get_close_matches(name[:100], known, 1)
    return close[0] if close else "one of " + ", ".join(sorted(known)) if known else "none; this route takes none"


def _check_content_type(request: Request) -> None:
    said = request.headers.get("content-type")
    if said == JSON:
        return
    kind = Message()
    kind["content-type"] = said or ""
    subtype = kind.get_content_subtype()
    if said and kind.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json")):
        return
    wrong = f'is "{said[:100]}"' if said else "is missing"
    fault = Fault(where="header.Content-Type", wrong=wrong, right="application/json")
    raise EdgeError("unsupported_media_type", str(fault), faults=[fault])
