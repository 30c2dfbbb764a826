"""The built-in judge: each kind of question has its model, in one table."""

import asyncio
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import TypeVar, cast

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.sentiment import SentimentModel
from matjip.inference.lite.situations import expand
from matjip.inference.task import ExpandQuery, FindAspects, JudgeSentiment, Task, Verdict

__all__ = ["GOLDEN", "LiteJudge"]

A = TypeVar("A")
VERSION = "1"  # raised with every new file of weights, so that stored results are known to be another model's
SLICE = 200  # texts between two looks at the event loop: a few milliseconds of the interpreter

# What must come out right before the judge may answer anybody: a swapped sign or a torn file is noticed at the start.
GOLDEN = (
    ("맛있어요!", "positive"),
    ("직원분들이 정말 친절하고 음식도 맛있어요", "positive"),
    ("별로예요", "negative"),
    ("최악이에요 다시는 안 갑니다", "negative"),
    ("The food was delicious and the staff were friendly", "positive"),
    ("Terrible service, never again", "negative"),
)


class LiteJudge:
    """Sentiment, aspects and query expansion on one core, tens of thousands of reviews a second."""

    name = f"lite/{VERSION}"

    def __init__(self, sentiment: SentimentModel, aspects: AspectFinder) -> None:
        self._answers: dict[type, Callable[[Sequence[str]], Sequence[object]]] = {
            JudgeSentiment: lambda texts: tuple(sentiment.judge(texts)),
            FindAspects: lambda texts: tuple(aspects.find(texts)),
            ExpandQuery: expand,
        }

    @classmethod
    def load(cls) -> "LiteJudge":
        """The judge with the weights that ship in the package."""
        folder = files("matjip.inference.lite")
        return cls(SentimentModel.load(folder / "sentiment.npz"), AspectFinder.load(folder / "aspects.json"))

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        texts = task.queries if isinstance(task, ExpandQuery) else cast(JudgeSentiment, task).texts
        answer = self._answers[type(task)]
        found: list[object] = []
        for start in range(0, len(texts), SLICE):
            part = texts[start : start + SLICE]
            found += answer(part) if len(texts) <= SLICE else await asyncio.to_thread(answer, part)
        return tuple(Verdict(answer=cast(A, one), engine="lite", model=self.name) for one in found)

    async def faults(self) -> list[str]:
        """Golden sentences that come out wrong; empty when the judge may answer."""
        verdicts = await self.judge(JudgeSentiment(tuple(text for text, _ in GOLDEN)))
        return [
            f"{text!r} is judged {verdict.answer.label}, not {label}"
            for (text, label), verdict in zip(GOLDEN, verdicts, strict=True)
            if verdict.answer.label != label
        ]
