"""A small update over the shipped sentiment: what it changes, what it leaves, and how it travels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.errors import Invalid
from matjip.inference.lite.adapted import Adaptation, AdaptedJudge, grams, read_adaptation, version_of
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import FindAspects, JudgeSentiment

TEXTS = ("국물이 진하고 맛있어요", "다시는 안 가요", "The soup was fine", "", "점심에 갔어요")


@pytest.fixture(scope="module")
def lite() -> LiteJudge:
    return LiteJudge.load()


def adaptation(*, buckets=(), weights=(), slope=1.0, biases=None) -> Adaptation:
    return Adaptation.of(
        "lite/3",
        buckets=np.array(buckets, np.int64),
        weights=np.array(weights, float),
        slope=slope,
        biases={"": 0.0} if biases is None else biases,
    )


def adapted(lite: LiteJudge, found: Adaptation) -> AdaptedJudge:
    return AdaptedJudge(lite, found, version="v")


async def chances(judge, texts=TEXTS):
    return [one.answer.p_positive for one in await judge.judge(JudgeSentiment(texts))]


async def test_an_adaptation_of_nothing_answers_as_the_shipped_judge(lite):
    assert await chances(adapted(lite, adaptation())) == pytest.approx(await chances(lite))


async def test_a_bias_moves_its_own_language_alone(lite):
    before, after = await chances(lite), await chances(adapted(lite, adaptation(biases={"ko": 1.0, "": 0.0})))
    moved = [late > early for early, late in zip(before, after, strict=True)]
    assert moved == [True, True, False, False, True]


async def test_a_learned_ngram_moves_the_texts_that_hold_it(lite):
    _, buckets, _ = grams(["국물"])
    found = adaptation(buckets=np.unique(buckets), weights=np.full(len(np.unique(buckets)), -2.0))
    before, after = await chances(lite), await chances(adapted(lite, found))
    assert after[0] < before[0]
    assert after[2] == pytest.approx(before[2])


async def test_aspects_stay_as_they_were_shipped(lite):
    task = FindAspects(TEXTS)
    assert await adapted(lite, adaptation(slope=0.1)).judge(task) == await lite.judge(task)


async def test_every_answer_names_the_judge_and_the_version(lite):
    judge = adapted(lite, adaptation())
    assert {one.model for one in await judge.judge(JudgeSentiment(TEXTS))} == {judge.name} == {"lite/3+v"}


async def test_mentions_that_are_handed_in_are_used_and_not_looked_for(lite):
    with_none = await adapted(lite, adaptation()).judge(JudgeSentiment(("맛있어요",), ((),)))
    found = await adapted(lite, adaptation()).judge(JudgeSentiment(("맛있어요",)))
    assert with_none[0].answer.p_positive < found[0].answer.p_positive


async def test_many_texts_get_the_answers_that_each_gets_alone(lite):
    judge = adapted(lite, adaptation(slope=0.8))
    many = await chances(judge, TEXTS * 120)
    assert many[: len(TEXTS)] == pytest.approx(await chances(judge)) == many[-len(TEXTS) :]


async def test_log_odds_beyond_all_measure_are_still_a_probability(lite):
    found = await chances(adapted(lite, adaptation(biases={"": 1e30, "ko": -1e30})))
    assert all(0 <= chance <= 1 for chance in found)


@given(
    st.dictionaries(st.integers(0, 2**21 - 1), st.floats(-5, 5), max_size=50),
    st.floats(0, 3),
    st.dictionaries(st.sampled_from(["", "ko", "en"]), st.floats(-3, 3), min_size=1),
)
def test_what_is_read_back_is_what_was_written(weights, slope, biases):
    given_ = adaptation(buckets=list(weights), weights=list(weights.values()), slope=slope, biases=biases)
    read = read_adaptation(given_.to_bytes(), version_of(given_.to_bytes()))
    assert read.to_bytes() == given_.to_bytes()
    assert read.logits(TEXTS, [0.5] * 5).tolist() == given_.logits(TEXTS, [0.5] * 5).tolist()


def test_equal_adaptations_have_one_name_and_others_another():
    assert version_of(adaptation().to_bytes()) == version_of(adaptation().to_bytes())
    assert version_of(adaptation().to_bytes()) != version_of(adaptation(slope=0.5).to_bytes())


def test_one_changed_byte_is_noticed():
    body = adaptation(buckets=[5, 9], weights=[1.0, -1.0]).to_bytes()
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(Invalid, match="matjip adapt"):
            read_adaptation(changed, version_of(body))


@pytest.mark.parametrize("body", [b"", b"no archive"], ids=["empty", "other"])
def test_what_is_no_adaptation_is_refused(body):
    with pytest.raises(Invalid, match="matjip adapt"):
        read_adaptation(body, version_of(body))
