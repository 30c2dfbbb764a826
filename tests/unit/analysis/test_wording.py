"""Sentences read as a person writes them."""

import pytest

from matjip.analysis.wording import claim, folded, majority, overall, particle, phrase, statement


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("국물", "이/가", "국물이"),
        ("커피", "이/가", "커피가"),
        ("맛", "을/를", "맛을"),
        ("대기(3개)", "은/는", "대기(3개)는"),
    ],
)
def test_particles_follow_the_last_sound(word, pair, said):
    assert particle(word, pair) == said


def test_a_korean_statement_counts_and_names():
    said = statement(
        "taste", "positive", support=21, considered=52, named=[("국물", 9), ("면발", 6)], recent=4, language="ko"
    )
    assert said == "리뷰 52개 중 21개(최근 석 달 4개)가 맛을 칭찬했고, 국물(9개)과 면발(6개) 이야기가 많습니다."


def test_an_english_statement_counts_and_names():
    said = statement("service", "negative", support=3, considered=52, named=[("staff", 2)], recent=0, language="en")
    assert said == "3 of 52 reviews (none in the last three months) criticise the service, most often staff (2)."


def test_that_all_of_a_statement_is_recent_goes_without_saying():
    said = statement("waiting", "negative", support=3, considered=52, named=[], recent=3, language="ko")
    assert said == "리뷰 52개 중 3개가 대기 시간을 아쉬운 점으로 꼽았습니다."


def test_the_overall_names_praise_and_blame_with_their_numbers():
    said = overall(
        considered=50,
        positive=40,
        negative=5,
        per_cent=(80, 10),
        praised=[("taste", 20)],
        blamed=[("waiting", 4)],
        language="ko",
    )
    assert said == (
        "리뷰 50개 중 40개(80%)가 긍정, 5개(10%)가 부정입니다. 칭찬은 맛(20개)에 모입니다. "
        "아쉬운 점으로는 대기 시간(4개)이 꼽혔습니다."
    )


@pytest.mark.parametrize(
    ("target", "opinions", "said"),
    [
        ("국물", ["진하다", "시원하다"], "국물이 진하고 시원하다는 칭찬이 많습니다"),
        ("빵", ["입에서 녹다"], "빵이 입에서 녹는다는 칭찬이 많습니다"),
        ("육즙", ["터지다"], "육즙이 터진다는 칭찬이 많습니다"),
        ("수육", ["일품"], "수육이 일품이라는 칭찬이 많습니다"),
    ],
)
def test_a_korean_claim_bends_its_opinions_and_keeps_to_15_to_28_characters(target, opinions, said):
    made = claim("taste", target=target, opinions=opinions, support=20, considered=50, language="ko")
    assert made == said
    assert 15 <= len(made) <= 28


def test_an_english_claim_has_at_most_12_words():
    made = claim("taste", target="broth", opinions=["rich", "creamy"], support=20, considered=50, language="en")
    assert made == "Rich and creamy broth, praised by many reviewers"


def test_slang_hype_and_other_languages_are_not_published():
    assert [phrase(word, "ko", negated=False) for word in ("존맛", "delicious", "진하다")] == [None, None, "진하다"]
    assert phrase("짜다", "ko", negated=True) == "짜지 않다"


def test_the_language_is_the_majoritys_unless_asked():
    assert (majority(["ko", "en", "en"], None), majority(["en"], "ko"), majority([], None)) == ("en", "ko", "ko")


def test_people_are_one_thing_with_and_without_their_plural():
    assert {folded(word, "ko") for word in ("직원", "직원들", "직원분", "직원분들")} == {"직원"}


def test_an_opinion_that_is_said_of_one_thing_alone_has_that_thing_for_its_subject():
    said = claim("location", target=None, opinions=["넓다"], support=3, considered=50, language="ko")
    assert said == "주차 공간이 넓다는 칭찬이 여럿입니다"
