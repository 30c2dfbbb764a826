"""Three analyses of one restaurant read and judge it once, and never what has changed since."""

import pytest
from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.errors import NotFound
from matjip.reviews.store import Delete

ASK = Ask(restaurant_id="r")


async def all_three(world: World) -> tuple[int, int]:
    """Reviews that were read and texts that were judged for it."""
    read, judged = world.reads, world.judge.texts_judged
    for analysis in (world.analyses.sentiment, world.analyses.summary, world.analyses.strengths):
        await analysis(ASK, CALLER)
    return world.reads - read, world.judge.texts_judged - judged


async def test_three_analyses_read_and_judge_the_reviews_once():
    world = World()
    await world.write(*["친절해요"] * 5)
    assert await all_three(world) == (1, 2 * 5)  # their aspects, then their sentiment


async def test_a_new_review_is_seen_at_once():
    world = World()
    await world.write(*["친절해요"] * 5)
    await all_three(world)
    await world.write("친절해요", prefix="new")
    assert (await world.analyses.summary(ASK, CALLER)).meta.counts.considered == 6


async def test_an_erasure_forgets_what_was_read():
    world = World()
    await world.write(*["친절해요"] * 5)
    await all_three(world)
    await world.analyses.forget("default", {"r"})
    assert (await all_three(world))[0] == 1


async def test_a_deleted_restaurant_is_not_answered_from_memory():
    world = World()
    await world.write(*["친절해요"] * 5)
    await all_three(world)
    await world.reviews.write([Delete(restaurant_id="r", review_id=None)], CALLER)
    with pytest.raises(NotFound):
        await world.analyses.summary(ASK, CALLER)
