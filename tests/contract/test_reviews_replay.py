"""Any history leaves the same dump in memory, in SQLite and in PostgreSQL, by rows and by replay."""

import random

import pytest

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.reviews.dump import dump, dump_of, state_at
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Delete, Put


async def play(reviews, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(25):
        if dice.random() < 0.1:
            await reviews.erase("default", f"author-{dice.randrange(3)}", Caller(request_id="r"))
        await reviews.write([some_write(dice) for _ in range(5)], Caller(request_id="r"), mode="partial")


def some_write(dice: random.Random) -> Put | Delete:
    at, name = f"가게-{dice.randrange(3)}", dice.choice(["a", "B", "다", "🍜"])
    if dice.random() < 0.3:
        return Delete(restaurant_id=at, review_id=dice.choice([name, name, name, None]))
    author, rating = f"author-{dice.randrange(3)}", dice.choice([None, 4, 2.5])
    return Put(
        review=ReviewDraft(restaurant_id=at, id=name, content=f"글 {dice.random()}", author_id=author, rating=rating)
    )


@pytest.mark.parametrize("seed", range(3))
async def test_truth_11_rows_and_replay_agree_in_every_database(reviews, seed):
    twin = MemoryReviews(FakeClock(), erasure_key=b"a key of the tests")
    await play(reviews, seed)
    await play(twin, seed)
    rows = await dump_of(reviews)
    assert rows == list(dump(await state_at(reviews))) == await dump_of(twin)
    assert {name: len(await reviews.reviews("default", name)) for name in await reviews.counts("default")} == (
        await reviews.counts("default")
    )
