"""The log and the rows tell one story, whatever was written."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.reviews.dump import dump, dump_of, state_at
from matjip.reviews.event import fold
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Put, PutRestaurant

STORES = st.sampled_from(["가게", "store"])
NAMES = st.sampled_from(["a", "b", "c"])
VERSIONS = st.sampled_from([None, None, None, 0, 1, 2])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
PUTS = st.builds(
    lambda at, name, content, author, rating, expected: Put(
        review=ReviewDraft(restaurant_id=at, id=name, content=content, author_id=author, rating=rating),
        expected_version=expected,
    ),
    STORES, NAMES, TEXT, st.sampled_from([None, "kim", "lee"]), st.none() | st.floats(0, 5), VERSIONS,
)  # fmt: skip
PLACES = st.builds(lambda at, name: PutRestaurant(restaurant=RestaurantDraft(id=at, name=name)), STORES, TEXT)
DELETES = st.builds(
    lambda at, name, expected: Delete(restaurant_id=at, review_id=name, expected_version=expected),
    STORES, st.none() | NAMES, VERSIONS,
)  # fmt: skip
ERASURES = st.sampled_from(["kim", "lee"])
HISTORIES = st.lists(st.lists(PUTS | PLACES | DELETES, max_size=5) | ERASURES, max_size=12)


async def play(reviews, history, clock):
    for step in history:
        clock.move(60)
        if isinstance(step, str):
            await reviews.erase("default", step, Caller(request_id="r"))
        else:
            await reviews.write(step, Caller(request_id="r"), mode="partial")


@given(HISTORIES)
@settings(max_examples=150, deadline=None)
def test_truth_11_replaying_the_log_gives_the_same_dump(history):
    async def check():
        clock = FakeClock()
        reviews = MemoryReviews(clock, erasure_key=b"k")
        await play(reviews, history, clock)
        events = [event async for batch in reviews.events() for event in batch]
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert list(dump(fold(events))) == await dump_of(reviews) == list(dump(await state_at(reviews)))

    asyncio.run(check())
