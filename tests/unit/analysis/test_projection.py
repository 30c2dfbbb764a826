"""The index follows the record, whatever happens on the way."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from tests.contract.index_cases import empty

from matjip.analysis.counters import MemoryCounters
from matjip.analysis.projection import ProjectionSettings, Projector
from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import NotReady, Unavailable
from matjip.index.exact import ExactIndex
from matjip.index.index import Filter, Query
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Put, PutRestaurant
from matjip.telemetry.record import CaughtUp, ProjectionStands
from matjip.testing import FakeEmbedder, FakeJudge

CALLER = Caller(request_id="request-1")
EVERYTHING = Filter()


def put(review_id: str, content: str = "국물이 진해요", **fields) -> Put:
    return Put(review=ReviewDraft(restaurant_id="r", id=review_id, content=content, **fields))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def reviews(clock):
    return MemoryReviews(clock, erasure_key=b"test")


@pytest.fixture
async def index():
    async with await ExactIndex.open(":memory:", embedder="fake/1", dimensions=32) as opened:
        yield opened


@pytest.fixture
def seen():
    return []


def projector_of(reviews, index, clock, *, hooks=(), embedder=None, embedder_of=None, counters=None, **settings):
    return Projector(
        reviews,
        index,
        embedder or FakeEmbedder(),
        judge=FakeJudge({"진해": "taste+", "짜": "taste-"}),
        counters=counters or MemoryCounters(),
        language_of=lambda text: "ko" if "국" in text else "en",
        clock=clock,
        embedder_of=embedder_of,
        hooks=hooks,
        settings=ProjectionSettings(**settings),
    )


@pytest.fixture
def projector(reviews, index, clock, seen):
    return projector_of(reviews, index, clock, hooks=[seen.append], events_per_batch=3)


async def found(index, word="국물", **wanted):
    embedder = FakeEmbedder()
    query = Query(words=((word, 1.0),), vector=(await embedder.embed([""]))[0], wanted=Filter(**wanted))
    return sorted(hit.review_id for hit in (await index.search("default", query, limit=100))[0])


async def test_an_index_catches_up_with_the_log_and_stands_where_it_ends(reviews, index, projector):
    await reviews.write([put(str(at)) for at in range(10)], CALLER)
    assert await projector.catch_up() == await reviews.position() == await index.position()
    assert await found(index) == [str(at) for at in range(10)]
    assert await projector.behind() == 0


async def test_catching_up_again_changes_nothing_and_reports_nothing(reviews, index, projector, seen):
    await reviews.write([put("a")], CALLER)
    await projector.catch_up()
    reports = list(seen)
    assert await projector.catch_up() == await reviews.position()
    assert seen == reports


async def test_each_batch_reports_how_far_it_came_and_what_is_ahead(reviews, projector, seen):
    await reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r")), *(put(str(at)) for at in range(4))], CALLER)
    await projector.catch_up()
    assert [(each.projection, each.position, each.behind, each.points) for each in seen] == [
        ("index", 3, 2, 2),
        ("counters", 3, 2, 2),
        ("index", 5, 0, 2),
        ("counters", 5, 0, 2),
    ]


async def test_only_the_last_text_of_a_review_is_embedded(reviews, index, clock):
    embedder = CountingEmbedder()
    for text in ("국물", "커피", "국물 둘"):
        await reviews.write([put("a", text)], CALLER)
    await projector_of(reviews, index, clock, embedder=embedder).catch_up()
    assert embedder.texts == ["국물 둘"]


async def test_a_deleted_review_leaves_the_index_in_the_batch_that_wrote_it_and_in_a_later_one(
    reviews, index, projector
):
    await reviews.write([put("a"), put("b"), put("c")], CALLER)
    await projector.catch_up()
    await reviews.write(
        [Delete(restaurant_id="r", review_id="a"), put("d"), Delete(restaurant_id="r", review_id="d")], CALLER
    )
    await projector.catch_up()
    assert await found(index) == ["b", "c"]


async def test_a_deleted_restaurant_takes_its_reviews_along(reviews, index, projector):
    await reviews.write([put("a"), put("b")], CALLER)
    await projector.catch_up()
    await reviews.write([Delete(restaurant_id="r", review_id=None)], CALLER)
    await projector.catch_up()
    assert await index.count("default", EVERYTHING) == 0
    assert (await index.centroid("default", "r"))[1] == 0


async def test_an_erased_persons_reviews_leave_the_index(reviews, index, projector):
    await reviews.write([put("a", author_id="u1"), put("b", author_id="u2"), put("c", author_id="u1")], CALLER)
    await projector.catch_up()
    await reviews.erase("default", "u1", CALLER)
    await projector.catch_up()
    assert await found(index) == ["b"]


async def test_an_index_that_starts_after_the_erasure_never_holds_the_person(reviews, index, projector):
    await reviews.write([put("a", author_id="u1"), put("b", author_id="u2")], CALLER)
    await reviews.erase("default", "u1", CALLER)
    await projector.catch_up()
    assert await index.count("default", EVERYTHING) == 1


async def test_a_language_that_was_given_wins_and_one_that_was_not_is_found(reviews, index, projector):
    await reviews.write([put("given", language="ja"), put("korean"), put("english", "good soup")], CALLER)
    await projector.catch_up()
    assert await found(index, languages=frozenset({"ja"})) == ["given"]
    assert await found(index, languages=frozenset({"ko"})) == ["korean"]
    assert await found(index, "soup", languages=frozenset({"en"})) == ["english"]


async def test_a_rebuilt_index_equals_the_one_that_followed(reviews, index, projector):
    await reviews.write([put(str(at), f"국물 {at}") for at in range(5)], CALLER)
    await projector.catch_up()
    await reviews.write([Delete(restaurant_id="r", review_id="2"), put("1", "커피")], CALLER)
    await projector.catch_up()
    followed = (await found(index), (await index.centroid("default", "r"))[0].tolist())
    assert await projector.rebuild() == await reviews.position()
    assert (await found(index), (await index.centroid("default", "r"))[0].tolist()) == followed


async def test_a_rebuild_is_searched_only_when_it_is_whole(reviews, index, clock):
    await reviews.write([put(str(at)) for at in range(6)], CALLER)
    found_meanwhile = []

    async def look():
        found_meanwhile.append(len(await found(index)))

    embedder = CountingEmbedder(before=[None, None, None, look, look, look])
    projector = projector_of(reviews, index, clock, embedder=embedder, events_per_batch=3)
    await projector.catch_up()
    await projector.rebuild()
    assert found_meanwhile == [6, 6, 6]


async def test_a_rebuild_takes_in_what_is_written_meanwhile(reviews, index, clock):
    await reviews.write([put(str(at)) for at in range(3)], CALLER)

    async def write():
        await reviews.write([put("late"), Delete(restaurant_id="r", review_id="0")], CALLER)

    embedder = CountingEmbedder(before=[None, write])
    projector = projector_of(reviews, index, clock, embedder=embedder)
    await projector.catch_up()
    assert await projector.rebuild() == await reviews.position()
    assert await found(index) == ["1", "2", "late"]


async def test_counters_follow_what_reviews_say_now(reviews, index, clock):
    counters = MemoryCounters()
    projector = projector_of(reviews, index, clock, counters=counters, events_per_batch=2)
    await reviews.write([put("a", author_id="kim"), put("b", "국물이 짜요", author_id="lee"), put("c", "커피")], CALLER)
    await projector.catch_up()
    await reviews.write([put("b", "국물이 진해요", author_id="lee"), Delete(restaurant_id="r", review_id="c")], CALLER)
    await projector.catch_up()
    (counted,) = (await counters.of("default", ["r"])).values()
    assert (counted.reviews, counted.authors, counted.total("taste+"), counted.total("taste-")) == (2, 2, 2, 0)


async def test_the_one_that_is_behind_catches_up_alone(reviews, index, clock):
    embedder = CountingEmbedder()
    await reviews.write([put(str(at)) for at in range(5)], CALLER)
    await projector_of(reviews, index, clock).catch_up()
    counters = MemoryCounters()  # those of another judge, say
    await projector_of(reviews, index, clock, embedder=embedder, counters=counters).catch_up()
    assert (await counters.of("default", ["r"]))["r"].reviews == 5
    assert embedder.texts == []


async def test_what_a_review_says_goes_into_the_index(reviews, index, projector):
    await reviews.write([put("a", "국물이 진해요"), put("b", "국물이 짜요")], CALLER)
    await projector.catch_up()
    query = Query(words=(("국물", 1.0),), vector=(await FakeEmbedder().embed([""]))[0], said=("taste-",))
    hits, _ = await index.search("default", query)
    assert [(hit.review_id, hit.said, hit.against) for hit in hits] == [("b", ("taste-",), ()), ("a", (), ("taste-",))]


async def test_many_who_catch_up_at_once_embed_each_review_once(reviews, index, clock):
    embedder = CountingEmbedder()
    projector = projector_of(reviews, index, clock, embedder=embedder)
    await reviews.write([put(str(at)) for at in range(20)], CALLER)
    await asyncio.gather(*(projector.catch_up() for _ in range(10)))
    assert len(embedder.texts) == 20


async def test_two_projectors_on_one_index_reach_the_same_state(reviews, index, clock):
    one, other = (projector_of(reviews, index, clock, events_per_batch=size) for size in (2, 3))
    for at in range(30):
        await reviews.write([put(str(at % 7), f"국물 {at}")], CALLER)
    await asyncio.gather(one.catch_up(), other.catch_up())
    followed = (await index.centroid("default", "r"))[0].tolist()
    await one.rebuild()
    assert (await index.centroid("default", "r"))[0].tolist() == followed


async def test_an_index_emptied_by_another_while_a_batch_is_embedded_is_filled_from_the_start(reviews, index, clock):
    await reviews.write([put(str(at)) for at in range(6)], CALLER)
    embedder = CountingEmbedder(before=[None, lambda: empty(index)])
    projector = projector_of(reviews, index, clock, embedder=embedder, events_per_batch=3)
    await projector.catch_up()
    assert len(await found(index)) == 6


async def test_an_index_far_behind_is_not_waited_for_but_says_where_it_stands(reviews, index, clock):
    projector = projector_of(reviews, index, clock, wait_max_events=3)
    await reviews.write([put("first")], CALLER)
    before = await projector.catch_up()
    await reviews.write([put(str(at)) for at in range(5)], CALLER)
    assert await projector.catch_up_if_near() == before
    await projector.catch_up()
    await reviews.write([put("late")], CALLER)
    assert await projector.catch_up_if_near() == await reviews.position()


async def test_an_index_of_which_nothing_is_there_is_not_ready_and_not_empty(reviews, index, clock):
    projector = projector_of(reviews, index, clock, wait_max_events=3)
    assert await projector.catch_up_if_near() == 0  # of nothing
    await reviews.write([put(str(at)) for at in range(5)], CALLER)
    with pytest.raises(NotReady, match="The index is not built yet"):
        await projector.catch_up_if_near()


async def test_a_follower_notices_what_is_written_and_outlives_an_embedder_that_does_not_answer(reviews, index, clock):
    async def fail():
        raise Unavailable("The embedder is away.")

    caught_up = asyncio.Event()
    embedder = CountingEmbedder(before=[fail, fail])
    projector = projector_of(reviews, index, clock, embedder=embedder, hooks=[once(CaughtUp, caught_up)])
    await reviews.write([put("a")], CALLER)
    async with following(projector):
        await caught_up.wait()
    assert await found(index) == ["a"]


async def test_a_follower_that_starts_level_says_so(reviews, index, clock):
    await reviews.write([put("a")], CALLER)
    await projector_of(reviews, index, clock).catch_up()
    standings = Standings()
    async with following(projector_of(reviews, index, clock, hooks=[standings])):
        await standings.next()
    assert standings.behind[0] == 0


async def test_a_follower_that_is_stuck_tells_at_each_interval_how_far_it_falls_behind(reviews, index, clock):
    async def fail():
        await reviews.write([put(f"after {clock.monotonic()} s")], CALLER)
        raise Unavailable("The embedder is away.")

    standings = Standings()
    embedder = CountingEmbedder(before=[fail] * 1_000)
    await reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r")), put("a")], CALLER)
    async with following(projector_of(reviews, index, clock, embedder=embedder, hooks=[standings])):
        while clock.monotonic() < 3:
            await standings.next()
    assert standings.behind[:3] == [3, 4, 5]


async def test_an_index_that_does_not_answer_stands_where_it_was_last_seen(reviews, index, clock):
    standings = Standings()
    async with following(projector_of(reviews, index, clock, hooks=[standings])):
        await standings.next()
        await index.close()
        await reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r")), put("a")], CALLER)
        while standings.behind[-1] == 0:
            await standings.next()
    assert standings.behind[-1] == 2


async def test_a_wake_is_answered_before_the_interval_ends(reviews, index):
    caught_up = asyncio.Event()
    projector = projector_of(reviews, index, StandingClock(), hooks=[once(CaughtUp, caught_up)])
    async with following(projector):
        await asyncio.sleep(0.05)  # it has looked once, found nothing and rests
        await reviews.write([put("a")], CALLER)
        projector.wake()
        await caught_up.wait()
    assert await found(index) == ["a"]


async def test_a_follower_ends_with_an_error_that_is_not_a_dependencys(reviews, index, clock):
    async def fail():
        raise ZeroDivisionError

    await reviews.write([put("a")], CALLER)
    with pytest.raises(ZeroDivisionError):
        await projector_of(reviews, index, clock, embedder=CountingEmbedder(before=[fail])).follow()


async def test_while_whoever_embeds_is_away_the_counters_go_on_and_the_index_catches_up_later(reviews, index, clock):
    counters, embedder = MemoryCounters(), AwayEmbedder()
    projector = projector_of(reviews, index, clock, embedder=embedder, counters=counters, events_per_batch=1)
    await reviews.write([put("a"), put("b")], CALLER)
    with pytest.raises(Unavailable):
        await projector.catch_up()
    end = await reviews.position()
    assert (await index.position() < end, await counters.position()) == (True, end)
    embedder.is_away = False
    assert (await projector.catch_up(), await counters.position(), await found(index)) == (end, end, ["a", "b"])


async def test_a_rebuild_sits_a_short_outage_out_and_gives_a_long_one_up(reviews, index, clock):
    async def fail():
        raise Unavailable("The embedder is away.")

    embedder = CountingEmbedder()
    projector = projector_of(reviews, index, clock, embedder=embedder)
    await reviews.write([put("a")], CALLER)
    await projector.catch_up()
    embedder.fail_next(fail, times=3)
    assert await projector.rebuild() == await reviews.position()
    embedder.fail_next(fail, times=99)
    with pytest.raises(Unavailable):
        await projector.rebuild()
    assert await found(index) == ["a"]


async def test_a_search_does_not_wait_longer_for_the_index_than_it_may(reviews, index, clock):
    async def hang():
        await asyncio.Event().wait()

    projector = projector_of(reviews, index, clock, embedder=CountingEmbedder(before=[None, hang]), wait_max_s=0.2)
    await reviews.write([put("a")], CALLER)
    before = await projector.catch_up_if_near()
    await reviews.write([put("b")], CALLER)
    assert await projector.catch_up_if_near() == before
    assert await projector.catch_up_if_near() == await reviews.position()


async def test_each_tenants_texts_are_embedded_for_that_tenant(reviews, index, clock):
    embedders = {tenant: CountingEmbedder() for tenant in ("default", "other")}
    projector = projector_of(reviews, index, clock, embedder_of=embedders.__getitem__)
    await reviews.write([put("a"), put("b", content="국물이 짜요")], CALLER)
    await reviews.write([put("c", content="면이 좋아요")], Caller(tenant="other", request_id="q"))
    await projector.catch_up()
    assert embedders["default"].texts == ["국물이 진해요", "국물이 짜요"]
    assert embedders["other"].texts == ["면이 좋아요"]


def once(kind, event):
    """A hook that sets the event at the index's first record of this kind."""
    return lambda record: event.set() if isinstance(record, kind) and record.projection == "index" else None


