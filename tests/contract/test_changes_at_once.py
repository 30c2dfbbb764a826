"""Who follows the change feed while many write: SQLite and a real PostgreSQL, each task with its own connections."""

import asyncio

import pytest
from tests.contract.test_alerts import alert
from tests.contract.test_results import result, run

from matjip.analysis.alerts import SqlAlerts
from matjip.analysis.changes import ChangeFeed
from matjip.analysis.results import SqlResults
from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.reviews.review import ReviewDraft
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Put

WRITERS, TURNS = 4, 8
WHO = Caller(tenant="t", request_id="r")


@pytest.fixture
def open_feed(databases):
    def opened() -> tuple[SqlReviews, SqlResults, SqlAlerts, ChangeFeed]:
        database, clock = databases(), FakeClock()
        parts = (SqlReviews(database, clock, erasure_key=b"k"), SqlResults(database), SqlAlerts(database))
        return *parts, ChangeFeed(*parts, clock=clock)

    return opened


async def write_all(open_feed, writer: int) -> None:
    reviews, results, alerts, _ = open_feed()
    for turn in range(TURNS):
        name = f"{writer}-{turn}"
        await reviews.write([Put(review=ReviewDraft(restaurant_id="r", id=name, content="글"))], WHO)
        await asyncio.gather(*(results.keep(run(f"{name}-{at}"), result(f"{name}-{at}")) for at in range(2)))
        await alerts.notice(alert(restaurant_id=f"of {name}"))


async def follow(open_feed, done: asyncio.Event, limit: int) -> list[str]:
    *_, feed = open_feed()
    seen: list[str] = []
    cursor, more = None, True
    while more or not done.is_set():
        last_round = done.is_set()
        page = await feed.page("t", cursor=cursor, limit=limit)
        seen += [each.id for each in page.changes]
        cursor, more = page.cursor, page.more or not last_round
        await asyncio.sleep(0)
    return seen


async def test_a_follower_is_told_everything_once_whenever_it_commits(open_feed):
    done = asyncio.Event()
    followers = [asyncio.create_task(follow(open_feed, done, limit)) for limit in (1, 7)]
    await asyncio.gather(*(write_all(open_feed, writer) for writer in range(WRITERS)))
    done.set()
    names = [f"{writer}-{turn}" for writer in range(WRITERS) for turn in range(TURNS)]
    expected = {f"run:{name}-{at}" for name in names for at in range(2)}
    expected |= {f"alert:{at + 1}" for at in range(len(names))} | {f"log:{at + 1}" for at in range(len(names) + 1)}
    for seen in await asyncio.gather(*followers):
        assert (len(seen), set(seen)) == (len(expected), expected)
