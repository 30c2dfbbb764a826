"""The index file on a real disk: two users, a kill at any moment, and files that are not ours."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.contract.index_cases import empty

from matjip.errors import Busy, Misconfigured, Unavailable
from matjip.index.exact import ExactIndex
from matjip.index.index import Filter, Point, Query
from matjip.index.words import token_number

KILLS = 20
START_LIMIT_S = 20
POINTS_PER_BATCH = 40
SOUP = Query(words=(("국물", 1.0),), vector=np.zeros(4, np.int8))

WRITER = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from tests.integration.test_index_file import write_forever
asyncio.run(write_forever(sys.argv[1]))
"""


def a_point(review_id: str, *, of: int = 1, text: str = "국물") -> Point:
    return Point(
        tenant="t",
        restaurant_id=f"r{of % 3}",
        review_id=review_id,
        vector=np.array([of % 128, 1, 2, 3], np.int8),
        text=text,
        rating=None,
        language="ko",
        source=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        has_image=False,
    )


async def write_forever(path: str) -> None:
    """Position n replaces batch n - 1 by batch n, so that what is stored tells which position it belongs to."""
    async with await ExactIndex.open(path, embedder="e/1", dimensions=4) as index:
        position = await index.position()
        while True:
            removed = [(point.tenant, (point.restaurant_id, point.review_id)) for point in batch(position)]
            position += 1
            await index.apply(batch(position), removed, position)


def batch(position: int) -> list[Point]:
    return [a_point(f"{position}-{at}", of=position + at) for at in range(POINTS_PER_BATCH)] if position else []


async def assert_whole(path: Path) -> int:
    async with await ExactIndex.open(path, embedder="e/1", dimensions=4) as index:
        position = await index.position()
        hits, total = await index.search("t", SOUP, limit=1_000)
        assert {hit.review_id for hit in hits} == {point.review_id for point in batch(position)}
        assert await index.count("t", Filter()) == total
        for restaurant_id in ("r0", "r1", "r2"):
            vectors = [point.vector for point in batch(position) if point.restaurant_id == restaurant_id]
            sums, count = await index.centroid("t", restaurant_id)
            assert count == len(vectors)
            assert sums.tolist() == np.sum(vectors, axis=0, dtype=np.int64).tolist()
        return position


async def test_a_process_killed_while_it_writes_leaves_position_points_and_centroids_of_one_moment(tmp_path):
    path = tmp_path / "index.sqlite"
    reached = [0]
    for kill in range(KILLS):
        await asyncio.to_thread(write_and_be_killed, path, past=reached[-1], after_s=0.001 * kill)
        reached.append(await assert_whole(path))
    assert reached == sorted(set(reached)), "every writer got further than the one before"


def write_and_be_killed(path: Path, *, past: int, after_s: float) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(Path(__file__).resolve().parents[2])])
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while position_in(path) <= past and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(after_s)
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()


