"""What every index promises: the suite runs over each implementation."""

import math
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.index_cases import (
    DAY,
    EAST,
    KINDS,
    MIN_SIMILARITY,
    NORTH,
    NOWHERE,
    OPENED,
    empty,
    ids,
    index,
    near,
    opened,
    point,
    vector,
    words,
)

from matjip.errors import Invalid, Misconfigured, Unavailable
from matjip.index.fused import TYPICAL_TOKENS
from matjip.index.index import Filter, Point, Query
from matjip.index.qdrant import QdrantIndex
from matjip.index.words import asked_tokens, runs, tokens

__all__ = ["EAST", "NORTH", "ids", "index", "near", "point", "vector"]  # `index` is the fixture: every implementation


async def test_a_new_index_stands_at_0_and_finds_nothing(index):
    assert await index.position() == 0
    assert await index.search("t", words("국물")) == ([], 0)
    assert await index.count("t", Filter()) == 0


@pytest.mark.parametrize("asked", ["국물", "국물은", "진한국물", "Soups", "soup", "양"])
async def test_a_review_is_found_by_its_words_under_other_endings(index, asked):
    await index.apply([point("a", "진한 국물이 최고, 양이 많아요. Nice SOUP")], [], 1)
    await index.apply([point("b", "커피가 맛있어요")], [], 2)
    assert await ids(index, words(asked)) == ["a"]


async def test_a_review_is_found_by_meaning_alone(index):
    await index.apply([point("east", at=EAST), point("north", at=NORTH)], [], 1)
    assert await ids(index, near((100, 20, 0, 0))) == ["east"]


async def test_a_review_found_both_ways_comes_first_and_says_why(index):
    await index.apply(
        [point("both", "국물", at=EAST), point("word", "국물", at=NORTH), point("near", "면", at=EAST)], [], 1
    )
    query = Query(words=(("국물", 1.0),), vector=vector(EAST))
    first, *others = (await index.search("t", query))[0]
    assert (first.review_id, first.word_rank, first.dense_rank, first.dense_similarity) == ("both", 1, 1, 1.0)
    assert first.score == pytest.approx(2 / 61)
    assert {(hit.review_id, hit.word_rank, hit.dense_rank) for hit in others} == {("word", 1, None), ("near", None, 1)}


async def test_a_zero_vector_and_no_words_match_nothing(index):
    await index.apply([point("a"), point("zero", at=NOWHERE)], [], 1)
    assert await index.search("t", near(NOWHERE)) == ([], 0)


async def test_a_heavier_word_decides(index):
    await index.apply([point("soup", "국물"), point("noodle", "면발")], [], 1)
    for soup, noodle, first in [(1.0, 0.5, "soup"), (0.5, 1.0, "noodle")]:
        query = Query(words=(("국물", soup), ("면발", noodle)), vector=vector(NOWHERE))
        assert (await ids(index, query))[0] == first


@pytest.mark.parametrize(
    "wanted",
    [
        {"restaurant_ids": frozenset({"other", "unknown"})},
        {"languages": frozenset({"en"})},
        {"sources": frozenset({"partner"})},
        {"rating_min": 4.5},
        {"rating_min": 5.0, "rating_max": 5.0},
        {"since": DAY + timedelta(days=1)},
        {"since": DAY + timedelta(days=1), "until": DAY + timedelta(days=1, microseconds=1)},
        {"has_image": True},
    ],
)
async def test_each_filter_finds_the_one_that_passes(index, wanted):
    other = {"restaurant_id": "other", "language": "en", "source": "partner", "rating": 5.0, "has_image": True}
    passing = point("passes", created_at=DAY + timedelta(days=1), **other)
    await index.apply([passing, point("plain"), point("bare", rating=None, source=None)], [], 1)
    assert await ids(index, words("국물", **wanted)) == ["passes"]
    assert await ids(index, near(EAST, **wanted)) == ["passes"]
    assert await index.count("t", Filter(**wanted)) == 1


