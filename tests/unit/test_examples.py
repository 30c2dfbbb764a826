"""What the sample data promises to those who try Matjip with it, and to the tests that lean on it."""

import csv
import json
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matjip.reviews.review import MAX_CONTENT_CHARS, MAX_ID_CHARS

EXAMPLES = Path(__file__).parents[2] / "examples"
LINES: list[dict[str, Any]] = [json.loads(line) for line in (EXAMPLES / "reviews.jsonl").read_bytes().splitlines()]
RESTAURANTS = [line for line in LINES if line.get("kind") == "restaurant"]
REVIEWS = [line for line in LINES if line.get("kind") != "restaurant"]
CONTENTS = [review["content"] for review in REVIEWS]
HANGUL, LATIN_WORD = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ]"), re.compile("[A-Za-z]{3,}")


def ratings(restaurant_id: str, since: str = "", until: str = "9") -> list[float]:
    mine = [review for review in REVIEWS if review["restaurant_id"] == restaurant_id and "rating" in review]
    return [review["rating"] for review in mine if since <= review["created_at"] < until]


def share_of_four_and_more(values: list[float]) -> float:
    return sum(value >= 4 for value in values) / len(values)


def test_twelve_restaurants_or_more_have_forty_reviews_or_more():
    counts = Counter(review["restaurant_id"] for review in REVIEWS)
    assert sum(count >= 40 for count in counts.values()) >= 12


def test_one_restaurant_has_too_few_reviews_to_say_anything():
    assert len([review for review in REVIEWS if review["restaurant_id"] == "r-saebyeok-pizza"]) == 3


def test_restaurants_come_before_their_reviews_and_every_review_has_one():
    assert LINES[: len(RESTAURANTS)] == RESTAURANTS
    assert {review["restaurant_id"] for review in REVIEWS} == {restaurant["id"] for restaurant in RESTAURANTS}


def test_ids_are_unique_and_short_enough():
    ids = [line["id"] for line in LINES]
    assert len(set(ids)) == len(ids)
    assert max(map(len, ids)) <= MAX_ID_CHARS


def test_every_price_band_is_there():
    assert {restaurant["price_band"] for restaurant in RESTAURANTS} == {1, 2, 3, 4}


def test_korean_comes_first_and_english_is_a_fair_part():
    korean = sum(bool(HANGUL.search(content)) for content in CONTENTS) / len(CONTENTS)
    latin = sum(bool(LATIN_WORD.search(content)) and not HANGUL.search(content) for content in CONTENTS) / len(CONTENTS)
    assert 0.70 <= korean <= 0.85
    assert 0.15 <= latin <= 0.25


def test_a_few_speak_other_languages():
    assert {"ja", "zh"} <= {review.get("language") for review in REVIEWS}


def test_dates_are_utc_and_within_the_year():
    moments = [datetime.fromisoformat(review["created_at"]) for review in REVIEWS]
    assert all(moment.utcoffset() == UTC.utcoffset(None) for moment in moments)
    assert datetime(2025, 12, 1, tzinfo=UTC) <= min(moments)
    assert max(moments) < datetime(2026, 12, 1, tzinfo=UTC)


def test_the_only_telephone_number_and_address_are_plainly_fictional():
    everything = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES)
    assert set(re.findall(r"\d{2,4}[-. ]\d{3,4}[-. ]\d{4}", everything)) == {"010-0000-1234"}
    assert set(re.findall(r"[\w.+-]+@[\w.-]+\.\w+", everything)) == {"someone@example.com"}


def test_images_point_nowhere_real():
    images = [image for review in REVIEWS for image in review.get("images", [])]
    assert images
    assert all(image.startswith("https://images.example.com/") for image in images)


def test_no_review_is_empty_or_too_long_and_some_are_very_short_or_very_long():
    lengths = [len(content) for content in CONTENTS]
    assert 1 <= min(lengths) <= 2
    assert 1_900 <= max(lengths) <= MAX_CONTENT_CHARS


def test_markup_decomposed_hangul_and_joined_emoji_are_among_them():
    assert any("<script>" in content for content in CONTENTS)
    assert any(unicodedata.normalize("NFC", content) != content for content in CONTENTS)
    assert any("\u200d" in content for content in CONTENTS)


def test_some_have_no_rating_and_some_no_author():
    assert any("rating" not in review for review in REVIEWS)
    assert any("author_id" not in review for review in REVIEWS)


def test_one_restaurant_was_loved_until_the_summer_and_is_not_since():
    assert share_of_four_and_more(ratings("r-basak-factory", until="2026-08-31")) > 0.85
    assert share_of_four_and_more(ratings("r-basak-factory", since="2026-09-01")) < 0.15


def test_some_authors_review_several_places():
    places = {(review["author_id"], review["restaurant_id"]) for review in REVIEWS if "author_id" in review}
    assert max(Counter(author for author, _ in places).values()) >= 3


def test_the_csv_repeats_thirty_reviews_under_other_column_names():
    with (EXAMPLES / "reviews.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {(review["restaurant_id"], review["id"]): review["content"] for review in REVIEWS}
    assert len(rows) == 30
    assert all(known[row["store_id"], row["comment_id"]] == row["comment"] for row in rows)


def test_the_bad_rows_share_no_id_with_the_good_ones():
    lines = (EXAMPLES / "bad_rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert 10 <= len(lines) <= 15
    assert not any(f'"id":"{review["id"]}"' in line for review in REVIEWS for line in lines)
