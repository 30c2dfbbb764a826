"""How often the shipped judge is right on labelled sentences, for the corrections that the analyses make: `quality.json`."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.quality import QUALITY, Detection, Quality, Rate, written
from matjip.inference.task import FindAspects, JudgeSentiment
from training.card import own_rows
from training.sources import SPOKEN_OF
from training.sources import kor_semeval as sentences_of

__all__ = ["write"]

# The categories that mean one aspect of ours; 음식 is three of them, so none of those is measured.
ASPECTS = {"서비스": "service", "가격": "price", "분위기": "atmosphere"}
PRAISING = {"긍정", "대립"}  # praised, or praised and blamed at once


def write(weights: Path, kor_semeval: Path) -> Quality:
    """Measure on every sentence and write the file beside the weights."""
    sentences = sentences_of(kor_semeval)
    texts = tuple(sentences)
    finder = AspectFinder.load(weights)
    judge = LiteJudge(finder.sentiment, finder)
    labels = [verdict.answer.label for verdict in asyncio.run(judge.judge(JudgeSentiment(texts)))]
    mentions = [verdict.answer for verdict in asyncio.run(judge.judge(FindAspects(texts)))]
    own = own_rows()
    ours = asyncio.run(judge.judge(JudgeSentiment(tuple(row.text for row in own))))
    found = Quality(
        measured_on=f"Kor-SemEval, {len(texts):,} sentences; the label positive also on {len(own)} short reviews of ours, "
        "which count as much",
        positive=equally(
            detection(
                (label == "positive", spoken == {"긍정"})
                for label, said in zip(labels, sentences.values(), strict=True)
                if (spoken := set(said.values()) & SPOKEN_OF) in ({"긍정"}, {"부정"}) and label != "neutral"
            ),
            detection(
                (verdict.answer.label == "positive", row.label == "positive")
                for verdict, row in zip(ours, own, strict=True)
                if verdict.answer.label != "neutral"
            ),
        ),
        praise={
            aspect: detection(
                (
                    any(each.aspect == aspect and each.polarity == "positive" for each in read),
                    said.get(category) in PRAISING,
                )
                for read, said in zip(mentions, sentences.values(), strict=True)
            )
            for category, aspect in ASPECTS.items()
        },
    )
    (weights / QUALITY).write_bytes(written(found))
    return found


def equally(one: Detection, other: Detection) -> Detection:
    """Both sets as one, the larger thinned to the size of the smaller: reviews elsewhere may be like either."""

    def rate(mine: Rate, theirs: Rate) -> Rate:
        total = min(mine.total, theirs.total)
        return Rate(hits=round(total * (mine.value + theirs.value)), total=2 * total)

    return Detection(rightly=rate(one.rightly, other.rightly), wrongly=rate(one.wrongly, other.wrongly))


def detection(pairs: Iterable[tuple[bool, bool]]) -> Detection:
    """Of (found, true) pairs."""
    seen = list(pairs)
    there, not_there = [found for found, true in seen if true], [found for found, true in seen if not true]
    return Detection(
        rightly=Rate(hits=sum(there), total=len(there)), wrongly=Rate(hits=sum(not_there), total=len(not_there))
    )
