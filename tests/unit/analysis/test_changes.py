"""What a follower is told: everything, in order, from any cursor on, and nothing of what a review says."""

import asyncio
from datetime import timedelta

import pytest

from matjip.analysis import changes
from matjip.analysis.alerts import MemoryAlerts
from matjip.analysis.ask import Run
from matjip.analysis.changes import TYPES, ChangeFeed, ChangePage
from matjip.analysis.results import MemoryResults
from matjip.api.examples import ALERT, SENTIMENT
from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import Invalid
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Put, PutRestaurant

WHO = Caller(tenant="t", actor="me", request_id="request")


class Place:
    """A record, results and alerts in memory, and their feed. Each thing that happens takes a second."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.reviews = MemoryReviews(self.clock, erasure_key=b"k")
        self.results, self.alerts = MemoryResults(), MemoryAlerts()
        self.feed = ChangeFeed(self.reviews, self.results, self.alerts, clock=self.clock)

    async def write(self, *numbers: int, tenant: str = "t", content: str = "글", author: str | None = None) -> None:
        drafts = (ReviewDraft(restaurant_id="r", id=str(n), content=content, author_id=author) for n in numbers)
        await self.reviews.write([Put(review=draft) for draft in drafts], Caller(tenant=tenant, request_id="q"))
        self.clock.move(1)

    async def refresh(self, run_id: str) -> None:
        about = {"analysis": "sentiment", "engine": "e", "model": "e/1", "reviews": 1, "outcome": "ok", "stored": True}
        about |= {
            "actor": "a",
            "request_id": "q",
            "started_at": self.clock.now(),
            "duration_ms": 1,
            "snapshot_hash": "h",
        }
        await self.results.keep(Run(run_id=run_id, tenant="t", restaurant_id="r", **about), SENTIMENT)
        self.clock.move(1)

    async def spike(self) -> None:
        about = {"tenant": "t", "restaurant_id": "r", "position": 0, "noticed_at": self.clock.now()}
        await self.alerts.notice(ALERT.model_copy(update=about))
        self.clock.move(1)

    async def page(self, cursor: str | None = None, **words) -> ChangePage:
        return await self.feed.page("t", cursor=cursor, **words)

    async def every(self, limit: int, **words) -> list[str]:
        """The ids of all, page by page."""
        found, cursor, more = [], None, True
        while more:
            page = await self.page(cursor, limit=limit, **words)
            found += [each.id for each in page.changes]
            cursor, more = page.cursor, page.more
        return found


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
async def busy(place) -> Place:
    """Seven events of the log, two results, a spike."""
    await place.write(1, 2, author="guest")
    await place.refresh("a")
    await place.write(2, content="다른 글")
    await place.spike()
    await place.reviews.write([Delete(restaurant_id="r", review_id="2")], WHO)
    await place.reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r", name="국수"))], WHO)
    place.clock.move(1)
    await place.reviews.erase("t", "guest", WHO)
    place.clock.move(1)
    await place.refresh("b")
    return place


STORY = [
    ("restaurant.created", "log:1"),
    ("review.created", "log:2"),
    ("review.created", "log:3"),
    ("result.refreshed", "run:a"),
    ("review.updated", "log:4"),
    ("negatives.spiked", "alert:1"),
    ("review.deleted", "log:5"),
    ("restaurant.updated", "log:6"),
    ("review.erased", "log:7:1"),
    ("result.refreshed", "run:b"),
]


async def test_everything_is_told_in_the_order_in_which_it_happened(busy):
    page = await busy.page()
    assert [(each.type, each.id) for each in page.changes] == STORY
    assert not page.more


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_of_any_size_tell_the_same(busy, limit):
    assert await busy.every(limit) == [name for _, name in STORY]


async def test_a_restaurant_and_its_reviews_that_are_deleted_are_told_one_by_one(place):
    await place.write(1, 2)
    cursor = (await place.page()).cursor
    await place.reviews.write([Delete(restaurant_id="r", review_id=None)], WHO)
    told = (await place.page(cursor)).changes
    assert [(each.type, each.review_id) for each in told] == [
        ("restaurant.deleted", None),
        ("review.deleted", "1"),
        ("review.deleted", "2"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_an_erasure_is_a_change_of_each_review_even_over_pages(place, limit):
    await place.write(1, 2, 3, author="guest")
    await place.reviews.erase("t", "guest", WHO)
    told = await place.every(limit, types=["review.erased"])
    assert told == ["log:5:1", "log:5:2", "log:5:3"]


async def test_nothing_of_what_was_written_is_told(busy):
    told = (await busy.page()).model_dump_json()
    assert not any(word in told for word in ("글", "guest", "국수"))


async def test_a_type_is_found_however_many_others_are_between(place, monkeypatch):
    monkeypatch.setattr(changes, "LOOKED_AT", 2)
    await place.write(*range(9))
    await place.reviews.write([Delete(restaurant_id="r", review_id="8")], WHO)
    assert await place.every(1, types=["review.deleted"]) == ["log:11"]


async def test_what_others_were_told_is_not_told_again(busy):
    cursor = (await busy.page()).cursor
    assert (await busy.page(cursor)).changes == ()
    await busy.write(9)
    assert [each.id for each in (await busy.page(cursor)).changes] == ["log:8"]


async def test_from_now_on_means_after_all_that_happened(busy):
    cursor = await busy.feed.start("t")
    assert (await busy.page(cursor)).changes == ()
    await busy.refresh("c")
    await busy.write(9)
    assert [each.id for each in (await busy.page(cursor)).changes] == ["run:c", "log:8"]


async def test_another_tenants_changes_are_not_told_and_stop_nobody(place):
    for number in range(5):
        await place.write(number, tenant="another")
    await place.write(1)
    assert await place.every(1) == ["log:7", "log:8"]


@pytest.mark.parametrize("cursor", ["", "x", "넷", "AAAAAAAAAAAA", "bm90IG91cnM"])
async def test_a_cursor_that_was_made_up_is_refused(busy, cursor):
    with pytest.raises(Invalid, match="was not made here for you"):
        await busy.page(cursor)


async def test_a_cursor_of_another_tenant_or_with_a_slip_is_refused(busy):
    cursor = (await busy.page()).cursor
    with pytest.raises(Invalid, match="not made here for you"):
        await busy.feed.page("another", cursor=cursor)
    with pytest.raises(Invalid, match="not made here for you"):
        await busy.page(cursor[:-1] + ("B" if cursor[-1] == "A" else "A"))


async def test_a_cursor_ahead_of_a_record_that_was_put_back_is_refused(busy):
    with pytest.raises(Invalid, match="put back"):
        await Place().page((await busy.page()).cursor)


async def test_a_reader_who_waits_is_told_as_soon_as_something_happens(place):
    cursor = await place.feed.start("t")
    waiting = asyncio.create_task(place.page(cursor, wait_s=30))
    await asyncio.sleep(0)
    await place.write(1)
    assert [each.type for each in (await waiting).changes] == ["restaurant.created", "review.created"]


async def test_a_reader_waits_no_longer_than_asked_or_allowed(place):
    before = place.clock.now()
    assert (await place.page(wait_s=30)).changes == ()
    assert place.clock.now() - before == timedelta(seconds=30)
    await place.page(wait_s=30, waiting=lambda: False)
    assert place.clock.now() - before == timedelta(seconds=30)


@pytest.mark.parametrize("wait_s", [5e-324, 0.1 + 0.2])
async def test_however_short_a_wait_is_it_ends(place, wait_s):
    place.clock.move(0.1)
    assert (await place.page(wait_s=wait_s)).changes == ()


async def test_each_type_can_be_asked_for_alone(busy):
    for kind in TYPES:
        told = [name for each, name in STORY if each == kind]
        assert await busy.every(1, types=[kind]) == told
