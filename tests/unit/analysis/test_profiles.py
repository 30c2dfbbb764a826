"""Profiles of a group under writes that come between."""

import asyncio

from tests.unit.analysis.reading import World

from matjip.analysis.counters import EVERYTHING
from matjip.analysis.profiles import GroupProfiles


class Waiting:
    """Counters whose first answer waits until it is let go, as a database's may."""

    def __init__(self, inner) -> None:
        self._inner = inner
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def position(self):
        return await self._inner.position()

    async def of(self, *asked):
        found = await self._inner.of(*asked)
        if not self.asked.is_set():
            self.asked.set()
            await self.go.wait()
        return found


async def test_a_review_that_is_written_while_profiles_are_read_is_in_the_next_ones():
    world = World()
    counters = Waiting(world.counters)
    profiles = GroupProfiles(world.reviews, counters, world.reviews.position)
    await world.write("친절해요")
    slow = asyncio.create_task(profiles.of("default", ["r"], EVERYTHING, position=1))
    await counters.asked.wait()
    await world.write("친절해요", prefix="new")
    position = await world.reviews.position()
    later = asyncio.create_task(profiles.of("default", ["r"], EVERYTHING, position=position))
    await asyncio.sleep(0.01)
    counters.go.set()
    await asyncio.gather(slow, later)
    found, _ = await profiles.of("default", ["r"], EVERYTHING, position=position)
    assert found["r"].praise == {"service": 2}
