"""What every store of results promises: the suite runs over each implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from matjip.analysis.ask import Run
from matjip.analysis.estimate import Measured
from matjip.analysis.result import Counts, Meta, SentimentResult, Usage, Window
from matjip.analysis.results import RESULTS_KEPT, MemoryResults, Results, SqlResults
from matjip.api.examples import SUMMARY
from matjip.clock import to_micros
from matjip.database import DatabaseSettings, open_database

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def run(run_id: str, minutes: int = 0, **about) -> Run:
    fields = {"tenant": "t", "restaurant_id": "r", "analysis": "sentiment", "outcome": "ok", "stored": True}
    fields |= {"actor": "a", "request_id": "q", "engine": "e", "model": "e/1", "reviews": 1, "snapshot_hash": "h"}
    return Run(run_id=run_id, started_at=at(minutes), duration_ms=1.5, **(fields | about))


def result(run_id: str, minutes: int = 0) -> SentimentResult:
    meta = Meta(
        run_id=run_id,
        request_id="q",
        as_of=at(minutes),
        revision=3,
        snapshot_hash="h",
        stored=True,
        engine="e",
        model="e/1",
        window=Window(since=START, languages=("ko",)),
        counts=Counts(available=0, considered=0, authors=None),
        usage=Usage(reviews_judged=0, duration_ms=0.1),
        disclosure="국물 😋",
    )
    zeros = dict.fromkeys(("positive_count", "negative_count", "neutral_count", "total_count"), 0)
    zeros |= dict.fromkeys(("positive_ratio", "negative_ratio", "neutral_ratio"), 0)
    return SentimentResult(
        restaurant_id="r", status="ok", meta=meta, positive_interval=None, by_month=(), reviews=(), **zeros
    )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def results(request, tmp_path) -> AsyncIterator[Results]:
    if request.param == "memory":
        yield MemoryResults()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlResults(database)
    await database.close()


async def test_a_result_comes_back_as_it_was_kept(results):
    await results.keep(run("1"), result("1"), ask_hash="x")
    assert await results.latest("t", "r", "sentiment", "x") == result("1")


async def test_the_latest_is_the_one_whose_reviews_were_read_last_not_the_one_kept_last(results):
    await results.keep(run("1"), result("1", minutes=9), ask_hash="x")
    await results.keep(run("2"), result("2", minutes=5), ask_hash="x")
    assert (await results.latest("t", "r", "sentiment", "x")).meta.run_id == "1"


async def test_another_ask_another_analysis_and_another_tenant_see_nothing(results):
    await results.keep(run("1"), result("1"), ask_hash="x")
    assert await results.latest("t", "r", "sentiment", "y") is None
    assert await results.latest("t", "r", "summary") is None
    assert await results.latest("u", "r", "sentiment") is None
    assert await results.history("u", "r") == []


async def test_without_an_ask_the_newest_of_any_is_given(results):
    await results.keep(run("1"), result("1", minutes=1), ask_hash="x")
    await results.keep(run("2"), result("2", minutes=2), ask_hash="y")
    assert (await results.latest("t", "r", "sentiment")).meta.run_id == "2"


async def test_the_latest_of_each_is_of_the_analyses_asked_for_and_of_this_ask(results):
    summary = SUMMARY.model_copy(update={"meta": SUMMARY.meta.model_copy(update={"run_id": "2"})})
    await results.keep(run("1"), result("1"), ask_hash="x")
    await results.keep(run("2", analysis="summary"), summary, ask_hash="x")
    await results.keep(run("3"), result("3", minutes=9), ask_hash="y")
    assert await results.latest_of_each("t", "r", ["sentiment", "summary"], "x") == {
        "sentiment": result("1"),
        "summary": summary,
    }
    assert list(await results.latest_of_each("t", "r", ["strengths", "summary"], "x")) == ["summary"]


async def test_what_is_published_is_the_newest_result_of_the_ask_by_each_analysis(results):
    def of(number: str, minutes: int, revision: int):
        made = result(number, minutes)
        return made.model_copy(update={"meta": made.meta.model_copy(update={"revision": revision})})

    await results.keep(run("1"), of("1", 5, 7), ask_hash="x")
    await results.keep(run("2"), of("2", 1, 3), ask_hash="x")
    await results.keep(run("3", restaurant_id="s"), of("3", 1, 4), ask_hash="x")
    await results.keep(run("4"), of("4", 9, 9), ask_hash="y")
    assert sorted(await results.published("x")) == [
        ("t", "r", "sentiment", 7, at(5)),
        ("t", "s", "sentiment", 4, at(1)),
    ]


async def test_how_long_runs_took_is_told_of_those_that_worked_something_out(results):
    for number, outcome in enumerate(("ok", "reused", "insufficient_evidence", "unavailable")):
        await results.keep(run(str(number), minutes=number, outcome=outcome, reviews=number, tokens=9 * number))
    await results.keep(run("other", analysis="summary"))
    model = run("0").model
    assert await results.measured("sentiment", model) == [Measured(2, 0.0015, 18), Measured(0, 0.0015, 0)]
    assert await results.measured("sentiment", model, limit=1) == [Measured(2, 0.0015, 18)]
    assert await results.measured("sentiment", "another") == []


async def test_the_latest_of_a_past_day_is_the_one_of_then(results):
    await results.keep(run("1"), result("1", minutes=1), ask_hash="x")
    await results.keep(run("2"), result("2", minutes=5), ask_hash="x")
    assert (await results.latest("t", "r", "sentiment", "x", until=at(3))).meta.run_id == "1"
    assert await results.latest("t", "r", "sentiment", "x", until=at(0)) is None


async def test_runs_that_end_at_once_are_all_kept(results):
    keeping = [results.keep(run(str(number)), result(str(number)), ask_hash=str(number)) for number in range(20)]
    await asyncio.gather(*keeping)
    assert {each.run_id for each in await results.history("t", "r")} == {str(number) for number in range(20)}
    assert [await results.latest("t", "r", "sentiment", str(n)) for n in range(20)] == [
        result(str(n)) for n in range(20)
    ]


async def test_a_caller_who_leaves_takes_no_others_record_along(results):
    leaves = asyncio.create_task(results.keep(run("1")))
    stays = asyncio.create_task(results.keep(run("2")))
    await asyncio.sleep(0)
    leaves.cancel()
    await stays
    assert "2" in {each.run_id for each in await results.history("t", "r")}


async def test_a_claim_is_found_in_the_newest_result_of_any_ask_that_makes_it(results):
    claim, quoted = SUMMARY.positive[0], '"claim_id":"unknown"'
    for number in (1, 2):
        meta = SUMMARY.meta.model_copy(update={"run_id": str(number), "as_of": at(number), "disclosure": quoted})
        made = SUMMARY.model_copy(update={"restaurant_id": "r", "meta": meta})
        await results.keep(run(str(number), analysis="summary"), made, ask_hash=str(number))
    assert (await results.with_claim("t", "r", claim.claim_id)).meta.run_id == "2"
    for tenant, restaurant_id in (("u", "r"), ("t", "s")):
        assert await results.with_claim(tenant, restaurant_id, claim.claim_id) is None
    assert [await results.with_claim("t", "r", word) for word in ("unknown", "%")] == [None, None]


async def test_a_failed_run_is_in_the_history_and_leaves_no_result(results):
    failed = run("1", outcome="unavailable", stored=False, snapshot_hash=None)
    await results.keep(failed)
    assert await results.history("t", "r") == [failed]
    assert await results.latest("t", "r", "sentiment") is None


async def test_history_is_newest_first_and_goes_on_after_a_cursor(results):
    for number in range(5):
        await results.keep(run(str(number), minutes=number // 2))
    first = await results.history("t", "r", "sentiment", limit=2)
    last = first[-1]
    rest = await results.history("t", "r", after=(to_micros(last.started_at), last.run_id), limit=9)
    assert [each.run_id for each in first + rest] == ["4", "3", "2", "1", "0"]


async def test_forgetting_removes_results_of_the_named_restaurants_alone_and_keeps_runs(results):
    await results.keep(run("1"), result("1"))
    await results.keep(run("2", restaurant_id="s"), result("2"))
    assert await results.forget("t", ["r"]) == 1
    assert await results.latest("t", "r", "sentiment") is None
    assert await results.latest("t", "s", "sentiment") is not None
    assert len(await results.history("t", "r")) == 1


async def test_stored_results_have_places_in_their_order_and_runs_that_stored_none_have_none(results):
    await results.keep(run("1"), result("1"))
    await results.keep(run("2", outcome="reused"))
    await results.keep(run("3", tenant="u"), result("3"))
    await results.keep(run("4"), result("4"))
    assert [(each.position, each.run) for each in await results.stored("t", after=0, limit=9)] == [
        (1, run("1")),
        (3, run("4")),
    ]
    assert [each.position for each in await results.stored("t", after=1, limit=1)] == [3]
    assert await results.position() == 3


async def test_the_place_of_a_forgotten_result_is_never_given_again(results):
    assert (await results.position(), await results.stored("t", after=-1, limit=9)) == (0, [])
    await results.keep(run("1"), result("1"))
    await results.forget("t", ["r"])
    await results.keep(run("2"), result("2"))
    assert [each.position for each in await results.stored("t", after=1, limit=9)] == [2]


async def test_forgetting_nobody_forgets_nothing(results):
    await results.keep(run("1"), result("1"))
    assert await results.forget("t", []) == 0


async def test_an_asks_oldest_results_make_room(results):
    for number in range(RESULTS_KEPT + 2):
        await results.keep(run(f"{number:03}"), result(f"{number:03}", minutes=number), ask_hash="x")
    assert await results.forget("t", ["r"]) == RESULTS_KEPT
    assert len(await results.history("t", "r", limit=1_000)) == RESULTS_KEPT + 2
