"""What a write must obey. Every fault is found at once, each at its own path; the text itself is never altered."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from matjip.caller import Caller
from matjip.errors import Fault
from matjip.reviews.review import MAX_CONTENT_CHARS, MAX_ID_CHARS, RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Idempotency, Put, PutRestaurant, Write

__all__ = [
    "MAX_IMAGES",
    "MAX_NAME_CHARS",
    "MAX_URL_CHARS",
    "YEARS",
    "faults_of",
    "faults_of_request",
    "is_id",
    "is_storable",
]

MAX_URL_CHARS = 2_048  # longer ones are refused by common browsers and proxies
MAX_IMAGES = 20  # what review platforms let one review carry
MAX_NAME_CHARS = 500  # names, regions, addresses and categories
MAX_CATEGORIES = 20
MAX_RATING = 5
PRICE_BANDS = (1, 2, 3, 4)
YEARS = range(1900, 3000)  # times outside are mistakes of a unit, and do not survive a change of time zone


def faults_of(write: Write, where: str = "") -> list[Fault]:
    """Everything that is wrong with a write; `where` leads to it ("reviews[3]")."""
    path = f"{where}." if where else ""
    match write:
        case Put():
            faults = [*_review(write.review, path), *_version(write.expected_version, path)]
        case PutRestaurant():
            faults = [*_restaurant(write.restaurant, path), *_version(write.expected_version, path)]
        case Delete():
            faults = [*_id(write.restaurant_id, path + "restaurant_id"), *_version(write.expected_version, path)]
            if write.review_id is not None:
                faults += _id(write.review_id, path + "review_id")
    return faults


def faults_of_request(caller: Caller, idempotency: Idempotency | None) -> list[Fault]:
    """Everything that is wrong with who asks and with the key that came along."""
    faults = [*_id(caller.tenant, "tenant"), *_id(caller.actor, "actor"), *_id(caller.request_id, "request_id")]
    return faults if idempotency is None else [*faults, *_id(idempotency.key, "idempotency_key")]


def is_storable(text: str) -> bool:
    """Whether every database can keep the text: no NUL, no half of a surrogate pair."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def is_id(text: str) -> bool:
    """Whether the text could be anybody's id; what could not be is nowhere found."""
    return 0 < len(text) <= MAX_ID_CHARS and not _has_control(text) and is_storable(text)


def _review(draft: ReviewDraft, path: str) -> Iterator[Fault]:
    yield from _id(draft.restaurant_id, path + "restaurant_id")
    yield from _id(draft.id, path + "id")
    yield from _content(draft.content, path + "content")
    if draft.author_id is not None:
        yield from _id(draft.author_id, path + "author_id")
    if draft.group_id is not None:
        yield from _id(draft.group_id, path + "group_id")
    if draft.subgroup_id is not None:
        yield from _id(draft.subgroup_id, path + "subgroup_id")
    if draft.source is not None:
        yield from _id(draft.source, path + "source")
    if draft.language is not None:
        yield from _language(draft.language, path + "language")
    if draft.rating is not None:
        yield from _rating(draft.rating, path + "rating")
    if draft.images:
        yield from _images(draft.images, path + "images")
    if draft.created_at is not None:
        yield from _moment(draft.created_at, path + "created_at")


def _restaurant(draft: RestaurantDraft, path: str) -> Iterator[Fault]:
    yield from _id(draft.id, path + "id")
    for field, text in (("name", draft.name), ("region", draft.region), ("address", draft.address)):
        if text is not None:
            yield from _name(text, path + field)
    if len(draft.categories) > MAX_CATEGORIES:
        yield Fault(where=path + "categories", wrong=f"has {len(draft.categories)}", right=f"at most {MAX_CATEGORIES}")
    for index, category in enumerate(draft.categories):
        yield from _name(category, f"{path}categories[{index}]")
    if draft.price_band is not None and (isinstance(draft.price_band, bool) or draft.price_band not in PRICE_BANDS):
        yield Fault(where=path + "price_band", wrong=f"is {draft.price_band!r}", right="1, 2, 3 or 4")
    if draft.created_at is not None:
        yield from _moment(draft.created_at, path + "created_at")


def _id(text: str, where: str) -> Iterator[Fault]:
    right = f"1 to {MAX_ID_CHARS} characters without control characters"
    if not text:
        yield Fault(where=where, wrong="is empty", right=right)
    elif len(text) > MAX_ID_CHARS:
        yield Fault(where=where, wrong=f"has {len(text):,} characters", right=right)
    elif not text.isprintable() and not is_id(text):  # isprintable is the quick way out, but refuses some spaces
        yield Fault(where=where, wrong="holds a control character or half of a surrogate pair", right=right)


def _content(text: str, where: str) -> Iterator[Fault]:
    if not text or text.isspace():
        yield Fault(where=where, wrong="is blank" if text else "is empty", right="what the guest wrote")
    if len(text) > MAX_CONTENT_CHARS:
        yield Fault(where=where, wrong=f"has {len(text):,} characters", right=f"at most {MAX_CONTENT_CHARS:,}")
    yield from _storable(text, where)


def _name(text: str, where: str) -> Iterator[Fault]:
    if len(text) > MAX_NAME_CHARS:
        yield Fault(where=where, wrong=f"has {len(text):,} characters", right=f"at most {MAX_NAME_CHARS}")
    yield from _storable(text, where)


def _storable(text: str, where: str) -> Iterator[Fault]:
    if not is_storable(text):
        yield Fault(where=where, wrong="holds NUL or half of a surrogate pair", right="Unicode text without them")


def _language(text: str, where: str) -> Iterator[Fault]:
    if not (len(text) == 2 and text.isascii() and text.islower()):
        yield Fault(where=where, wrong="is not a language code", right='two small letters of ISO 639-1, such as "ko"')


def _rating(rating: float, where: str) -> Iterator[Fault]:
    if isinstance(rating, bool) or not 0 <= rating <= MAX_RATING:  # NaN compares false, so it is refused too
        yield Fault(where=where, wrong=f"is {rating!r}", right=f"a number from 0 to {MAX_RATING}")


def _images(urls: Sequence[str], where: str) -> Iterator[Fault]:
    if len(urls) > MAX_IMAGES:
        yield Fault(where=where, wrong=f"has {len(urls)} addresses", right=f"at most {MAX_IMAGES}")
    for index, url in enumerate(urls):
        if len(url) > MAX_URL_CHARS:
            wrong = f"has {len(url):,} characters"
        elif not _is_web(url):
            wrong = "is not a web address"
        else:
            continue
        yield Fault(
            where=f"{where}[{index}]", wrong=wrong, right=f"http:// or https://, up to {MAX_URL_CHARS:,} characters"
        )


def _moment(moment: datetime, where: str) -> Iterator[Fault]:
    if moment.tzinfo is None or moment.utcoffset() is None:
        yield Fault(where=where, wrong="has no time zone", right="a time with one, such as 2026-11-01T12:00:00Z")
    elif moment.year not in YEARS:
        yield Fault(where=where, wrong=f"is in the year {moment.year}", right=f"a year from {YEARS[0]} to {YEARS[-1]}")


def _version(expected: int | None, path: str) -> Iterator[Fault]:
    if expected is not None and expected < 0:
        yield Fault(where=path + "expected_version", wrong=f"is {expected}", right="0 (new) or a version that was read")


def _is_web(url: str) -> bool:
    if not is_storable(url) or _has_control(url) or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _has_control(text: str) -> bool:
    return any(char < " " or "\x7f" <= char <= "\x9f" for char in text)
