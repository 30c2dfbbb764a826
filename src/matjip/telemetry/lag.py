"""How late the event loop is: what everything in this process waits on top of its own work."""

from collections.abc import Sequence

from matjip.clock import Clock
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import Hook, LoopLooked

__all__ = ["watch_loop"]

EVERY_S = 0.1  # a tenth of what a person notices


async def watch_loop(clock: Clock, hooks: Sequence[Hook]) -> None:
    """Sleep, and tell by how much later than asked the sleep ended, until cancelled."""
    while True:
        asked = clock.monotonic()
        await clock.sleep(EVERY_S)
        tell(hooks, LoopLooked(late_s=max(clock.monotonic() - asked - EVERY_S, 0.0)))
