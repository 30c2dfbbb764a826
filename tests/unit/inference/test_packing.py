"""What shares a prompt fits into it; what does not fit alone is cut at a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.packing import Batches as Config
from matjip.inference.packing import cut, pack
from matjip.inference.tokens import Estimated


class Characters:
    """One token a character."""

    name, is_estimate = "characters", False

    async def count(self, texts):
        return [len(text) for text in texts]


def test_calculate_dynamic_batch_size():
    reviews = ["리뷰 1"] * 100
    batch_size = Config.calculate_dynamic_batch_size(reviews)
    assert 10 <= batch_size <= 100


@pytest.mark.parametrize(
    ("reviews", "size"), [([], 50), (["짧다"], 100), (["가" * 5_000] * 3, 10), (["가" * 350] * 60, 40)]
)
def test_a_batch_is_smaller_for_longer_reviews(reviews, size):
    assert Config.calculate_dynamic_batch_size(reviews) == size


@given(st.lists(st.text(max_size=200), max_size=60), st.integers(0, 20_000))
def test_a_batch_stays_between_ten_and_a_hundred(reviews, max_tokens):
    assert 10 <= Config.calculate_dynamic_batch_size(reviews, max_tokens) <= 100


@given(st.lists(st.integers(0, 50)), st.integers(50, 200), st.integers(1, 20))
def test_truth_12_packs_hold_every_item_once_in_order_and_fit(sizes, room, most):
    packs = pack(sizes, room=room, most=most)
    assert [place for each in packs for place in each] == list(range(len(sizes)))
    assert all(sum(sizes[place] for place in each) <= room and 1 <= len(each) <= most for each in packs)


def test_a_pack_is_filled_before_the_next_begins():
    assert pack([30, 30, 30, 30, 30], room=100, most=10) == [range(3), range(3, 5)]


async def test_a_long_text_is_cut_where_a_sentence_ends():
    assert await cut("맛있어요. 친절해요! 또 올게요.", Characters(), room=14) == "맛있어요. 친절해요!"


async def test_a_long_sentence_is_cut_where_it_must_be():
    assert await cut("가나다라마바사", Characters(), room=3) == "가나다"


async def test_nothing_is_kept_where_nothing_fits():
    assert await cut("🍜🍜", Estimated(), room=2) == ""


@given(st.text(min_size=1, max_size=300), st.integers(0, 100))
async def test_truth_12_what_is_kept_is_a_beginning_that_fits(text, room):
    kept = await cut(text, Estimated(), room=room)
    assert text.startswith(kept)
    assert (await Estimated().count([kept]))[0] <= room
