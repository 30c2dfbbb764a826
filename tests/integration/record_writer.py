"""A process that writes batches into one SQLite record and says so after each commit: `record_writer.py FOLDER NAME COUNT`."""

import asyncio
import sys
from pathlib import Path

from matjip.caller import Caller
from matjip.clock import SystemClock
from matjip.database import DatabaseSettings, open_database
from matjip.reviews.review import ReviewDraft
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Put


async def main(folder: str, name: str, count: int) -> None:
    database = open_database(DatabaseSettings(busy_timeout_s=30), data_dir=Path(folder))
    await database.migrate()
    reviews = SqlReviews(database, SystemClock(), erasure_key=b"k")
    for number in range(count):
        ids = [f"{name}-{number}-{item}" for item in range(20)]
        puts = [
            Put(review=ReviewDraft(restaurant_id=f"store-{number % 5}", id=one, content=f"글 {one}")) for one in ids
        ]
        await reviews.write(puts, Caller(actor=name, request_id=f"{name}-{number}"))
        print(f"{name}-{number}", flush=True)
    await database.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
