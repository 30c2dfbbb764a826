"""Personal data in a quote, hidden character by character, so that offsets stay true."""

import re

__all__ = ["mask"]

HIDDEN = "●"
LINK = r"[\s.\-–—)]{0,2}"  # what people put between groups of digits
PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[A-Za-z0-9._%+\-]+\s?@\s?[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+",  # e-mail
        rf"(?<!\d)\(?(?:\+?82{LINK})?0?1[016789]{LINK}\d{{3,4}}{LINK}\d{{4}}(?!\d)",  # mobile, Korea
        rf"(?<!\d)\(?0(?:2|[3-6][1-5]|70|50\d?){LINK}\d{{3,4}}{LINK}\d{{4}}(?!\d)",  # line and internet telephone, Korea
        r"(?<!\d)\d{6}\s?[-–]\s?[1-8]\d{6}(?!\d)",  # resident registration number
        rf"(?<!\d)\d{{4}}{LINK}\d{{4}}{LINK}\d{{4}}{LINK}\d{{4}}(?!\d)",  # payment card
        r"(?<!\d)\d{2,6}-\d{2,6}-\d{2,8}(?:-\d{1,6})?(?!\d)",  # bank account, written with hyphens
        r"(?<![\d.,])\+\d{1,3}[\s.\-]?\d{2,4}[\s.\-]?\d{3,4}[\s.\-]?\d{3,4}(?!\d)",  # international telephone
    )
)
DATE = re.compile(r"(?:19|20)\d\d-\d{1,2}-\d{1,2}")
KEPT = re.compile(r"\s")


def mask(text: str) -> str:
    """The text with telephone, e-mail, account, resident and card numbers hidden; as long as before."""
    for pattern in PATTERNS:
        text = pattern.sub(_hidden, text)
    return text


def _hidden(match: re.Match[str]) -> str:
    found = match.group()
    if DATE.fullmatch(found):
        return found
    return "".join(letter if KEPT.match(letter) else HIDDEN for letter in found)
