"""A spike is noticed when a restaurant's sentiment is worked out, once, with the reviews behind it."""

from datetime import timedelta

from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask, InlineReview
from matjip.analysis.result import Window

ASK = Ask(restaurant_id="r")
GOOD, BAD = "국물이 진해요", "국물이 짜요"


async def a_year_and_a_bad_day(world: World) -> None:
    for days_ago in range(20, 220, 2):
        await world.write(GOOD, prefix=f"good{days_ago}", days_ago=days_ago)
    await world.write(*[BAD] * 6, prefix="bad", days_ago=1)


async def test_a_bad_day_is_noticed_with_its_reviews_and_what_they_blame():
    world = World()
    await a_year_and_a_bad_day(world)
    await world.analyses.sentiment(ASK, CALLER)
    (found,) = await world.alerts.of("default", "r")
    assert (found.negatives, found.negatives_before, found.reviews_before) == (6, 0, 100)
    assert (found.aspect, len(found.review_ids)) == ("taste", 6)
    assert found.noticed_at == world.clock.now()


async def test_it_is_told_once_however_often_sentiment_is_worked_out():
    world = World()
    await a_year_and_a_bad_day(world)
    for number in range(3):
        await world.write(BAD, prefix=f"more{number}", days_ago=0)
        await world.analyses.sentiment(ASK, CALLER)
    assert len(world.told) == 1
    assert (await world.alerts.of("default"))[0].negatives > 6


async def test_quiet_restaurants_raise_none():
    world = World()
    for days_ago in range(0, 200, 2):
        await world.write(GOOD, prefix=f"good{days_ago}", days_ago=days_ago)
    await world.analyses.sentiment(ASK, CALLER)
    assert await world.alerts.of("default") == []


async def test_a_part_of_the_reviews_or_reviews_sent_inline_raise_none():
    world = World()
    await a_year_and_a_bad_day(world)
    await world.analyses.sentiment(Ask(restaurant_id="r", window=Window(languages=("ko",))), CALLER)
    inline = tuple(
        InlineReview(id=str(day), content=BAD if day < 6 else GOOD, created_at=world.clock.now() - timedelta(days=day))
        for day in range(200)
    )
    await world.analyses.sentiment(Ask(restaurant_id="r", reviews=inline), CALLER)
    assert await world.alerts.of("default") == []
