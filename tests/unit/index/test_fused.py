"""What the depth of the lists changes, and a crash between points and position."""

import pytest
from tests.contract.index_cases import EAST, NORTH, OPENED, ids, point, vector, words

from matjip.errors import Unavailable
from matjip.index.edge import EdgeIndex
from matjip.index.fused import FusedIndex, Store, alias_of
from matjip.index.index import Query
from matjip.index.qdrant import QdrantIndex, QdrantStore, _client

DEPTH = 10
LIMITS = {"dimensions": 4, "min_similarity": 0.5, "depth": DEPTH, "exact_total": 100}


@pytest.fixture(params=["qdrant", "edge"])
async def shallow(request, tmp_path):
    if request.param == "qdrant":
        made = await QdrantIndex.open(":memory:", depth=DEPTH, **OPENED)
    else:
        made = await EdgeIndex.open(tmp_path, depth=DEPTH, **OPENED)
    yield made
    await made.close()


async def test_the_total_counts_every_holder_of_a_word_and_each_near_point_once(shallow):
    held = [point(f"held{at:02}", "국물", at=NORTH) for at in range(30)]
    both = [point(f"both{at}", "국물", at=EAST) for at in range(4)]
    alone = [point(f"near{at}", "면", at=EAST) for at in range(3)]
    await shallow.apply([*held, *both, *alone], [], 1)
    query = Query(words=(("국물", 1.0),), vector=vector(EAST))
    assert (await shallow.search("t", query))[1] == 37


async def test_a_page_behind_the_depth_is_empty(shallow):
    await shallow.apply([point(f"{at:02}") for at in range(30)], [], 1)
    assert [len(await ids(shallow, words("국물"), offset=at)) for at in (0, 10)] == [10, 0]


async def test_a_deep_point_that_says_the_asked_is_found_without_a_rank(shallow):
    ranked = [point(f"{at:02}", "국물 " * 5) for at in range(30)]
    deep = point("deep", "국물", said=frozenset({"service+"}))
    await shallow.apply([*ranked, deep], [], 1)
    query = Query(words=(("국물", 1.0),), vector=vector((0, 0, 0, 0)), said=("service+",))
    (hits, _) = await shallow.search("t", query, limit=DEPTH + 1)
    (hit,) = [hit for hit in hits if hit.review_id == "deep"]
    assert (hit.word_rank, hit.said, hit.score) == (None, ("service+",), pytest.approx(1 / 61))


async def test_a_crash_before_the_position_is_stored_is_repeated_and_counts_nothing_twice(shallow, monkeypatch):
    async def crashing(store: Store, name, points):
        await put(store, name, points)
        if "position" not in points[0].payload:
            raise Unavailable("the process ends here")

    put = type(shallow._store).put
    monkeypatch.setattr(type(shallow._store), "put", crashing)
    with pytest.raises(Unavailable):
        await shallow.apply([point("a")], [], 3)
    monkeypatch.undo()
    assert await shallow.position() == 0
    await shallow.apply([point("a")], [], 3)
    assert (await shallow.position(), (await shallow.centroid("t", "r"))[1]) == (3, 1)


async def test_a_total_above_the_exact_one_is_never_less_than_what_is_found(tmp_path):
    async with await EdgeIndex.open(tmp_path, depth=DEPTH, exact_total=0, **OPENED) as index:
        await index.apply([point(f"{at:02}") for at in range(30)], [], 1)
        hits, total = await index.search("t", words("국물"), limit=100)
    assert total >= len(hits) == DEPTH


async def test_installations_that_share_a_server_leave_each_others_collections_alone(tmp_path):
    client = await _client(":memory:", api_key=None, timeout_s=1)
    mine, other = (
        FusedIndex(QdrantStore(client, dimensions=4, remote=False), alias_of("e", 4, name=name), **LIMITS)
        for name in ("mine", "other")
    )
    await mine.prepare("refuse")
    await other.prepare("refuse")
    await mine.drop_others()
    assert (await mine.others(), await other.position()) == ([], 0)
    await client.close()
