"""A model that is left alone for a while when it fails in a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from matjip.clock import Clock
from matjip.inference.breaker import BreakerSettings, BreakerState, Gate
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Model, Prompt
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import logger
from matjip.telemetry.record import BreakerMoved, Hook

__all__ = ["GuardStatus", "Guarded"]

DEPENDENCY = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardStatus:
    """Where a guard stands, for whoever looks after the service."""

    state: BreakerState
    failures: int  # in a row
    retry_in_s: int | None  # until a probe may pass; None while calls pass


class Guarded:
    """A Model around a Model. Fails closed while open: a call is refused at once, with when to come back.

    Invalid and a server that is busy (429) are signs of life. A probe that is cancelled leaves the next call to probe.
    """

    def __init__(self, inner: Model, settings: BreakerSettings, *, clock: Clock, hooks: Sequence[Hook] = ()) -> None:
        self._inner = inner
        self._hooks = tuple(hooks)
        self._gate = Gate(settings, clock, self._moved)
        tell(self._hooks, BreakerMoved(dependency=DEPENDENCY, state="closed"))

    @property
    def name(self) -> str:
        return self._inner.name

    def status(self) -> GuardStatus:
        """Where it stands now."""
        waits = None if self._gate.admits() else self._gate.wait_s()
        return GuardStatus(state=self._gate.state, failures=self._gate.failures, retry_in_s=waits)

    async def complete(self, prompt: Prompt) -> Completion:
        if not self._gate.admits():
            wait_s = self._gate.wait_s()
            raise ModelFailure(
                f"The model failed several times in a row and is left alone for {wait_s} s.",
                reason="left_alone",
                retry_after_s=wait_s,
            )
        with self._gate.passing():
            return await self._inner.complete(prompt)

    def _moved(self, state: BreakerState) -> None:
        logger(__name__).warning("the model's breaker moved", state=state)
        tell(self._hooks, BreakerMoved(dependency=DEPENDENCY, state=state))
