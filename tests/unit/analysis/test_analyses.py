"""The analyses over fakes: one run for many, fresh for who polls, and evidence that holds."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.analysis.reading import CALLER, OPINIONS, START, World

from matjip.analysis.ask import Ask, InlineReview
from matjip.analysis.result import Lag, Window
from matjip.errors import Invalid, NotFound, Unavailable
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Delete, Put
from matjip.telemetry.record import AnalysisFinished, ResultPublished, ResultServed

PRAISE = ("국물이 진해요", "국물 진해서 좋아요", "정말 진해요! 친절해요", "국물이 짜요")
ASK = Ask(restaurant_id="r")
ANALYSES = ("sentiment", "summary", "strengths")


def inline(*contents: str) -> Ask:
    sent = tuple(InlineReview(id=f"i{at}", content=content) for at, content in enumerate(contents))
    return Ask(restaurant_id="r", reviews=sent)


def citations(answer):
    """Every (support, review ids, quotes) that an answer rests on."""
    yield from (*getattr(answer, "positive", ()), *getattr(answer, "negative", ()))
    for aspect in getattr(answer, "aspects", ()):
        yield from aspect.statements
    yield from getattr(answer, "strengths", ())


@pytest.fixture
async def world():
    world = World()
    await world.write(*PRAISE)
    return world


@pytest.mark.parametrize("name", ANALYSES)
async def test_truth_1_fifty_identical_asks_at_once_are_one_run_and_fifty_equal_answers(world, name):
    answers = await asyncio.gather(*(getattr(world.analyses, name)(ASK, CALLER) for _ in range(50)))
    assert {answer.model_dump_json() for answer in answers} == {answers[0].model_dump_json()}
    assert answers[0].status == "ok"
    assert world.judge.texts_judged == 2 * len(PRAISE)
    runs, _ = await world.analyses.history("default", "r", name, 100)
    assert sorted(run.outcome for run in runs) == ["joined"] * 49 + ["ok"]


@pytest.mark.parametrize("name", ANALYSES)
async def test_truth_2_who_polls_for_six_hours_gets_fresh_answers_and_never_an_empty_one(world, name):
    for poll in range(36):
        world.clock.move(600)
        await world.write("국물이 진해요 " + "음" * poll, prefix=f"p{poll:02}")
        answer = await getattr(world.analyses, name)(ASK, CALLER)
        assert (answer.status, answer.meta.stale) == ("ok", False)
        assert answer.meta.counts.considered == len(PRAISE) + poll + 1
        assert answer.meta.as_of == world.clock.now()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.sampled_from([*OPINIONS, "😋", " ", ". ", "\n", "👨‍👩‍👧", "é", "010-1234", "가" * 50]), max_size=9
        ).map("".join),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
async def test_truth_4_every_quote_is_in_its_review_and_every_claim_has_its_support(contents, authors):
    world = World()
    contents = [content if content.strip() else "." for content in contents]
    await world.write(*contents, authors=authors)
    stored = {f"{at:03}": content for at, content in enumerate(contents)}
    for name in ("summary", "strengths"):
        answer = await getattr(world.analyses, name)(ASK, CALLER)
        for cited in citations(answer):
            assert 2 <= cited.support <= len(set(cited.review_ids)) <= cited.considered
            assert set(cited.review_ids) <= set(stored)
            assert cited.quotes
            for quote in cited.quotes:
                original = stored[quote.review_id][quote.start : quote.end]
                assert len(quote.text) == len(original) <= 80
                assert quote.masked or quote.text == original
                assert all(a in (b, "*") for a, b in zip(quote.text, original, strict=True))


async def test_nothing_new_means_the_stored_result_and_no_judging(world):
    first = await world.analyses.summary(ASK, CALLER)
    judged = world.judge.texts_judged
    second = await world.analyses.summary(ASK, CALLER)
    assert (second.meta.reused, second.meta.run_id) == (True, first.meta.run_id)
    assert world.judge.texts_judged == judged


async def test_a_refresh_runs_even_when_nothing_is_new(world):
    await world.analyses.summary(ASK, CALLER)
    assert not (await world.analyses.summary(Ask(restaurant_id="r", refresh=True), CALLER)).meta.reused


async def test_a_judge_that_is_down_leaves_the_stored_result_and_says_stale(world):
    await world.analyses.sentiment(ASK, CALLER)
    await world.write("친절", prefix="new")
    world.judge.down = True
    answer = await world.analyses.sentiment(ASK, CALLER)
    assert (answer.meta.stale, answer.total_count) == (True, len(PRAISE))


async def test_a_judge_that_is_down_without_a_stored_result_is_an_error_and_a_run(world):
    world.judge.down = True
    with pytest.raises(Unavailable):
        await world.analyses.sentiment(ASK, CALLER)
    runs, _ = await world.analyses.history("default", "r")
    assert [run.outcome for run in runs] == ["unavailable"]


async def test_an_unknown_restaurant_is_not_found():
    with pytest.raises(NotFound):
        await World().analyses.summary(ASK, CALLER)


@pytest.mark.parametrize("name", ANALYSES)
async def test_a_restaurant_without_reviews_is_a_typed_answer(name):
    world = World()
    await world.open_restaurant()
    answer = await getattr(world.analyses, name)(ASK, CALLER)
    assert (answer.status, answer.meta.counts.considered) == ("insufficient_evidence", 0)


async def test_inline_reviews_are_never_the_restaurants_latest(world):
    answer = await world.analyses.sentiment(inline("국물이 진해요"), CALLER)
    assert (answer.positive_count, answer.meta.stored) == (1, False)
    with pytest.raises(NotFound):
        await world.analyses.latest("default", "r", "sentiment")


async def test_a_deleted_review_is_in_no_new_result(world):
    await world.analyses.summary(ASK, CALLER)
    await world.reviews.write([Delete(restaurant_id="r", review_id="000")], CALLER)
    assert "000" not in (await world.analyses.summary(ASK, CALLER)).model_dump_json()


async def test_the_latest_says_that_reviews_have_changed_since(world):
    await world.analyses.sentiment(ASK, CALLER)
    await world.write("친절", prefix="new")
    assert (await world.analyses.latest("default", "r", "sentiment")).meta.stale


async def test_after_an_erasure_nothing_stored_is_left(world):
    await world.analyses.summary(ASK, CALLER)
    assert await world.analyses.forget("default", ["r"]) == 1
    with pytest.raises(NotFound):
        await world.analyses.latest("default", "r", "summary")


async def test_a_batch_answers_each_ask_in_its_place(world):
    answers = await world.analyses.batch("sentiment", [Ask(restaurant_id="nobody"), ASK], CALLER)
    assert isinstance(answers[0], NotFound)
    assert answers[1].total_count == len(PRAISE)


async def test_every_fault_of_an_ask_is_named_at_once(world):
    with pytest.raises(Invalid) as caught:
        await world.analyses.summary(
            Ask(restaurant_id="r", language="fr", window=Window(since=START, until=START)), CALLER
        )
    assert [fault.where for fault in caught.value.faults] == ["language", "window.since"]


@pytest.mark.parametrize("hostile", ["\0", "\ud800", "가" * 5_001])
async def test_hostile_inline_text_is_refused_with_its_place(world, hostile):
    with pytest.raises(Invalid) as caught:
        await world.analyses.summary(inline("좋아요", hostile), CALLER)
    assert caught.value.faults[0].where == "reviews[1].content"


async def test_history_pages_hold_every_run_once(world):
    for _ in range(5):
        world.clock.move(1)
        await world.analyses.sentiment(ASK, CALLER)
    first, cursor = await world.analyses.history("default", "r", "sentiment", 3)
    second, end = await world.analyses.history("default", "r", "sentiment", 3, cursor)
    assert (len({run.run_id for run in first + second}), end) == (5, None)


async def test_who_waits_no_more_ends_the_run(world):
    asking = asyncio.create_task(world.analyses.sentiment(ASK, CALLER))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (await world.analyses.sentiment(ASK, CALLER)).status == "ok"


async def test_each_run_is_reported_to_the_hooks(world):
    await world.analyses.sentiment(ASK, CALLER)
    ended = [record for record in world.records if isinstance(record, AnalysisFinished)]
    assert [(record.analysis, record.outcome, record.reviews) for record in ended] == [("sentiment", "ok", 4)]


async def test_a_plain_result_is_told_as_published_and_each_answer_as_served(world):
    await world.analyses.sentiment(ASK, CALLER)
    await world.analyses.sentiment(Ask(restaurant_id="r", language="en"), CALLER)
    await world.analyses.sentiment(inline("맛있어요"), CALLER)
    await world.analyses.latest("default", "r", "sentiment")
    told = [record for record in world.records if not isinstance(record, AnalysisFinished)]
    served = ResultServed(tenant="default", restaurant_id="r")
    published = ResultPublished(tenant="default", restaurant_id="r", analysis="sentiment", revision=5)
    assert told == [published, served, served, served]


async def test_a_stale_result_says_how_many_changes_it_lacks_and_for_how_long(world):
    fresh = await world.analyses.summary(ASK, CALLER)
    for minutes in (10, 20):
        world.clock.move(minutes * 60)
        await world.write("정말 친절해요", prefix=f"later{minutes}-")
    world.clock.move(60)
    stale = await world.analyses.latest("default", "r", "summary")
    assert (fresh.meta.staleness, stale.meta.staleness) == (Lag(), Lag(changes=2, mean_s=(21 + 1) / 2 * 60))


@pytest.mark.parametrize("name", ["summary", "strengths"])
async def test_a_stored_result_quotes_a_deleted_or_rewritten_review_no_more(world, name):
    before = await getattr(world.analyses, name)(ASK, CALLER)
    quoted = [quote.review_id for part in citations(before) for quote in part.quotes]
    gone, rewritten = dict.fromkeys(quoted[:1]), dict.fromkeys(quoted[-1:])
    for review_id in gone:
        await world.reviews.write([Delete(restaurant_id="r", review_id=review_id)], CALLER)
    for review_id in rewritten.keys() - gone.keys():
        await world.reviews.write([Put(review=ReviewDraft(restaurant_id="r", id=review_id, content="다른 글"))], CALLER)
    after = await world.analyses.latest("default", "r", name)
    shown = {quote.review_id for part in citations(after) for quote in part.quotes}
    cited = {one for part in citations(after) for one in part.review_ids}
    assert quoted
    assert after.meta.stale
    assert not (shown | cited) & (gone.keys() | rewritten.keys())


async def test_a_stale_summary_quotes_no_deleted_review_not_even_as_the_best_words(world):
    await world.write("국물이 짜요", prefix="salty")  # one voice against: no statement, but the best words of blame
    made = await world.analyses.summary(ASK, CALLER)
    gone = next(each.best_against for each in made.aspects if each.best_against)
    await world.reviews.write([Delete(restaurant_id="r", review_id=gone.review_id)], CALLER)
    stale = await world.analyses.latest("default", "r", "summary")
    assert gone.text not in stale.model_dump_json()


async def test_an_inline_review_of_an_impossible_year_is_refused_and_named(world):
    sent = (InlineReview(id="a", content="친절해요", created_at=datetime(999, 6, 1, tzinfo=UTC)),)
    with pytest.raises(Invalid, match=r"reviews\[0\]\.created_at is in the year 999"):
        await world.analyses.sentiment(Ask(restaurant_id="r", reviews=sent), CALLER)


async def test_a_model_is_asked_as_soon_as_the_question_says_and_for_a_batch_no_sooner(world):
    await world.analyses.sentiment(ASK, CALLER)
    await world.analyses.batch("summary", [ASK, replace(ASK, urgency="background")], CALLER)
    assert [(work.kind, work.urgency) for work in world.works] == [
        ("sentiment", "interactive"),
        ("summary", "batch"),
        ("summary", "background"),
    ]


async def test_what_is_sent_with_a_question_waits_for_nobody_elses(world):
    judge, judging = world.judge.judge, asyncio.Barrier(2)

    async def together(task):
        await judging.wait()  # until both are there
        return await judge(task)

    world.judge.judge = together
    asks = [inline("국물이 진해요"), inline("국물이 짜요")]
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(world.analyses.sentiment(ask, CALLER) for ask in asks))
    assert [answer.positive_count for answer in answers] == [1, 0]