async def test_until_is_outside_and_an_unrated_review_is_in_no_range(index):
    await index.apply([point("late"), point("unrated", rating=None, created_at=DAY - timedelta(1))], [], 1)
    assert await ids(index, words("국물", until=DAY)) == ["unrated"]
    assert await ids(index, words("국물", rating_max=5.0)) == ["late"]


async def test_an_empty_choice_of_restaurants_finds_nothing(index):
    await index.apply([point("a")], [], 1)
    assert await index.search("t", words("국물", restaurant_ids=frozenset())) == ([], 0)


async def test_the_ten_with_images_among_ten_thousand_are_the_ten(index):
    points = [
        point(f"{at:05}", at=EAST if at % 1_000 else (90, 90, 0, 0), has_image=not at % 1_000) for at in range(10_000)
    ]
    await index.apply(points, [], 1)
    query = Query(words=(("국물", 1.0),), vector=vector(EAST), wanted=Filter(has_image=True))
    hits, total = await index.search("t", query, limit=10)
    assert ([hit.review_id for hit in hits], total) == ([f"{at:05}" for at in range(0, 10_000, 1_000)], 10)


async def test_pages_hold_every_hit_once_in_one_order(index):
    points = [point(f"{at:03}", "국물 " + "면 " * (at % 7), at=(127, at % 50, 0, 0)) for at in range(250)]
    await index.apply(points, [], 1)
    query = Query(words=(("국물", 1.0),), vector=vector(EAST))
    whole, total = await index.search("t", query, limit=1_000)
    paged = [hit for at in range(0, 250, 7) for hit in (await index.search("t", query, offset=at, limit=7))[0]]
    assert total == len({hit.review_id for hit in paged}) == 250
    assert paged == whole


async def test_a_page_after_the_last_is_empty_and_still_tells_the_total(index):
    await index.apply([point("a")], [], 1)
    assert await index.search("t", words("국물"), offset=5) == ([], 1)


async def test_equal_hits_stand_by_restaurant_and_review(index):
    await index.apply([point("b"), point("a"), point("z", restaurant_id="q")], [], 1)
    assert await ids(index, words("국물")) == ["z", "a", "b"]


async def test_a_changed_review_is_found_by_its_new_words_alone(index):
    await index.apply([point("a", "국물")], [], 1)
    assert await ids(index, words("국물")) == ["a"]
    await index.apply([point("a", "커피", at=NORTH, has_image=True)], [], 2)
    assert await ids(index, words("국물")) == []
    assert await ids(index, near(EAST)) == []
    assert await ids(index, words("커피", has_image=True)) == ["a"]


async def test_a_deleted_review_is_gone_from_search_count_and_centroid_at_once(index):
    await index.apply([point("a"), point("b")], [], 1)
    assert await ids(index, words("국물")) == ["a", "b"]
    await index.apply([], [("t", ("r", "a"))], 2)
    assert await ids(index, Query(words=(("국물", 1.0),), vector=vector(EAST))) == ["b"]
    assert await index.count("t", Filter()) == 1
    total, count = await index.centroid("t", "r")
    assert (total.tolist(), count) == (list(EAST), 1)


async def test_a_deleted_review_can_come_back(index):
    await index.apply([point("a")], [], 1)
    await index.apply([], [("t", ("r", "a")), ("t", ("r", "never there"))], 2)
    await index.apply([point("a")], [], 3)
    assert await ids(index, words("국물")) == ["a"]


async def test_tenants_never_see_each_other(index):
    await index.apply([point("a"), point("a", "커피", tenant="u")], [], 1)
    assert await ids(index, words("국물"), tenant="u") == []
    assert await ids(index, near(EAST), tenant="u") == ["a"]
    await index.apply([], [("t", ("r", "a"))], 2)
    assert [await index.count(tenant, Filter()) for tenant in "tuv"] == [0, 1, 0]
    assert (await index.centroid("u", "r"))[1] == 1


async def test_a_tenants_scores_do_not_depend_on_another_tenants_reviews(index):
    await index.apply([point("a"), point("b", "국물 국물")], [], 1)
    before = await index.search("t", words("국물"))
    await index.apply([point(str(at), tenant="u") for at in range(50)], [], 2)
    assert await index.search("t", words("국물")) == before


