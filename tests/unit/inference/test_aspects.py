"""What a text praises and blames: sentences, and the pairs that a reader would name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import ASPECTS, FindAspects, Mention

JUDGE = LiteJudge.load()
TABLES = AspectFinder.load().korean


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
    ("음식이 비싸요", {"price-"}),
    ("맛있어요 문제는 주차", {"taste+"}),
    ("메뉴가 다 맛있어요", {"taste+"}),
    ("조명이 따뜻하고 편안해요", {"atmosphere+"}),
    ("포장이 깔끔해요", {"delivery+"}),
    ("주차장이 좁아요", {"location-"}),
    ("육즙 터져요", {"taste+"}),
    ("맛이 애매해요", {"taste-"}),
    ("돈이 아까워요", {"price-"}),
    ("음식에서 머리카락이 나왔고 머리카락 나왔다고 했는데", {"cleanliness-"}),
    ("예전엔 친절했는데 지금은 불친절해요", {"service-"}),
    ("양파가 아삭아삭 아삭해요", {"taste+"}),
    ("음식, 서비스, 분위기 모두 최고입니다", {"taste+", "service+", "atmosphere+"}),
    ("맛있는 음식, 끔찍한 서비스", {"taste+", "service-"}),
    ("훌륭한 이탈리아 음식을 합리적인 가격에", {"taste+", "price+"}),
    ("웨이터가 친절하진 않아요", {"service-"}),
    ("최고의 초밥입니다", {"taste+"}),
    ("friendly owners, loud inside", {"service+", "atmosphere-"}),
]
SILENT = [
    ("오늘 친구랑 점심 먹으러 갔습니다", "a story has no opinion"),
    ("전 개인적으로 그랬습니다", "전 is a pronoun here, not a pancake"),
    ("따뜻한 라떼 한 잔", "a warm drink is no warm welcome"),
    ("맛있다길래 갔어요", "hearsay"),
    ("사장님이 동네 명소를 추천해주심", "a recommendation by the owner praises nobody"),
    ("We expected great food", "a hope"),
    ("의자가 딱딱해요", "a hard chair has no taste"),
    ("와이파이 빠름", "no waiting, and no aspect of ours"),
    ("기분이 상하더라구요", "a spoilt mood, not spoilt food"),
    ("배 터지게 먹었어요", "a full stomach, not a burst parcel"),
    ("커피 좋아하는 친구랑 갔어요", "what a friend likes anywhere"),
    ("느끼한 거 싫어하는 분은 이거", "what somebody dislikes anywhere"),
    ("메뉴별로 남겨둡니다", "별로 is each here"),
    ("비린 맛이 없고", "a fault that is not there, and no lack of taste"),
    ("친절은 기대하지 마세요", "a warning"),
    ("외국인 손님한테만 친절해요", "kind to others alone"),
    ("청결 때문에 별 하나 뺍니다", "a noun, and a reproach"),
    ("맛집이라길래 갔는데 휴무네요", "hearsay of a name"),
    ("무뚝뚝하다는 후기 보고 쫄았는데", "what another review says"),
    ("친구가 하도 맛있다 맛있다 해서 갔는데", "hearsay, twice"),
    ("예쁜 가게는 많지만", "other places"),
    ("맛있었을 듯", "a guess"),
    ("음식 맛집은 모르겠고", "a doubt"),
    ("That kind of service", "kind of"),
    ("A dog-friendly terrace", "friendly to dogs"),
    ("Great place", "an opinion of everything and nothing"),
    ("", "nothing"),
    ("👍👍", "no words"),
]
# The tables read none of these; the category head hears praise or blame in them, in the last wrongly.
NOT_IN_THE_TABLES = [
    ("빵이 따뜻해요", "a warm bread is no warm room"),
    ("밥 먹기도 전에 감동", "전 is before here"),
    ("국산 재료 쓰시네요 원두 썼는데", "쓰다 is to use here"),
]


@pytest.mark.parametrize(("text", "pairs"), SENTENCES, ids=[text for text, _ in SENTENCES])
async def test_a_sentence_is_read_as_a_person_reads_it(text, pairs):
    signs = {"positive": "+", "negative": "-"}
    assert {mention.aspect + signs[mention.polarity] for mention in await found(text)} == pairs


@pytest.mark.parametrize(("text", "why"), NOT_IN_THE_TABLES, ids=[why for _, why in NOT_IN_THE_TABLES])
def test_the_tables_do_not_mistake_one_thing_for_another(text, why):
    assert TABLES.read(text).mentions == [], why


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


async def test_what_is_said_twice_of_one_thing_is_one_mention():
    assert len(await found("국물이 진해요. 정말 국물이 진해요")) == 1


async def test_hangul_stored_as_its_parts_is_read_and_its_places_are_those_of_the_stored_text():
    text = unicodedata.normalize("NFD", "😀 국물이 정말 진해요! 또 갈게요")
    (mention,) = await found(text)
    assert unicodedata.normalize("NFC", text[mention.start : mention.end]) == "국물이 정말 진해요"
    assert mention.target == unicodedata.normalize("NFD", "국물")


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
        "\u1106\u1161\u11ba",
        "\u1112",
        "<b>",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join))
async def test_every_span_lies_in_its_text_and_holds_its_target(text):
    for mention in await found(text):
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.aspect in ASPECTS
        assert mention.target is None or mention.target in text[mention.start : mention.end]
