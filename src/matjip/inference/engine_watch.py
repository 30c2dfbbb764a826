"""What the engines say of themselves, brought to the line that feeds them. Nothing waits for it."""

from collections.abc import Awaitable, Callable, Sequence

from matjip.clock import Clock
from matjip.inference.calibration import Calibration
from matjip.inference.engine_metrics import EngineMetrics
from matjip.inference.scheduled import Scheduled

__all__ = ["EngineWatch"]

EVERY_S = 1.0
# A reading older than this is worth less than what the line believes by itself.
STALE_S = 5.0

Read = Callable[[], Awaitable[Sequence[EngineMetrics | None]]]  # of each server; None where it did not answer


class EngineWatch:
    """Reads each server's metrics. Fails open: while one does not answer, the line goes on by what it believes."""

    def __init__(self, read: Read, line: Scheduled, calibration: Calibration, *, clock: Clock) -> None:
        self._read = read
        self._line = line
        self._calibration = calibration
        self._clock = clock
        self._read_at: float | None = None
        self.latest: tuple[EngineMetrics | None, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Whether every server has said what it holds lately."""
        return self._read_at is not None and self._clock.monotonic() - self._read_at <= STALE_S

    async def follow(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once."""
        self.latest = tuple(await self._read())
        said = [each for each in self.latest if each is not None]
        rooms = [each.kv_tokens for each in said if each.kv_tokens]
        if rooms and len(rooms) == len(self.latest):
            self._calibration.capacity(sum(rooms))
        taken = [each.kv_taken for each in said]
        if said and len(said) == len(self.latest) and None not in taken:
            self._read_at = self._clock.monotonic()
            self._line.measured(sum(each or 0.0 for each in taken))
        elif not self.is_fresh:
            self._line.measured(None)