async def test_a_position_that_was_reached_changes_nothing_more(index):
    await index.apply([point("a")], [], 5)
    await index.apply([point("b")], [("t", ("r", "a"))], 5)
    await index.apply([point("c")], [], 4)
    assert await ids(index, words("국물")) == ["a"]
    assert await index.position() == 5


async def test_a_change_that_would_leave_a_gap_is_not_stored(index):
    await index.apply([point("a")], [], 20, after=10)
    assert (await index.position(), await index.count("t", Filter())) == (0, 0)


async def test_events_without_points_still_move_the_position(index):
    await index.apply([], [], 7)
    assert await index.position() == 7


async def test_an_empty_collection_that_is_published_starts_again_at_0(index):
    await index.apply([point("a")], [], 9)
    assert await ids(index, words("국물")) == ["a"]
    await empty(index)
    assert await index.search("t", words("국물")) == ([], 0)
    assert (await index.position(), (await index.centroid("t", "r"))[1]) == (0, 0)
    await index.apply([point("b")], [], 1)
    assert await ids(index, words("국물")) == ["b"]


async def test_a_vector_of_another_size_is_refused_and_named(index):
    with pytest.raises(Invalid, match=r"points\[1\]\.vector is int8 of shape \(3,\)"):
        await index.apply([point("a"), point("b", at=(1, 2, 3))], [], 1)
    with pytest.raises(Invalid, match=r"query\.vector"):
        await index.search("t", near((1, 2)))
    assert await index.position() == 0


@pytest.fixture(params=[kind for kind in KINDS if kind != "exact memory"])
def kept(request, tmp_path):
    """Opens an index that outlives its closing; the client's stand-in does so in a folder."""
    if request.param == "qdrant":
        return lambda **about: QdrantIndex.open(str(tmp_path / "qdrant"), **(OPENED | about))
    return lambda **about: opened(request.param, tmp_path, **about)


async def test_what_was_applied_is_there_after_opening_again(kept):
    async with await kept() as index:
        await index.apply([point("a")], [], 3)
    async with await kept() as index:
        assert (await index.position(), await ids(index, words("국물"))) == (3, ["a"])


async def test_another_embedders_points_are_refused_and_kept(kept):
    async with await kept() as index:
        await index.apply([point("a")], [], 3)
    with pytest.raises(Misconfigured, match="rebuild-index --new-embedder"):
        await kept(embedder="e/2")
    async with await kept() as index:
        assert await index.count("t", Filter()) == 1


async def test_a_new_embedder_stands_beside_the_old_one_until_that_is_dropped(kept):
    async with await kept() as index:
        await index.apply([point("a")], [], 3)
    async with await kept(embedder="e/2", missing="add") as index:
        assert (await index.position(), len(await index.others())) == (0, 1)
        await index.drop_others()
        assert await index.others() == []


async def test_a_closed_index_is_unavailable_and_never_empty(index):
    await index.close()
    with pytest.raises(Unavailable):
        await index.search("t", words("국물"))


