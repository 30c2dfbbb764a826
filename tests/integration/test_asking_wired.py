"""A model asked through the whole program: for what the built-in judge is not sure of, once, with another to stand in."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from matjip.analysis.ask import Ask
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.inference.fake_server import FakeServer
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Put, PutRestaurant
from matjip.settings import load

SURE, UNSURE = "국물이 정말 진하고 맛있어요. 최고예요!", "그냥 한 번 가 봤어요"
ASK, WHO = Ask(restaurant_id="r"), Caller(request_id="q")
LINE = re.compile(r"^\[(\d+)\] ", re.MULTILINE)


def blames_all(body) -> str:
    """What a model says that takes every review for a bad one."""
    numbers = LINE.findall(body["messages"][-1]["content"])
    items = [{"number": int(number), "label": "negative", "confidence": 0.9} for number in numbers]
    return json.dumps({"items": items})


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=blames_all) as listening:
        yield listening


@asynccontextmanager
async def opened(server: FakeServer, folder: Path) -> AsyncIterator[Service]:
    retry = {"tries": 1}
    model = {"urls": server.url, "name": server.model, "retry": retry, "connect_timeout_s": 0.2}
    async with open_service(load({}, root=folder, data_dir=folder, model=model)) as service:
        yield service


async def written(service: Service, *texts: str, tenant: str = "default") -> None:
    reviews = [
        Put(review=ReviewDraft(id=str(at), restaurant_id="r", content=text, author_id="a"))
        for at, text in enumerate(texts)
    ]
    await service.reviews.write(
        [PutRestaurant(restaurant=RestaurantDraft(id="r")), *reviews], Caller(tenant=tenant, request_id="q")
    )


async def test_only_what_the_built_in_judge_is_not_sure_of_is_asked(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await written(service, SURE, UNSURE)
        found = await service.analyses.sentiment(ASK, WHO)
    assert [(each.label, each.decided_by) for each in found.reviews] == [("positive", "lite"), ("negative", "llm")]
    assert (found.meta.engine, found.meta.degraded, found.meta.usage.tokens > 0) == ("lite+llm", False, True)


async def test_an_answer_is_asked_for_once_whatever_is_analysed_and_however_often(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await written(service, SURE, UNSURE)
        await asyncio.gather(*(service.analyses.sentiment(ASK, WHO) for _ in range(50)))
        _, summary, _ = await service.analyses.every(Ask(restaurant_id="r", refresh=True), WHO)
    assert len(server.asked) == 1
    assert summary.meta.usage.tokens == 0


async def test_while_the_server_is_away_the_built_in_judge_answers_and_says_so(server, tmp_path):
    await server.kill()
    async with opened(server, tmp_path) as service:
        await written(service, SURE, UNSURE)
        found = await service.analyses.sentiment(ASK, WHO)
        await server.start()
        again = await service.analyses.sentiment(ASK, WHO)
    assert (found.meta.degraded, found.reviews[1].decided_by) == (True, "lite")
    assert (again.meta.degraded, again.meta.reused, again.reviews[1].decided_by) == (False, False, "llm")


async def test_another_tenants_equal_review_is_asked_again(server, tmp_path):
    async with opened(server, tmp_path) as service:
        for tenant in ("default", "other"):
            await written(service, UNSURE, tenant=tenant)
            await service.analyses.sentiment(ASK, Caller(tenant=tenant, request_id="q"))
    assert len(server.asked) == 2


async def test_an_erased_persons_answers_are_forgotten(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await written(service, UNSURE)
        await service.analyses.sentiment(ASK, WHO)
        await service.erase("default", "a", WHO)
        await written(service, UNSURE)
        await service.analyses.sentiment(ASK, WHO)
    assert len(server.asked) == 2


async def test_a_dry_run_tells_tokens_from_measured_runs_and_nothing_before(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await written(service, UNSURE)
        assert (await service.analyses.expect("sentiment", ASK, WHO)).tokens is None
        for number in range(5):
            await written(service, f"{UNSURE} {number}")
            await service.analyses.sentiment(ASK, WHO)
        await written(service, UNSURE, f"{UNSURE} 또")
        assert (await service.analyses.expect("sentiment", ASK, WHO)).tokens > 100
