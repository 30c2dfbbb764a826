"""The reader of English terms, and how the tables and it share the work."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.english import English
from matjip.inference.lite.terms import BEGINS, INSIDE, OUTSIDE, TermReader, spans_of, words_of

FOLDER = files("matjip.inference.lite")
READER = TermReader.load(FOLDER / "terms.npz")
ENGLISH = English.load(FOLDER)


def terms(text: str) -> list[str]:
    return [text[term.start : term.end] for term in READER.read([text])[0]]


def said(text: str) -> set[tuple[str, str | None, str]]:
    (read,) = ENGLISH.read([text])
    return {(mention.aspect, mention.target, mention.polarity) for mention in read.mentions}


def test_things_of_several_words_are_named_whole():
    assert terms("We shared the stuffed mushrooms and a bottle of wine before the waitress came back") == [
        "stuffed mushrooms",
        "bottle of wine",
        "waitress",
    ]


def test_praise_without_a_listed_word_is_heard():
    assert ("service", "waiter", "negative") in said("The food was fine, but the waiter sneered at us all night.")


def test_a_thing_that_is_only_named_is_silent():
    text = "We sat at the table and read the menu"
    (read,) = ENGLISH.read([text])
    assert read.mentions == []
    assert text.index("menu") in [start for start, _ in read.silent]


def test_a_thing_of_the_tables_gets_its_whole_name():
    assert said("The truffle gnocchi and the lamb shank soup were delicious") == {
        ("taste", "lamb shank soup", "positive")
    }


@pytest.mark.parametrize(
    ("thing", "aspect"),
    [
        ("bottle of wine", "taste"),
        ("dining room chairs", "atmosphere"),
        ("maitre d'", "service"),
        ("uni toast points", "taste"),
        ("wine list", "menu"),
        ("brunch spot", "other"),
    ],
)
def test_a_thing_belongs_where_its_last_words_do(thing, aspect):
    assert ENGLISH.aspect_of(thing) == aspect


@given(st.lists(st.text(max_size=80), max_size=5))
def test_a_text_is_read_the_same_alone_and_among_others(texts):
    together = READER.read(texts)
    assert [[term[:2] for term in found] for found in together] == [
        [term[:2] for term in READER.read([text])[0]] for text in texts
    ]


@given(st.text(max_size=200))
def test_terms_are_parts_of_the_text_in_order_and_their_chances_sum_to_one(text):
    last = 0
    for term in READER.read([text])[0]:
        assert last <= term.start < term.end <= len(text)
        assert sum(term[2:]) == pytest.approx(1, abs=1e-5)
        last = term.end


@given(st.lists(st.sampled_from([OUTSIDE, BEGINS, INSIDE])))
def test_every_word_inside_belongs_to_one_term(tags):
    covered = [place for first, last in spans_of(tags) for place in range(first, last)]
    assert covered == [place for place, tag in enumerate(tags) if tag != OUTSIDE]


def test_the_chances_of_a_given_thing_are_those_of_its_words():
    text = "The waiter was rude"
    (found,) = READER.read([text])[0]
    assert np.allclose(READER.leanings(text, [(found.start, found.end)])[0], found)


@pytest.mark.parametrize("text", ["a " * 3_000, "\ud800 x", "가나다", "👨‍👩‍👧‍👦" * 50, "don’t O'Neill's"])
def test_words_cover_all_that_is_no_blank(text):
    assert sum(word.end - word.start for word in words_of(text)) == len("".join(text.split()))
