"""The whole way on a file: the record in SQL, the built-in judge, results that outlive the process that made them."""

from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import text

from matjip.analysis.alike import Alike
from matjip.analysis.analyses import Analyses
from matjip.analysis.ask import Ask
from matjip.analysis.counters import MemoryCounters
from matjip.analysis.profiles import GroupProfiles
from matjip.analysis.results import SqlResults
from matjip.caller import Caller
from matjip.clock import FakeClock, new_id
from matjip.database import DatabaseSettings, open_database
from matjip.inference.cached import CachedJudge
from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.language import language_of
from matjip.inference.lite.mask import mask
from matjip.reviews.review import ReviewDraft
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Put

CALLER = Caller(request_id="q")
ASK = Ask(restaurant_id="r")
START = datetime(2026, 3, 1, tzinfo=UTC)
CONTENTS = (
    "국물이 진하고 맛있어요. 예약은 010-1234-5678 로 했습니다",
    "국물이 정말 진해요! 직원도 친절합니다",
    "국물 진하고 면이 쫄깃해요 😋",
    "직원이 친절해요. 또 갈게요",
    "사장님이 친절하시고 국물이 진합니다",
    "너무 짜고 직원이 불친절했어요",
)


async def _no_centroid(_tenant, _restaurant_id):
    return np.zeros(2, dtype=np.int64), 0


class Opened:
    """The analyses over the file in a folder."""

    def __init__(self, folder) -> None:
        self.clock = FakeClock(START)
        self.database = open_database(DatabaseSettings(), data_dir=folder)
        self.reviews = SqlReviews(self.database, self.clock, erasure_key=b"k" * 32)
        self.analyses = Analyses(
            self.reviews,
            CachedJudge(LiteJudge.load()),
            SqlResults(self.database),
            GroupProfiles(self.reviews, MemoryCounters(), self.reviews.position),
            Alike(_no_centroid),
            clock=self.clock,
            new_id=new_id,
            language_of=language_of,
            mask=mask,
            near_duplicates=near_duplicates,
        )

    async def __aenter__(self) -> "Opened":
        await self.database.migrate()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.close()

    async def write(self, *contents: str) -> None:
        drafts = (
            ReviewDraft(restaurant_id="r", id=str(at), content=content, created_at=START - timedelta(days=at))
            for at, content in enumerate(contents)
        )
        await self.reviews.write([Put(review=draft) for draft in drafts], CALLER)


async def test_a_result_outlives_its_process_and_is_reused_by_the_next(tmp_path):
    async with Opened(tmp_path) as first:
        await first.write(*CONTENTS)
        made = await first.analyses.summary(ASK, CALLER)
    async with Opened(tmp_path) as second:
        again = await second.analyses.summary(ASK, CALLER)
        runs, _ = await second.analyses.history("default", "r", "summary")
    assert (again.meta.run_id, again.meta.reused, again.overall) == (made.meta.run_id, True, made.overall)
    assert sorted(run.outcome for run in runs) == ["ok", "reused"]


async def test_a_result_that_another_version_stored_in_another_shape_is_worked_out_again(tmp_path):
    async with Opened(tmp_path) as opened:
        await opened.write(*CONTENTS)
        made = await opened.analyses.summary(ASK, CALLER)
        async with opened.database.writing() as connection:
            await connection.execute(text('UPDATE results SET body = \'{"shape": "of yesterday"}\''))
        again = await opened.analyses.summary(ASK, CALLER)
    assert (again.overall, again.meta.reused) == (made.overall, False)


async def test_the_built_in_judge_finds_what_the_reviews_say(tmp_path):
    async with Opened(tmp_path) as opened:
        await opened.write(*CONTENTS)
        summary = await opened.analyses.summary(ASK, CALLER)
        strengths = await opened.analyses.strengths(ASK, CALLER)
    assert {statement.aspect for statement in summary.positive} == {"taste", "service"}
    assert "국물이 진하다는 칭찬이 많습니다" in {strength.claim for strength in strengths.strengths}


async def test_no_published_quote_holds_a_telephone_number(tmp_path):
    async with Opened(tmp_path) as opened:
        await opened.write(*["국물이 진해요 010-1234-5678 문의"] * 1, *CONTENTS)
        summary = await opened.analyses.summary(ASK, CALLER)
    assert "1234-5678" not in summary.model_dump_json()
