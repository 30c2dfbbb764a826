"""What the engines say, brought to the line that feeds them."""

from collections.abc import Sequence

from matjip.clock import FakeClock, numbered_ids
from matjip.inference.calibration import Calibration
from matjip.inference.engine_metrics import EngineMetrics
from matjip.inference.engine_watch import EngineWatch
from matjip.inference.policy import PolicySettings
from matjip.inference.scheduled import Scheduled
from matjip.inference.scripted import ScriptedModel

SAID = EngineMetrics(kv_share=0.5, kv_tokens=20_000)


class Here:
    """A line, its calibration, and engines that say what a test puts there."""

    def __init__(self, *said: EngineMetrics | None) -> None:
        self.said: Sequence[EngineMetrics | None] = said
        self.clock = FakeClock()
        self.calibration = Calibration()
        model = ScriptedModel(lambda _: {})
        ids = numbered_ids("call")
        self.line = Scheduled(model, PolicySettings(), self.calibration, clock=self.clock, new_id=ids)
        self.watch = EngineWatch(self._read, self.line, self.calibration, clock=self.clock)

    async def _read(self) -> Sequence[EngineMetrics | None]:
        return self.said


async def test_the_line_believes_what_the_engines_say_is_taken() -> None:
    here = Here(SAID, SAID)
    await here.watch.look()
    view = here.line.view()
    assert (view.kv_tokens, view.kv_capacity) == (20_000, 40_000)


async def test_one_engine_that_says_nothing_leaves_the_line_to_what_it_believed() -> None:
    here = Here(SAID, None)
    await here.watch.look()
    assert here.line.view().kv_tokens == 0
    assert not here.watch.is_fresh


async def test_a_reading_counts_for_five_seconds_and_is_then_forgotten() -> None:
    here = Here(SAID)
    await here.watch.look()
    here.said = (None,)
    here.clock.move(4)
    await here.watch.look()
    assert here.line.view().kv_tokens == 10_000
    here.clock.move(2)
    await here.watch.look()
    assert here.line.view().kv_tokens == 0


async def test_a_room_that_was_said_once_is_kept() -> None:
    here = Here(SAID)
    await here.watch.look()
    here.said = (None,)
    here.clock.move(60)
    await here.watch.look()
    assert here.line.view().kv_capacity == 20_000
