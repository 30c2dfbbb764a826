"""What is promised to whoever waits and to whoever does not, through the whole program over scripted model servers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.test_asking_wired import ASK, SURE, UNSURE, WHO, blames_all, written
from tests.unit.inference.models import until

from matjip.app import Service, open_service
from matjip.clock import FakeClock
from matjip.inference.fake_server import Answers, FakeServer, Hangs, Refuses
from matjip.settings import load

BUDGET_S = 1.0  # of an analysis that somebody waits for, here; a real one has asking.interactive_budget_s
SOON_S = 0.3  # an attempt's limit, far below it
SLACK_S = 2.0  # what the machine takes for everything besides asking, at its slowest
IN_TIME, NOT_IN_TIME = SOON_S + SLACK_S, BUDGET_S + SLACK_S
BATCH = replace(ASK, urgency="batch")


@pytest.fixture
async def servers() -> AsyncIterator[tuple[FakeServer, FakeServer]]:
    async with FakeServer(says=blames_all) as first, FakeServer(says=blames_all) as second:
        yield first, second


@asynccontextmanager
async def opened(servers: tuple[FakeServer, ...], folder: Path, **about: object) -> AsyncIterator[Service]:
    model = {
        "urls": ",".join(server.url for server in servers),
        "name": servers[0].model,
        "connect_timeout_s": SOON_S,
        "interactive_first_token_timeout_s": SOON_S,
    }
    settings = load({}, root=folder, data_dir=folder, model=model | about, asking={"interactive_budget_s": BUDGET_S})
    async with open_service(settings, clock=FakeClock()) as service:
        await written(service, SURE, UNSURE)
        yield service


@pytest.mark.parametrize(
    "step", [Hangs(), Refuses(status=500), Refuses(status=429), Answers(breaks_after=0), Answers(hangs_after=0)]
)
async def test_who_waits_is_answered_by_the_other_server(servers, tmp_path, step):
    servers[0].always = step
    async with opened(servers, tmp_path) as service:
        began = time.monotonic()
        found = await service.analyses.sentiment(ASK, WHO)
    assert (found.meta.degraded, found.reviews[1].decided_by) == (False, "llm")
    assert time.monotonic() - began < IN_TIME
    assert len(servers[1].asked) == 1


@pytest.mark.parametrize("step", [Hangs(), Answers(apart_s=0.2), Refuses(status=500)])
async def test_where_no_server_answers_who_waits_is_answered_by_the_built_in_judge_in_time(servers, tmp_path, step):
    for server in servers:
        server.always = step
    async with opened(servers, tmp_path) as service:
        began = time.monotonic()
        found = await service.analyses.sentiment(ASK, WHO)
    assert (found.meta.degraded, found.reviews[1].decided_by) == (True, "lite")
    assert time.monotonic() - began < NOT_IN_TIME


async def test_what_the_time_did_not_allow_is_counted(servers, tmp_path):
    servers[0].always = servers[1].always = Hangs()
    async with opened(servers, tmp_path) as service:
        await service.analyses.sentiment(ASK, WHO)
        value = service.metrics.registry.get_sample_value
        labels = {"task": "sentiment", "reason": "out_of_time"}
        assert value("matjip_model_items_dropped_total", labels) == 1


async def test_a_job_is_asked_again_later_and_answered_by_the_model(servers, tmp_path):
    for server in servers:
        server.script = [Refuses(status=500)] * 2
    async with opened(servers, tmp_path) as service:
        found = await service.analyses.sentiment(BATCH, WHO)
        assert 4 <= service.clock.monotonic() <= 14  # two pauses
    assert (found.meta.degraded, found.reviews[1].decided_by) == (False, "llm")
    assert [len(server.asked) for server in servers] == [3, 2]


async def test_who_waits_is_not_held_by_a_job_that_asks_the_same_of_a_hung_server(servers, tmp_path):
    servers[0].always = servers[1].always = Hangs()
    async with opened(servers, tmp_path) as service:
        job = asyncio.create_task(service.analyses.sentiment(BATCH, WHO))
        await until(lambda: servers[0].asked)
        began = time.monotonic()
        found = await service.analyses.sentiment(ASK, WHO)
        assert (found.meta.degraded, time.monotonic() - began < 1 + NOT_IN_TIME) == (True, True)
        job.cancel()


async def test_who_waits_and_a_job_that_ask_the_same_at_once_ask_once(servers, tmp_path):
    servers[0].always = servers[1].always = Answers(first_after_s=0.1)
    async with opened(servers, tmp_path) as service:
        asks = [service.analyses.sentiment(ask, WHO) for ask in (BATCH, ASK, replace(ASK, urgency="background"))]
        found = await asyncio.gather(*asks)
    assert {each.reviews[1].decided_by for each in found} == {"llm"}
    assert sum(len(server.asked) for server in servers) == 1


async def test_after_an_outage_the_next_question_is_the_models_again(servers, tmp_path):
    servers[0].always = servers[1].always = Refuses(status=500)
    async with opened(servers, tmp_path) as service:
        assert (await service.analyses.sentiment(ASK, WHO)).meta.degraded
        servers[0].always = servers[1].always = Answers()
        again = await service.analyses.sentiment(ASK, WHO)
    assert (again.meta.degraded, again.meta.reused, again.reviews[1].decided_by) == (False, False, "llm")
