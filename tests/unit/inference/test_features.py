"""Text to hashed features: the same text is the same numbers, wherever and beside whatever it stands."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.features import hashed, normalise

TEXTS = st.lists(st.text(max_size=60), max_size=6)


def buckets(text: str, beside: list[str] | None = None) -> list[int]:
    owners, found = hashed([*(beside or []), text], 20)
    return sorted(found[owners == len(beside or [])].tolist())


@given(st.text(max_size=80), TEXTS)
def test_a_text_has_the_same_buckets_beside_any_others(text, beside):
    assert buckets(text, beside) == buckets(text)


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "\ud800", "👨‍👩‍👧‍👦", "가" * 5_000, "x" * 5_000])
def test_no_text_is_too_strange(text):
    owners, found = hashed([text], 16)
    assert len(owners) == len(found)
    assert all(0 <= bucket < 1 << 16 for bucket in found)


def test_composed_and_decomposed_hangul_are_one_text():
    text = "국물이 진해요"
    assert buckets(unicodedata.normalize("NFD", text)) == buckets(text)


@pytest.mark.parametrize(
    ("one", "other"), [("맛있어요ㅋㅋㅋㅋㅋㅋ", "맛있어요ㅋㅋ"), ("3000원", "8원"), ("GREAT  food", "great food")]
)
def test_what_differs_by_habit_alone_is_one_text(one, other):
    assert normalise(one) == normalise(other)


def test_order_matters():
    assert buckets("맛있고 비싸요") != buckets("비싸고 맛있어요")


def test_owners_are_grouped_in_the_texts_order():
    owners, _ = hashed(["가나다", "", "라마"], 16)
    assert np.all(np.diff(owners) >= 0)
    assert set(owners.tolist()) == {0, 2}
