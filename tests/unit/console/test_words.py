"""Every word stands in both languages and takes the same values."""

import re
from string import Formatter

import pytest

from matjip.console.words import WORDS, aspect_name, language_name, say_in, source_name
from matjip.inference.task import ASPECTS

HANGUL = re.compile("[가-힣]")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_take_the_same_values(key):
    korean, english = WORDS[key]
    assert fields(korean) == fields(english)
    assert not HANGUL.search(english)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_aspect_has_a_korean_and_an_english_name(aspect):
    assert HANGUL.search(aspect_name(aspect, "ko"))
    assert aspect_name(aspect, "en") == aspect.capitalize()


def test_one_is_singular_in_english_and_the_same_in_korean():
    assert say_in("en")("n_reviews", n=1) == "1 review"
    assert say_in("en")("n_reviews", n=1200) == "1,200 reviews"
    assert say_in("ko")("n_reviews", n=1) == "리뷰 1건"


def test_a_name_from_configuration_is_shown_as_written():
    assert aspect_name("parking", "ko") == "parking"
    assert language_name("ja", "ko") == "ja"
    assert source_name("kiosk", "en") == "kiosk"
