"""A model that is asked again, where that can help and somebody has the time."""

import random
from collections.abc import Sequence
from itertools import count

from pydantic import BaseModel, Field

from matjip.clock import Clock
from matjip.inference.failure import ModelFailure, Reason
from matjip.inference.model import Completion, Model, Prompt, Urgency
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import Hook, RetryScheduled

__all__ = ["Retried", "RetrySettings", "after_failure"]

# Another attempt meets the same wall: a setting is wrong, or the breaker says when to come back.
NEVER_AGAIN: frozenset[Reason] = frozenset(("not_allowed",))
# Somebody waits: only what broke at once is worth another attempt, a server that is slow or full is not.
AT_ONCE: frozenset[Reason] = frozenset(("lost", "malformed"))
INTERACTIVE_TRIES = 2


class RetrySettings(BaseModel, frozen=True, extra="forbid"):
    """What of background work is asked again. Where somebody waits, there is one more attempt at once and no pause."""

    tries: int = Field(3, ge=1, le=20, description="Attempts in all, for work that nobody waits for.")
    first_wait_s: float = Field(2.0, gt=0, le=600, description="The shortest pause between two attempts.")
    max_wait_s: float = Field(
        10.0, gt=0, le=600, description="The longest; a server that asks for more is given up and its number passed on."
    )


class Retried:
    """A Model around a Model. Fails closed: what every attempt failed at is raised, as the last one said it.

    Invalid is never repeated. A cancelled call ends the pause too.
    """

    def __init__(
        self, inner: Model, settings: RetrySettings, *, clock: Clock, dice: random.Random, hooks: Sequence[Hook] = ()
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._clock = clock
        self._dice = dice
        self._hooks = tuple(hooks)

    @property
    def name(self) -> str:
        return self._inner.name

    async def complete(self, prompt: Prompt) -> Completion:
        for tries in count(1):
            try:
                return await self._inner.complete(prompt)
            except ModelFailure as failure:
                wait_s = after_failure(failure, tries, urgency=prompt.urgency, rules=self._settings, dice=self._dice)
                if wait_s is None:
                    raise
                tell(self._hooks, RetryScheduled(reason=failure.reason, tries=tries, wait_s=wait_s))
            await self._clock.sleep(wait_s)
        raise AssertionError("count never ends")


def after_failure(
    failure: ModelFailure, tries: int, *, urgency: Urgency, rules: RetrySettings, dice: random.Random
) -> float | None:
    """Seconds to wait before the next attempt, after so many; None: give up.

    The range doubles with each attempt and the pause is anywhere in it, so that those who failed together do not come back
    together; never before the server's own Retry-After.
    """
    if failure.reason in NEVER_AGAIN:
        return None
    if urgency == "interactive":
        return 0.0 if failure.reason in AT_ONCE and tries < INTERACTIVE_TRIES else None
    asked_s = failure.retry_after_s or 0
    if tries >= rules.tries or asked_s > rules.max_wait_s:
        return None
    widest_s = min(rules.first_wait_s * 2**tries, rules.max_wait_s)
    return dice.uniform(max(rules.first_wait_s, asked_s), max(widest_s, asked_s + rules.first_wait_s))