def position_in(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT position FROM collections").fetchone()[0]
    except (sqlite3.OperationalError, TypeError):  # not there yet, or not filled
        return 0


@pytest.fixture
async def two(tmp_path):
    """The same file opened twice, as two processes do."""
    path = tmp_path / "index.sqlite"
    async with (
        await ExactIndex.open(path, embedder="e/1", dimensions=4) as one,
        await ExactIndex.open(path, embedder="e/1", dimensions=4) as other,
    ):
        yield one, other


async def test_what_one_user_stores_and_removes_another_sees_at_its_next_search(two):
    one, other = two
    await one.apply([a_point("a"), a_point("b")], [], 1)
    assert (await other.search("t", SOUP))[1] == 2
    await one.apply([a_point("a", text="커피")], [], 2)
    assert [hit.review_id for hit in (await other.search("t", SOUP))[0]] == ["b"]
    await one.apply([], [("t", ("r1", "b"))], 3)
    assert await other.search("t", SOUP) == ([], 0)


async def test_a_file_that_was_emptied_is_empty_for_every_user_even_at_the_same_change_number(two):
    one, other = two
    await one.apply([a_point("a")], [], 1)
    assert (await other.search("t", SOUP))[1] == 1
    await empty(one)
    await one.apply([a_point("c")], [], 1)
    assert [hit.review_id for hit in (await other.search("t", SOUP))[0]] == ["c"]


async def test_of_two_users_who_apply_one_position_one_does(two):
    one, other = two
    await asyncio.gather(*(user.apply([a_point("a", of=5)], [], 1) for user in (one, other, one, other)))
    sums, count = await one.centroid("t", "r2")
    assert (sums.tolist(), count) == ([5, 1, 2, 3], 1)


async def test_a_copy_made_anew_finds_what_the_patched_copy_found(two):
    one, other = two
    await one.apply([a_point(str(at), of=at, text="국물 " * (at % 5) + "면") for at in range(300)], [], 1)
    await one.search("t", SOUP)
    await one.apply([a_point(str(at), of=at, text="국물 커피") for at in range(0, 300, 3)], [("t", ("r1", "1"))], 2)
    assert await one.search("t", SOUP, limit=300) == await other.search("t", SOUP, limit=300)


async def test_many_small_changes_end_in_a_new_copy_that_finds_the_same(two, monkeypatch):
    monkeypatch.setattr("matjip.index.exact.TAIL_ROWS", 5)
    one, other = two
    for position in range(1, 40):
        await one.apply([a_point(str(position % 13), of=position)], [("t", ("r1", str(position % 7)))], position)
        await one.search("t", SOUP)
    assert await one.search("t", SOUP, limit=50) == await other.search("t", SOUP, limit=50)


@pytest.mark.parametrize("other", [("e/2", 4), ("e/1", 8)])
async def test_a_file_of_another_embedder_is_refused_with_both_named_and_joined_only_on_demand(tmp_path, other):
    path = tmp_path / "index.sqlite"
    embedder, dimensions = other
    async with await ExactIndex.open(path, embedder="e/1", dimensions=4) as index:
        await index.apply([a_point("a")], [], 1)
    with pytest.raises(Misconfigured, match=f"e/1 with 4 dimensions .*; expected .*{embedder} with {dimensions}"):
        await ExactIndex.open(path, embedder=embedder, dimensions=dimensions)
    async with await ExactIndex.open(path, embedder=embedder, dimensions=dimensions, missing="add") as index:
        assert (await index.position(), await index.count("t", Filter())) == (0, 0)


async def test_a_file_that_is_no_index_is_named_damaged_and_left_alone(tmp_path):
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"not a database, but somebody's notes" * 100)
    with pytest.raises(Unavailable, match="damaged"):
        await ExactIndex.open(path, embedder="e/1", dimensions=4)
    assert path.read_bytes().startswith(b"not a database")


async def test_a_folder_that_is_not_there_is_our_error(tmp_path):
    with pytest.raises(Unavailable):
        await ExactIndex.open(tmp_path / "missing" / "index.sqlite", embedder="e/1", dimensions=4)


async def test_a_closed_index_says_so(tmp_path):
    index = await ExactIndex.open(tmp_path / "index.sqlite", embedder="e/1", dimensions=4)
    await index.close()
    with pytest.raises(Unavailable, match="closed"):
        await index.position()


async def test_a_file_that_another_process_holds_too_long_is_busy(tmp_path, monkeypatch):
    monkeypatch.setattr("matjip.index.exact.LOCK_WAIT_S", 0.05)
    path = tmp_path / "index.sqlite"
    async with await ExactIndex.open(path, embedder="e/1", dimensions=4) as index:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            await index.apply([a_point("a")], [], 1)
        holder.close()


async def test_the_words_of_a_removed_review_are_not_left_in_the_file(tmp_path):
    path = tmp_path / "index.sqlite"
    async with await ExactIndex.open(path, embedder="e/1", dimensions=4) as index:
        await index.apply([a_point("a", text="비밀스러운 이야기")], [], 1)
        await index.apply([], [("t", ("r1", "a"))], 2)
    assert token_number("비밀").to_bytes(4, "little") not in path.read_bytes()
