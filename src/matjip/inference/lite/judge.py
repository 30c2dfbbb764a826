"""The built-in judge: each kind of question has its model, in one table."""

import asyncio
from collections.abc import Callable, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar, cast

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.sentiment import SentimentModel
from matjip.inference.lite.situations import expand
from matjip.inference.lite.weights import verify
from matjip.inference.quality import QUALITY, Quality, read_quality
from matjip.inference.task import ExpandQuery, FindAspects, JudgeSentiment, Task, Verdict

__all__ = ["LiteJudge"]

A = TypeVar("A")
VERSION = "3"  # raised with every new file of weights, so that stored results are known to be another model's
SLICE = 200  # texts between two looks at the event loop: a few milliseconds of the interpreter


class LiteJudge:
    """Sentiment, aspects and query expansion on one core, tens of thousands of reviews a second."""

    name = f"lite/{VERSION}"

    def __init__(self, sentiment: SentimentModel, aspects: AspectFinder, quality: Quality | None = None) -> None:
        self.quality = quality or Quality()
        self._answers: dict[type, Callable[[Sequence[str]], Sequence[object]]] = {
            JudgeSentiment: lambda texts: tuple(sentiment.judge(texts, tuple(aspects.find(texts)))),
            FindAspects: lambda texts: tuple(aspects.find(texts)),
            ExpandQuery: expand,
        }

    @classmethod
    def load(cls, folder: Traversable | Path | None = None) -> "LiteJudge":
        """The judge with the weights of a folder, by default the package's. Raises Misconfigured where one is damaged."""
        folder = folder or files("matjip.inference.lite")
        verify(folder)
        aspects = AspectFinder.load(folder)
        return cls(aspects.sentiment, aspects, read_quality((folder / QUALITY).read_bytes()))

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        texts = task.queries if isinstance(task, ExpandQuery) else cast(JudgeSentiment, task).texts
        answer = self._answers[type(task)]
        found: list[object] = []
        for start in range(0, len(texts), SLICE):
            part = texts[start : start + SLICE]
            found += answer(part) if len(texts) <= SLICE else await asyncio.to_thread(answer, part)
        return tuple(Verdict(answer=cast(A, one), engine="lite", model=self.name) for one in found)
