"""A prompt and a model for the tests of what stands around a model."""

import asyncio
from collections.abc import Callable, Sequence

from matjip.errors import MatjipError
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Message, Prompt, Timing, TokenUsage, Urgency, Work

ANSWER = Completion(
    text="{}",
    finish="stop",
    model="scripted/1",
    usage=TokenUsage(prompt=10, completion=1),
    timing=Timing(first_token_s=0.1, total_s=0.2),
)
LOOK_EVERY_S = 0.01
GONE = ModelFailure("gone", reason="refused")


def prompt(*, urgency: Urgency = "batch", **about: object) -> Prompt:
    work = Work(tenant="default", kind="sentiment", urgency=urgency)
    given = {"task": "sentiment", "version": "sentiment/1", "messages": (Message("user", "맛있어요"),), "work": work}
    return Prompt(**(given | {"max_tokens": 16, "tokens": 10} | about))


async def until(condition: Callable[[], object], *, within_s: float = 3.0) -> None:
    """Wait for what happens by itself, and fail where it does not."""
    for _ in range(round(within_s / LOOK_EVERY_S)):
        if condition():
            return
        await asyncio.sleep(LOOK_EVERY_S)
    raise AssertionError(f"it did not happen within {within_s} s")


class ScriptedModel:
    """Raises what its script holds, in order, and answers when it has run out."""

    name = "scripted/1"

    def __init__(self, script: Sequence[MatjipError | None] = ()) -> None:
        self.script = list(script)
        self.asked = 0

    async def complete(self, asked: Prompt) -> Completion:
        self.asked += 1
        if self.script and (error := self.script.pop(0)):
            raise error
        return ANSWER
