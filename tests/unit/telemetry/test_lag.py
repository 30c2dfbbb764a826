"""How late the event loop is."""

import asyncio

from matjip.clock import FakeClock
from matjip.telemetry.lag import watch_loop
from matjip.telemetry.record import LoopLooked, Record


class Late(FakeClock):
    """Each sleep ends a quarter of a second late."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + 0.25)


async def test_a_sleep_that_ends_late_tells_by_how_much() -> None:
    told: list[Record] = []
    watching = asyncio.create_task(watch_loop(Late(), [told.append]))
    for _ in range(5):
        await asyncio.sleep(0)
    watching.cancel()
    assert [round(each.late_s, 6) for each in told if isinstance(each, LoopLooked)][:2] == [0.25, 0.25]
