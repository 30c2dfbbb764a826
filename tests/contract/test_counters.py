"""What every store of counters promises: the suite runs over each implementation."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matjip.analysis.counters import Counted, Counters, MemoryCounters, Opinions, RestaurantCounts, SqlCounters
from matjip.database import DatabaseSettings, open_database
from matjip.errors import Conflict

MARCH = 12 * 2026 + 2


def said(
    review_id: str,
    *what: str,
    restaurant_id: str = "r",
    author: str | None = "kim",
    month: int = MARCH,
    language: str = "ko",
    source: str | None = None,
) -> Opinions:
    return Opinions(
        tenant="t",
        restaurant_id=restaurant_id,
        review_id=review_id,
        author_id=author,
        month=month,
        language=language,
        source=source,
        said=frozenset(what),
    )


async def of(counters: Counters, restaurant_id: str = "r") -> RestaurantCounts:
    return (await counters.of("t", [restaurant_id]))[restaurant_id]


async def total(counters: Counters, counted: Counted) -> int:
    return (await counters.of("t", ["r"], counted))["r"].total("taste+")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def counters(request, tmp_path) -> AsyncIterator[Counters]:
    if request.param == "memory":
        yield MemoryCounters()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    database = open_database(DatabaseSettings(url=url), data_dir=tmp_path)
    await database.migrate()
    yield SqlCounters(database, "judge/1")
    await database.close()


async def test_new_counters_stand_at_0_and_count_nothing(counters):
    assert await counters.position() == 0
    assert await of(counters) == RestaurantCounts()


async def test_reviews_are_counted_by_month_and_by_what_they_say(counters):
    await counters.apply(
        [said("a", "taste+", "price-"), said("b", "taste+"), said("c", "taste+", month=MARCH + 1)], [], 3
    )
    found = await of(counters)
    assert found.said == {(MARCH, "taste+"): 2, (MARCH, "price-"): 1, (MARCH + 1, "taste+"): 1}
    assert (found.reviews, found.months, found.total("taste+")) == (3, {MARCH: 2, MARCH + 1: 1}, 3)


async def test_a_person_counts_once_and_an_unsigned_review_counts_no_person(counters):
    await counters.apply([said("a"), said("b"), said("c", author="lee"), said("d", author=None)], [], 4)
    assert ((await of(counters)).authors, (await of(counters)).reviews) == (2, 4)


async def test_months_languages_and_sources_can_be_counted_alone(counters):
    months = [said("a", "taste+", month=MARCH - 1), said("b", "taste+"), said("c", month=MARCH + 1)]
    tongues = [said("d", "taste+", language="en"), said("e", "taste+", source="app")]
    await counters.apply([*months, *tongues], [], 5)
    in_march = Counted(since_month=MARCH, until_month=MARCH)
    assert await total(counters, in_march) == 3
    assert await total(counters, Counted(languages=frozenset({"en"}))) == 1
    assert await total(counters, Counted(sources=frozenset({"app", "import"}))) == 1
    assert await total(counters, Counted(since_month=MARCH + 1)) == 0


async def test_a_changed_review_is_counted_as_it_stands_now(counters):
    await counters.apply([said("a", "taste+")], [], 1)
    await counters.apply([said("a", "taste-", author="lee", month=MARCH + 1)], [], 2)
    assert await of(counters) == RestaurantCounts(
        reviews=1, authors=1, months={MARCH + 1: 1}, said={(MARCH + 1, "taste-"): 1}
    )


async def test_a_deleted_review_leaves_no_trace(counters):
    await counters.apply([said("a", "taste+"), said("b", restaurant_id="s")], [], 2)
    await counters.apply([], [("t", "r", "a"), ("t", "r", "never")], 3)
    assert await of(counters) == RestaurantCounts()
    assert (await of(counters, "s")).reviews == 1


async def test_a_position_that_was_reached_changes_nothing_and_neither_does_a_gap(counters):
    await counters.apply([said("a")], [], 5)
    await counters.apply([said("b")], [], 5)
    await counters.apply([said("c")], [], 9, after=7)
    assert ((await of(counters)).reviews, await counters.position()) == (1, 5)


async def test_a_collection_beside_counts_apart_until_it_is_published(counters):
    await counters.apply([said("old", "taste+")], [], 5)
    new = await counters.beside()
    await new.apply([said("new", "price-")], [], 7)
    assert (await counters.position(), list((await of(counters)).said)) == (5, [(MARCH, "taste+")])
    await new.publish()
    assert (await counters.position(), list((await of(counters)).said)) == (7, [(MARCH, "price-")])


async def test_a_forgotten_review_is_uncounted_and_the_position_stays(counters):
    await counters.apply([said("a", "taste+"), said("b", author="lee")], [], 5)
    await counters.forget("t", [("r", "a")])
    assert await of(counters) == RestaurantCounts(reviews=1, authors=1, months={MARCH: 1})
    assert await counters.position() == 5


CHANGES = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["r", "s"]),
        st.one_of(st.none(), st.frozensets(st.sampled_from(["taste+", "taste-", "price+"]))),
        st.sampled_from(["kim", "lee", None]),
        st.integers(MARCH, MARCH + 1),
        st.sampled_from(["ko", "en"]),
    ),
    max_size=25,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, batch=st.integers(1, 6))
async def test_truth_3_counters_equal_those_of_adding_everything_up_again(tmp_path_factory, changes, batch):
    database = open_database(DatabaseSettings(url=""), data_dir=tmp_path_factory.mktemp("counters"))
    await database.migrate()
    kept, summed = SqlCounters(database, "judge/1"), MemoryCounters()
    for start in range(0, len(changes), batch):
        last = {
            (restaurant, review): each for each in changes[start : start + batch] for review, restaurant in [each[:2]]
        }
        upserts = [
            said(review, *what, restaurant_id=restaurant, author=author, month=month, language=language)
            for review, restaurant, what, author, month, language in last.values()
            if what is not None
        ]
        deletes = [("t", restaurant, review) for review, restaurant, what, *_ in last.values() if what is None]
        for each in (kept, summed):
            await each.apply(upserts, deletes, start + 1)
    for counted in (Counted(), Counted(languages=frozenset({"ko"}))):
        assert await kept.of("t", ["r", "s"], counted) == await summed.of("t", ["r", "s"], counted)
    await database.close()


async def test_a_building_that_another_one_dropped_says_so(databases):
    counters = SqlCounters(databases(), "judge/1")
    first = await counters.beside()
    await counters.beside()
    with pytest.raises(Conflict, match="Another rebuild"):
        await first.apply([said("a")], [], 1)


async def test_two_processes_that_start_at_once_count_in_one_collection(databases):
    one, other = SqlCounters(databases(), "judge/1"), SqlCounters(databases(), "judge/1")
    await one.apply([said("a")], [], 1)
    await other.apply([said("b")], [], 2)
    assert (await of(one)).reviews == (await of(other)).reviews == 2


async def test_another_judges_counts_stand_beside(databases):
    old, new = SqlCounters(databases(), "judge/1"), SqlCounters(databases(), "judge/2")
    await old.apply([said("a", "taste+")], [], 4)
    assert (await new.position(), await of(new)) == (0, RestaurantCounts())
    await new.drop_others()
    assert await old.position() == 0
