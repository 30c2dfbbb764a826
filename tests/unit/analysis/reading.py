"""A scripted judge and a small world for the analyses: opinions are words that stand in the text."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import numpy as np

from matjip.analysis.alerts import Alerts, MemoryAlerts
from matjip.analysis.alike import Alike
from matjip.analysis.analyses import Analyses, AnalysisSettings
from matjip.analysis.counters import EVERYTHING, MemoryCounters, Opinions, month_of
from matjip.analysis.feedback import MemoryFeedback
from matjip.analysis.profiles import GroupProfiles
from matjip.analysis.projection import said
from matjip.analysis.results import MemoryResults
from matjip.caller import Caller
from matjip.clock import FakeClock, numbered_ids
from matjip.errors import Unavailable
from matjip.inference.model import Work
from matjip.inference.task import FindAspects, JudgeSentiment, Mention, Sentiment, Verdict, WordClaim, WriteSummary
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Put, PutRestaurant

START = datetime(2026, 1, 1, tzinfo=UTC)
CALLER = Caller(request_id="req-1")
OPINIONS = {
    "진해": ("taste", "positive", "국물", "진하다"),
    "짜요": ("taste", "negative", "국물", "짜다"),
    "친절": ("service", "positive", None, "친절하다"),
    "rich": ("taste", "positive", "broth", "rich"),
    "slow": ("service", "negative", "staff", "slow"),
}


class ScriptedJudge:
    """Finds the words of OPINIONS; counts the texts that it judged; may be down."""

    name = "scripted/1"

    def __init__(self) -> None:
        self.texts_judged = 0
        self.down = False

    async def judge(self, task):
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("The judge does not answer.")
        if isinstance(task, WordClaim | WriteSummary):
            return tuple(Verdict(answer=one.text, engine="scripted", model=self.name) for one in task.facts)
        self.texts_judged += len(task.texts)
        answer = {JudgeSentiment: self.lean, FindAspects: self.find}[type(task)]
        return tuple(Verdict(answer=answer(text), engine="scripted", model=self.name) for text in task.texts)

    def find(self, text: str) -> tuple[Mention, ...]:
        return tuple(
            Mention(aspect=aspect, polarity=polarity, target=target, opinion=opinion, start=at.start(), end=at.end())
            for word, (aspect, polarity, target, opinion) in OPINIONS.items()
            for at in re.finditer(word, text)
        )

    def lean(self, text: str) -> Sentiment:
        polarities = {mention.polarity for mention in self.find(text)}
        label = polarities.pop() if len(polarities) == 1 else "neutral"
        return Sentiment(label=label, p_positive={"positive": 0.9, "negative": 0.1}.get(label, 0.5), confidence=0.9)


class CountedAtOnce(MemoryCounters):
    """Counters that are never behind: what the judge finds in the reviews as they stand."""

    def __init__(self, reviews: MemoryReviews, judge: ScriptedJudge) -> None:
        super().__init__()
        self._reviews, self._judge = reviews, judge

    async def position(self) -> int:
        return await self._reviews.position()

    async def of(self, tenant, restaurant_ids, counted=EVERYTHING):
        self._opinions = {
            each.key: each
            for restaurant_id in restaurant_ids
            for review in await self._reviews.reviews(tenant, restaurant_id)
            for each in [self._read(tenant, review)]
        }
        return await super().of(tenant, restaurant_ids, counted)

    def _read(self, tenant, review) -> Opinions:
        return Opinions(
            tenant=tenant,
            restaurant_id=review.restaurant_id,
            review_id=review.id,
            author_id=review.author_id,
            month=month_of(review.created_at),
            language=language_of(review.content),
            source=review.source,
            said=said(self._judge.find(review.content)),
        )


def language_of(text: str) -> str:
    return "ko" if re.search("[가-힣]", text) else "en"


class World:
    """Everything that the analyses stand on, in memory."""

    def __init__(self, quality=None, writer=None, hidden=r"\d", **settings) -> None:
        self.clock = FakeClock(START)
        self.reviews = MemoryReviews(self.clock, erasure_key=b"k" * 32)
        self._read, self.reads = self.reviews.reviews, 0
        self.reviews.reviews = self.count_reads
        self.judge = ScriptedJudge()
        self.writer = writer
        self.answering: dict[str, ScriptedJudge] = {}  # for tenants with a judge of their own
        self.works: list[Work] = []  # that a judge was asked for
        self.counters = CountedAtOnce(self.reviews, self.judge)
        self.results = MemoryResults()
        self.feedback = MemoryFeedback()
        self.records: list[object] = []
        self.told: list[object] = []
        self.alerts = Alerts(MemoryAlerts(), clock=self.clock, hooks=[self.told.append])
        self.analyses = Analyses(
            self.reviews,
            self.judge,
            self.results,
            GroupProfiles(self.reviews, self.counters, self.reviews.position),
            Alike(self.centroid),
            clock=self.clock,
            new_id=numbered_ids("run"),
            language_of=language_of,
            mask=lambda text: re.sub(hidden, lambda found: "*" * len(found[0]), text),
            near_duplicates=lambda texts: [None] * len(texts),
            quality=quality,
            feedback=self.feedback,
            judge_of=self.judge_of,
            writer_of=self.writer_of if writer else None,
            hooks=[self.records.append],
            watch=self.alerts.look,
            settings=AnalysisSettings(**settings),
        )

    async def writer_of(self, work):
        return self.writer

    async def judge_of(self, work):
        self.works.append(work)
        return self.answering.get(work.tenant, self.judge)

    async def centroid(self, tenant, restaurant_id):
        """The sum of vectors of two numbers: how often the broth is spoken of, and how often service is."""
        said = [review.content for review in await self._read(tenant, restaurant_id)]
        return np.array([sum("국물" in each for each in said), sum("친절" in each for each in said)]), len(said)

    async def count_reads(self, *args, **kwargs):
        self.reads += 1
        return await self._read(*args, **kwargs)

    async def write(
        self, *contents: str, restaurant_id: str = "r", prefix: str = "", authors: bool = False, days_ago: int = 0
    ) -> None:
        puts = [
            Put(
                review=ReviewDraft(
                    restaurant_id=restaurant_id,
                    id=f"{prefix}{at:03}",
                    content=content,
                    author_id=f"a{at % 2}" if authors else None,
                    created_at=START - timedelta(days=days_ago + at % 80),
                )
            )
            for at, content in enumerate(contents)
        ]
        await self.reviews.write(puts, CALLER)

    async def open_restaurant(self, restaurant_id: str = "r", **about) -> None:
        await self.reviews.write([PutRestaurant(restaurant=RestaurantDraft(id=restaurant_id, **about))], CALLER)
