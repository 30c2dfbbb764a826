"""Better than peers, by a test that holds its promise."""

from dataclasses import replace

from tests.unit.analysis.reading import CALLER, World

from matjip.analysis.ask import Ask
from matjip.analysis.strengths import STEPS
from matjip.inference.task import Mention

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


async def test_only_reviews_in_the_language_of_most_are_compared():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    await world.write(*["slow"] * 30, restaurant_id="p1", prefix="english")
    answer = await world.analyses.strengths(ASK, CALLER)
    assert (answer.group.language, answer.group.reviews) == ("ko", 120)


async def test_a_distinct_strength_says_how_many_peers_are_praised_less():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    assert (await world.analyses.strengths(ASK, CALLER)).strengths[0].distinct.percentile == 1.0


async def test_a_difference_that_is_certain_but_small_is_not_distinct():
    world = World(min_difference=0.5)
    await among_peers(world, praised_here=20, praised_there=4)
    assert {each.type for each in (await world.analyses.strengths(ASK, CALLER)).strengths} == {"representative"}


async def test_without_peers_the_answer_says_so_and_invents_none():
    world = World()
    await world.write(*["친절해요"] * 5)
    answer = await world.analyses.strengths(ASK, CALLER)
    assert (answer.group.chosen_by, answer.comparison) == ("none", ())
    assert "다른 식당이 0곳" in answer.group.note
    assert {each.type for each in answer.strengths} == {"representative"}


async def test_in_a_language_whose_words_nobody_wrote_a_claim_is_the_count():
    world = World()
    await world.write(*["친절해요"] * 4, *["그냥"] * 36)
    claims = [each.claim for each in (await world.analyses.strengths(replace(ASK, language="en"), CALLER)).strengths]
    assert claims == ["4 of 40 reviews praise the service"]


async def test_all_three_of_a_restaurant_judge_each_review_once():
    world = World()
    await world.write("친절해요", "국물이 진해요", "국물이 짜요")
    await world.analyses.sentiment(ASK, CALLER)
    once = world.judge.texts_judged
    other = World()
    await other.write("친절해요", "국물이 진해요", "국물이 짜요")
    sentiment, summary, strengths = await other.analyses.every(ASK, CALLER)
    assert other.judge.texts_judged == once
    assert [each.meta.counts.considered for each in (sentiment, summary, strengths)] == [3, 3, 3]


async def test_a_peers_new_review_is_counted_and_no_peer_is_judged():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    await world.analyses.strengths(ASK, CALLER)
    judged = world.judge.texts_judged
    await world.write("친절해요", restaurant_id="p1", prefix="new")
    assert (await world.analyses.strengths(ASK, CALLER)).group.reviews == 121
    assert world.judge.texts_judged - judged == 0


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


async def claims_of(world: World) -> list[str]:
    return [each.claim for each in (await world.analyses.strengths(ASK, CALLER)).strengths]


async def test_a_distinct_strength_says_how_much_more_it_is_praised_than_elsewhere():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    assert (
        (await claims_of(world))[0] == "친절하다는 등 서비스 칭찬이 비교 식당의 3.7배"
    )  # 5.0 as counted, as if twenty more reviews were like the group's


async def test_what_a_distinct_strength_says_is_not_said_again():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    assert len(await claims_of(world)) == 1


async def test_what_is_blamed_as_often_as_praised_is_no_strength():
    world = World()
    await world.write(*["국물이 진해요"] * 5, *["국물이 짜요"] * 5)
    answer = await world.analyses.strengths(ASK, CALLER)
    assert answer.strengths == ()
    assert "praised by less than 60%" in next(step.note for step in answer.steps if step.step == "C")


async def test_what_nobody_has_said_for_two_years_is_no_strength():
    world = World()
    await world.write(*["국물이 진해요"] * 5, days_ago=800)
    answer = await world.analyses.strengths(ASK, CALLER)
    assert answer.strengths == ()
    assert "not said for 730 days" in next(step.note for step in answer.steps if step.step == "C")


async def test_one_thing_under_two_names_is_one_claim():
    world = World()
    await world.write(*["국물이 진해요"] * 4, *["육개장국물이 진해요"] * 3)
    world.judge.find = _with_the_word_before(world.judge.find)
    (strength,) = (await world.analyses.strengths(ASK, CALLER)).strengths
    assert (strength.claim, strength.support) == ("국물이 진하다는 칭찬이 많습니다", 7)


def _with_the_word_before(find):
    def longer(text):
        target = text.split("이 ")[0]
        return tuple(replace(each, target=target) for each in find(text))

    return longer


async def test_without_a_category_the_peers_are_those_whose_reviews_are_most_alike():
    world = World(group_similar_restaurants=3, group_min_reviews=30)
    for peer in ("r", "a", "b", "c"):
        await world.write(*["친절해요"] * 12, restaurant_id=peer)
    for peer in ("d", "e"):
        await world.write(*["국물이 진해요"] * 12, restaurant_id=peer)
    group = (await world.analyses.strengths(ASK, CALLER)).group
    assert (group.chosen_by, group.restaurants, group.reviews) == ("similar", 3, 36)


async def test_when_everyone_is_few_everyone_is_the_group():
    world = World(group_similar_restaurants=5)
    for peer in ("r", "a", "b", "c"):
        await world.write(*["친절해요"] * 40, restaurant_id=peer)
    assert (await world.analyses.strengths(ASK, CALLER)).group.chosen_by == "everyone"


async def test_a_word_that_few_say_leads_no_claim():
    world = World()
    await world.write(*["국물이 진해요"] * 3)
    find, world.judge.find = world.judge.find, lambda text: find(text) if "국물" in text else _of_another_thing(text)
    await world.write(*[f"{thing}이 좋아요" for thing in "가나다라마바사아"], prefix="other")
    answer = await world.analyses.strengths(ASK, CALLER)
    assert [each.claim for each in answer.strengths] == ["국물이 진하다는 칭찬이 많습니다"]


def _of_another_thing(text):
    return (Mention(aspect="taste", polarity="positive", target=text[0], opinion="좋다", start=0, end=4),)


async def test_equally_many_languages_are_compared_in_the_language_of_the_sentences():
    world = World()
    await among_peers(world, praised_here=20, praised_there=4)
    await world.write(*["slow"] * 40, prefix="english")
    answer = await world.analyses.strengths(ASK, CALLER)
    assert (answer.language, answer.group.language) == ("ko", "ko")