class Standings:
    """A hook that keeps how far behind the index stood at each poll."""

    def __init__(self):
        self.behind = []
        self._told = asyncio.Event()

    def __call__(self, record):
        if isinstance(record, ProjectionStands) and record.projection == "index":
            self.behind.append(record.behind)
            self._told.set()

    async def next(self):
        self._told.clear()
        await self._told.wait()


@asynccontextmanager
async def following(projector):
    """The loop of `follow`, cancelled at the end; five seconds are for ever."""
    follower = asyncio.create_task(projector.follow())
    async with asyncio.timeout(5):
        yield
    follower.cancel()
    with pytest.raises(asyncio.CancelledError):
        await follower


class CountingEmbedder(FakeEmbedder):
    """Keeps what it was given; `before` are coroutines to run before each call in turn."""

    def __init__(self, *, before=()):
        super().__init__()
        self.texts = []
        self._before = list(before)

    def fail_next(self, fail, *, times):
        self._before = [fail] * times

    async def embed(self, texts):
        if self._before and (step := self._before.pop(0)):
            await step()
        self.texts += texts
        return await super().embed(texts)


class AwayEmbedder(FakeEmbedder):
    """Answers nobody while it is away."""

    is_away = True

    async def embed(self, texts):
        if self.is_away:
            raise Unavailable("The embedder is away.")
        return await super().embed(texts)


class StandingClock(FakeClock):
    """Whoever sleeps on it never wakes."""

    async def sleep(self, seconds):
        await asyncio.Event().wait()
