"""Text to tokens, and the spans that a reader sees marked."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.index.words import asked_tokens, highlights, runs, token_number, tokens


def marked(text: str, *words: str) -> list[str]:
    return [text[start:end] for start, end in highlights(text, words)[1]]


def test_a_korean_word_becomes_its_pairs_of_syllables():
    assert tokens("국물이") == ["국물", "물이"]


def test_a_noun_of_one_syllable_is_found_before_its_particle():
    assert "회" in tokens("회가 신선해요")
    assert "회" not in tokens("회사원이")


def test_scripts_part_where_they_meet():
    assert [run.text for run in runs("A코스 5천원")] == ["a", "코스", "5", "천원"]


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("noodles", "noodle"), ("dishes", "dish"), ("berries", "berry"), ("glasses", "glass"), ("Boxes", "box")],
)
def test_an_english_plural_is_its_singular(plural, singular):
    assert tokens(plural) == tokens(singular)


@pytest.mark.parametrize("word", ["bus", "glass", "is", "menu", "의"])
def test_a_word_that_is_no_plural_stays(word):
    assert tokens(word) == [word]


def test_every_pair_of_syllables_has_its_own_number_apart_from_all_words():
    assert token_number("가가") == 0
    assert token_number("힣힣") == 11_172**2 - 1
    assert token_number("noodle") >= 11_172**2


@pytest.mark.parametrize("asked", ["친절한", "친절하다", "친절"])
def test_a_stem_is_marked_under_another_ending(asked):
    assert marked("직원이 친절하세요", asked)[0].startswith("친절")


def test_a_word_that_shares_only_its_ending_is_not_marked():
    assert highlights("간절한 마음", ["친절한"]) == ([], [])


def test_marks_that_touch_become_one_and_stand_in_order():
    assert highlights("진한국물 좋고 국물 맛", ["국물", "진한"])[1] == [(0, 4), (8, 10)]


def test_an_english_word_is_marked_whole_whatever_its_number_and_case():
    assert marked("Great NOODLES, great soup", "noodle") == ["NOODLES"]


def test_offsets_are_code_points_after_emoji():
    assert marked("😀👍🏽 국물이 진해요", "국물") == ["국물"]


def test_hangul_written_in_pieces_is_found_and_its_marks_are_offsets_of_the_text_as_stored():
    text = unicodedata.normalize("NFD", "정말 국물이 진해요")
    assert tokens(text) == tokens("정말 국물이 진해요")
    assert [unicodedata.normalize("NFC", piece) for piece in marked(text, "국물")] == ["국물이"]


@pytest.mark.parametrize("text", ["", "😀🔥", "!!! ...", "\0", "\ud800", " \n\t"])
def test_a_text_without_words_has_no_tokens(text):
    assert tokens(text) == []
    assert highlights(text, ["국물"]) == ([], [])


@given(st.text(max_size=60), st.text(max_size=20))
def test_marks_are_sorted_apart_and_inside_any_text(text, word):
    spans = highlights(text, [word])[1]
    flat = [place for span in spans for place in span]
    assert flat == sorted(set(flat))
    assert all(0 <= start < end <= len(text) for start, end in spans)


@given(st.text(alphabet="가나다라마바", min_size=1, max_size=6), st.text(alphabet="가나다라마바 ", max_size=20))
def test_a_word_is_marked_exactly_where_the_index_finds_it(word, text):
    assert bool(highlights(text, [word])[0]) == (asked_tokens(word)[0] in tokens(text))


@given(st.text(max_size=200))
def test_every_token_of_any_text_has_a_number_of_32_bits(text):
    assert all(0 <= token_number(token) < 2**32 for token in tokens(text))
