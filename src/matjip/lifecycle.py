"""Where the process stands in its life: INIT → WARMING → READY → DRAINING → TERMINATED, and never back."""

from collections.abc import Callable
from typing import Literal

from matjip.errors import Conflict, NotReady

__all__ = ["NEXT", "Lifecycle", "Observer", "State"]

State = Literal["INIT", "WARMING", "READY", "DRAINING", "TERMINATED"]
Observer = Callable[[State, State], None]

# A start that fails drains from wherever it stood; nothing leaves TERMINATED.
NEXT: dict[State, tuple[State, ...]] = {
    "INIT": ("WARMING", "DRAINING", "TERMINATED"),
    "WARMING": ("READY", "DRAINING", "TERMINATED"),
    "READY": ("DRAINING", "TERMINATED"),
    "DRAINING": ("TERMINATED",),
    "TERMINATED": (),
}
WHY_NOT: dict[State, str] = {
    "INIT": "The service is starting.",
    "WARMING": "The service is loading its models.",
    "READY": "",
    "DRAINING": "The service is draining: it finishes what it has and takes nothing new.",
    "TERMINATED": "The service has stopped.",
}
START_WAIT_S = 2  # the built-in models load in about a second
DRAIN_WAIT_S = 10  # another replica, or this one restarted, answers by then


class Lifecycle:
    """One process's state. Not thread-safe: it is moved on the event loop alone."""

    def __init__(self, *observers: Observer) -> None:
        self._state: State = "INIT"
        self._observers = observers

    @property
    def state(self) -> State:
        return self._state

    def is_ready(self) -> bool:
        return self._state == "READY"

    def move(self, to: State) -> None:
        """Go to a state. Going where it already stands changes nothing; an illegal step raises Conflict."""
        if to == self._state:
            return
        if to not in NEXT[self._state]:
            legal = ", ".join(NEXT[self._state]) or "nothing"
            raise Conflict(f"A service that is {self._state} cannot become {to}; it can become {legal}.")
        before, self._state = self._state, to
        for observer in self._observers:
            observer(before, to)

    def require_ready(self) -> None:
        """Raise NotReady, with how long to wait, unless new work may start."""
        if self._state != "READY":
            wait_s = START_WAIT_S if self._state in ("INIT", "WARMING") else DRAIN_WAIT_S
            raise NotReady(WHY_NOT[self._state], facts={"state": self._state}, retry_after_s=wait_s)
