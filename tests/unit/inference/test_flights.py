"""What several ask for at the same time is asked for once, and nothing of it stays."""

import asyncio

import pytest

from matjip.inference.flights import Flights


class Slow:
    """Answers each key with itself in capitals, when it is let."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked: list[list[str]] = []
        self.error: Exception | None = None

    async def ask(self, keys):
        self.asked.append(list(keys))
        await self.may_answer.wait()
        if self.error:
            raise self.error
        return {key: key.upper() for key in keys}


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def started(flights: Flights[str], slow: Slow, *keys: str) -> "asyncio.Task[dict[str, str]]":
    asking = asyncio.create_task(flights.once(keys, slow.ask, name="test"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return asking


async def test_only_what_nobody_asks_for_is_asked(slow):
    flights: Flights[str] = Flights()
    one, other = await started(flights, slow, "a", "b"), await started(flights, slow, "b", "c")
    slow.may_answer.set()
    assert (await one, await other) == ({"a": "A", "b": "B"}, {"b": "B", "c": "C"})
    assert slow.asked == [["a", "b"], ["c"]]


async def test_nothing_is_kept_of_a_flight_that_has_ended(slow):
    flights: Flights[str] = Flights()
    slow.may_answer.set()
    await flights.once(["a"], slow.ask, name="test")
    assert flights.among(["a"]) == set()


async def test_an_error_is_for_those_who_wait_alone(slow):
    flights: Flights[str] = Flights()
    slow.error = ValueError("no")
    waiting = [await started(flights, slow, "a") for _ in range(2)]
    slow.may_answer.set()
    assert [type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)] == [ValueError] * 2
    slow.error = None
    assert await flights.once(["a"], slow.ask, name="test") == {"a": "A"}


async def test_one_who_asks_as_the_last_other_leaves_is_not_ended_with_it(slow):
    flights: Flights[str] = Flights()
    leaves = await started(flights, slow, "a")
    leaves.cancel()
    stays = await started(flights, slow, "a")
    slow.may_answer.set()
    assert await stays == {"a": "A"}
    assert len(slow.asked) == 2


async def test_what_is_joined_is_told_when_it_lands(slow):
    flights: Flights[str] = Flights()
    asking = await started(flights, slow, "a", "b")
    joining = asyncio.create_task(flights.join(["a", "c"], within_s=None))
    await asyncio.sleep(0)
    slow.may_answer.set()
    assert (await joining, await asking) == ({"a": "A"}, {"a": "A", "b": "B"})


async def test_who_joins_waits_no_longer_than_he_said_and_ends_nothing(slow):
    flights: Flights[str] = Flights()
    asking = await started(flights, slow, "a")
    assert await flights.join(["a"], within_s=0.01) == {}
    slow.may_answer.set()
    assert await asking == {"a": "A"}


async def test_an_error_is_not_told_to_who_joined(slow):
    flights: Flights[str] = Flights()
    slow.error = ValueError("no")
    asking = await started(flights, slow, "a")
    slow.may_answer.set()
    assert await flights.join(["a"], within_s=None) == {}
    with pytest.raises(ValueError, match="no"):
        await asking
