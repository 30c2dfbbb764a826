"""A judge's sentiment against labelled reviews, with the baselines that it must beat on the same rows."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matjip.analysis.proportions import wilson
from matjip.evaluation.measures import accuracy, calibration_error, macro_f1
from matjip.inference.judge import Judge
from matjip.inference.task import JudgeSentiment, Label, Polarity

__all__ = ["Evaluation", "Labelled", "evaluate_sentiment", "lexicon_answer"]

# The baseline that anybody would write first: count praise and blame, and say which is more.
PRAISE = re.compile(
    "맛있|맛나|좋|최고|친절|추천|만족|훌륭|깔끔|굿|대박|예쁘|저렴|푸짐|great|good|delicious|amazing|excellent|love|best|friendly|nice|perfect",
    re.IGNORECASE,
)
BLAME = re.compile(
    "맛없|별로|최악|불친절|실망|비싸|짜|느끼|더럽|시끄럽|아깝|비추|후회|bad|terrible|awful|worst|rude|bland|slow|dirty|never|overpriced|cold",
    re.IGNORECASE,
)


class Labelled(NamedTuple):
    """A review and which way it leans."""

    text: str
    label: Polarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How often a judge is right where the truth is positive or negative. A neutral answer counts by its probability."""

    n: int
    accuracy: float
    low: float  # 95 % interval of the accuracy
    high: float
    macro_f1: float
    calibration_error: float
    decided: float  # share that the judge did not leave neutral
    accuracy_decided: float
    majority_accuracy: float
    lexicon_accuracy: float
    counts: dict[tuple[Polarity, Label], int]  # (truth, answer) → rows, neutral answers by their name


async def evaluate_sentiment(judge: Judge, rows: Sequence[Labelled]) -> Evaluation:
    """Judge every row and measure. `rows` must not be empty."""
    verdicts = [verdict.answer for verdict in await judge.judge(JudgeSentiment(tuple(row.text for row in rows)))]
    truth: list[str] = [row.label for row in rows]
    answers = ["positive" if verdict.p_positive >= 0.5 else "negative" for verdict in verdicts]
    decided = [
        (verdict.label, true) for verdict, true in zip(verdicts, truth, strict=True) if verdict.label != "neutral"
    ]
    interval = wilson(round(accuracy(answers, truth) * len(rows)), len(rows))
    majority = Counter(truth).most_common(1)[0]
    return Evaluation(
        n=len(rows),
        accuracy=accuracy(answers, truth),
        low=interval.low,
        high=interval.high,
        macro_f1=macro_f1(answers, truth),
        calibration_error=calibration_error(
            [one.p_positive for one in verdicts], [true == "positive" for true in truth]
        ),
        decided=len(decided) / len(rows),
        accuracy_decided=sum(label == true for label, true in decided) / max(len(decided), 1),
        majority_accuracy=majority[1] / len(rows),
        lexicon_accuracy=accuracy([lexicon_answer(row.text, default=majority[0]) for row in rows], truth),
        counts=dict(Counter((row.label, verdict.label) for row, verdict in zip(rows, verdicts, strict=True))),
    )


def lexicon_answer(text: str, *, default: str) -> str:
    """More words of praise, or more of blame; `default` where they are equal."""
    balance = len(PRAISE.findall(text)) - len(BLAME.findall(text))
    return "positive" if balance > 0 else "negative" if balance < 0 else default
