"""Feedback takes effect on every later answer, whatever has changed since; evidence and sums stay true."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.analysis.reading import CALLER, START, World

from matjip.analysis.ask import Ask
from matjip.analysis.feedback import Feedback
from matjip.analysis.standing import NOT_SAID, Standings, content_hash, fold
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Put

PRAISE = ("국물이 진해요", "국물 진해서 좋아요", "정말 진해요! 친절해요", "친절해요", "국물이 짜요", "짜요")
ASK = Ask(restaurant_id="r")
REWORDED = "국물이 깊고 진하다는 칭찬이 많습니다"


@pytest.fixture
async def world():
    world = World()
    await world.write(*PRAISE)
    return world


async def say(world: World, kind: str, *, claim_id=None, review_id=None, aspect=None, correction=None) -> None:
    content = (await world.reviews.review("default", "r", review_id)).content if review_id else None
    await world.feedback.add(
        Feedback(
            position=0,
            tenant="default",
            restaurant_id="r",
            kind=kind,
            claim_id=claim_id,
            review_id=review_id,
            aspect=aspect,
            correction=correction,
            content_hash=content_hash(content) if content else None,
            actor="owner",
            request_id="q",
            at=START,
        )
    )


def claims(answer) -> list:
    return list(getattr(answer, "strengths", ())) or [*answer.positive, *answer.negative]


@pytest.mark.parametrize("name", ["summary", "strengths"])
async def test_a_hidden_claim_stays_hidden_when_new_reviews_come_and_is_back_when_restored(world, name):
    ask = getattr(world.analyses, name)
    before = await ask(ASK, CALLER)
    gone = claims(before)[0].claim_id
    await say(world, "hide", claim_id=gone)
    for batch in range(3):
        after = await ask(ASK, CALLER)
        assert (gone not in after.model_dump_json(), after.hidden) == (True, 1)
        await world.write(*PRAISE, prefix=f"new{batch}")
    await say(world, "restore", claim_id=gone)
    assert gone in {claim.claim_id for claim in claims(await ask(ASK, CALLER))}


async def test_a_hidden_claim_is_in_no_way_to_an_answer(world):
    gone = claims(await world.analyses.summary(ASK, CALLER))[0]
    await say(world, "hide", claim_id=gone.claim_id)
    reused = await world.analyses.summary(ASK, CALLER)
    fresh = await world.analyses.summary(Ask(restaurant_id="r", refresh=True), CALLER)
    (batch,) = await world.analyses.batch("summary", [ASK], CALLER)
    latest = await world.analyses.latest("default", "r", "summary")
    world.judge.down = True
    await world.write("친절", prefix="new")
    stale = await world.analyses.summary(ASK, CALLER)
    assert (reused.meta.reused, fresh.meta.reused, stale.meta.stale) == (True, False, True)
    for answer in (reused, fresh, batch, latest, stale):
        assert (gone.claim_id not in answer.model_dump_json(), answer.hidden) == (True, 1)


async def test_the_sentences_about_all_do_not_name_what_is_hidden(world):
    before = await world.analyses.summary(ASK, CALLER)
    assert "서비스" in before.overall
    (service,) = [claim for claim in before.positive if claim.aspect == "service"]
    await say(world, "hide", claim_id=service.claim_id)
    after = await world.analyses.summary(ASK, CALLER)
    assert "서비스" not in after.overall
    assert after.overall.startswith(before.overall.split(". ")[0])
    assert [each.best_for for each in after.aspects if each.aspect == "service"] == [None]


async def test_a_summary_of_which_everything_is_hidden_says_how_the_reviews_lean(world):
    for claim in claims(await world.analyses.summary(ASK, CALLER)):
        await say(world, "hide", claim_id=claim.claim_id)
    after = await world.analyses.summary(ASK, CALLER)
    assert (claims(after), after.status) == ([], "ok")
    assert after.overall.endswith("부정입니다.")


async def test_a_flagged_claim_is_shown_and_marked(world):
    first = claims(await world.analyses.strengths(ASK, CALLER))[0]
    await say(world, "flag", claim_id=first.claim_id)
    assert claims(await world.analyses.strengths(ASK, CALLER))[0] == first.model_copy(update={"flagged": True})


async def test_truth_4_a_corrected_claim_has_a_persons_words_and_the_same_evidence(world):
    first = claims(await world.analyses.strengths(ASK, CALLER))[0]
    await say(world, "correct", claim_id=first.claim_id, correction=REWORDED)
    now = claims(await world.analyses.strengths(ASK, CALLER))[0]
    assert now == first.model_copy(update={"claim": REWORDED, "corrected": True, "worded_by": "person"})
    english = await world.analyses.strengths(Ask(restaurant_id="r", language="en"), CALLER)
    assert REWORDED not in english.model_dump_json()


async def test_a_claim_that_is_hidden_under_one_of_its_names_is_hidden(world):
    answer = await world.analyses.strengths(ASK, CALLER)
    other = claims(answer)[0].model_copy(update={"claim_id": "new", "same_as": ("old",)})
    row = Feedback(
        position=1, tenant="t", restaurant_id="r", kind="hide", claim_id="old", actor="a", request_id="q", at=START
    )
    assert fold([row]).shown(answer.model_copy(update={"strengths": (other,)})).strengths == ()


async def test_a_corrected_label_changes_the_counts_and_makes_stored_results_out_of_date(world):
    before = await world.analyses.sentiment(ASK, CALLER)
    await say(world, "correct", review_id="000", correction="negative")
    assert (await world.analyses.latest("default", "r", "sentiment")).meta.stale
    after = await world.analyses.sentiment(ASK, CALLER)
    assert (after.positive_count, after.negative_count) == (before.positive_count - 1, before.negative_count + 1)
    assert {review.review_id for review in after.reviews if review.decided_by == "person"} == {"000"}
    assert not (await world.analyses.latest("default", "r", "sentiment")).meta.stale


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(0, 5), st.sampled_from(["positive", "negative", "neutral"])))
async def test_whatever_labels_are_corrected_the_three_counts_sum_to_the_total(labels):
    world = World()
    await world.write(*PRAISE)
    for at, label in labels.items():
        await say(world, "correct", review_id=f"{at:03}", correction=label)
    answer = await world.analyses.sentiment(ASK, CALLER)
    assert answer.positive_count + answer.negative_count + answer.neutral_count == answer.total_count == len(PRAISE)
    assert answer.positive_ratio + answer.negative_ratio + answer.neutral_ratio == 100
    assert labels.items() <= {int(review.review_id): review.label for review in answer.reviews}.items()


async def test_a_corrected_review_that_is_rewritten_is_judged_afresh(world):
    await say(world, "correct", review_id="000", correction="negative")
    await world.reviews.write([Put(review=ReviewDraft(restaurant_id="r", id="000", content="국물 진해요"))], CALLER)
    answer = await world.analyses.sentiment(ASK, CALLER)
    assert {(review.label, review.decided_by) for review in answer.reviews if review.review_id == "000"} == {
        ("positive", "scripted")
    }


async def test_a_restored_label_is_the_judges_again(world):
    before = await world.analyses.sentiment(ASK, CALLER)
    await say(world, "correct", review_id="000", correction="negative")
    await say(world, "restore", review_id="000")
    assert (await world.analyses.sentiment(ASK, CALLER)).positive_count == before.positive_count


async def test_a_hidden_label_is_counted_and_not_listed_and_a_flagged_one_is_marked(world):
    await say(world, "hide", review_id="000")
    await say(world, "flag", review_id="001")
    answer = await world.analyses.sentiment(ASK, CALLER)
    assert (answer.total_count, len(answer.reviews), answer.hidden) == (6, 5, 1)
    assert [review.review_id for review in answer.reviews if review.flagged] == ["001"]


@pytest.mark.parametrize(("correction", "positive", "negative"), [(NOT_SAID, 2, 2), ("negative", 2, 3)])
async def test_a_corrected_mention_changes_what_is_counted_of_its_aspect(world, correction, positive, negative):
    await say(world, "correct", review_id="000", aspect="taste", correction=correction)
    (taste,) = [each for each in (await world.analyses.summary(ASK, CALLER)).aspects if each.aspect == "taste"]
    assert (taste.positive, taste.negative) == (positive, negative)


async def test_a_mention_that_the_judge_missed_is_counted_and_quoted_exactly(world):
    await say(world, "correct", review_id="000", aspect="service", correction="positive")
    answer = await world.analyses.summary(ASK, CALLER)
    (service,) = [claim for claim in answer.positive if claim.aspect == "service"]
    assert (service.support, "000" in service.review_ids) == (3, True)
    assert all(quote.text in PRAISE[int(quote.review_id)] for quote in service.quotes)


async def test_feedback_on_another_restaurants_claim_changes_nothing_here(world):
    before = await world.analyses.summary(ASK, CALLER)
    await world.write(*PRAISE, restaurant_id="s")
    await say(world, "hide", claim_id=claims(before)[0].claim_id)
    assert (await world.analyses.summary(Ask(restaurant_id="s"), CALLER)).hidden == 0


def test_nothing_said_shows_everything():
    assert fold([]) == Standings()


async def test_a_review_that_is_hidden_is_quoted_nowhere(world):
    before = await world.analyses.summary(ASK, CALLER)
    quoted = before.positive[0].quotes[0].review_id
    await say(world, "hide", review_id=quoted)
    assert quoted not in {
        quote.review_id for each in claims(await world.analyses.summary(ASK, CALLER)) for quote in each.quotes
    }


async def test_a_whole_aspect_is_hidden_with_what_its_sentence_leads_with(world):
    for peer in ("p1", "p2", "p3"):
        await world.write(*["그냥"] * 40, restaurant_id=peer)
    await world.write(*["친절해요"] * 30, prefix="kind")
    (head, *_) = (await world.analyses.strengths(ASK, CALLER)).strengths
    assert head.type == "distinct"
    await say(world, "hide", claim_id=head.same_as[0])
    answer = await world.analyses.strengths(ASK, CALLER)
    assert head.claim_id not in {each.claim_id for each in answer.strengths}
    assert answer.hidden >= 1
