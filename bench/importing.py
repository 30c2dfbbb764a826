"""Importing reviews into SQLite without analysis, on one core.

Three ways over the same rows in the same run: `matjip import` as it ships (events, rows, versions, checkpoints);
the same record with one review a transaction, as a naive loop would; and a bare `executemany` of the parsed rows into
one table without keys, which is about as fast as SQLite takes them and keeps no promise.
Each way runs in a process of its own that is held to one core. The rows are NSMC's (film reviews, subject as
restaurant, rating halved) where that file is beside the repository, else reviews that this file makes.
"""

import csv
import gzip
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NSMC = Path(__file__).resolve().parents[2] / "shared" / "data" / "nsmc_reviews.tsv.gz"
QUICK_ROWS = 40_000
NAIVE_ROWS = 2_000  # one transaction each takes so long that more would say nothing new
MADE_ROWS = 200_000
WORDS = [
    "국물",
    "면",
    "고기",
    "직원",
    "분위기",
    "가격",
    "정말",
    "맛있어요",
    "친절해요",
    "별로예요",
    "또",
    "갈게요",
    "양이",
    "많아요",
    "조용하고",
    "좋아요",
    "비싸요",
    "최고",
]


def rows(quick: bool) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        source, name = prepare(Path(folder), QUICK_ROWS if quick else None)
        few, _ = prepare(Path(folder), NAIVE_ROWS)
        found = [
            measure("matjip import", name, source, Path(folder) / "a"),
            measure("one review a transaction", name, few, Path(folder) / "b"),
            measure("bare executemany", name, source, Path(folder) / "c"),
        ]
    ours = float(str(found[0]["reviews_per_cpu_s"]))
    return [row | {"ratio_to_matjip": round(float(str(row["reviews_per_cpu_s"])) / ours, 2)} for row in found]


def prepare(folder: Path, limit: int | None) -> tuple[Path, str]:
    """A plain TSV of the first `limit` rows, and what they are."""
    out = folder / f"reviews-{limit or 'all'}.tsv"
    if NSMC.exists():
        with gzip.open(NSMC, "rt", encoding="utf-8") as lines, out.open("w", encoding="utf-8") as kept:
            for number, line in enumerate(lines):
                if limit is not None and number > limit:
                    break
                kept.write(line)
        return out, "NSMC"
    dice = random.Random(7)
    with out.open("w", encoding="utf-8") as kept:
        kept.write("subject_id\trating\ttext\n")
        for number in range(limit or MADE_ROWS):
            kept.write(
                f"{number // 60}\t{dice.randint(1, 10)}\t{' '.join(dice.choices(WORDS, k=dice.randint(2, 14)))}\n"
            )
    return out, "made here"


def measure(way: str, name: str, source: Path, folder: Path) -> dict[str, object]:
    """Run one way in a child that is held to one core, and read what it says of itself."""
    folder.mkdir()
    command = [sys.executable, "-m", "bench.importing", way, str(source), str(folder)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    return {
        "way": way,
        "source": name,
        "reviews": done["reviews"],
        "wall_s": round(done["wall_s"], 2),
        "cpu_s": round(done["cpu_s"], 2),
        "reviews_per_s": round(done["reviews"] / done["wall_s"]),
        "reviews_per_cpu_s": round(done["reviews"] / done["cpu_s"]),
        "peak_rss_mb": round(done["rss_mb"]),
        "file_mb": round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6),
    }


def child(way: str, source: Path, folder: Path) -> int:
    if way == "matjip import":
        return with_matjip(source, folder, batch_rows=None)
    if way == "one review a transaction":
        return with_matjip(source, folder, batch_rows=1)
    return bare(source, folder)


def with_matjip(source: Path, folder: Path, *, batch_rows: int | None) -> int:
    import asyncio

    from matjip.caller import Caller
    from matjip.clock import SystemClock
    from matjip.database import DatabaseSettings, open_database
    from matjip.reviews.importer import BATCH_ROWS, import_reviews
    from matjip.reviews.sql import SqlReviews

    async def work() -> int:
        database = open_database(DatabaseSettings(), data_dir=folder)
        await database.migrate()
        reviews = SqlReviews(database, SystemClock(), erasure_key=b"bench" * 8)
        summary = await import_reviews(
            str(source),
            reviews,
            Caller(request_id="bench"),
            clock=SystemClock(),
            folder=folder / "imports",
            mapping=["rating=rating/2"],
            batch_rows=batch_rows or BATCH_ROWS,
        )
        await database.close()
        return summary.created

    return asyncio.run(work())


def bare(source: Path, folder: Path) -> int:
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE reviews (restaurant_id TEXT, rating REAL, content TEXT)")
    with source.open(encoding="utf-8", newline="") as lines:
        parsed = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(parsed)
        with connection:
            done = connection.executemany("INSERT INTO reviews VALUES (?, ? / 2.0, ?)", parsed).rowcount
    connection.close()
    return done


def main() -> None:
    way, source, folder = sys.argv[1:]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    wall, cpu = time.perf_counter(), time.process_time()
    reviews = child(way, Path(source), Path(folder))
    said = {"reviews": reviews, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps(said | {"rss_mb": int(peak.split()[1]) / 1024}))


if __name__ == "__main__":
    main()
