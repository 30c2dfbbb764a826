"""Events and answers survive their way through text."""

from datetime import UTC, datetime

import pytest

from matjip.errors import Fault, Invalid, NotFound, StaleVersion
from matjip.reviews.encoding import decode_answer, decode_change, encode_answer, encode_change
from matjip.reviews.event import PersonErased, RestaurantDeleted, RestaurantUpserted, ReviewDeleted, ReviewUpserted
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Answer, Written

NOW = datetime(2026, 11, 1, 12, 0, 0, 1, tzinfo=UTC)
REVIEW = ReviewDraft(
    restaurant_id="s", id="r", content='"\\\n🍜', rating=4.5, images=("https://e.org/1",), created_at=NOW
)
CHANGES = [
    ReviewUpserted(review=REVIEW, version=3),
    ReviewDeleted(restaurant_id="s", review_id="r", version=4),
    RestaurantUpserted(
        restaurant=RestaurantDraft(id="s", name="옛집", categories=("한식",), created_at=NOW), version=1
    ),
    RestaurantDeleted(restaurant_id="s", version=2),
    PersonErased(person_hash="abc", reviews=(("s", "r"), ("s", "q"))),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_a_change_comes_back_as_it_went(change):
    assert decode_change(type(change).__name__, "s", "r", encode_change(change)) == change


def test_a_kind_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="ReviewBurnt is not an event"):
        decode_change("ReviewBurnt", "s", "r", "{}")


def test_an_answer_comes_back_with_its_errors():
    written = Written(restaurant_id="s", review_id="r", version=1, outcome="created", position=2)
    errors = (
        Invalid.of(Fault(where="[1].id", wrong="is empty", right="an id")),
        StaleVersion("Review r", expected=1, actual=2),
        NotFound("There is no restaurant x."),
    )
    back = decode_answer(encode_answer(Answer(items=(written, *errors), position=9)))
    assert (back.items[0], back.position, back.replayed) == (written, 9, True)
    for error, was in zip(back.items[1:], errors, strict=True):
        assert (type(error), error.message, error.faults, error.facts) == (
            type(was),
            was.message,
            was.faults,
            was.facts,
        )
