"""Better than peers, by a test that holds its promise."""

import random

import pytest
from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.analysis.strengths import STEPS, discoveries, more_than_chance, shrunk_difference

ASK = Ask(restaurant_id="r")


async def among_peers(world: World, *, praised_here: int, praised_there: int) -> None:
    await world.open_restaurant(categories=("국수",))
    await world.write(*["친절해요"] * praised_here, *["그냥"] * (40 - praised_here))
    for peer in ("p1", "p2", "p3"):
        await world.open_restaurant(peer, categories=("국수",))
        await world.write(*["친절해요"] * praised_there, *["그냥"] * (40 - praised_there), restaurant_id=peer)


async def test_what_is_praised_here_more_than_at_its_peers_is_distinct():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    answer = await world.analyses.strengths(ASK, CALLER)
    head = answer.strengths[0]
    assert (head.type, head.aspect, head.support, answer.group.chosen_by) == ("distinct", "service", 20, "category")
    assert head.distinct.share == head.support_ratio == 0.5
    assert 0 < head.distinct.interval.low < head.distinct.difference < 0.4


async def test_what_is_praised_everywhere_is_representative():
    world = World()
    await among_peers(world, praised_here=20, praised_there=20)
    assert {each.type for each in (await world.analyses.strengths(ASK, CALLER)).strengths} == {"representative"}


async def test_without_peers_the_answer_says_so_and_invents_none():
    world = World()
    await world.write(*["친절해요"] * 5)
    answer = await world.analyses.strengths(ASK, CALLER)
    assert (answer.group.chosen_by, answer.comparison) == ("none", ())
    assert "다른 식당이 0곳" in answer.group.note
    assert {each.type for each in answer.strengths} == {"representative"}


async def test_a_peers_new_review_is_counted_and_nobody_else_is_judged_again():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    await world.analyses.strengths(ASK, CALLER)
    judged = world.judge.texts_judged
    await world.write("친절해요", restaurant_id="p1", prefix="new")
    assert (await world.analyses.strengths(ASK, CALLER)).group.reviews == 121
    assert world.judge.texts_judged - judged == 2 * (41 + 40)


async def test_all_eight_steps_say_what_they_took_and_gave():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    steps = (await world.analyses.strengths(ASK, CALLER)).steps
    assert "".join(each.step for each in steps) == "".join(letter for letter, _, _ in STEPS) == "ABCDEFGH"
    assert "seed 7" in steps[0].note


async def test_one_author_praising_often_is_one_voice():
    world = World()
    await world.write(*["친절해요"] * 10, authors=True)
    answer = await world.analyses.strengths(ASK, CALLER)
    assert [each.support for each in answer.strengths] == [2]


def test_the_exact_test_agrees_with_a_worked_table():
    assert more_than_chance(3, 4, 1, 4) == pytest.approx(17 / 70)  # Fisher's tea: 16/70 + 1/70


def test_restaurants_without_a_strength_are_called_distinct_in_at_most_5_of_100():
    dice = random.Random(1)
    wrong = 0
    for _ in range(200):
        here = [sum(dice.random() < 0.15 for _ in range(100)) for _ in range(8)]
        there = [sum(dice.random() < 0.15 for _ in range(500)) for _ in range(8)]
        tested = {
            str(aspect): more_than_chance(a, 100, b, 500) for aspect, (a, b) in enumerate(zip(here, there, strict=True))
        }
        wrong += min(discoveries(tested).values()) <= 0.05
    assert wrong <= 10


def test_few_reviews_are_shrunk_towards_the_group():
    small, _ = shrunk_difference(2, 2, 10, 100, shrink=20)
    large, _ = shrunk_difference(200, 200, 10, 100, shrink=20)
    assert small < 0.1 < 0.8 < large
