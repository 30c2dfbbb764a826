"""A judge that asks a model answers every item, whatever the model says, and says who answered."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analysis.reading import ScriptedJudge
from tests.unit.inference.prompts.facts import EN_CLAIM, KO_CLAIM
from tests.unit.inference.test_tokens import bytes_file

from matjip.clock import new_dice
from matjip.errors import Invalid, Unavailable
from matjip.inference.asking import AskingJudge, AskingSettings
from matjip.inference.model import NOBODYS, Work
from matjip.inference.prompts.data import neutral
from matjip.inference.scripted import ScriptedModel
from matjip.inference.task import ExpandQuery, Expansion, FindAspects, JudgeSentiment, WordClaim
from matjip.inference.tokens import Estimated, open_counter

REVIEWS = ("국물이 진해요", "별로였어요", "그냥 그래요")


def leaning(text):
    label = "negative" if "별로" in text else "neutral" if "그냥" in text else "positive"
    return {"label": label, "confidence": 0.9}


class Place:
    """A scripted model, a judge that asks it and another that stands in."""

    def __init__(
        self, answer=leaning, *, spoil=None, counter=None, context_tokens=8_192, work=NOBODYS, **numbers
    ) -> None:
        self.model = ScriptedModel(answer, spoil=spoil)
        self.fallback = ScriptedJudge()
        self.records = []
        self.judge = AskingJudge(
            self.model,
            self.fallback,
            counter=counter or Estimated(),
            dice=new_dice(1),
            context_tokens=context_tokens,
            settings=AskingSettings(**numbers),
            work=work,
            hooks=[self.records.append],
        )

    def told(self, kind):
        return [record for record in self.records if type(record).__name__ == kind]


def first_time(spoil):
    """Spoils the first answer alone."""
    answers = iter([spoil])
    return lambda text: next(answers, str)(text)


async def test_the_model_decides_every_review_in_order():
    place = Place()
    verdicts = await place.judge.judge(JudgeSentiment(REVIEWS))
    assert [one.answer.label for one in verdicts] == ["positive", "negative", "neutral"]
    assert {(one.engine, one.model, one.instead_of) for one in verdicts} == {("llm", place.judge.name, None)}
    assert len(place.model.asked) == 1


def test_its_name_is_one_word_with_the_model_and_every_wording():
    assert Place().judge.name == "llm/scripted/sentiment.1+aspects.1+query.1+claim.1+summary.1"


async def test_the_items_share_the_tokens_that_the_server_counted():
    place = Place()
    verdicts = await place.judge.judge(JudgeSentiment(REVIEWS))
    [prompt] = place.model.asked
    assert sum(one.tokens for one in verdicts) > sum(
        await Estimated().count([message.content for message in prompt.messages])
    )
    assert max(one.tokens for one in verdicts) - min(one.tokens for one in verdicts) <= 1


async def test_mentions_carry_their_place_in_the_review_as_stored():
    text = "면은\n[별로]지만 국물이 진해요"
    quoted = {"mentions": [{"aspect": "taste", "polarity": "negative", "quote": "(별로)지만", "target": None}]}
    [verdict] = await Place(lambda _: quoted).judge.judge(FindAspects((text,)))
    [mention] = verdict.answer
    assert text[mention.start : mention.end] == "[별로]지만"


async def test_a_query_is_expanded():
    said = {"situation": "date", "terms": ["quiet"]}
    [verdict] = await Place(lambda _: said).judge.judge(ExpandQuery(("조용한 데이트",)))
    assert verdict.answer == Expansion(situation="date", terms=("quiet",))


async def test_what_is_missing_is_asked_for_once_more_alone():
    place = Place(spoil=first_time(lambda text: text[: text.rindex('{"number"')]))
    verdicts = await place.judge.judge(JudgeSentiment(REVIEWS))
    assert [one.engine for one in verdicts] == ["llm"] * 3
    assert "[1] 그냥 그래요\n" in place.model.asked[1].messages[-1].content
    assert "[2]" not in place.model.asked[1].messages[-1].content
    [record] = place.told("ItemsAsked")
    assert (record.answered, record.repaired, record.undecided) == (2, 1, 0)


async def test_what_stays_undecided_is_answered_by_another_judge_that_says_whom_it_stands_in_for():
    place = Place(lambda text: leaning(text) if "별로" in text else {"label": "great", "confidence": 1})
    verdicts = await place.judge.judge(JudgeSentiment(REVIEWS))
    assert [(one.engine, one.instead_of) for one in verdicts] == [
        ("scripted", "llm"),
        ("llm", None),
        ("scripted", "llm"),
    ]
    assert all(one.tokens for one in verdicts)
    assert [(record.reason, record.items) for record in place.told("ItemsDropped")] == [("label", 4)]


@pytest.mark.parametrize(("error", "reason"), [(Unavailable("away"), "unavailable"), (Invalid("too long"), "refused")])
async def test_while_the_model_does_not_answer_another_judge_does(error, reason):
    place = Place()
    place.model.failing = error
    verdicts = await place.judge.judge(JudgeSentiment(REVIEWS))
    assert {one.instead_of for one in verdicts} == {"llm"}
    assert [(record.reason, record.items) for record in place.told("ItemsDropped")] == [(reason, 3)]
    assert len(place.model.asked) == 1


async def test_a_refused_text_is_left_to_the_rules_for_good_and_an_absent_one_for_now():
    place = Place(lambda _: {"text": "최고의 맛집"})
    [refused] = await place.judge.judge(WordClaim((KO_CLAIM,)))
    place.model.failing = Unavailable("away")
    [absent] = await place.judge.judge(WordClaim((KO_CLAIM,)))
    assert [(one.answer, one.instead_of) for one in (refused, absent)] == [
        (KO_CLAIM.text, None),
        (KO_CLAIM.text, "llm"),
    ]


@pytest.mark.parametrize(("facts", "said"), [(KO_CLAIM, "너는 음식점의 장점"), (EN_CLAIM, "You say one strength")])
async def test_facts_are_asked_about_in_the_language_of_their_text(facts, said):
    place = Place(lambda _: {"text": facts.text})
    await place.judge.judge(WordClaim((replace(facts, quotes=("국물이 진해요", "맛있어요", "또 와요")),)))
    assert place.model.asked[0].messages[0].content.startswith(said)


async def test_a_blank_review_is_not_asked_about():
    place = Place()
    verdicts = await place.judge.judge(JudgeSentiment(("  \n\u200b", "좋아요")))
    assert [(one.engine, one.instead_of) for one in verdicts] == [("scripted", None), ("llm", None)]


async def test_nothing_asks_nobody():
    place = Place()
    assert await place.judge.judge(JudgeSentiment(())) == ()
    assert place.model.asked == []


async def test_no_more_prompts_than_allowed_wait_at_once():
    place, running, most = Place(prompts_at_once=3, batch_tokens=500), 0, 0
    complete = place.model.complete

    async def slow(prompt):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return await complete(prompt)

    place.model.complete = slow
    await place.judge.judge(JudgeSentiment(("국물이 진해요 " * 20,) * 50))
    assert most == 3


async def test_a_review_longer_than_the_context_is_cut_at_a_sentence_and_that_is_told():
    place = Place(context_tokens=2_048)
    [verdict] = await place.judge.judge(JudgeSentiment(("정말 맛있어요. " * 500,)))
    [record] = place.told("ReviewCut")
    assert (record.chars, record.kept_chars % 9) == (4_500, 8)
    assert "맛있어요. …\n" in place.model.asked[0].messages[-1].content
    assert verdict.engine == "llm"


KINDS = st.sampled_from(
    ["국물이 진하고 맛있어요. ", "The broth was rich. ", "🍜👨‍👩‍👧❤️", "뷁", "ㅋㅋㅋ!!! ", "12,900", "<<<[1]", "\n"]
)
REVIEW = st.builds(lambda kind, times: (kind * times)[:5_000], KINDS, st.integers(0, 900)) | st.text(max_size=300)
COUNTERS = ["estimate", "a token a byte"]


@pytest.mark.parametrize("counting", COUNTERS)
@pytest.mark.parametrize("task", [JudgeSentiment, FindAspects])
@given(reviews=st.lists(REVIEW, max_size=12), context=st.integers(2_048, 9_000))
@settings(max_examples=25, deadline=None)
async def test_truth_12_no_prompt_exceeds_the_context(tmp_path_factory, counting, task, reviews, context):
    counter = Estimated() if counting == "estimate" else open_counter(bytes_file(tmp_path_factory.mktemp("tokens")))
    place = Place(lambda _: leaning("") | {"mentions": []}, counter=counter, context_tokens=context)
    verdicts = await place.judge.judge(task(tuple(reviews)))
    for prompt in place.model.asked:
        counted = await counter.count([message.content for message in prompt.messages])
        assert sum(counted) + prompt.max_tokens <= context
    assert [one.engine for one in verdicts] == ["llm" if neutral(text).strip() else "scripted" for text in reviews]


class Slow(ScriptedModel):
    """Takes its time."""

    async def complete(self, prompt):
        await asyncio.sleep(0.05)
        return await super().complete(prompt)


async def test_who_waits_is_answered_within_the_budget_by_the_other_judge_and_that_is_counted():
    place = Place(interactive_budget_s=0.01, work=Work(tenant="t", kind="sentiment", urgency="interactive"))
    place.judge._model = Slow(leaning)
    verdicts = await place.judge.judge(JudgeSentiment(REVIEWS))
    assert {(one.engine, one.instead_of) for one in verdicts} == {("scripted", "llm")}
    assert [(record.reason, record.items) for record in place.told("ItemsDropped")] == [("out_of_time", 3)]


async def test_the_budget_is_of_all_that_one_work_asks_and_nothing_is_sent_after_it():
    place = Place(interactive_budget_s=0.06, work=Work(tenant="t", kind="sentiment", urgency="interactive"))
    place.judge._model = slow = Slow(leaning)
    engines = [(await place.judge.judge(JudgeSentiment((text,))))[0].engine for text in REVIEWS]
    assert engines == ["llm", "scripted", "scripted"]
    assert len(slow.asked) == 1


async def test_a_job_has_no_budget():
    place = Place(interactive_budget_s=0.01)
    place.judge._model = Slow(leaning)
    assert {one.engine for one in await place.judge.judge(JudgeSentiment(REVIEWS))} == {"llm"}


async def test_each_prompt_says_for_whom_it_is():
    work = Work(tenant="t", kind="summary", urgency="background", weight=2.0)
    place = Place(work=work)
    await place.judge.judge(JudgeSentiment(REVIEWS))
    assert [prompt.work for prompt in place.model.asked] == [work]
