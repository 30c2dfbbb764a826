"""What is said of an aspect lately and before, with a test behind every direction."""

import random
from dataclasses import replace
from datetime import timedelta

from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.analysis.result import Window

ASK = Ask(restaurant_id="r")
PRAISE, BLAME, NOTHING = "국물이 진해요", "국물이 짜요", "그냥"


async def taste(world: World):
    return next(each for each in (await world.analyses.summary(ASK, CALLER)).aspects if each.aspect == "taste")


async def said(world: World, *, praise: int, blame: int, days_ago: int) -> None:
    await world.write(*[PRAISE] * praise, *[BLAME] * blame, prefix=f"d{days_ago}-", days_ago=days_ago)


async def test_an_aspect_that_is_praised_more_than_before_got_better():
    world = World()
    await said(world, praise=20, blame=2, days_ago=0)
    await said(world, praise=10, blame=20, days_ago=100)
    found = await taste(world)
    assert (found.trend.direction, found.trend.positive, found.trend.negative_before) == ("better", 20, 20)
    assert (
        found.trend_text
        == "맛 평가가 나아졌습니다. 최근 석 달은 칭찬 20개에 불만 2개, 그전에는 칭찬 10개에 불만 20개였습니다."
    )


async def test_a_difference_that_may_be_chance_has_no_direction_and_no_sentence():
    world = World()
    await said(world, praise=5, blame=1, days_ago=0)
    await said(world, praise=5, blame=3, days_ago=100)
    found = await taste(world)
    assert (found.trend.direction, found.trend_text) == (None, None)


async def test_without_earlier_reviews_there_is_no_trend():
    world = World()
    await said(world, praise=5, blame=5, days_ago=0)
    assert (await taste(world)).trend is None


async def test_a_direction_is_claimed_by_chance_at_most_5_times_of_100():
    dice, claimed = random.Random(3), 0
    for _ in range(100):
        world = World()
        recent, before = (sum(dice.random() < 0.6 for _ in range(25)) for _ in range(2))
        await said(world, praise=recent, blame=25 - recent, days_ago=0)
        await said(world, praise=before, blame=25 - before, days_ago=100)
        claimed += (await taste(world)).trend.direction is not None
    assert claimed <= 5


async def test_a_statement_tells_how_many_of_it_are_recent_and_when_it_was_said_last():
    world = World()
    await said(world, praise=4, blame=0, days_ago=10)
    await said(world, praise=6, blame=0, days_ago=200)
    (statement,) = (await taste(world)).statements
    assert (statement.support, statement.recent) == (10, 4)
    assert (world.clock.now() - statement.latest).days == 10
    assert "최근 석 달 4개" in statement.text


async def test_a_single_voice_against_is_quoted_though_no_statement_stands_on_it():
    world = World()
    await said(world, praise=6, blame=1, days_ago=0)
    found = await taste(world)
    assert [each.polarity for each in found.statements] == ["positive"]
    assert found.best_against.text == BLAME


async def test_what_no_word_says_makes_no_statement():
    world = World()
    find = world.judge.find
    world.judge.find = lambda text: tuple(_guessed(each) for each in find(text))
    await said(world, praise=6, blame=0, days_ago=0)
    assert (await world.analyses.summary(ASK, CALLER)).status == "insufficient_evidence"


def _guessed(mention):
    return replace(mention, target=None, opinion=None)


async def test_lately_ends_where_the_window_ends():
    world = World()
    await said(world, praise=6, blame=0, days_ago=200)
    window = Window(until=world.clock.now() - timedelta(days=190))
    answer = await world.analyses.summary(Ask(restaurant_id="r", window=window), CALLER)
    assert [each.recent for each in answer.positive] == [6]


async def test_a_review_from_the_future_is_no_recent_one():
    world = World()
    await said(world, praise=4, blame=0, days_ago=10)
    await said(world, praise=3, blame=0, days_ago=-400)
    (statement,) = (await taste(world)).statements
    assert (statement.support, statement.recent) == (7, 4)


async def test_a_handful_of_voices_makes_no_direction():
    world = World()
    await said(world, praise=0, blame=4, days_ago=0)
    await said(world, praise=30, blame=0, days_ago=100)
    assert (await taste(world)).trend.direction is None
