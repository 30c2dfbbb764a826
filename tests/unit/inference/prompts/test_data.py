"""Reviews are data inside a prompt: nothing in one opens, closes or marks anything, and offsets stay those of the original."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.clock import new_dice
from matjip.inference.prompts.data import fenced, neutral, new_fence

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)  # lone surrogates too


@given(ANY_TEXT)
def test_a_neutral_text_is_as_long_as_the_original(text):
    assert len(neutral(text)) == len(text)


@given(ANY_TEXT)
def test_a_neutral_text_holds_no_sign_with_a_meaning_even_when_it_is_read_generously(text):
    assert not set("<>[]{}|`\n\r") & set(unicodedata.normalize("NFKC", neutral(text)))


@pytest.mark.parametrize("sign", ["\x00", "\n", "\u2028", "\u200b", "\u202e", "\U000e0041", "\x1b"])
def test_what_cannot_be_seen_becomes_a_space(sign):
    assert neutral(f"맛{sign}집") == "맛 집"


@pytest.mark.parametrize(
    "text", ["국물이 진해요! (가격: 12,000원)", "👨‍👩‍👧 좋아요 ❤️", 'He said "great"', "ㅋㅋㅋ ★★★"]
)
def test_what_people_write_stays(text):
    assert neutral(text) == text


def test_texts_are_numbered_one_a_line_between_fences():
    assert fenced(["좋아요", "별로"], "abc") == "<<<abc\n[1] 좋아요\n[2] 별로\nabc>>>\n"


@given(st.lists(ANY_TEXT.map(neutral), min_size=1, max_size=5), st.integers())
def test_only_the_fence_itself_stands_at_the_start_of_a_line_besides_numbers(texts, seed):
    fence = new_fence(new_dice(seed), texts)
    first, *lines, last, _ = fenced(texts, fence).split("\n")
    assert (first, last) == (f"<<<{fence}", f"{fence}>>>")
    assert all(line.startswith(f"[{number}] ") for number, line in enumerate(lines, start=1))


def test_a_fence_is_drawn_again_where_a_text_holds_it():
    held = new_fence(new_dice(3), [])
    assert new_fence(new_dice(3), [f"x{held}x"]) != held
