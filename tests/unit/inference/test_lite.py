"""The built-in judge and embedder, languages, situations and near-duplicates."""

import asyncio
import string
from collections import Counter
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.language import language_of
from matjip.inference.lite.sentiment import NEGATIVE_TO, POSITIVE_FROM
from matjip.inference.task import ExpandQuery, FindAspects, JudgeSentiment, Sentiment

JUDGE = LiteJudge.load()
EMBEDDER = LiteEmbedder.load()
ODD = [
    "",
    " ",
    "\n\n",
    "👨‍👩‍👧‍👦",
    "\ud800",
    "\u202e맛",
    "가" * 5_000,
    "x" * 5_000,
    "<script>alert(1)</script>",
    "0" * 100,
]


async def sentiment(text: str) -> Sentiment:
    (verdict,) = await JUDGE.judge(JudgeSentiment((text,)))
    return verdict.answer


@pytest.mark.parametrize(
    "text", ["맛있어요!", "굿", "👍", "존맛탱", "delicious", "안 느끼하고 담백해요", "또 갈게요", "혜자"]
)
async def test_short_praise_is_positive(text):
    assert (await sentiment(text)).label == "positive"


@pytest.mark.parametrize(
    "text",
    ["별로예요", "ㅠㅠ 최악", "never again", "사장님 불친절", "창렬", "돈 아까워요", "not good", "재방문 의사 없음"],
)
async def test_short_blame_is_negative(text):
    assert (await sentiment(text)).label == "negative"


@given(st.text(max_size=80))
async def test_label_probability_and_confidence_agree(text):
    found = await sentiment(text)
    assert 0 <= found.p_positive <= 1
    assert (found.label == "positive") == (found.p_positive >= POSITIVE_FROM)
    assert (found.label == "negative") == (found.p_positive <= NEGATIVE_TO)
    assert 0 <= found.confidence <= 1


@pytest.mark.parametrize("task", [JudgeSentiment, FindAspects, ExpandQuery])
async def test_there_is_one_verdict_an_item_in_order_however_odd_the_items(task):
    items = tuple(ODD * 30)
    together = await JUDGE.judge(task(items))
    alone = [(await JUDGE.judge(task((item,))))[0] for item in ODD]
    assert [verdict.answer for verdict in together] == [verdict.answer for verdict in alone] * 30
    assert {(verdict.engine, verdict.model) for verdict in together} == {("lite", JUDGE.name)}


async def test_a_long_batch_leaves_the_event_loop_alive():
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await JUDGE.judge(FindAspects(("국물이 진하고 맛있어요",) * 4_000))
    ticking.cancel()
    assert ticks > 10


async def test_a_vector_is_a_unit_times_127_and_the_same_in_any_batch():
    vectors = await EMBEDDER.embed(["국물이 진해요", *ODD] * 3)
    again = await EMBEDDER.embed(["국물이 진해요"])
    assert vectors.shape == (33, EMBEDDER.dimensions)
    assert np.array_equal(vectors[0], again[0])
    assert abs(np.linalg.norm(vectors[0].astype(float)) / 127 - 1) < 0.03


async def test_a_text_without_features_is_a_row_of_zeros():
    assert not (await EMBEDDER.embed(["", " "])).any()


async def test_what_means_the_same_is_nearer_than_what_does_not():
    asked, near, far = (await EMBEDDER.embed(["친절한 직원", "직원분들이 친절하셨어요", "주차장이 좁아요"])).astype(int)
    assert asked @ near > asked @ far


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("맛있어요", "ko"),
        ("Great food", "en"),
        ("분위기는 so so, coffee는 good", "ko"),
        ("美味しいです", "ja"),
        ("很好吃", "zh"),
        ("👍 5/5", "und"),
        ("", "und"),
    ],
)
def test_a_language_is_told_by_its_script(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("query", "situation", "term"),
    [
        ("데이트하기 좋은 곳", "date", "분위기"),
        ("아이랑 가기 좋은 식당", "kids", "아기의자"),
        ("quiet place for a date", "date", "romantic"),
        ("새벽에 여는 국밥집", "late night", "심야"),
    ],
)
async def test_a_situation_brings_the_words_that_reviewers_use(query, situation, term):
    (verdict,) = await JUDGE.judge(ExpandQuery((query,)))
    assert situation in (verdict.answer.situation or "")
    assert term in verdict.answer.terms


async def test_a_plain_query_is_left_alone_and_no_word_is_said_twice():
    plain, said = [verdict.answer for verdict in await JUDGE.judge(ExpandQuery(("짬뽕", "분위기 좋은 데이트 장소")))]
    assert (plain.situation, plain.terms) == (None, ())
    assert "분위기" not in said.terms


def test_a_copy_with_a_word_exchanged_is_a_copy_and_another_review_of_the_same_dish_is_not():
    review = "비 오는 날 칼국수 생각나서 갔는데 국물이 진하고 면이 쫄깃해서 한 그릇 다 비웠습니다"
    copy = review.replace("한 그릇", "두 그릇")
    other = "칼국수 면은 쫄깃한데 국물이 제 입에는 짰고 김치가 떨어져서 아쉬운 한 끼였네요"
    assert near_duplicates([review, copy, other]) == [None, 0, None]


@pytest.mark.parametrize("text", ["\ud800" * 30, "😀" * 30, "가" * 5_000, string.printable, " " * 50])
def test_no_text_is_too_strange_to_be_compared(text):
    assert near_duplicates([text, text])[0] is None


def test_a_copied_review_points_to_the_first_and_common_short_ones_do_not():
    spam = "여기 정말 인생 맛집입니다 꼭 가보세요 강력 추천합니다 최고예요"
    other = "국물이 진하고 고기가 부드러운 동네 국밥집입니다"
    assert near_duplicates([spam, "맛있어요", spam + "!!", "맛있어요", other, spam]) == [None, None, 0, None, None, 0]


def test_thousands_of_copies_cost_no_more_than_their_number():
    spam = "여기 정말 인생 맛집입니다 꼭 가보세요 강력 추천합니다 최고예요"
    assert Counter(near_duplicates([spam] * 20_000))[0] == 19_999


def test_a_template_filled_ten_thousand_ways_is_no_quadratic_work():
    texts = [
        f"여기 정말 인생 맛집 꼭 가보세요 {number:b} 번째 손님 {number:o}".replace("0", "영")
        for number in range(10_000)
    ]
    began = process_time()
    near_duplicates(texts)
    assert process_time() - began < 5  # 0.7 s when it was measured; comparing each with each took minutes
