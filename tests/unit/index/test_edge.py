"""What befalls the worker of an Edge shard."""

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

import pytest
from tests.contract.index_cases import OPENED, ids, point, words

from matjip.errors import Busy, Unavailable
from matjip.index.edge import EdgeIndex


def workers() -> list[int]:
    """The processes that this one started and that still run."""
    return [int(each) for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


async def test_a_killed_worker_is_started_again_and_has_lost_nothing(tmp_path):
    async with await EdgeIndex.open(tmp_path, **OPENED) as index:
        before = workers()
        await index.apply([point("a")], [], 4)
        os.kill(next(each for each in before if each in workers()), signal.SIGKILL)
        with pytest.raises(Unavailable, match="starts it again"):
            await index.position()
        assert (await index.position(), await ids(index, words("국물"))) == (4, ["a"])


PARENT = """
import asyncio, sys
from pathlib import Path
from matjip.index.edge import EdgeIndex

async def main():
    await EdgeIndex.open(Path(sys.argv[1]), embedder="e/1", dimensions=4)
    print(open("/proc/self/task/%d/children" % __import__("os").getpid()).read(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_worker_ends_with_its_parent_however_that_ends(tmp_path):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    (worker,) = (await parent.stdout.readline()).split()
    ended = os.pidfd_open(int(worker))
    parent.kill()
    await parent.wait()
    assert select.select([ended], [], [], 20)[0] == [ended]
    os.close(ended)


async def test_requests_at_once_get_each_their_own_answer(tmp_path):
    async with await EdgeIndex.open(tmp_path, **OPENED) as index:
        await index.apply([point(f"{at}", restaurant_id=f"r{at}") for at in range(20)], [], 1)
        sums = await asyncio.gather(*(index.centroid("t", f"r{at}") for at in range(30)))
    assert [count for _, count in sums] == [1] * 20 + [0] * 10


async def test_a_request_that_is_given_up_leaves_the_others_their_answers(tmp_path):
    async with await EdgeIndex.open(tmp_path, **OPENED) as index:
        await index.apply([point("a")], [], 7)
        given_up = asyncio.create_task(ids(index, words("국물")))
        await asyncio.sleep(0)
        given_up.cancel()
        assert [await index.position(), await ids(index, words("국물"))] == [7, ["a"]]


async def test_a_second_program_is_told_that_the_index_is_busy(tmp_path):
    async with await EdgeIndex.open(tmp_path, **OPENED):
        with pytest.raises(Busy):
            await EdgeIndex.open(tmp_path, **OPENED)


async def test_closing_ends_the_worker(tmp_path):
    before = workers()
    await (await EdgeIndex.open(tmp_path, **OPENED)).close()
    assert workers() == before


async def test_a_settled_shard_finds_what_it_found(tmp_path):
    async with await EdgeIndex.open(tmp_path, **OPENED) as index:
        await index.apply([point(f"{at:03}") for at in range(300)], [], 1)
        before = await index.search("t", words("국물"))
        await index.settle()
        assert await index.search("t", words("국물")) == before
