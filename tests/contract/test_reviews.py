"""What every record promises, in memory, in SQLite and in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from matjip.caller import Caller
from matjip.errors import IdempotencyMismatch, Invalid, NotFound, StaleVersion
from matjip.reviews.dump import dump, dump_of, state_at
from matjip.reviews.event import PersonErased, RestaurantUpserted, ReviewDeleted, ReviewUpserted
from matjip.reviews.review import MAX_CONTENT_CHARS, RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Idempotency, Put, PutRestaurant, Written

OTHER = Caller(tenant="other", request_id="request-2")
FAMILY = "👨\u200d👩\u200d👧"


def put(review_id="r1", content="국물이 진해요", *, at="store", expected=None, **fields) -> Put:
    return Put(review=ReviewDraft(restaurant_id=at, id=review_id, content=content, **fields), expected_version=expected)


async def log(reviews, **limits):
    return [event async for batch in reviews.events(**limits) for event in batch]


async def ids(reviews, **window):
    return [review.id for review in await reviews.reviews("default", "store", **window)]


async def test_versions_go_one_two_three(reviews, caller):
    for version, content in enumerate(("맛있다", "맛없다", "그저 그렇다"), start=1):
        answer = await reviews.write([put(content=content)], caller)
        assert answer.items[0].version == version
    assert (await reviews.review("default", "store", "r1")).content == "그저 그렇다"


async def test_the_first_review_creates_its_restaurant(reviews, caller):
    await reviews.write([put()], caller)
    assert (await reviews.restaurant("default", "store")).name is None
    assert [type(event.change) for event in await log(reviews)] == [RestaurantUpserted, ReviewUpserted]


async def test_an_event_says_who_when_and_in_which_request(reviews, caller, clock):
    await reviews.write([put()], caller)
    (event,) = await reviews.versions("default", "store", "r1")
    assert (event.actor, event.request_id, event.at, event.position) == ("tester", "request-1", clock.now(), 2)


async def test_a_write_that_changes_nothing_leaves_no_event(reviews, caller, clock):
    await reviews.write([put(rating=4)], caller)
    clock.move(60)
    answer = await reviews.write([put(rating=4.0)], caller)
    assert answer.items[0].outcome == "unchanged"
    assert answer.items[0].version == 1
    assert answer.items[0].position == await reviews.position() == 2


async def test_an_answer_names_outcome_and_position(reviews, caller):
    answer = await reviews.write([put(), put("r2"), put(content="바뀌었다")], caller)
    assert [(item.outcome, item.position) for item in answer.items] == [("created", 2), ("created", 3), ("updated", 4)]
    assert answer.position == 4


async def test_a_stale_version_is_refused_and_both_are_named(reviews, caller):
    await reviews.write([put()], caller)
    await reviews.write([put(content="두 번째")], caller)
    with pytest.raises(StaleVersion) as refusal:
        await reviews.write([put(content="세 번째", expected=1)], caller)
    assert refusal.value.facts == {"expected_version": 1, "actual_version": 2}


async def test_expected_version_zero_means_new(reviews, caller):
    await reviews.write([put(expected=0)], caller)
    with pytest.raises(StaleVersion):
        await reviews.write([put(expected=0)], caller)
    await reviews.write([Delete(restaurant_id="store", review_id="r1")], caller)
    assert (await reviews.write([put(expected=0)], caller)).items[0].version == 3


async def test_an_atomic_batch_with_one_failure_stores_nothing(reviews, caller):
    with pytest.raises(NotFound):
        await reviews.write([put(), Delete(restaurant_id="store", review_id="nobody")], caller)
    assert await reviews.position() == 0
    assert await ids(reviews) == []


async def test_a_partial_batch_answers_each_item_alone(reviews, caller):
    writes = [
        put("a"),
        put("b", content=" "),
        Delete(restaurant_id="store", review_id="x"),
        put("c", expected=7),
        put("d"),
    ]
    answer = await reviews.write(writes, caller, mode="partial")
    assert [type(item) for item in answer.items] == [Written, Invalid, NotFound, StaleVersion, Written]
    assert await ids(reviews) == ["a", "d"]
    assert await dump_of(reviews) == list(dump(await state_at(reviews)))


async def test_every_fault_of_a_batch_is_named_with_its_path(reviews, caller):
    with pytest.raises(Invalid) as refusal:
        await reviews.write([put(content=""), put("r2", rating=7.0), put("r\x00")], caller)
    assert [fault.where for fault in refusal.value.faults] == ["[0].content", "[1].rating", "[2].id"]


async def test_a_deleted_review_is_in_no_list_count_or_lookup(reviews, caller):
    await reviews.write([put("a"), put("b")], caller)
    await reviews.write([Delete(restaurant_id="store", review_id="a", expected_version=1)], caller)
    assert await ids(reviews) == ["b"]
    assert await reviews.counts("default") == {"store": 1}
    assert [review.id for review in await reviews.reviews_by_id("default", [("store", "a"), ("store", "b")])] == ["b"]
    with pytest.raises(NotFound):
        await reviews.review("default", "store", "a")


async def test_a_put_over_a_tombstone_brings_the_review_back(reviews, caller, clock):
    await reviews.write([put()], caller)
    first = (await reviews.review("default", "store", "r1")).created_at
    await reviews.write([Delete(restaurant_id="store", review_id="r1")], caller)
    clock.move(5)
    answer = await reviews.write([put()], caller)
    back = await reviews.review("default", "store", "r1")
    assert (answer.items[0].outcome, back.version, back.created_at, back.deleted_at) == ("created", 3, first, None)


async def test_a_deleted_restaurant_takes_its_reviews_with_it(reviews, caller):
    await reviews.write([put("a"), put("b"), put("c", at="neighbour")], caller)
    await reviews.write([Delete(restaurant_id="store", review_id=None)], caller)
    assert await ids(reviews) == []
    assert await reviews.counts("default") == {"neighbour": 1}
    assert [restaurant.id for restaurant in await reviews.restaurants("default")] == ["neighbour"]
    assert [type(event.change) for event in await log(reviews, after=6)] == [ReviewDeleted, ReviewDeleted]


async def test_a_review_of_a_deleted_restaurant_brings_the_restaurant_back_without_a_name(reviews, caller):
    await reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="store", name="옛집")), put()], caller)
    await reviews.write([Delete(restaurant_id="store", review_id=None)], caller)
    await reviews.write([put("r2")], caller)
    restaurant = await reviews.restaurant("default", "store")
    assert (restaurant.name, restaurant.version) == (None, 3)
    assert await ids(reviews) == ["r2"]


async def test_a_restaurant_is_stored_as_described(reviews, caller):
    draft = RestaurantDraft(
        id="s", name="옛집", categories=("한식", "국밥"), region="서울", price_band=2, address="1 \U0001f35c"
    )
    answer = await reviews.write([PutRestaurant(restaurant=draft), PutRestaurant(restaurant=draft)], caller)
    stored = await reviews.restaurant("default", "s")
    assert [item.outcome for item in answer.items] == ["created", "unchanged"]
    assert all(
        getattr(stored, name) == getattr(draft, name)
        for name in ("name", "categories", "region", "price_band", "address")
    )


@pytest.mark.parametrize(
    "content",
    [
        FAMILY,
        "가" * MAX_CONTENT_CHARS,
        "🍜" * MAX_CONTENT_CHARS,
        " \r\n a\t",
        "e\u0301 é",
        "'; DROP TABLE reviews; --",
        "<b>&amp;",
    ],
    ids=["joined emoji", "5,000 Hangul", "5,000 emoji", "white space", "both accents", "SQL", "HTML"],
)
async def test_text_is_stored_exactly_as_received(reviews, caller, content):
    await reviews.write([put(content=content)], caller)
    assert (await reviews.review("default", "store", "r1")).content == content
    assert (await log(reviews))[1].change.review.content == content


@pytest.mark.parametrize("content", ["", "  \n", "a\0b", "half \ud83c", "가" * (MAX_CONTENT_CHARS + 1)])
async def test_text_that_cannot_be_kept_is_refused(reviews, caller, content):
    with pytest.raises(Invalid, match="content"):
        await reviews.write([put(content=content)], caller)
    assert await reviews.position() == 0


@pytest.mark.parametrize("name", ["\0", "half \ud83c", "", "x" * 201])
async def test_an_id_that_nobody_can_have_is_not_found(reviews, name):
    with pytest.raises(NotFound):
        await reviews.review("default", name, name)
    with pytest.raises(NotFound):
        await reviews.restaurant("default", name)
    assert await reviews.reviews_by_id("default", [(name, name)]) == []
    assert await reviews.reviews("default", name) == []
    assert await reviews.revision("default", name) == 0


async def test_a_time_keeps_its_instant_to_the_microsecond(reviews, caller):
    moment = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    await reviews.write([put(created_at=moment)], caller)
    stored = (await reviews.review("default", "store", "r1")).created_at
    assert stored == moment
    assert stored.utcoffset() == timedelta()


async def test_an_update_without_a_time_keeps_the_first_one(reviews, caller, clock):
    await reviews.write([put()], caller)
    clock.move(3600)
    await reviews.write([put(content="다시 왔어요")], caller)
    review = await reviews.review("default", "store", "r1")
    assert review.updated_at - review.created_at == timedelta(hours=1)


async def test_a_window_holds_its_start_and_not_its_end(reviews, caller):
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    await reviews.write([put(f"r{day.day}", created_at=day) for day in days], caller)
    assert await ids(reviews, since=days[0], until=days[2]) == ["r1", "r2"]


async def test_pages_follow_each_other_in_the_order_of_code_points(reviews, caller):
    names = ["Z", "a", "b-1", "b1", "가", "나", "🍜"]
    await reviews.write([put(name) for name in reversed(names)], caller)
    first = await ids(reviews, limit=3)
    assert first + await ids(reviews, after=first[-1]) == names


async def test_restaurants_are_paged_too(reviews, caller):
    await reviews.write([put(at=name) for name in ("나", "a", "B")], caller)
    first = await reviews.restaurants("default", limit=2)
    rest = await reviews.restaurants("default", after=first[-1].id)
    assert [restaurant.id for restaurant in (*first, *rest)] == ["B", "a", "나"]


async def test_tenants_never_see_each_other(reviews, caller):
    await reviews.write([put(content="ours")], caller)
    await reviews.write([put(content="theirs"), put("r2")], OTHER)
    await reviews.write([Delete(restaurant_id="store", review_id=None)], OTHER)
    assert (await reviews.review("default", "store", "r1")).content == "ours"
    assert await reviews.counts("other") == {}
    assert [event.tenant for event in await reviews.versions("default", "store", "r1")] == ["default"]
    assert await reviews.revision("default", "store") == 2


async def test_the_revision_moves_with_the_restaurant_and_with_its_reviews_alone(reviews, caller):
    await reviews.write([put(), put(at="neighbour")], caller)
    assert await reviews.revision("default", "store") == 2
    await reviews.write([Delete(restaurant_id="store", review_id="r1")], caller)
    assert await reviews.revision("default", "store") == 5
    assert await reviews.revision("default", "neighbour") == 4
    assert await reviews.revision("default", "nowhere") == 0


async def test_the_revisions_are_those_of_the_living_restaurants(reviews, caller):
    await reviews.write([put(), put(at="neighbour"), put(at="gone")], caller)
    await reviews.write([Delete(restaurant_id="gone", review_id=None)], caller)
    assert await reviews.revisions("default") == {
        name: await reviews.revision("default", name) for name in ("store", "neighbour")
    }


async def test_the_changes_after_a_position_are_counted_with_the_mean_of_their_times(reviews, caller, clock):
    start = clock.now()
    for minute in range(4):
        await reviews.write([put(f"r{minute}"), put(f"r{minute}", at="neighbour")], caller)
        clock.move(60)
    first = await reviews.versions("default", "store", "r0")
    found = await reviews.changes("default", "store", after=first[0].position)
    assert (found.number, found.mean_at) == (3, start + timedelta(minutes=2))
    assert await reviews.changes("other", "store", after=0) == await reviews.changes("default", "store", after=99)


async def test_the_feed_goes_on_from_any_position_in_batches(reviews, caller):
    await reviews.write([put(f"r{number}") for number in range(9)], caller)
    batches = [[event.position for event in batch] async for batch in reviews.events(after=2, until=9, batch=3)]
    assert batches == [[3, 4, 5], [6, 7, 8], [9]]


async def test_times_never_go_back_in_the_log(reviews, caller, clock):
    await reviews.write([put()], caller)
    clock.move(-3600)
    await reviews.write([put("r2")], caller)
    times = [event.at for event in await log(reviews)]
    assert times == sorted(times)


async def test_the_same_key_and_payload_replay_the_first_answer(reviews, caller):
    key = Idempotency(key="k", fingerprint="f")
    first = await reviews.write([put(), put("r2", content=" ")], caller, mode="partial", idempotency=key)
    again = await reviews.write([put(), put("r2", content=" ")], caller, mode="partial", idempotency=key)
    assert again.replayed
    assert again.items[0] == first.items[0]
    assert (again.items[1].code, again.items[1].faults) == (first.items[1].code, first.items[1].faults)
    assert await reviews.position() == 2


async def test_the_same_key_with_another_payload_is_refused(reviews, caller):
    await reviews.write([put()], caller, idempotency=Idempotency(key="k", fingerprint="f"))
    with pytest.raises(IdempotencyMismatch, match="k was used"):
        await reviews.write([put("r2")], caller, idempotency=Idempotency(key="k", fingerprint="g"))


async def test_a_key_belongs_to_its_tenant(reviews, caller):
    key = Idempotency(key="k", fingerprint="f")
    await reviews.write([put()], caller, idempotency=key)
    assert not (await reviews.write([put()], OTHER, idempotency=key)).replayed


async def test_a_write_that_failed_leaves_its_key_free(reviews, caller):
    key = Idempotency(key="k", fingerprint="f")
    with pytest.raises(StaleVersion):
        await reviews.write([put(expected=3)], caller, idempotency=key)
    assert not (await reviews.write([put()], caller, idempotency=key)).replayed


async def test_fifty_writes_at_once_with_one_key_store_once(reviews, caller):
    key = Idempotency(key="k", fingerprint="f")
    answers = await asyncio.gather(*(reviews.write([put()], caller, idempotency=key) for _ in range(50)))
    assert sum(not answer.replayed for answer in answers) == 1
    assert {answer.items for answer in answers} == {answers[0].items}
    assert await reviews.position() == 2


async def test_of_many_writers_that_expect_one_version_one_wins(reviews, caller):
    await reviews.write([put()], caller)
    tries = (reviews.write([put(content=f"writer {number}", expected=1)], caller) for number in range(12))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Answer"] + ["StaleVersion"] * 11


async def test_erasure_leaves_nothing_of_a_person_but_the_proof(reviews, caller):
    mine = {"author_id": "kim", "group_id": "g", "images": ("https://example.org/1.jpg",)}
    await reviews.write(
        [put("a", "첫 글", **mine), put("b", "남의 글", author_id="lee"), put("c", "둘째", **mine)], caller
    )
    await reviews.write([put("a", "고친 글", **mine)], caller)
    erasure = await reviews.erase("default", "kim", caller)
    assert (erasure.reviews, erasure.events, erasure.position) == (2, 3, 6)
    everything = repr(await log(reviews)) + "".join(await dump_of(reviews))
    assert not [word for word in ("kim", "첫 글", "고친 글", "둘째", "example.org") if word in everything]
    assert await ids(reviews) == ["b"]


async def test_the_proof_of_erasure_names_reviews_and_only_a_hash_of_the_person(reviews, caller):
    await reviews.write([put(author_id="kim")], caller)
    await reviews.erase("default", "kim", caller)
    proof = (await reviews.versions("default", "store", "r1"))[-1].change
    assert isinstance(proof, PersonErased)
    assert proof.reviews == (("store", "r1"),)
    assert len(proof.person_hash) == 64


async def test_what_another_wrote_later_outlives_the_erasure(reviews, caller):
    await reviews.write([put(content="첫 글", author_id="kim")], caller)
    await reviews.write([put(content="새 글", author_id="lee")], caller)
    erasure = await reviews.erase("default", "kim", caller)
    assert (erasure.reviews, erasure.events) == (0, 1)
    assert (await reviews.review("default", "store", "r1")).content == "새 글"
    assert "첫 글" not in repr(await log(reviews))


async def test_erasing_somebody_unknown_leaves_no_trace(reviews, caller):
    await reviews.write([put(author_id="lee")], caller)
    assert (await reviews.erase("default", "kim", caller)).position is None
    assert await reviews.position() == 2


async def test_a_retry_cannot_bring_erased_text_back(reviews, caller):
    key = Idempotency(key="k", fingerprint="f")
    await reviews.write([put(author_id="kim")], caller, idempotency=key)
    await reviews.erase("default", "kim", caller)
    with pytest.raises(IdempotencyMismatch):
        await reviews.write([put(author_id="kim")], caller, idempotency=key)


async def test_a_past_state_is_found_by_position_and_by_time(reviews, caller, clock):
    await reviews.write([put(content="어제")], caller)
    yesterday = clock.now()
    clock.move(86_400)
    await reviews.write([put(content="오늘")], caller)
    for until in (2, yesterday):
        state = await state_at(reviews, until)
        assert state.reviews["default", "store", "r1"].content == "어제"


async def test_truth_3_of_the_record_upsert_versions_stale_and_delete(reviews, caller):
    day = datetime(2026, 5, 1, tzinfo=UTC)
    versions = [
        (await reviews.write([put(content=text, created_at=day)], caller)).items[0].version for text in "가나다"
    ]
    assert versions == [1, 2, 3]
    assert await ids(reviews, since=day, until=day + timedelta(seconds=1)) == ["r1"]
    with pytest.raises(StaleVersion):
        await reviews.write([put(content="라", expected=2)], caller)
    await reviews.write([Delete(restaurant_id="store", review_id="r1", expected_version=3)], caller)
    assert await ids(reviews) == []
    assert await ids(reviews, since=day) == []
    assert await reviews.counts("default") == {}


async def test_who_asks_must_be_storable_too(reviews, caller):
    with pytest.raises(Invalid, match="actor"):
        await reviews.write([put()], replace(caller, actor="a\0"))
