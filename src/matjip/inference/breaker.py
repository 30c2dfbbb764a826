"""When a dependency is left alone: failures in a row open the breaker, and one probe finds out whether it may close again.

The decisions are functions from values to a value; `Gate` holds the value for one dependency of a process.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, Field

from matjip.clock import Clock
from matjip.errors import Invalid, MatjipError
from matjip.inference.failure import ModelFailure

__all__ = ["CLOSED", "Breaker", "BreakerSettings", "BreakerState", "Ending", "Gate", "admit", "ending_of", "seen"]

BreakerState = Literal["closed", "open", "half_open"]
Ending = Literal["answered", "failed", "left"]  # left: it ended before anything was known


class BreakerSettings(BaseModel, frozen=True, extra="forbid"):
    """When a server that fails is left alone, and for how long."""

    failures: int = Field(5, ge=1, le=1_000, description="Failures in a row after which the server is left alone.")
    window_s: float = Field(60.0, gt=0, le=3_600, description="They count when they lie within so many seconds.")
    pause_s: float = Field(
        60.0, gt=0, le=3_600, description="How long it is left alone, until a single call probes whether it is back."
    )


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where it stands. An era ends with every change of state: what was asked in another era says nothing of this one."""

    state: BreakerState = "closed"
    failed_at: tuple[float, ...] = ()  # in a row, on the monotonic clock
    until: float = 0.0  # of being open
    era: int = 0


CLOSED = Breaker()


def admit(breaker: Breaker, now: float) -> Breaker | None:
    """The breaker after one call was let through; None where it is not. The call that finds the pause over is the probe."""
    if breaker.state == "closed":
        return breaker
    if breaker.state == "open" and now >= breaker.until:
        return replace(breaker, state="half_open", era=breaker.era + 1)
    return None  # open, or another call is the probe


def seen(breaker: Breaker, era: int, ending: Ending, *, now: float, rules: BreakerSettings) -> Breaker:
    """The breaker after a call that was let through in `era` ended so."""
    if era != breaker.era:
        return breaker
    if ending == "left":  # the next call probes instead
        return replace(breaker, state="open", era=era + 1) if breaker.state == "half_open" else breaker
    if ending == "answered":
        return replace(breaker, failed_at=()) if breaker.state == "closed" else Breaker(era=era + 1)
    failed_at = (*(at for at in breaker.failed_at if now - at < rules.window_s), now)[-rules.failures :]
    if breaker.state == "closed" and len(failed_at) < rules.failures:
        return replace(breaker, failed_at=failed_at)
    return Breaker("open", failed_at, until=now + rules.pause_s, era=era + 1)


def ending_of(error: MatjipError) -> Ending:
    """What an error says of the server. One that refuses a prompt, or has too much to do, is alive."""
    match error:
        case Invalid() | ModelFailure(reason="busy"):
            return "answered"
        case ModelFailure(reason="left_alone" | "no_room"):
            return "left"
        case _:
            return "failed"


class Gate:
    """The breaker of one dependency in this process. Not thread-safe: it is used on the event loop alone."""

    def __init__(
        self, rules: BreakerSettings, clock: Clock, on_move: Callable[[BreakerState], None] | None = None
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._on_move = on_move
        self._breaker = CLOSED

    @property
    def state(self) -> BreakerState:
        return self._breaker.state

    @property
    def failures(self) -> int:
        """In a row, up to now."""
        return len(self._breaker.failed_at)

    def admits(self) -> bool:
        """Whether a call would be let through now."""
        return admit(self._breaker, self._clock.monotonic()) is not None

    def wait_s(self) -> int:
        """Whole seconds until a call may be let through, at least one."""
        return max(1, math.ceil(self._breaker.until - self._clock.monotonic()))

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let what is inside through and see how it ends. Whoever must not pass an open gate asks `admits` before."""
        self._move(admit(self._breaker, self._clock.monotonic()) or self._breaker)
        era = self._breaker.era
        ending: Ending = "left"  # by a cancelled call, or by a fault of ours
        try:
            yield
            ending = "answered"
        except MatjipError as error:
            ending = ending_of(error)
            raise
        finally:
            self._see(era, ending)

    def fail(self) -> None:
        """A failure that was seen from outside, as by a health probe."""
        self._see(self._breaker.era, "failed")

    def _see(self, era: int, ending: Ending) -> None:
        self._move(seen(self._breaker, era, ending, now=self._clock.monotonic(), rules=self._rules))

    def _move(self, after: Breaker) -> None:
        before, self._breaker = self._breaker, after
        if self._on_move and after.state != before.state:
            self._on_move(after.state)
