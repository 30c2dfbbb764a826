"""Whoever a tenant published judges its reviews, and what another judge said is out of date."""

import asyncio

import pytest
from tests.unit.analysis.reading import CALLER, ScriptedJudge, World

from matjip.analysis.ask import Ask, InlineReview

ASK = Ask(restaurant_id="r")


class Adapted(ScriptedJudge):
    name = "scripted/1+abc"


@pytest.fixture
async def world():
    world = World()
    await world.write(*["국물이 진해요"] * 5)
    return world


async def models(world: World, ask: Ask = ASK) -> set[str]:
    return {answer.meta.model for answer in await world.analyses.every(ask, CALLER)}


async def test_a_published_judge_is_asked_from_then_on_and_named(world):
    assert await models(world) == {"scripted/1"}
    world.answering["default"] = Adapted()
    assert await models(world) == {"scripted/1+abc"}
    assert world.answering["default"].texts_judged == 10  # aspects and sentiments of five, for the three analyses


async def test_what_was_taken_back_is_answered_by_the_judge_before(world):
    world.answering["default"] = Adapted()
    await models(world)
    del world.answering["default"]
    assert await models(world) == {"scripted/1"}


async def test_an_unchanged_judge_gives_the_stored_result(world):
    world.answering["default"] = Adapted()
    await models(world)
    assert (await world.analyses.sentiment(ASK, CALLER)).meta.reused


async def test_a_stored_result_of_another_judge_is_stale(world):
    await models(world)
    assert not (await world.analyses.latest("default", "r", "sentiment")).meta.stale
    world.answering["default"] = Adapted()
    assert (await world.analyses.latest("default", "r", "sentiment")).meta.stale


async def test_another_tenants_judge_is_not_asked(world):
    world.answering["other"] = Adapted()
    assert await models(world) == {"scripted/1"}
    assert world.answering["other"].texts_judged == 0


async def test_reviews_sent_inline_are_judged_by_the_tenants_judge_too(world):
    world.answering["default"] = Adapted()
    inline = Ask(restaurant_id="new", reviews=(InlineReview(id="1", content="국물이 진해요"),))
    assert (await world.analyses.sentiment(inline, CALLER)).meta.model == "scripted/1+abc"


async def test_a_restaurant_without_reviews_names_the_judge_that_was_there(world):
    world.answering["default"] = Adapted()
    await world.open_restaurant("empty")
    assert (await world.analyses.sentiment(Ask(restaurant_id="empty"), CALLER)).meta.model == "scripted/1+abc"


async def test_a_run_under_way_is_not_joined_by_who_asks_after_a_publishing(world):
    before = asyncio.create_task(world.analyses.sentiment(ASK, CALLER))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.answering["default"] = Adapted()
    after = await world.analyses.sentiment(ASK, CALLER)
    assert [(await before).meta.model, after.meta.model] == ["scripted/1", "scripted/1+abc"]
