"""The built-in judge: each kind of question has its model."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar, cast

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.sentiment import SentimentModel
from matjip.inference.lite.situations import expand
from matjip.inference.lite.weights import verify
from matjip.inference.quality import QUALITY, Quality, read_quality
from matjip.inference.task import ExpandQuery, FindAspects, JudgeSentiment, Task, Verdict, WordClaim, WriteSummary

__all__ = ["LiteJudge"]

A = TypeVar("A")
VERSION = "3"  # raised with every new file of weights, so that stored results are known to be another model's
SLICE = 200  # texts between two looks at the event loop: a few milliseconds of the interpreter


class LiteJudge:
    """Sentiment, aspects and query expansion on one core, tens of thousands of reviews a second."""

    name = f"lite/{VERSION}"

    def __init__(self, sentiment: SentimentModel, aspects: AspectFinder, quality: Quality | None = None) -> None:
        self.quality = quality or Quality()
        self._sentiment, self._aspects = sentiment, aspects

    @classmethod
    def load(cls, folder: Traversable | Path | None = None) -> "LiteJudge":
        """The judge with the weights of a folder, by default the package's. Raises Misconfigured where one is damaged."""
        folder = folder or files("matjip.inference.lite")
        verify(folder)
        aspects = AspectFinder.load(folder)
        return cls(aspects.sentiment, aspects, read_quality((folder / QUALITY).read_bytes()))

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        count = len(task.items)
        found: list[object] = []
        for start in range(0, count, SLICE):
            if count <= SLICE:
                found += self._answer(task)
            else:
                part = task.among(range(start, min(start + SLICE, count)))
                found += await asyncio.to_thread(self._answer, part)
        return tuple(Verdict(answer=cast(A, one), engine="lite", model=self.name) for one in found)

    def _answer(self, task: Task[A]) -> Sequence[object]:
        match task:
            case JudgeSentiment(texts=texts, mentions=mentions):
                known = tuple(self._aspects.find(texts)) if mentions is None else mentions
                return tuple(self._sentiment.judge(texts, known))
            case FindAspects(texts=texts):
                return tuple(self._aspects.find(texts))
            case ExpandQuery(queries=queries):
                return expand(queries)
            case WordClaim(facts=facts) | WriteSummary(facts=facts):
                return tuple(one.text for one in facts)
        raise TypeError(f"{type(task).__name__} is none of its questions")
