"""The API's description as one page: no network, no build, no foreign script. It reads /openapi.json."""

import hashlib
from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files

from matjip.api.errors import TABLE

__all__ = ["CSP", "page"]


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (files("matjip.api") / "assets" / name).read_text(encoding="utf-8")


SCRIPT, STYLE = _asset("docs.js"), _asset("docs.css")
CSP = (
    f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def page() -> str:
    """The page, with the table of error codes in it."""
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code><td>{row.status}<td>{escape(row.title)}' for code, row in TABLE.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Matjip API</title><style>{STYLE}</style><header><h1>Matjip API</h1><p id=about></p>"
        '<p><a href="/openapi.json">OpenAPI</a></p></header><nav id=nav aria-label="Operations"></nav>'
        f"<main><div id=operations></div><h2 id=errors>Errors</h2><table><thead><tr><th>code<th>status<th>meaning"
        f"<tbody>{rows}</table></main><script>{SCRIPT}</script></html>"
    )
