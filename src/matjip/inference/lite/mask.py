"""Personal data in a quote, hidden character by character, so that offsets stay true.

Service numbers (1588-0000) lead to nobody in person and look like a range of prices: they stay.
"""

import re

from matjip.inference.lite.names import name_spans

__all__ = ["mask"]

HIDDEN = "●"
LINK = r"[\s.,/_·\-–—()]{0,3}"  # what people put between groups of digits
GAP = r"[\s.\-–—]{0,3}"  # the same where a comma or a slash would be a list of prices
DASH = r"\s?[\-–—]\s?"
SPOKEN = r"[공영일이삼사오육칠팔구\d]"  # digits as words, to get past a filter
AREA = r"(?:2|[3-6][1-5]|70|80|30\d|50\d?)"  # Korea: regions, internet telephone, free and personal numbers
DAY = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
AT = r"(?:\s?[@＠]\s?|\s?[(\[]\s?(?:at|앳|골뱅이)\s?[)\]]\s?|\s?골뱅이\s?)"
BANK = "계좌|통장|입금|송금|은행|뱅크|농협|신한|수협|신협|우체국|새마을|토스|account"
END = r"(?!\d|\s?(?:원|won))"  # no digit goes on, and no price ends here

WHOLE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{{1,64}}{AT}[A-Za-z0-9\-]{{1,63}}(?:\.[A-Za-z0-9\-]{{1,63}})+",
        r"(?<![\w.+\-])[\w.+\-]{1,64}\sat\s[\w\-]{1,63}(?:\sdot\s(?:com|net|org|co|kr|io))+\b",
        rf"(?<![\dA-Za-z])\(?(?:(?:\+|00)?82{LINK}[0oO]?|[0oO])[1Il][0oO16-9]{LINK}[\doO]{{3,4}}{LINK}[\doO]{{4}}(?![\dA-Za-z])",
        rf"공일[공일육칠팔구]{LINK}{SPOKEN}{{3,4}}{LINK}{SPOKEN}{{4}}",
        rf"(?<!\d)\(?(?:(?:\+|00)82{LINK}0?|82-|0){AREA}{LINK}\d{{3,4}}{LINK}\d{{4}}(?!\d)",  # a line, Korea
        rf"(?<![\d.,])(?:\+|00)\d{{1,3}}[\s.\-]?\(?\d{{1,4}}\)?[\s.\-]?\d{{3,4}}[\s.\-]?\d{{3,4}}{END}",  # a line, abroad
        r"(?<!\d)\(\d{3}\)\s?\d{3}[\s.\-]\d{4}(?!\d)",  # the same as North America writes it
        rf"(?<!\d){DAY}\s?[\-–—]?\s?[1-8*xX●][\d*xX●]{{6}}(?!\d)",  # resident registration number, starred or not
        r"(?<![\d#])\d{11,16}(?!\d)",  # an account or a card in one piece: nobody writes a price so
    )
)
# Several groups of digits are an account or a card only with enough digits; dates, years and lists of hours have the same look.
GROUPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d)\d{{4}}{GAP}\d{{4}}{GAP}\d{{4}}{GAP}\d{{4}}{END}",  # payment card
        rf"(?<!\d)3[47]\d\d{GAP}\d{{6}}{GAP}\d{{5}}{END}",  # payment card of 15 digits
        rf"(?<![\d\-])\d{{2,6}}{DASH}\d{{2,6}}{DASH}\d{{2,8}}(?:{DASH}\d{{1,6}})?(?!-){END}",
        rf"(?:{BANK})\D{{0,12}}?(?:\d{{2,6}}(?:[\s.]\d{{2,8}}){{1,4}}|\d{{10}})(?!\s?\d){END}",
    )
)
FEWEST_DIGITS = 10  # of an account in use
DATE = re.compile(r"(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?!\d)|(?:(?:19|20)\d\d\D{0,3}){3,4}$")
SHOWN = re.compile(r"\s")


def mask(text: str, *, names: bool = False) -> str:
    """The text with telephone, e-mail, account, resident and card numbers hidden; as long as before.

    On request the names of those who work there as well: "김민수 사장님", "our server Jessica".
    """
    for pattern in WHOLE:
        text = pattern.sub(lambda match: _hidden(match.group()), text)
    for pattern in GROUPS:
        text = pattern.sub(_number, text)
    for start, end in list(name_spans(text)) if names else ():
        text = text[:start] + _hidden(text[start:end]) + text[end:]
    return text


def _number(match: re.Match[str]) -> str:
    found = match.group()
    if DATE.match(found) or sum(letter.isdigit() for letter in found) < FEWEST_DIGITS:
        return found
    first = next(place for place, letter in enumerate(found) if letter.isdigit())  # the bank's name stays
    return found[:first] + _hidden(found[first:])


def _hidden(found: str) -> str:
    return "".join(letter if SHOWN.match(letter) else HIDDEN for letter in found)
