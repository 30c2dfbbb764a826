"""A model that words what was counted, through the whole program."""

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

ASK, WHO = Ask(restaurant_id="r"), Caller(request_id="q")
LINE = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)
REVIEWS = (
    "국물이 정말 진하고 맛있어요. 최고예요!",
    "국물이 진해서 정말 맛있게 먹었어요!",
    "진한 국물이 아주 맛있습니다. 또 올게요!",
)


def rewords(body) -> str:
    """A model that says the rules' text otherwise, and is not sure of any review."""
    items: list[dict[str, object]] = []
    for number, line in LINE.findall(body["messages"][-1]["content"]):
        text = re.search(r'"text":"([^"]*)"', line)
        said = {"text": text[1].replace("칭찬", "호평")} if text else {"label": "neutral", "confidence": 0.6}
        items.append({"number": int(number), **said})
    return json.dumps({"items": items}, ensure_ascii=False)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=rewords) as listening:
        yield listening


@asynccontextmanager
async def opened(server: FakeServer, folder: Path, wording: str = "model") -> AsyncIterator[Service]:
    model = {"urls": server.url, "name": server.model, "retry": {"tries": 1}, "connect_timeout_s": 0.2}
    asking = {"wording": wording}
    async with open_service(load({}, root=folder, data_dir=folder, model=model, asking=asking)) as service:
        reviews = [
            Put(review=ReviewDraft(id=str(at), restaurant_id="r", content=text, author_id=f"a{at}"))
            for at, text in enumerate(REVIEWS)
        ]
        await service.reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r")), *reviews], WHO)
        yield service


def about(server: FakeServer, word: str) -> int:
    """How many of the prompts were about it."""
    return sum(word in json.dumps(one.body, ensure_ascii=False) for one in server.asked)


async def test_the_words_are_the_models_and_the_result_says_so(server, tmp_path):
    async with opened(server, tmp_path) as service:
        _, summary, strengths = await service.analyses.every(ASK, WHO)
    assert "호평" in summary.overall
    assert {summary.overall_worded_by, *(each.worded_by for each in strengths.strengths)} == {"llm"}
    assert (summary.meta.engine, summary.meta.degraded) == ("lite+llm", False)
    assert summary.meta.prompt_version.endswith("claim.1+summary.1")
    assert summary.meta.usage.tokens > 100
    assert summary.meta.disclosure.startswith("리뷰 3개를 소프트웨어가 분석")


async def test_by_default_no_model_words_anything(server, tmp_path):
    async with opened(server, tmp_path, "lite") as service:
        _, summary, _ = await service.analyses.every(ASK, WHO)
    assert "호평" not in summary.overall
    assert (summary.overall_worded_by, about(server, "quotes")) == ("lite", 0)


async def test_equal_facts_are_worded_once_whoever_asks_again(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await service.analyses.strengths(ASK, WHO)
        asked = len(server.asked)
        again = await service.analyses.strengths(Ask(restaurant_id="r", refresh=True), WHO)
    assert len(server.asked) == asked > 0
    assert (again.meta.usage.tokens, again.strengths[0].worded_by) == (0, "llm")


async def test_an_erased_persons_words_are_forgotten_and_worded_anew(server, tmp_path):
    async with opened(server, tmp_path) as service:
        before = await service.analyses.summary(ASK, WHO)
        await service.erase("default", "a0", WHO)
        asked = len(server.asked)
        after = await service.analyses.summary(ASK, WHO)
    assert len(server.asked) > asked
    assert before.overall != after.overall
    assert all(quote.review_id != "0" for each in after.positive for quote in each.quotes)


async def test_while_the_server_is_away_the_rules_word_it_and_it_is_worded_anew_later(server, tmp_path):
    await server.kill()
    async with opened(server, tmp_path) as service:
        found = await service.analyses.summary(ASK, WHO)
        await server.start()
        again = await service.analyses.summary(ASK, WHO)
    assert (found.meta.degraded, found.overall_worded_by) == (True, "lite")
    assert (again.meta.degraded, again.overall_worded_by) == (False, "llm")


async def test_turning_the_model_on_words_what_was_stored_anew(server, tmp_path):
    async with opened(server, tmp_path, "lite") as service:
        await service.analyses.summary(ASK, WHO)
    async with opened(server, tmp_path) as service:
        found = await service.analyses.summary(ASK, WHO)
    assert (found.meta.reused, found.overall_worded_by) == (False, "llm")


async def test_what_is_dropped_is_counted_by_its_reason(tmp_path):
    async with (
        FakeServer(says=lambda body: rewords(body).replace("호평", "최고의 호평")) as boasting,
        opened(boasting, tmp_path) as service,
    ):
        found = await service.analyses.strengths(ASK, WHO)
        metrics = service.metrics.render().decode()
    assert {each.worded_by for each in found.strengths} == {"lite"}
    assert 'matjip_model_items_dropped_total{reason="hype",task="claim"}' in metrics
