"""An import that is killed again and again ends as if nothing had happened."""

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from matjip.clock import SystemClock
from matjip.database import DatabaseSettings, open_database
from matjip.reviews.dump import dump_of
from matjip.reviews.sql import SqlReviews

ROWS = 20_000
KILLS = 10
TIMES = ("created_us", "updated_us")  # when it was stored: the one thing that differs between two imports


def write_reviews(file: Path) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.write("restaurant_id,id,content,rating\n")
        for number in range(ROWS):
            content = "" if number % 500 == 499 else f"국물이 진하고 맛있어요 {number}"
            lines.write(f"r-{number % 40},{number},{content},{number % 5 + 1}\n")


def command(file: Path, data: Path) -> list[str]:
    return [sys.executable, "-m", "matjip", "import", str(file), "--json", "--data-dir", str(data)]


def state(data: Path) -> list[dict[str, object]]:
    async def read() -> list[str]:
        database = open_database(DatabaseSettings(), data_dir=data)
        try:
            return await dump_of(SqlReviews(database, SystemClock(), erasure_key=b"k" * 32))
        finally:
            await database.close()

    rows = [json.loads(line) for line in asyncio.run(read())]
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def test_an_import_that_is_killed_ten_times_loses_and_doubles_nothing(tmp_path: Path):
    file = tmp_path / "reviews.csv"
    write_reviews(file)
    calm = subprocess.run(command(file, tmp_path / "calm"), capture_output=True, text=True, check=False)
    assert calm.returncode == 8, calm.stderr

    dice = random.Random(7)
    for _ in range(KILLS):
        killed = subprocess.Popen(
            command(file, tmp_path / "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(dice.uniform(0.4, 1.6))
        killed.kill()
        killed.wait()
    last = subprocess.run(command(file, tmp_path / "killed"), capture_output=True, text=True, check=False)
    assert last.returncode == 8, last.stderr
    summary = json.loads(last.stdout)
    assert (summary["rows"], summary["rejected"]) == (ROWS, ROWS // 500)
    assert len(Path(summary["rejects_file"]).read_text().splitlines()) == ROWS // 500
    assert state(tmp_path / "killed") == state(tmp_path / "calm")


def test_two_imports_into_one_folder_at_once_both_succeed(tmp_path: Path):
    files = [tmp_path / f"{name}.jsonl" for name in ("one", "two")]
    for file in files:
        rows = ({"restaurant_id": file.stem, "id": str(n), "content": f"좋아요 {n}"} for n in range(3_000))
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    running = [subprocess.Popen(command(file, tmp_path / "data"), stdout=subprocess.PIPE, text=True) for file in files]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    assert [answer["created"] for answer in answers] == [3_000, 3_000]
    assert len(state(tmp_path / "data")) == 1 + 2 + 6_000  # the position, the restaurants, the reviews
