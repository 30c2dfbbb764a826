"""What has changed since a day: a test behind every sentence, and the strengths of then beside those of now."""

from datetime import timedelta

import pytest
from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.errors import Invalid

PRAISE, BLAME = "국물이 진해요", "국물이 짜요"
ASK = Ask(restaurant_id="r")


async def written(world: World, *, praise: int, blame: int, days_ago: int) -> None:
    await world.write(*[PRAISE] * praise, *[BLAME] * blame, prefix=f"d{days_ago}-", days_ago=days_ago)


async def since(world: World, days: int, **how: str):
    return await world.analyses.progress("r", world.clock.now() - timedelta(days=days), CALLER, **how)


async def improved() -> World:
    world = World()
    await written(world, praise=5, blame=20, days_ago=60)
    await written(world, praise=20, blame=2, days_ago=5)
    return world


async def test_what_got_better_is_said_with_its_counts():
    found = await since(await improved(), 30)
    assert (found.reviews, found.reviews_before, found.overall.direction) == (22, 25, "better")
    assert found.sentences[1].endswith(
        "이후 맛 평가가 나아졌습니다. 그 뒤로는 칭찬 20개에 불만 2개, 그전에는 칭찬 5개에 불만 20개였습니다."
    )


async def test_it_is_said_in_english_where_that_is_asked_for():
    found = await since(await improved(), 30, language="en")
    assert found.sentences[1].endswith(
        "Reviews of the taste got better: 20 for and 2 against since then, 5 and 20 before."
    )


async def test_what_may_be_chance_has_no_sentence():
    world = World()
    await written(world, praise=6, blame=4, days_ago=60)
    await written(world, praise=7, blame=3, days_ago=5)
    found = await since(world, 30)
    assert (found.sentences, found.aspects[0].text, found.aspects[0].trend.positive) == ((), None, 7)


async def test_without_reviews_before_that_day_nothing_is_compared():
    found = await since(await improved(), 90)
    assert (found.overall, found.aspects, found.sentences, found.reviews_before) == (None, (), (), 0)


async def test_strengths_of_then_stand_beside_those_of_now():
    world = World()
    await written(world, praise=8, blame=0, days_ago=60)
    await world.analyses.strengths(ASK, CALLER)
    world.clock.move(86_400)
    await world.write(*["친절해요"] * 9, prefix="later")
    found = await since(world, 0)
    assert {(each.support_before, each.support) for each in found.claims} == {(8, 8), (None, 9)}
    assert found.result_before < found.since


async def test_where_no_result_was_stored_by_then_it_says_so():
    found = await since(await improved(), 30)
    assert (found.result_before, found.claims) == (None, ())


async def test_a_day_that_lies_ahead_is_refused():
    with pytest.raises(Invalid, match="a past time"):
        await since(await improved(), -1)
