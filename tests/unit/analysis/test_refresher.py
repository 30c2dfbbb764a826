"""The refresher over fakes and a moved clock: what changed is refreshed, what did not is left alone, nothing is lost."""

import asyncio
import contextlib

import pytest
from tests.unit.analysis.reading import CALLER, START, World

from matjip.analysis.ask import Ask
from matjip.analysis.reads import MemoryReads, ReadCounter
from matjip.analysis.refresher import FreshnessSettings, News, Refresher
from matjip.clock import numbered_ids
from matjip.reviews.review import RestaurantDraft
from matjip.reviews.store import Delete, PutRestaurant
from matjip.telemetry.record import FreshnessStands, RefreshFinished

ASK = Ask(restaurant_id="r")
MINUTE_S = 60


class Kept(World):
    """A world whose published results are kept fresh; `again` is a start after a stop."""

    def __init__(self, **settings) -> None:
        super().__init__()
        self.settings = FreshnessSettings(**settings)
        self.reads_kept = MemoryReads()
        self.refreshed = asyncio.Event()
        self.again()

    def hear(self, record) -> None:
        self.records.append(record)
        if isinstance(record, RefreshFinished):
            self.refreshed.set()

    def again(self) -> None:
        news, self.counter = News(self.clock), ReadCounter(self.reads_kept, clock=self.clock)
        self.analyses._hooks = [self.records.append, news.hear, self.counter.hear]
        self.refresher = Refresher(
            self.reviews,
            self.analyses,
            self.judge,
            self.reads_kept,
            news=news,
            counter=self.counter,
            clock=self.clock,
            new_id=numbered_ids("refresh"),
            hooks=(self.hear,),
            settings=self.settings,
        )

    async def step(self, *, after_s: float = MINUTE_S) -> dict[str, int]:
        self.clock.move(after_s)
        return dict(await self.refresher.step())

    async def is_stale(self, restaurant_id: str = "r") -> bool:
        return (await self.analyses.latest("default", restaurant_id, "summary")).meta.stale


async def published(**settings) -> Kept:
    world = Kept(**settings)
    await world.write("국물이 진해요", "친절해요")
    await world.analyses.every(ASK, CALLER)
    await world.step()
    return world


async def test_a_new_review_is_in_the_stored_results_after_the_next_tick():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    assert await world.is_stale()
    assert await world.step() == {"refreshed": 1}
    assert not await world.is_stale()


async def test_what_did_not_change_is_not_run():
    world = await published()
    assert [await world.step() for _ in range(3)] == [{}, {}, {}]


async def test_a_deletion_counts_as_a_change():
    world = await published()
    await world.reviews.write([Delete(restaurant_id="r", review_id="000")], CALLER)
    assert await world.step() == {"refreshed": 1}


async def test_a_change_that_leaves_the_result_as_it_is_is_refreshed_once():
    world = await published()
    await world.reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r", address="서울"))], CALLER)
    assert [await world.step() for _ in range(3)] == [{"refreshed": 1}, {}, {}]
    assert not await world.is_stale()


async def test_a_restaurant_without_a_result_is_left_alone():
    world = await published()
    await world.write("친절해요", restaurant_id="s")
    assert await world.step() == {}


async def test_with_the_setting_a_restaurant_without_a_result_gets_its_first():
    world = await published(first_results=True)
    await world.write("친절해요", restaurant_id="s")
    assert await world.step() == {"refreshed": 1}
    assert not await world.is_stale("s")


async def test_a_result_that_somebody_asked_for_is_not_worked_out_again():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    await world.analyses.every(ASK, CALLER)
    assert await world.step() == {}
    assert world.refresher.promise().waiting_changes == 0


async def test_one_analysis_asked_for_does_not_make_the_others_fresh():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    await world.analyses.sentiment(ASK, CALLER)
    assert await world.step() == {"refreshed": 1}


async def test_after_a_restart_what_changed_meanwhile_is_found_again():
    world = await published()
    await world.write("국물이 짜요", "친절해요", prefix="new")
    world.again()
    assert await world.step() == {"refreshed": 1}
    assert world.refresher.promise().changes == 2


async def test_after_a_restart_what_is_fresh_is_left_alone():
    world = await published()
    world.again()
    assert await world.step() == {}
    assert world.refresher.promise().published == 1


async def test_a_deleted_restaurant_waits_for_nothing():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    await world.reviews.write([Delete(restaurant_id="r", review_id=None)], CALLER)
    assert await world.step() == {}
    assert world.refresher.promise().waiting_changes == 0


async def test_while_the_judge_is_away_the_refresh_is_tried_again_later_and_then_succeeds():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    world.judge.down = True
    outcomes = [await world.step() for _ in range(8)]
    world.judge.down = False
    assert sum(outcome.get("unavailable", 0) for outcome in outcomes) == 4  # at once, after 1, 2 and 4 minutes
    assert await world.step(after_s=3_600) == {"refreshed": 1}
    assert world.refresher.promise().failures_last_day == 4


async def test_an_erased_persons_restaurant_is_published_again_without_them():
    world = await published()
    await world.write("국물이 짜요", prefix="new", authors=True)
    await world.step()
    await world.reviews.erase("default", "a0", CALLER)
    await world.analyses.forget("default", ["r"])
    assert await world.step(after_s=6 * 3_600) == {"refreshed": 1}
    assert (await world.analyses.latest("default", "r", "sentiment")).total_count == 2


async def test_a_refresh_and_where_freshness_stands_are_told():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    await world.step(after_s=120)
    told = [each for each in world.records if isinstance(each, RefreshFinished | FreshnessStands)]
    assert told[-2] == RefreshFinished(policy="matjip", outcome="refreshed", seconds=0.0)
    assert (told[-1].mean_s, told[-1].restaurants, told[-1].changes) == (120.0, 0, 0)


async def test_its_own_runs_are_no_reads():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    await world.counter.flush()
    before = await world.reads_kept.since(world.clock.now())
    await world.step()
    await world.counter.flush()
    assert await world.reads_kept.since(world.clock.now()) == before == {("default", "r"): 3}


async def test_tiers_go_by_the_reads_of_the_last_day():
    world = await published(policy="tiers", hot_reads_per_day=3, warm_reads_per_day=3, cold_minutes=600)
    await world.counter.flush()  # three results were served
    await world.step(after_s=3_600)
    await world.write("국물이 짜요", prefix="new")
    assert await world.step() == {"refreshed": 1}


async def test_under_update_score_what_says_the_same_waits_and_news_do_not():
    world = await published(policy="update_score", score_threshold=0.6, max_wait_hours=24)
    await world.write("국물이 진해요", prefix="same")
    assert await world.step() == {}
    await world.write("staff was slow", prefix="other")
    assert await world.step() == {"refreshed": 1}


@pytest.mark.parametrize("policy", ["matjip", "every", "tiers", "update_score"])
async def test_every_policy_gets_there(policy):
    world = await published(policy=policy, max_wait_hours=1, cold_minutes=60)
    await world.write("국물이 짜요", prefix="new")
    for _ in range(62):
        await world.step()
    assert not await world.is_stale()


async def test_following_refreshes_and_writes_down_the_reads_at_the_end():
    world = await published()
    await world.write("국물이 짜요", prefix="new")
    following = asyncio.create_task(world.refresher.follow())
    await asyncio.wait_for(world.refreshed.wait(), 10)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    assert not await world.is_stale()
    assert await world.reads_kept.since(START) == {("default", "r"): 3}  # what was asked for at first
