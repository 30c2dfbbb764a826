"""What a text praises and blames: sentences, and the pairs that a reader would name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import ASPECTS, FindAspects, Mention

JUDGE = LiteJudge.load()


async def found(text: str) -> tuple[Mention, ...]:
    (verdict,) = await JUDGE.judge(FindAspects((text,)))
    return verdict.answer


SENTENCES = [
    ("맛있어요!", {"taste+"}),
    ("국물이 진하고 고기가 정말 부드러워요", {"taste+"}),
    ("친절한 직원과 신선한 재료", {"service+", "taste+"}),
    ("양많고맛있어요", {"portion+", "taste+"}),
    ("사장님 불친절", {"service-"}),
    ("가격이 비싸지 않고 양도 많아요", {"price+", "portion+"}),
    ("안 비싸요", {"price+"}),
    ("맛이 없지 않아요", {"taste+"}),
    ("빵은 안 맛있었어요", {"taste-"}),
    ("음식이 너무 짜고 느끼해요. 분위기는 좋은데 시끄럽네요", {"taste-", "atmosphere+", "atmosphere-"}),
    ("웨이팅이 너무 길어요", {"waiting-"}),
    ("화장실이 더러워요", {"cleanliness-"}),
    ("주차가 불편해요", {"location-"}),
    ("배달이 늦게 와서 다 식었어요", {"delivery-"}),
    ("직원이 불러도 안 와요", {"service-"}),
    ("가성비 최고", {"price+"}),
    ("The food was great but service was really slow.", {"taste+", "service-"}),
    ("Not overpriced at all, cozy atmosphere", {"price+", "atmosphere+"}),
    ("great pasta, rude waiter", {"taste+", "service-"}),
    ("The portions weren't generous", {"portion-"}),
]
SILENT = [
    ("오늘 친구랑 점심 먹으러 갔습니다", "a story has no opinion"),
    ("전 개인적으로 그랬습니다", "전 is a pronoun here, not a pancake"),
    ("따뜻한 라떼 한 잔", "a warm drink is no warm welcome"),
    ("맛있다길래 갔어요", "hearsay"),
    ("사장님이 동네 명소를 추천해주심", "a recommendation by the owner praises nobody"),
    ("We expected great food", "a hope"),
    ("", "nothing"),
    ("👍👍", "no words"),
]


@pytest.mark.parametrize(("text", "pairs"), SENTENCES, ids=[text for text, _ in SENTENCES])
async def test_a_sentence_is_read_as_a_person_reads_it(text, pairs):
    signs = {"positive": "+", "negative": "-"}
    assert {mention.aspect + signs[mention.polarity] for mention in await found(text)} == pairs


@pytest.mark.parametrize(("text", "why"), SILENT, ids=[why for _, why in SILENT])
async def test_what_praises_and_blames_nothing_gives_no_mention(text, why):
    assert await found(text) == ()


async def test_what_was_true_once_is_left_out():
    assert await found("예전엔 맛있었는데 지금은 글쎄요") == ()


async def test_a_span_covers_the_thing_and_the_opinion_and_reads_whole():
    text = "😀 오늘은 국물이 정말 진하더라고요! 또 갈게요"
    (mention,) = await found(text)
    assert text[mention.start : mention.end] == "국물이 정말 진하더라고요"
    assert (mention.target, mention.opinion, mention.negated) == ("국물", "진하다", False)


async def test_a_denial_stands_inside_the_span():
    (mention,) = await found("가격이 비싸지 않아요")
    assert mention.negated
    assert (mention.start, mention.end) == (0, len("가격이 비싸지 않아요"))


PIECES = st.sampled_from(
    [
        "맛있",
        "어요",
        "국물이 ",
        "친절한 ",
        "직원",
        " 안 ",
        "비싸",
        "지 않아요",
        "great ",
        "food ",
        "not ",
        "😀",
        "\n",
        "ㅋㅋ",
        ". ",
        "\u0301",
        "<b>",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join))
async def test_every_span_lies_in_its_text_and_holds_its_target(text):
    for mention in await found(text):
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.aspect in ASPECTS
        assert mention.target is None or mention.target in text[mention.start : mention.end]
