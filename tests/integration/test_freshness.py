"""A simulated day through the real service on SQLite, with a moved clock: the promise is kept, and no more is run than needed."""

from collections import Counter

from matjip.analysis.ask import Ask
from matjip.app import open_service
from matjip.caller import Caller
from matjip.clock import FakeClock, new_dice
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Delete, Put
from matjip.settings import Settings

CALLER = Caller(actor="site", request_id="q")
MINUTE_S, DAY_MINUTES = 60, 24 * 60
TICK_MINUTES = 5
CONTENTS = (
    "국물이 진하고 맛있어요",
    "직원이 친절해요",
    "너무 짜고 불친절해요",
    "The staff was slow",
    "가격이 저렴해요",
)
A_DAY = {"busy": 60, "usual": 10, "seldom": 2}  # reviews; "quiet" and "unasked" stand beside them


def put(restaurant_id: str, number: int) -> Put:
    content = f"{CONTENTS[number % len(CONTENTS)]} {number}"
    return Put(review=ReviewDraft(restaurant_id=restaurant_id, id=f"{number:03}", content=content))


def planned(seed: int) -> dict[int, list[str]]:
    """Minute → the restaurants that get a review then."""
    dice, plan = new_dice(seed), {}
    for restaurant_id, reviews in (*A_DAY.items(), ("unasked", 10)):
        for _ in range(reviews):
            plan.setdefault(dice.randrange(DAY_MINUTES), []).append(restaurant_id)
    return plan


async def opened(service) -> None:
    """Three reviews each; all but one have published results."""
    for name in (*A_DAY, "quiet", "unasked"):
        await service.reviews.write([put(name, number) for number in range(3)], CALLER)
        if name != "unasked":
            await service.analyses.every(Ask(restaurant_id=name), CALLER)


async def refreshed(service) -> Counter[str]:
    """Runs by restaurant, of the refresher alone."""
    return Counter(
        {
            name: sum(run.actor == "freshness" and run.outcome in ("ok", "insufficient_evidence") for run in runs) / 3
            for name in (*A_DAY, "quiet", "unasked")
            for runs, _ in [await service.analyses.history("default", name, limit=1_000)]
        }
    )


async def test_over_a_day_results_follow_the_reviews_within_the_hour_and_the_unchanged_are_left_alone(tmp_path):
    clock, numbers, written = FakeClock(), Counter(dict.fromkeys((*A_DAY, "unasked"), 3)), 0
    async with open_service(Settings(data_dir=tmp_path), clock=clock) as service:
        await opened(service)
        plan = planned(5)
        for minute in range(DAY_MINUTES):
            clock.move(MINUTE_S)
            for name in plan.get(minute, ()):
                await service.reviews.write([put(name, numbers[name])], CALLER)
                numbers[name] += 1
                written += name != "unasked"
            if minute % TICK_MINUTES == 0:
                await service.refresher.step()
        promise, runs = service.refresher.promise(), await refreshed(service)
        shown = service.metrics.registry.get_sample_value("matjip_staleness_seconds", {"statistic": "mean"})
    assert (promise.changes, runs["quiet"], runs["unasked"]) == (written, 0, 0)
    assert promise.mean_s <= promise.target_s
    assert shown <= promise.target_s
    assert runs.total() == promise.runs_last_day < 0.8 * written


async def test_after_a_stop_the_day_goes_on_where_it_was_and_no_change_is_lost(tmp_path):
    clock = FakeClock()
    async with open_service(Settings(data_dir=tmp_path), clock=clock) as service:
        await opened(service)
        await service.refresher.step()
    clock.move(MINUTE_S)
    async with open_service(Settings(data_dir=tmp_path), clock=clock) as service:
        await service.reviews.write(
            [put("busy", 3), put("busy", 4), Delete(restaurant_id="usual", review_id="000")], CALLER
        )
        clock.move(MINUTE_S)
        assert (await service.analyses.latest("default", "busy", "summary")).meta.staleness.changes == 2
    async with open_service(Settings(data_dir=tmp_path), clock=clock) as service:
        await service.refresher.step()
        promise, runs = service.refresher.promise(), await refreshed(service)
        counts = [
            (await service.analyses.latest("default", name, "sentiment")).total_count for name in ("busy", "usual")
        ]
    assert (promise.changes, promise.mean_s, promise.waiting_changes) == (3, MINUTE_S, 0)
    assert (runs["busy"], runs["usual"], runs["seldom"], counts) == (1, 1, 0, [5, 2])
