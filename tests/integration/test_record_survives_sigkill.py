"""Processes that are killed in the middle, or write at once, leave a whole record behind (SQLite, real processes)."""

import random
import subprocess
import sys
import time
from pathlib import Path

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.database import DatabaseSettings, open_database
from matjip.reviews.dump import dump, dump_of, state_at
from matjip.reviews.event import ReviewUpserted
from matjip.reviews.review import ReviewDraft
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Put

WRITER = Path(__file__).with_name("record_writer.py")
KILLS = 20
BATCH = 20


def start(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(folder), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_while_writing(folder: Path, name: str, dice: random.Random) -> list[str]:
    process = start(folder, name, 100_000)
    first = process.stdout.readline()
    time.sleep(dice.uniform(0, 0.06))
    process.kill()
    return [first.strip(), *process.communicate()[0].split()]


async def check(folder: Path, acknowledged: list[str]) -> None:
    database = open_database(DatabaseSettings(), data_dir=folder)
    await database.migrate()
    reviews = SqlReviews(database, FakeClock(), erasure_key=b"k")
    events = [event async for batch in reviews.events() for event in batch]
    written = [event.request_id for event in events if isinstance(event.change, ReviewUpserted)]
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert {written.count(request_id) for request_id in acknowledged} == {BATCH}
    assert {event.change.version for event in events} == {1}
    assert await dump_of(reviews) == list(dump(await state_at(reviews)))
    await database.close()


async def test_nothing_acknowledged_is_lost_and_nothing_doubled_by_twenty_kills(tmp_path):
    dice = random.Random(20)
    acknowledged: list[str] = []
    for kill in range(KILLS):
        acknowledged += kill_while_writing(tmp_path, f"w{kill}", dice)
    assert len(acknowledged) >= KILLS
    await check(tmp_path, acknowledged)


async def test_two_processes_write_one_file_at_once(tmp_path):
    processes = [start(tmp_path, name, 40) for name in ("left", "right")]
    said = [process.communicate(timeout=90) for process in processes]
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, said, strict=True)] == [(0, "")] * 2
    await check(tmp_path, [line for out, _ in said for line in out.split()])


async def test_erased_text_is_in_none_of_the_files(tmp_path):
    database = open_database(DatabaseSettings(), data_dir=tmp_path)
    await database.migrate()
    reviews, caller = SqlReviews(database, FakeClock(), erasure_key=b"k"), Caller(request_id="r")
    for number in range(30):
        author = "kim-person" if number % 3 else "lee"
        text = f"secret-words-{number} " * 150 if number % 3 else "stays " * 200
        draft = ReviewDraft(restaurant_id="s", id=f"r{number}", content=text, author_id=author)
        await reviews.write([Put(review=draft)], caller)
    await reviews.erase("default", "kim-person", caller)
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    await database.close()
    assert b"stays" in left
    assert b"secret-words" not in left
    assert b"kim-person" not in left
