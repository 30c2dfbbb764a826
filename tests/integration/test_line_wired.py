"""Calls to a model wait in one line, through the whole program: who finds no room in time is answered otherwise, or told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.integration.test_asking_wired import UNSURE, blames_all

from matjip.analysis.ask import Ask, InlineReview
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.errors import Unavailable
from matjip.inference.fake_server import Answers, FakeServer
from matjip.settings import load

WHO = Caller(request_id="q")
NARROW = {"window_tokens": 256, "interactive_deadline_s": 0.3}  # room for one prompt until its first token comes


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=blames_all) as listening:
        yield listening


@asynccontextmanager
async def opened(server: FakeServer, folder: Path, **scheduling: object) -> AsyncIterator[Service]:
    model = {"urls": server.url, "name": server.model, "retry": {"tries": 1}}
    settings = load({}, root=folder, data_dir=folder, model=model, scheduling={**NARROW, **scheduling})
    async with open_service(settings) as service:
        yield service


def ask(number: int, **about: object) -> Ask:
    review = InlineReview(id="1", content=f"{UNSURE} {number}")
    return Ask(restaurant_id="r", reviews=(review,), **about)  # type: ignore[arg-type]


async def test_whoever_finds_no_room_in_time_is_answered_by_the_built_in_judge_and_told_so(server, tmp_path):
    server.always = Answers(first_after_s=1.0)
    async with opened(server, tmp_path) as service:
        found = await asyncio.gather(*(service.analyses.sentiment(ask(number), WHO) for number in range(5)))
    assert sorted(each.meta.degraded for each in found) == [False, True, True, True, True]
    assert len(server.asked) == 1


async def test_whoever_would_rather_have_an_error_is_told_when_to_come_back(server, tmp_path):
    server.always = Answers(first_after_s=1.0)
    async with opened(server, tmp_path) as service:
        first = asyncio.create_task(service.analyses.sentiment(ask(0), WHO))
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable, match="no room") as refused:
            await service.analyses.sentiment(ask(1, on_refusal="error"), WHO)
        await first
    assert refused.value.retry_after_s == 1


async def test_a_batch_waits_for_its_turn_where_a_person_is_refused(server, tmp_path):
    server.always = Answers(first_after_s=0.5)
    async with opened(server, tmp_path) as service:
        jobs = [service.analyses.sentiment(ask(number, urgency="batch"), WHO) for number in range(4)]
        found = await asyncio.gather(*jobs)
    assert not any(each.meta.degraded for each in found)
    assert len(server.asked) == 4


async def test_a_refusal_opens_no_breaker(server, tmp_path):
    server.always = Answers(first_after_s=1.0)
    async with opened(server, tmp_path) as service:
        await asyncio.gather(*(service.analyses.sentiment(ask(number), WHO) for number in range(12)))
        server.always = Answers()
        assert not (await service.analyses.sentiment(ask(99), WHO)).meta.degraded


async def test_a_caller_that_goes_away_gives_its_place_to_the_next(server, tmp_path):
    server.always = Answers(first_after_s=60.0)
    async with opened(server, tmp_path) as service:
        gone = asyncio.create_task(service.analyses.sentiment(ask(0), WHO))
        await asyncio.sleep(0.1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        server.always = Answers()
        assert not (await service.analyses.sentiment(ask(1), WHO)).meta.degraded
        assert service.line is not None
        assert (service.line.view().waiting, service.line.view().running) == (0, 0)


async def test_what_is_asked_carries_its_class_to_the_server_where_it_reads_priorities(server, tmp_path):
    model = {"urls": server.url, "name": server.model, "sends_priority": True}
    async with open_service(load({}, root=tmp_path, data_dir=tmp_path, model=model)) as service:
        for urgency in ("interactive", "batch"):
            await service.analyses.sentiment(ask(len(urgency), urgency=urgency), WHO)
    assert [json.loads(json.dumps(each.body))["priority"] for each in server.asked] == [0, 10]
