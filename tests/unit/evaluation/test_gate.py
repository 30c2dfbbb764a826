"""A candidate's way: into shadow, compared, published, taken back; and whose answers a tenant hears meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.evaluation.sites import adapted, shipped, site

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import Conflict, NotFound, Unavailable
from matjip.evaluation.gate import Gate, disagreement
from matjip.evaluation.judges import POLL_S, Judges, ShadowedJudge
from matjip.evaluation.versions import MemoryVersions
from matjip.inference.lite.adapted import Adaptation, version_of
from matjip.inference.task import FindAspects, JudgeSentiment
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Put
from matjip.telemetry.record import Record

CALLER = Caller(actor="me", request_id="q")
TEXTS = tuple(one.text for one in site()[:200])


class World:
    """A gate over memory, and what was recorded."""

    def __init__(self) -> None:
        self.clock, self.versions, self.records = FakeClock(), MemoryVersions(), list[Record]()
        self.reviews = MemoryReviews(self.clock, erasure_key=b"k")
        self.judges = self.elsewhere()
        self.wrong: str | None = None
        self.gate = Gate(self.versions, self.judges, self.reviews, golden=self.golden, clock=self.clock)

    def elsewhere(self) -> Judges:
        """The judges of another process over the same versions."""
        return Judges(shipped(), self.versions, clock=self.clock, hooks=[self.records.append], share=0.5)

    async def golden(self, judge) -> str | None:
        return self.wrong

    async def proposed(self, *, bias: float | None = None) -> str:
        found = await adapted()
        if bias is not None:
            changed = replace(found.adaptation, biases={"": 0.0, "ko": bias})
            body = changed.to_bytes()
            current = (await self.gate.current("default")).name
            found = replace(found, adaptation=changed, body=body, version=version_of(body), compared_with=current)
        self.clock.move(1)
        return (await self.gate.propose(found, CALLER)).version

    async def status(self, version: str) -> str:
        return (await self.gate.one("default", version)).status

    async def answers(self, judges: Judges | None = None) -> str:
        judge = await (judges or self.judges).of("default")
        return {one.model for one in await judge.judge(JudgeSentiment(TEXTS))}.pop()


@pytest.fixture
def world() -> World:
    return World()


async def test_a_candidate_in_shadow_changes_no_answer(world):
    before = await (await world.judges.of("default")).judge(JudgeSentiment(TEXTS))
    await world.proposed()
    assert await (await world.judges.of("default")).judge(JudgeSentiment(TEXTS)) == before


async def test_what_the_shadow_would_have_said_is_counted(world):
    version = await world.proposed()
    await world.answers()
    await world.judges.close()
    found = await world.gate.one("default", version)
    assert 50 < found.agreed + found.disagreed < 150  # half of the texts, by their hash
    counted = {record.outcome: record.texts for record in world.records}
    assert counted == {"agreed": found.agreed, "disagreed": found.disagreed}
    assert found.disagreed > 0


async def test_what_a_shadow_saw_is_written_down_once_though_many_ask_at_once(world, monkeypatch):
    count = world.versions.count

    async def slow(*about, **seen):
        await asyncio.sleep(0)
        await count(*about, **seen)

    monkeypatch.setattr(world.versions, "count", slow)
    version = await world.proposed()
    await world.answers()
    world.clock.move(POLL_S)
    await asyncio.gather(*(world.judges.of("default") for _ in range(10)))
    found = await world.gate.one("default", version)
    assert found.agreed + found.disagreed == sum(record.texts for record in world.records)


async def test_a_shadow_that_fails_is_counted_and_heard_of_by_nobody(world):
    class Broken:
        name = "broken"

        async def judge(self, task):
            raise Unavailable("away")

    judge = ShadowedJudge(shipped(), Broken(), seen=lambda *_: None, hooks=[world.records.append], share=1.0)
    assert await judge.judge(JudgeSentiment(TEXTS)) == await shipped().judge(JudgeSentiment(TEXTS))
    assert [(record.outcome, record.texts) for record in world.records] == [("failed", 200)]


async def test_aspects_are_no_business_of_a_shadow(world):
    await world.proposed()
    await (await world.judges.of("default")).judge(FindAspects(TEXTS))
    assert world.records == []


async def test_a_published_version_answers_and_names_itself_in_every_answer(world):
    version = await world.proposed()
    await world.gate.publish(version, CALLER)
    assert await world.answers() == f"lite/3+{version}"
    assert await world.status(version) == "published"


async def test_another_tenant_is_answered_by_the_shipped_judge(world):
    await world.gate.publish(await world.proposed(), CALLER)
    assert (await world.judges.of("other")).name == "lite/3"


async def test_another_process_notices_within_seconds(world):
    elsewhere = world.elsewhere()
    await world.answers(elsewhere)
    version = await world.proposed()
    await world.gate.publish(version, CALLER)
    assert await world.answers(elsewhere) == "lite/3"
    world.clock.move(POLL_S)
    assert await world.answers(elsewhere) == f"lite/3+{version}"


async def test_taking_back_brings_the_one_before_and_then_the_shipped_weights(world):
    first = await world.proposed()
    await world.gate.publish(first, CALLER)
    second = await world.proposed(bias=0.3)
    await world.gate.publish(second, CALLER)
    assert await world.status(first) == "retired"
    assert (await world.gate.roll_back(CALLER)).version == first
    assert await world.status(second) == "dropped"
    assert await world.gate.roll_back(CALLER) is None
    assert await world.answers() == "lite/3"


async def test_nothing_published_cannot_be_taken_back(world):
    with pytest.raises(NotFound, match="shipped weights"):
        await world.gate.roll_back(CALLER)


async def test_a_second_candidate_takes_the_place_of_the_first_in_shadow(world):
    first, second = await world.proposed(), await world.proposed(bias=0.3)
    assert (await world.status(first), await world.status(second)) == ("dropped", "shadow")


async def test_a_dropped_version_is_not_published_and_one_that_answers_is_not_dropped(world):
    version = await world.proposed()
    await world.gate.drop(version, CALLER)
    with pytest.raises(Conflict, match="was dropped"):
        await world.gate.publish(version, CALLER)
    again = await world.proposed()
    await world.gate.publish(again, CALLER)
    with pytest.raises(Conflict, match="rollback"):
        await world.gate.drop(again, CALLER)


async def test_what_was_not_kept_does_not_reach_the_shadow(world):
    lost = replace(await adapted(), reason="no_gain", sentence="It gains nothing.")
    with pytest.raises(Conflict, match="gains nothing"):
        await world.gate.propose(lost, CALLER)
    assert await world.gate.all("default") == []


async def test_a_judge_that_gets_golden_sentences_wrong_is_neither_proposed_nor_published(world):
    version = await world.proposed()
    world.wrong = "1 of 10 sentences that everybody understands came out wrong"
    with pytest.raises(Conflict, match="everybody understands"):
        await world.gate.publish(version, CALLER)
    with pytest.raises(Conflict, match="everybody understands"):
        await world.proposed(bias=0.3)
    assert await world.status(version) == "shadow"


async def test_what_was_compared_with_another_judge_than_answers_now_is_not_published(world):
    found = await adapted()
    await world.gate.publish(await world.proposed(), CALLER)
    changed = replace(found.adaptation, slope=0.9)
    late = replace(found, adaptation=changed, body=changed.to_bytes(), version=version_of(changed.to_bytes()))
    await world.gate.propose(late, CALLER)
    with pytest.raises(Conflict, match="was compared with lite/3"):
        await world.gate.publish(late.version, CALLER)


async def test_a_version_that_was_made_for_other_weights_is_passed_over(world):
    version = await world.proposed()
    await world.gate.publish(version, CALLER)
    found = await world.versions.one("default", "lite", version)
    other = replace(
        Adaptation(**{name: getattr((await adapted()).adaptation, name) for name in Adaptation.__slots__}),
        base="lite/9",
    )
    body = other.to_bytes()
    elsewhere = MemoryVersions()
    await elsewhere.add(replace(found, body=body, version=version_of(body), base="lite/9"))
    judges = Judges(shipped(), elsewhere, clock=world.clock)
    assert (await judges.of("default")).name == "lite/3"


async def test_a_damaged_version_is_passed_over(world):
    version = await world.proposed()
    await world.gate.publish(version, CALLER)
    damaged = MemoryVersions()
    await damaged.add(replace(await world.versions.one("default", "lite", version), body=b"damaged"))
    assert (await Judges(shipped(), damaged, clock=world.clock).of("default")).name == "lite/3"


async def test_who_answered_goes_on_while_the_database_is_away(world, monkeypatch):
    version = await world.proposed()
    await world.gate.publish(version, CALLER)
    await world.answers()

    async def away(*_):
        raise Unavailable("away")

    monkeypatch.setattr(world.versions, "in_use", away)
    world.clock.move(POLL_S)
    assert await world.answers() == f"lite/3+{version}"


async def test_the_report_tells_what_was_measured_and_which_reviews_would_change(world):
    drafts = [ReviewDraft(restaurant_id=f"r{n % 7}", id=str(n), content=text) for n, text in enumerate(TEXTS)]
    await world.reviews.write([Put(review=draft) for draft in drafts], CALLER)
    report = (await world.gate.one("default", await world.proposed())).report
    assert report["aside"]["gain"]["low"] > 0
    differing = report["disagreement"]
    assert differing["reviews"] == 200
    assert 0 < differing["low"] < differing["share"] < differing["high"]
    assert {"restaurant_id", "review_id", "before", "after"} == set(differing["examples"][0])


async def test_a_judge_differs_from_itself_nowhere_and_on_nothing_there_is_nothing_to_say(world):
    assert await disagreement(shipped(), shipped(), world.reviews, "default") is None
    await world.reviews.write([Put(review=ReviewDraft(restaurant_id="r", id="1", content="맛있어요"))], CALLER)
    assert (await disagreement(shipped(), shipped(), world.reviews, "default")).changed == 0
