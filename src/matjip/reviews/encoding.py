"""Events and answers as JSON text: what SQL keeps of them. Times are integers, in microseconds."""

from typing import Any

import orjson

from matjip import errors
from matjip.clock import from_micros, to_micros
from matjip.errors import Fault, MatjipError
from matjip.reviews.event import (
    Change,
    PersonErased,
    RestaurantDeleted,
    RestaurantUpserted,
    ReviewDeleted,
    ReviewUpserted,
)
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Answer, Written

__all__ = ["change_from", "decode_answer", "decode_change", "encode_answer", "encode_change"]

Fields = dict[str, Any]  # a JSON object
ERRORS = {
    error.code: error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, MatjipError)
}


def encode_change(change: Change) -> str:
    """The body of an event; its kind is the name of the change's class."""
    match change:
        case ReviewUpserted(review=draft):
            body = _review_fields(draft)
        case RestaurantUpserted(restaurant=place):
            body = _restaurant_fields(place)
        case PersonErased():
            return orjson.dumps({"person_hash": change.person_hash, "reviews": change.reviews}).decode()
        case _:
            body = {}
    body["version"] = change.version
    return orjson.dumps(body).decode()


def decode_change(kind: str, restaurant_id: str | None, review_id: str | None, body: str) -> Change:
    """The inverse of `encode_change`, with the ids from the event's own columns."""
    return change_from(kind, restaurant_id or "", review_id or "", orjson.loads(body))


def change_from(kind: str, restaurant_id: str, review_id: str, body: Fields) -> Change:
    """A change of this kind. Raises ValueError for a kind that this version does not know."""
    match kind:
        case "ReviewUpserted":
            version = body.pop("version")
            body["created_at"] = from_micros(body["created_at"])
            body["images"] = tuple(body["images"])
            return ReviewUpserted(
                review=ReviewDraft(restaurant_id=restaurant_id, id=review_id, **body), version=version
            )
        case "ReviewDeleted":
            return ReviewDeleted(restaurant_id=restaurant_id, review_id=review_id, version=body["version"])
        case "RestaurantUpserted":
            version = body.pop("version")
            body["created_at"] = from_micros(body["created_at"])
            body["categories"] = tuple(body["categories"])
            return RestaurantUpserted(restaurant=RestaurantDraft(id=restaurant_id, **body), version=version)
        case "RestaurantDeleted":
            return RestaurantDeleted(restaurant_id=restaurant_id, version=body["version"])
        case "PersonErased":
            pairs = tuple((place, name) for place, name in body["reviews"])
            return PersonErased(person_hash=body["person_hash"], reviews=pairs)
        case _:
            raise ValueError(f"{kind} is not an event that this version knows")


def encode_answer(answer: Answer) -> str:
    """An answer as it is kept for the replay of an idempotency key. It holds ids and no text."""
    items = [_written_fields(item) if isinstance(item, Written) else _error_fields(item) for item in answer.items]
    return orjson.dumps({"position": answer.position, "items": items}).decode()


def decode_answer(text: str) -> Answer:
    """The inverse of `encode_answer`, marked as replayed."""
    kept = orjson.loads(text)
    items = tuple(_error(item) if "code" in item else Written(**item) for item in kept["items"])
    return Answer(items=items, position=kept["position"], replayed=True)


def _review_fields(draft: ReviewDraft) -> Fields:
    assert draft.created_at is not None
    return {
        "content": draft.content,
        "author_id": draft.author_id,
        "group_id": draft.group_id,
        "subgroup_id": draft.subgroup_id,
        "rating": draft.rating,
        "is_recommended": draft.is_recommended,
        "images": draft.images,
        "source": draft.source,
        "language": draft.language,
        "created_at": to_micros(draft.created_at),
    }


def _restaurant_fields(draft: RestaurantDraft) -> Fields:
    assert draft.created_at is not None
    return {
        "name": draft.name,
        "categories": draft.categories,
        "region": draft.region,
        "price_band": draft.price_band,
        "address": draft.address,
        "created_at": to_micros(draft.created_at),
    }


def _written_fields(item: Written) -> Fields:
    return {
        "restaurant_id": item.restaurant_id,
        "review_id": item.review_id,
        "version": item.version,
        "outcome": item.outcome,
        "position": item.position,
    }


def _error_fields(error: MatjipError) -> Fields:
    faults = [{"where": fault.where, "wrong": fault.wrong, "right": fault.right} for fault in error.faults]
    return {"code": error.code, "message": error.message, "faults": faults, "facts": error.facts}


def _error(kept: Fields) -> MatjipError:
    kind = ERRORS[kept["code"]]
    error = kind.__new__(kind)
    faults = [Fault(**fault) for fault in kept["faults"]]
    MatjipError.__init__(error, kept["message"], faults=faults, facts=kept["facts"])  # StaleVersion builds its own
    return error
