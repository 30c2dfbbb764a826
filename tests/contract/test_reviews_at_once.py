"""Many writers, readers and processes on one record: SQLite and a real PostgreSQL, each task with its own connections."""

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from matjip.analysis import alerts as _alerts  # noqa: F401  declares its table
from matjip.analysis import counters as _counters  # noqa: F401  declares its tables
from matjip.analysis import feedback as _feedback  # noqa: F401  declares its table
from matjip.analysis import reads as _reads  # noqa: F401  declares its table
from matjip.analysis import results as _results  # noqa: F401  declares its tables
from matjip.caller import Caller
from matjip.database import METADATA
from matjip.evaluation import versions as _versions  # noqa: F401  declares its table
from matjip.reviews.dump import dump, dump_of, state_at
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Put

WRITERS, WRITES = 6, 12
TABLES = {
    "alerts",
    "counters_aspects",
    "counters_authors",
    "counters_collections",
    "counters_opinions",
    "log_head",
    "events",
    "feedback",
    "restaurants",
    "reviews",
    "idempotency",
    "models",
    "reads",
    "results_head",
    "runs",
    "results",
}


def puts(writer: int, turn: int) -> list[Put]:
    names = [f"{writer}-{turn}-{number}" for number in range(1 + turn % 3)]
    return [Put(review=ReviewDraft(restaurant_id=f"store-{turn % 4}", id=name, content=f"글 {name}")) for name in names]


async def write_all(store, writer: int) -> None:
    caller = Caller(actor=f"writer {writer}", request_id="r")
    for turn in range(WRITES):
        await store.write(puts(writer, turn), caller)
        await asyncio.sleep(0)


async def follow(store, done: asyncio.Event) -> list[int]:
    seen: list[int] = []
    while True:
        last_round = done.is_set()
        async for batch in store.events(after=seen[-1] if seen else 0, batch=7):
            seen += [event.position for event in batch]
        if last_round:
            return seen
        await asyncio.sleep(0)


async def test_a_reader_never_skips_a_position_that_commits_late(stores):
    done = asyncio.Event()
    readers = [asyncio.create_task(follow(stores(), done)) for _ in range(2)]
    await asyncio.gather(*(write_all(stores(), writer) for writer in range(WRITERS)))
    done.set()
    last = await stores().position()
    assert last >= WRITERS * WRITES * 2
    for seen in await asyncio.gather(*readers):
        assert seen == list(range(1, last + 1))


async def test_after_many_writers_the_fold_of_the_log_is_the_rows(stores):
    await asyncio.gather(*(write_all(stores(), writer) for writer in range(WRITERS)))
    store = stores()
    assert await dump_of(store) == list(dump(await state_at(store)))
    counted = await store.counts("default")
    assert counted == {name: len(await store.reviews("default", name)) for name in counted}


async def test_processes_that_start_together_migrate_once(databases):
    await asyncio.gather(*(databases().migrate() for _ in range(4)))
    await databases().ping()


async def test_the_migrated_schema_is_the_declared_one(databases):
    async with databases().reading() as connection:
        found = await connection.run_sync(lambda sync: compare_metadata(MigrationContext.configure(sync), METADATA))
    assert set(METADATA.tables) == TABLES
    assert found == []
