"""Reads are counted without a write each, and none is lost to a store that is away."""

from contextlib import suppress

from matjip.analysis.reads import MemoryReads, ReadCounter
from matjip.clock import FakeClock
from matjip.errors import Unavailable
from matjip.telemetry.record import ResultServed

SERVED = ResultServed(tenant="t", restaurant_id="r")


class AwayReads(MemoryReads):
    """Does not answer the first time."""

    is_away = True

    async def add(self, reads) -> None:
        if self.is_away:
            self.is_away = False
            raise Unavailable("The database does not answer.")
        await super().add(reads)


async def test_reads_are_written_down_once_by_their_hour():
    clock, reads = FakeClock(), MemoryReads()
    counter = ReadCounter(reads, clock=clock)
    counter.hear(SERVED)
    clock.move(3_600)
    for _ in range(2):
        counter.hear(SERVED)
    await counter.flush()
    await counter.flush()
    assert await reads.since(clock.now()) == {("t", "r"): 2}


async def test_what_could_not_be_written_down_is_the_next_time():
    clock, reads = FakeClock(), AwayReads()
    counter = ReadCounter(reads, clock=clock)
    counter.hear(SERVED)
    with suppress(Unavailable):
        await counter.flush()
    counter.hear(SERVED)
    await counter.flush()
    assert await reads.since(clock.now()) == {("t", "r"): 2}
