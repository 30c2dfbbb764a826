"""What a write must obey."""

from datetime import UTC, datetime

import pytest

from matjip.reviews.review import MAX_CONTENT_CHARS, MAX_ID_CHARS, RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Put, PutRestaurant
from matjip.reviews.validate import faults_of


def review(expected=None, **fields) -> Put:
    return Put(
        review=ReviewDraft(**{"restaurant_id": "s", "id": "r", "content": "맛있다", **fields}),
        expected_version=expected,
    )


def wheres(write) -> list[str]:
    return [fault.where for fault in faults_of(write)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "x" * (MAX_ID_CHARS + 1)),
        ("restaurant_id", "a\nb"),
        ("author_id", "a\x7f"),
        ("group_id", "\udc00"),
        ("subgroup_id", ""),
        ("content", ""),
        ("content", " \n\t\u3000"),
        ("content", "가" * (MAX_CONTENT_CHARS + 1)),
        ("content", "a\0b"),
        ("content", "\ud83c"),
        ("rating", 5.01),
        ("rating", -1),
        ("rating", float("nan")),
        ("rating", True),
        ("language", "kor"),
        ("language", "KO"),
        ("created_at", datetime(2026, 1, 1)),  # noqa: DTZ001 - the fault under test
        ("created_at", datetime(1, 1, 1, tzinfo=UTC)),
        ("images", ("https://example.org/a.jpg",) * 21),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(field, value):
    assert wheres(review(**{field: value})) == [field]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a",
        "javascript:alert(1)",
        "https://",
        "//example.org",
        "https://a b",
        "https://[",
        "x" * 2_049,
    ],
)
def test_an_image_is_a_web_address(url):
    assert wheres(review(images=("https://example.org/ok.jpg", url))) == ["images[1]"]


@pytest.mark.parametrize("name", ["r-1", "리뷰 1", "🍜", "a/b?c=d", "x" * MAX_ID_CHARS, "no\u00a0break"])
def test_an_id_may_be_any_text_without_control_characters(name):
    assert wheres(review(id=name, restaurant_id=name, author_id=name)) == []


@pytest.mark.parametrize("content", ["가" * MAX_CONTENT_CHARS, "🍜" * MAX_CONTENT_CHARS, "\t맛\r\n", "\x07"])
def test_content_may_be_any_text_that_can_be_kept(content):
    assert wheres(review(content=content)) == []


@pytest.mark.parametrize("rating", [0, 5, 3.5, None])
def test_a_rating_goes_from_zero_to_five(rating):
    assert wheres(review(rating=rating)) == []


def test_every_fault_is_named_at_once_below_the_given_path():
    faults = faults_of(review(content="", rating=9, id="", expected=-1), "reviews[3]")
    assert [fault.where.removeprefix("reviews[3].") for fault in faults] == [
        "id",
        "content",
        "rating",
        "expected_version",
    ]


def test_a_fault_says_what_would_be_right_and_never_repeats_the_text():
    (fault,) = faults_of(review(content="비밀" * MAX_CONTENT_CHARS))
    assert str(fault) == "content has 10,000 characters; expected at most 5,000"


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("id", "", "id"),
        ("name", "a\0", "name"),
        ("address", "x" * 501, "address"),
        ("price_band", 5, "price_band"),
        ("price_band", True, "price_band"),
        ("categories", ("한식", "\ud83c"), "categories[1]"),
        ("categories", ("한식",) * 21, "categories"),
        ("created_at", datetime(2026, 1, 1), "created_at"),  # noqa: DTZ001 - the fault under test
    ],
)
def test_a_restaurant_is_checked_field_by_field(field, value, where):
    assert wheres(PutRestaurant(restaurant=RestaurantDraft(**{"id": "s", field: value}))) == [where]


def test_a_delete_is_checked_too():
    assert wheres(Delete(restaurant_id="", review_id="\0", expected_version=-1)) == [
        "restaurant_id",
        "expected_version",
        "review_id",
    ]