HOSTILE = [
    '"',
    "'; DROP TABLE points; --",
    "국물 AND (",
    "NEAR/3 *:^",
    "\0",
    "\ud800",
    "🔥👍🏽",
    "",
    "a" * 5_000,
    "국물이 " * 1_250,
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_only_text_as_query_and_as_review(index, text):
    await index.apply([point("hostile", text), point("b", "커피")], [], 1)
    assert set(await ids(index, words(text))) <= {"hostile"}
    assert await ids(index, words("커피")) == ["b"]


Step = st.tuples(
    st.sampled_from(["put", "put", "put", "delete", "clear"]),
    st.sampled_from("rs"),
    st.sampled_from("abcde"),
    st.lists(st.integers(-127, 127), min_size=4, max_size=4).map(tuple),
    st.lists(st.sampled_from(["국물", "면발이", "친절한", "soup", "양이"]), max_size=4).map(" ".join),
)


Steps = st.lists(Step, max_size=25)
Asked = st.tuples(*[st.integers(-127, 127)] * 4)
MEAN_TOKENS = {"exact memory": None, "qdrant": TYPICAL_TOKENS, "edge": TYPICAL_TOKENS}  # None: the true mean


@pytest.mark.parametrize("kind", ["exact memory", "qdrant"])
@given(steps=Steps, asked=Asked)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_after_any_history_centroids_and_hits_are_those_of_a_plain_recount(kind, steps, asked):
    await follow(kind, steps, asked)


@given(steps=Steps, asked=Asked)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_after_any_history_edge_holds_what_a_plain_recount_does(steps, asked):
    """Fewer histories: each starts a process, and another at every clearing."""
    await follow("edge", steps, asked)


async def follow(kind: str, steps: list, asked: tuple[int, ...]) -> None:
    living: dict[tuple[str, str], Point] = {}
    query = Query(words=(("국물", 1.0), ("친절하다", 0.5), ("soups", 1.0)), vector=vector(asked))
    with TemporaryDirectory() as folder:
        async with await opened(kind, Path(folder)) as index:
            position = 0
            for step, restaurant_id, review_id, at, text in steps:
                position += 1
                if step == "put":
                    living[restaurant_id, review_id] = point(review_id, text, at=at, restaurant_id=restaurant_id)
                    await index.apply([living[restaurant_id, review_id]], [], position)
                elif step == "delete":
                    living.pop((restaurant_id, review_id), None)
                    await index.apply([], [("t", (restaurant_id, review_id))], position)
                else:
                    living.clear()
                    await empty(index)
                    position = 0
                hits, total = await index.search("t", query, limit=4)
                plain = plain_search(living, query, mean=MEAN_TOKENS[kind])
                assert [(hit.restaurant_id, hit.review_id) for hit in hits] == plain[:4]
                assert total == len(plain)
            for restaurant_id in "rs":
                vectors = [each.vector for key, each in living.items() if key[0] == restaurant_id]
                total, count = await index.centroid("t", restaurant_id)
                assert (total.tolist(), count) == (np.sum([NOWHERE, *vectors], axis=0).tolist(), len(vectors))


def plain_search(living: dict[tuple[str, str], Point], query: Query, *, mean: float | None) -> list[tuple[str, str]]:
    """The promise in plain Python: BM25 and cosine over everything, ranks shared by equals, fused."""
    held = {key: tokens(each.text) for key, each in living.items()}
    mean = mean or (sum(map(len, held.values())) / len(held) if held else 0)
    by_words: dict[tuple[str, str], float] = {}
    by_meaning: dict[tuple[str, str], float] = {}
    for key, each in living.items():
        asked = [(asked_tokens(run.text), weight) for word, weight in query.words for run in runs(word)]
        if any(pair[0] in held[key] for pair, _ in asked):
            by_words[key] = sum(
                weight / len(pair) * bm25(token, key, held=held, mean=mean) for pair, weight in asked for token in pair
            )
        norms = math.sqrt(
            float(np.dot(each.vector.astype(float), each.vector))
            * float(np.dot(query.vector.astype(float), query.vector))
        )
        if norms and (cosine := float(np.dot(each.vector.astype(float), query.vector)) / norms) >= MIN_SIMILARITY:
            by_meaning[key] = cosine

    def fused(key: tuple[str, str]) -> float:
        lists = [ranking for ranking in (by_words, by_meaning) if key in ranking]
        return sum(1 / (61 + sum(other > ranking[key] + 1e-6 for other in ranking.values())) for ranking in lists)

    return sorted(by_words.keys() | by_meaning.keys(), key=lambda key: (-round(fused(key), 12), *key))


def bm25(token: str, key: tuple[str, str], *, held: dict[tuple[str, str], list[str]], mean: float) -> float:
    times, holders = held[key].count(token), sum(token in each for each in held.values())
    rarity = math.log(1 + (len(held) - holders + 0.5) / (holders + 0.5))
    return rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * len(held[key]) / mean)) if times else 0.0
