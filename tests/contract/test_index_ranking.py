"""How every index orders what it found: by its lists, their weights, and what the reviews say; and how one is built anew."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.test_index import EAST, NORTH, ids, index, near, point, vector

from matjip.index.exact import ExactIndex
from matjip.index.index import RRF_K, Filter, Query, Weights

__all__ = ["index"]  # the fixture: every implementation


def asked(*said: str, text: str = "국물", **weights: float) -> Query:
    return Query(words=((text, 1.0),), vector=vector(EAST), said=said, weights=Weights(**weights))


async def test_what_says_the_asked_comes_first_and_what_says_the_opposite_last(index):
    said = {"against": {"service-"}, "for": {"service+", "taste-"}, "silent": {"taste+"}}
    await index.apply([point(name, "국물", said=frozenset(each)) for name, each in said.items()], [], 1)
    hits, total = await index.search("t", asked("service+"))
    assert [(hit.review_id, hit.said, hit.against) for hit in hits] == [
        ("for", ("service+",), ()),
        ("silent", (), ()),
        ("against", (), ("service+",)),
    ]
    assert total == 3


async def test_a_score_is_the_documented_sum(index):
    await index.apply([point("a", "국물", said=frozenset({"service+"}))], [], 1)
    (hit,), _ = await index.search("t", asked("service+", "taste+", dense=2.0, words=0.5, said=0.25))
    assert hit.score == pytest.approx((2 + 0.5 + 0.25 / 2) / (RRF_K + 1))


async def test_a_review_of_two_minds_is_not_against(index):
    await index.apply([point("both", "국물", said=frozenset({"service+", "service-"}))], [], 1)
    (hit,), _ = await index.search("t", asked("service+"))
    assert (hit.said, hit.against) == (("service+",), ())


async def test_what_is_said_finds_nothing_by_itself(index):
    await index.apply([point("a", "커피", at=NORTH, said=frozenset({"service+"}))], [], 1)
    assert await ids(index, asked("service+")) == []


async def test_weights_decide_which_list_leads(index):
    await index.apply([point("word", "국물", at=NORTH), point("near", "면", at=EAST)], [], 1)
    assert await ids(index, asked(words=2.0)) == ["word", "near"]
    assert await ids(index, asked(dense=2.0)) == ["near", "word"]


async def test_a_changed_review_says_what_it_says_now(index):
    await index.apply([point("a", "국물", said=frozenset({"service+"}))], [], 1)
    await index.apply([point("a", "국물", said=frozenset({"service-"}))], [], 2)
    (hit,), _ = await index.search("t", asked("service+"))
    assert hit.against == ("service+",)


SAID = st.frozensets(st.sampled_from(["service+", "service-", "taste+"]))
PLACES = st.tuples(*[st.integers(-3, 3)] * 4)
WEIGHT = st.sampled_from([0.0, 0.5, 1.0, 3.0])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    points=st.lists(st.tuples(PLACES, st.sampled_from(["국물", "국물 국물 면", "면"]), SAID), min_size=1, max_size=60),
    weights=st.tuples(WEIGHT, WEIGHT, WEIGHT),
    page=st.tuples(st.integers(0, 5), st.integers(1, 4)),
)
async def test_a_page_is_the_page_of_the_whole_list_in_order(points, weights, page):
    """Looking only at the first of each list finds what looking at all finds."""
    made = [point(f"{at:02}", text, at=place, said=said) for at, (place, text, said) in enumerate(points)]
    query = asked("service+", "taste+", **dict(zip(("dense", "words", "said"), weights, strict=True)))
    async with await ExactIndex.open(":memory:", embedder="e", dimensions=4, min_similarity=0.4999) as exact:
        await exact.apply(made, [], 1)
        everything, total = await exact.search("t", query, limit=1_000)
        offset, limit = page
        assert len(everything) == total
        assert (await exact.search("t", query, offset=offset, limit=limit))[0] == everything[offset : offset + limit]
        assert [hit.score for hit in everything] == pytest.approx([documented(hit, query) for hit in everything])


def documented(hit, query) -> float:
    agreement = (len(hit.said) - len(hit.against)) / len(query.said)
    return (
        (query.weights.dense / (RRF_K + hit.dense_rank) if hit.dense_rank else 0)
        + (query.weights.words / (RRF_K + hit.word_rank) if hit.word_rank else 0)
        + query.weights.said * agreement / (RRF_K + 1)
    )


async def test_deep_in_a_large_level_the_order_is_still_that_of_the_scores():
    dice = np.random.default_rng(3)
    made = [
        point(f"{at:04}", "국물 " * int(dice.integers(1, 9)) + "면 " * int(dice.integers(0, 9)),
              at=tuple(dice.integers(20, 120, 4).tolist()), said=frozenset({"service+"} if at % 7 else {"service-"}))
        for at in range(3_000)
    ]  # fmt: skip
    async with await ExactIndex.open(":memory:", embedder="e", dimensions=4, min_similarity=0.0) as exact:
        await exact.apply(made, [], 1)
        everything, _ = await exact.search("t", asked("service+", words=0.3), limit=3_000)
        page, _ = await exact.search("t", asked("service+", words=0.3), offset=40, limit=20)
    assert page == everything[40:60]
    assert math.isclose(everything[0].score, max(hit.score for hit in everything))


async def test_a_collection_beside_is_empty_and_the_published_one_goes_on(index):
    await index.apply([point("old")], [], 5)
    new = await index.beside()
    assert (await new.position(), await new.count("t", Filter())) == (0, 0)
    await new.apply([point("new")], [], 7)
    assert (await index.position(), await ids(index, near(EAST))) == (5, ["old"])
    await new.close()


async def test_publishing_takes_the_old_ones_place_at_once(index):
    await index.apply([point("old")], [], 5)
    new = await index.beside()
    await new.apply([point("new")], [], 7)
    await new.publish()
    assert (await index.position(), await ids(index, near(EAST))) == (7, ["new"])
    assert (await index.centroid("t", "r"))[1] == 1
    await new.close()


async def test_a_building_that_was_given_up_leaves_nothing_behind(index):
    await index.apply([point("old")], [], 5)
    await (await index.beside()).apply([point("half")], [], 1)
    new = await index.beside()
    assert await new.count("t", Filter()) == 0
    await new.apply([point("whole")], [], 9)
    await new.publish()
    assert await ids(index, near(EAST)) == ["whole"]


async def test_a_forgotten_review_leaves_every_collection_and_no_position_moves(index):
    await index.apply([point("a"), point("b")], [], 5)
    new = await index.beside()
    await new.apply([point("a")], [], 1)
    await index.forget("t", [("r", "a")])
    assert (await ids(index, near(EAST)), await ids(new, near(EAST))) == (["b"], [])
    assert (await index.position(), await new.position(), (await index.centroid("t", "r"))[1]) == (5, 1, 1)
