"""A Korean word is known in the forms of plain sentences, and in none that denies it."""

import re

import pytest

from matjip.inference.prompts.inflected import inflected

FORMS = {
    "진하다": "진한 진하고 진하다는 진해요 진해서 진합니다 진했다는 진함",
    "부드럽다": "부드러운 부드러워 부드럽고 부드럽다는 부드럽습니다 부드러웠다",
    "맛있다": "맛있는 맛있고 맛있어요 맛있습니다",
    "빠르다": "빠른 빨라 빠르고 빠릅니다",
    "녹다": "녹는다는 녹는 녹아요",
    "나다": "난다는 나요",
    "달다": "단 달고 답니다 달아요",
    "크다": "큰 커 커서",
    "시리다": "시려요",
    "달지 않다": "달지 않은 달지 않고 달지 않아요",
    "일품": "일품 일품이라는 일품입니다",
}


KNOWN = [(lemma, form) for lemma, forms in FORMS.items() for form in re.findall(r"달지 \S+|\S+", forms)]


@pytest.mark.parametrize(("lemma", "form"), KNOWN)
def test_a_form_is_known(lemma, form):
    assert re.fullmatch(inflected(lemma), form)


@pytest.mark.parametrize(
    "form", ["진하지", "진하지 않은", "진한가", "진하면", "진하게도", "안 진한", "진", "하", "진한데도요"]
)
def test_what_denies_or_asks_or_supposes_is_no_form(form):
    assert not re.fullmatch(inflected("진하다"), form)


def test_what_follows_a_form_is_another_word():
    assert not re.match(inflected("달다"), "단점이")
