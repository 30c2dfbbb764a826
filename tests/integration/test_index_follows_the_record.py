"""The record in SQLite and the index in its file, used by several processes at once."""

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

from matjip.analysis.counters import SqlCounters
from matjip.analysis.projection import ProjectionSettings, Projector
from matjip.caller import Caller
from matjip.clock import SystemClock
from matjip.database import DatabaseSettings, open_database
from matjip.index.exact import ExactIndex
from matjip.index.index import Filter, Query
from matjip.reviews.review import ReviewDraft
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Delete, Put
from matjip.testing import FakeEmbedder, FakeJudge

CALLER = Caller(request_id="request-1")
KILLS = 8
FOLLOWER = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from tests.integration.test_index_follows_the_record import follow_in
asyncio.run(follow_in(sys.argv[1]))
"""


class Process:
    """What one process holds: its own connections to the record and to the index."""

    def __init__(self, reviews: SqlReviews, index: ExactIndex, projector: Projector) -> None:
        self.reviews, self.index, self.projector = reviews, index, projector

    async def put(self, review_id: str, content: str) -> None:
        review = ReviewDraft(restaurant_id="r", id=review_id, content=content, author_id=f"author of {review_id}")
        await self.reviews.write([Put(review=review)], CALLER)

    async def state(self) -> tuple[int, int, list[int], list[str]]:
        query = Query(words=(("국물", 1.0),), vector=(await FakeEmbedder().embed(["국물"]))[0])
        hits, total = await self.index.search("default", query, limit=1_000)
        sums, count = await self.index.centroid("default", "r")
        assert count == await self.index.count("default", Filter())
        return await self.index.position(), total, sums.tolist(), [hit.review_id for hit in hits]


@asynccontextmanager
async def process(folder: Path, *, events_per_batch: int = 7):
    """Open both files of a folder as a new process would."""
    database = open_database(DatabaseSettings(), data_dir=folder)
    await database.migrate()
    reviews = SqlReviews(database, SystemClock(), erasure_key=b"test")
    async with await ExactIndex.open(folder / "index.sqlite", embedder="fake/1", dimensions=32) as index:
        settings = ProjectionSettings(events_per_batch=events_per_batch)
        projector = Projector(
            reviews,
            index,
            FakeEmbedder(),
            judge=FakeJudge({"진해": "taste+"}),
            counters=SqlCounters(database, "fake/1"),
            language_of=lambda text: "ko",
            clock=SystemClock(),
            settings=settings,
        )
        yield Process(reviews, index, projector)
    await database.close()


async def test_truth_3_what_one_process_writes_another_finds_and_what_it_deletes_is_gone_there(tmp_path):
    async with process(tmp_path) as one, process(tmp_path) as other:
        await one.put("a", "국물이 진해요")
        await other.projector.catch_up()
        assert (await one.state())[3] == (await other.state())[3] == ["a"]
        await other.reviews.write([Delete(restaurant_id="r", review_id="a")], CALLER)
        await one.projector.catch_up()
        assert (await other.state())[1:] == (0, [0] * 32, [])


async def test_processes_that_write_and_follow_at_once_end_where_a_rebuild_ends(tmp_path):
    async with process(tmp_path) as one, process(tmp_path, events_per_batch=3) as other:

        async def busy(who: Process, name: str) -> None:
            for at in range(40):
                await who.put(f"{name}-{at % 9}", f"국물 {at}")
                await who.projector.catch_up()

        await asyncio.gather(busy(one, "x"), busy(other, "y"))
        await one.projector.catch_up()
        followed = await other.state()
        assert followed[1] == 18
        await one.projector.rebuild()
        assert await one.state() == await other.state() == followed


async def test_a_process_killed_while_it_follows_loses_nothing_and_counts_nothing_twice(tmp_path):
    async with process(tmp_path) as here:
        for at in range(150):
            await here.put(f"{at % 50}", f"국물 {at}")
        await here.reviews.erase("default", "author of 7", CALLER)
        for kill in range(KILLS):
            await asyncio.to_thread(follow_and_be_killed, tmp_path, after_s=0.01 * kill)
        await here.projector.catch_up()
        followed = await here.state()
        await here.projector.rebuild()
        assert await here.state() == followed
        assert (followed[1], "7" in followed[3]) == (49, False)


async def follow_in(folder: str) -> None:
    """One event a transaction, over and over."""
    async with process(Path(folder), events_per_batch=1) as here:
        print("ready", flush=True)
        while True:
            await here.projector.rebuild()


def follow_and_be_killed(folder: Path, *, after_s: float) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", FOLLOWER, str(folder), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
        try:
            assert follower.stdout is not None
            assert follower.stdout.readline() == b"ready\n"
            time.sleep(after_s)
        finally:
            follower.kill()
