"""Importing reviews into SQLite, without analysis and with all of it, on one core.

Three ways over the same rows in the same run: `matjip import` as it ships (events, rows, versions, checkpoints);
the same record with one review a transaction, as a naive loop would; and a bare `executemany` of the parsed rows into
one table without keys, which is about as fast as SQLite takes them and keeps no promise.
"With vectors and aspects" is the import and then each review read back from the log, embedded and judged, the answers
let go; "whole" is the import and then what follows it: the same answers kept in the index and the counters.
A tenth of the rows beside all of them shows whether memory grows with the file.
Each way runs in a process of its own that is held to one core, in turn with the others; a line is its round of median
CPU time. Loading the program counts in (a little under a second), which weighs on the small files.
The rows are NSMC's (film reviews, subject as restaurant, rating halved) where that file is beside the repository, else
reviews that this file makes.
"""

import csv
import gzip
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NSMC = Path(__file__).resolve().parents[2] / "shared" / "data" / "nsmc_reviews.tsv.gz"
BARS = ("way", "reviews_per_cpu_s")
ROUNDS, QUICK_ROUNDS = 3, 1
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
        source, name, count = prepare(Path(folder), QUICK_ROWS if quick else None)
        tenth, _, _ = prepare(Path(folder), count // 10)
        few, _, _ = prepare(Path(folder), NAIVE_ROWS)
        ways = {
            "matjip import": ("import", source),
            "matjip import, a tenth of the rows": ("import", tenth),
            "with vectors and aspects, not kept; a tenth of the rows": ("read", tenth),
            "whole: vectors, aspects, index, counters; a tenth of the rows": ("whole", tenth),
            "one review a transaction": ("naive", few),
            "bare executemany": ("bare", source),
        }
        found: dict[str, list[dict[str, object]]] = {way: [] for way in ways}
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for way, (kind, file) in ways.items():
                found[way].append(measure(kind, file, Path(folder) / "data"))
    medians = {way: sorted(runs, key=cpu_s)[len(runs) // 2] for way, runs in found.items()}
    ours = rate(medians["matjip import"])
    return [
        {"way": way, "source": name, "rounds": len(found[way])} | row | {"ratio_to_matjip": round(rate(row) / ours, 2)}
        for way, row in medians.items()
    ]


def cpu_s(row: dict[str, object]) -> float:
    return float(str(row["cpu_s"]))


def rate(row: dict[str, object]) -> float:
    return float(str(row["reviews_per_cpu_s"]))


def prepare(folder: Path, limit: int | None) -> tuple[Path, str, int]:
    """A plain TSV of the first `limit` rows, what they are, and how many."""
    out = folder / f"reviews-{limit or 'all'}.tsv"
    if NSMC.exists():
        with gzip.open(NSMC, "rb") as lines, out.open("wb") as kept:
            for count, line in enumerate(lines):
                if limit is not None and count > limit:
                    return out, "NSMC", limit
                kept.write(line)
        return out, "NSMC", count
    dice = random.Random(7)
    with out.open("w", encoding="utf-8") as made:
        made.write("subject_id\trating\ttext\n")
        for number in range(limit or MADE_ROWS):
            words = " ".join(dice.choices(WORDS, k=dice.randint(2, 14)))
            made.write(f"{number // 60}\t{dice.randint(1, 10)}\t{words}\n")
    return out, "made here", limit or MADE_ROWS


def measure(kind: str, source: Path, folder: Path) -> dict[str, object]:
    """Run one way in a child that is held to one core, and read what it says of itself."""
    folder.mkdir()
    command = [sys.executable, "-m", "bench.importing", kind, str(source), str(folder)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder)
    return {
        "reviews": done["reviews"],
        "wall_s": round(done["wall_s"], 2),
        "cpu_s": round(done["cpu_s"], 2),
        "reviews_per_s": round(done["reviews"] / done["wall_s"]),
        "reviews_per_cpu_s": round(done["reviews"] / done["cpu_s"]),
        "peak_rss_mb": round(done["rss_mb"]),
        "file_mb": round(size / 1e6),
    }


def child(kind: str, source: Path, folder: Path) -> int:
    if kind == "import":
        return with_matjip(source, folder, batch_rows=None)
    if kind == "whole":
        return with_matjip(source, folder, batch_rows=None) and followed(folder)
    if kind == "read":
        return with_matjip(source, folder, batch_rows=None) and judged(folder)
    if kind == "naive":
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


def followed(folder: Path) -> int:
    import asyncio

    from matjip.app import open_service
    from matjip.index.index import Filter
    from matjip.settings import load

    async def work() -> int:
        async with open_service(load(data_dir=folder)) as service:
            await service.projector.catch_up()
            return await service.index.count("default", Filter())

    return asyncio.run(work())


def judged(folder: Path) -> int:
    import asyncio

    from threadpoolctl import threadpool_limits

    from matjip.analysis.projection import ProjectionSettings
    from matjip.clock import SystemClock
    from matjip.database import DatabaseSettings, open_database
    from matjip.inference.lite.embedding import LiteEmbedder
    from matjip.inference.lite.judge import LiteJudge
    from matjip.inference.task import FindAspects
    from matjip.reviews.event import ReviewUpserted
    from matjip.reviews.sql import SqlReviews

    threadpool_limits(1, user_api="blas")  # as a service does

    async def work() -> int:
        judge, embedder, count = LiteJudge.load(), LiteEmbedder.load(), 0
        database = open_database(DatabaseSettings(), data_dir=folder)
        reviews = SqlReviews(database, SystemClock(), erasure_key=b"bench" * 8)
        async for events in reviews.events(batch=ProjectionSettings().events_per_batch):
            changes = [event.change for event in events]
            texts = tuple(each.review.content for each in changes if isinstance(each, ReviewUpserted))
            await embedder.embed(texts)
            count += len(await judge.judge(FindAspects(texts)))
        await database.close()
        return count

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
    kind, source, folder = sys.argv[1:]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    wall, cpu = time.perf_counter(), time.process_time()
    reviews = child(kind, Path(source), Path(folder))
    said = {"reviews": reviews, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps(said | {"rss_mb": int(peak.split()[1]) / 1024}))


if __name__ == "__main__":
    main()
