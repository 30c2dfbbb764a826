"""Where examples come from, and what each source says."""

from datetime import UTC, datetime

import pytest
from tests.unit.evaluation.sites import shipped

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import Invalid
from matjip.evaluation.examples import corrected, decided, labelled, rated
from matjip.evaluation.rows import Row
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Put

CALLER = Caller(request_id="q")


class Corrected:
    """A desk with these corrections."""

    def __init__(self, *rows: dict[str, str]) -> None:
        self._rows = rows

    async def corrections(self, tenant):
        for row in self._rows:
            yield {"text": "", "restaurant_id": "r", "at": datetime(2026, 1, 1, tzinfo=UTC).isoformat(), **row}


async def stored(*drafts: ReviewDraft) -> MemoryReviews:
    reviews = MemoryReviews(FakeClock(), erasure_key=b"k")
    await reviews.write([Put(review=draft) for draft in drafts], CALLER)
    return reviews


def review(id_: str, content: str, **more) -> ReviewDraft:
    return ReviewDraft(restaurant_id="r", id=id_, content=content, **more)


async def test_stars_up_to_two_blame_from_four_praise_and_between_stand_between():
    reviews = await stored(*(review(str(stars), f"글 {stars}", rating=stars) for stars in (0, 2, 3, 4, 5)))
    found = {one.text[-1]: one.label for one in await rated(reviews, "default")}
    assert found == {"0": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}


async def test_a_recommendation_counts_where_there_are_no_stars_and_silence_teaches_nothing():
    reviews = await stored(
        review("1", "하나", is_recommended=False), review("2", "둘"), review("3", "셋", rating=5, author_id="a")
    )
    found = [(one.text, one.label, one.author) for one in await rated(reviews, "default")]
    assert found == [("하나", "negative", None), ("셋", "positive", "a")]


async def test_around_a_correction_what_the_judge_is_sure_of_stands_as_right():
    reviews = await stored(
        review("1", "주문한 지 한 시간 만에 나왔어요"),
        review("2", "정말 맛있어요. 직원분도 친절하고 또 오고 싶어요!"),
        review("3", "점심에 갔어요"),
    )
    desk = Corrected(
        {"review_id": "1", "label": "negative"}, {"review_id": "3", "aspect": "taste", "polarity": "positive"}
    )
    found = [(one.source, one.label, one.text[:2]) for one in await corrected(desk, reviews, shipped(), "default")]
    assert found == [("corrections", "negative", "주문"), ("kept", "positive", "정말")]


async def test_without_corrections_nothing_is_taken():
    assert await corrected(Corrected(), await stored(review("1", "맛있어요")), shipped(), "default") == []


def test_rows_of_a_file_keep_their_restaurant_and_those_without_a_label_are_passed_over():
    rows = [Row(text="a", label="positive", restaurant_id="r"), Row(text="b", aspects=(), restaurant_id="r")]
    assert [(one.source, one.restaurant_id) for one in labelled(rows)] == [("labels", "r")]
    assert [one.source for one in decided(rows)] == ["decisions"]


def test_a_row_without_its_restaurant_is_refused_by_its_number():
    with pytest.raises(Invalid, match="row 2: restaurant_id is missing"):
        labelled([Row(text="a", label="positive", restaurant_id="r"), Row(text="b", label="positive")])
