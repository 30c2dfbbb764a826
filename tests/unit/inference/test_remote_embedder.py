"""The adapter of embedding servers: what it asks, what it believes, and what it makes of a server that fails."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import numpy as np
import orjson
import pytest
from pydantic import ValidationError

from matjip.clock import FakeClock
from matjip.errors import Misconfigured
from matjip.inference.embedders import Embedders, EmbedderSettings, open_embedders
from matjip.inference.failure import ModelFailure
from matjip.inference.fake_server import Answers, FakeServer, Hangs, Refuses, Sends
from matjip.telemetry.record import EmbeddingsEnded, ItemsDropped, ReviewCut

TEXT = "국물이 진해요"
KEY = "a key of the tests"


class Place:
    """A scripted server, and embedders that ask it."""

    def __init__(self, server: FakeServer, stack: AsyncExitStack) -> None:
        self.server, self.clock, self.records = server, FakeClock(), []
        self._stack = stack

    async def embedders(self, **about: object) -> Embedders:
        given = {"urls": self.server.url, "name": self.server.model, "dimensions": 128, "api_key": KEY} | about
        opening = open_embedders(EmbedderSettings.model_validate(given), clock=self.clock, hooks=[self.records.append])
        opened = await self._stack.enter_async_context(opening)
        self.server.embedded.clear()  # what the start asked
        return opened

    def told(self, kind: type) -> list:
        return [each for each in self.records if isinstance(each, kind)]

    @property
    def inputs(self) -> list:
        return [each.body["input"] for each in self.server.embedded]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with FakeServer(api_key=KEY) as server, AsyncExitStack() as stack:
        yield Place(server, stack)


def rows_of(*rows: list[object]) -> Sends:
    return Sends(body=orjson.dumps({"data": [{"index": at, "embedding": row} for at, row in enumerate(rows)]}))


async def test_documents_and_queries_carry_their_own_prefix(place):
    embedders = await place.embedders(document_prefix="passage: ", query_prefix="query: ")
    await embedders.documents.embed([TEXT])
    await embedders.queries.embed([TEXT])
    assert place.inputs == [[f"passage: {TEXT}"], [f"query: {TEXT}"]]


async def test_the_documents_prefix_is_part_of_the_name_and_the_queries_is_not(place):
    plain, other, query = [
        (await place.embedders(**about)).queries.name
        for about in ({}, {"document_prefix": "passage: "}, {"query_prefix": "query: "})
    ]
    assert (plain, query) == ("fake/1", "fake/1")
    assert other.startswith("fake/1+")


async def test_texts_share_a_request_up_to_the_settings_items(place):
    embedders = await place.embedders(batch_texts=3, at_once=1)
    await embedders.documents.embed([f"{TEXT} {number}" for number in range(8)])
    assert [len(each) for each in place.inputs] == [3, 3, 2]


async def test_texts_share_a_request_up_to_the_settings_tokens(place):
    embedders = await place.embedders(batch_tokens=128, at_once=1)
    await embedders.documents.embed(["가" * 50] * 5)  # 58 tokens each by the estimate
    assert [len(each) for each in place.inputs] == [2, 2, 1]


async def test_a_long_text_is_cut_at_a_sentence_and_that_is_told(place):
    embedders = await place.embedders(max_tokens=128)
    await embedders.documents.embed(["국물이 진해요. " * 100])
    [[asked]] = place.inputs
    assert asked.endswith("진해요.")
    assert place.told(ReviewCut) == [ReviewCut(task="embedding", chars=900, kept_chars=len(asked))]


async def test_one_text_that_is_refused_holds_up_no_other(place):
    embedders = await place.embedders()
    place.server.max_model_len = 150
    rows = await embedders.documents.embed([TEXT, "가나" * 45, f"{TEXT} 2"])
    assert rows.any(axis=1).all()
    assert place.told(ReviewCut) == [ReviewCut(task="embedding", chars=90, kept_chars=45)]


async def test_a_text_that_is_refused_at_any_length_is_a_row_of_zeros_and_told(place):
    embedders = await place.embedders()
    place.server.max_model_len = 40
    rows = await embedders.documents.embed([TEXT, "🍜" * 40])
    assert rows.any(axis=1).tolist() == [True, False]
    assert place.told(ItemsDropped) == [ItemsDropped(task="embedding", reason="refused", items=1)]


async def test_a_server_that_refuses_every_text_is_to_blame_and_not_the_text(place):
    embedders = await place.embedders()
    place.server.always = Refuses(status=400)
    with pytest.raises(ModelFailure, match="refuses every text"):
        await embedders.documents.embed([TEXT])


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (
            {"dimensions": 64},
            r"embedder\.dimensions is 64, while fake/1 at http.* answers vectors of 128; expected 128",
        ),
        ({"name": "x"}, r"embedder\.name is not what http.* takes \(it answered 404\)"),
        ({"api_key": "x"}, r"embedder\.api_key is not what http.* takes \(it answered 401\)"),
    ],
)
async def test_a_setting_that_the_server_does_not_have_stops_the_start(place, about, told):
    with pytest.raises(Misconfigured, match=told):
        await place.embedders(**about)


async def test_a_server_that_is_away_at_the_start_stops_nothing(place):
    await place.server.kill()
    embedders = await place.embedders()
    with pytest.raises(ModelFailure, match="does not accept connections"):
        await embedders.queries.embed([TEXT])
    await place.server.start()
    place.clock.move(5.1)
    assert (await embedders.queries.embed([TEXT])).any()


@pytest.mark.parametrize(
    ("step", "told", "reason"),
    [
        (Sends(body=b"<html>"), "something else than vectors", "malformed"),
        (rows_of(), "0 vectors where 1", "malformed"),
        (rows_of([1.0] * 128, [1.0] * 128), "2 vectors where 1", "malformed"),
        (rows_of([1.0] * 127), "127 dimensions, embedder.dimensions is 128", "malformed"),
        (rows_of([None] * 128), "something else than vectors", "malformed"),
        (Sends(body=rows_of([1.0] * 127 + [0.5]).body.replace(b"0.5", b"1e999")), "hold no numbers", "malformed"),
        (Refuses(status=500), "answered 500", "server_error"),
        (Refuses(status=429, retry_after="7"), "answered 429", "busy"),
        (Refuses(status=404), "answered 404: it serves no embedder.name", "not_allowed"),
        (Hangs(), "within 0.05 s", "total_timeout"),
    ],
)
async def test_an_answer_that_is_no_vector_is_a_failure_that_says_so(place, step, told, reason):
    embedders = await place.embedders(query_timeout_s=0.05)
    place.server.script = [step]
    with pytest.raises(ModelFailure, match=told):
        await embedders.queries.embed([TEXT])
    assert place.told(EmbeddingsEnded)[-1].outcome == reason


async def test_a_server_that_failed_is_left_alone_until_it_has_rested(place):
    embedders = await place.embedders(rest_s=5)
    place.server.script = [Refuses(status=500)]
    with pytest.raises(ModelFailure, match="answered 500"):
        await embedders.queries.embed([TEXT])
    with pytest.raises(ModelFailure, match="left alone for 5 s") as error:
        await embedders.queries.embed([TEXT])
    assert (error.value.retry_after_s, len(place.inputs)) == (5, 1)
    place.clock.move(5.1)
    assert (await embedders.queries.embed([TEXT])).any()


async def test_a_server_that_asks_to_wait_is_not_asked_before(place):
    embedders = await place.embedders()
    place.server.script = [Refuses(status=429, retry_after="7")]
    for _ in range(2):
        with pytest.raises(ModelFailure) as error:
            await embedders.queries.embed([TEXT])
    assert (error.value.retry_after_s, len(place.inputs)) == (7, 1)


async def test_another_server_answers_where_one_fails(place):
    async with FakeServer(api_key=KEY) as other:
        embedders = await place.embedders(urls=[place.server.url, other.url])
        other.always = place.server.always = Answers()
        await place.server.kill()
        assert (await embedders.documents.embed([TEXT])).any()


async def test_of_two_servers_the_one_with_less_to_do_is_asked(place):
    async with FakeServer(api_key=KEY) as other:
        embedders = await place.embedders(urls=[place.server.url, other.url], batch_texts=1, at_once=4)
        other.embedded.clear()
        place.server.always = other.always = Answers(first_after_s=0.02)
        await embedders.documents.embed([f"{TEXT} {number}" for number in range(4)])
        assert (len(place.inputs), len(other.embedded)) == (2, 2)


async def test_vectors_are_unit_vectors_whatever_their_length_was(place):
    embedders = await place.embedders(dimensions=128)
    place.server.script = [rows_of([40.0] + [0.0] * 127)]
    assert (await embedders.queries.embed([TEXT])).tolist() == (127 * np.eye(1, 128, dtype=int)).tolist()


async def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "matjip.inference.remote_embedder", raising=False)
    settings = EmbedderSettings.model_validate({"urls": "http://e", "name": "m", "dimensions": 8})
    with pytest.raises(Misconfigured, match=r"embedder\.urls.*aiohttp.*matjip\[model\]"):
        await open_embedders(settings, clock=FakeClock()).__aenter__()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"urls": "http://e"}, r"needs embedder\.name and embedder\.dimensions"),
        ({"urls": "http://e", "name": "m"}, r"needs embedder\.name and embedder\.dimensions"),
        ({"urls": "host:80", "name": "m", "dimensions": 8}, "addresses as http"),
        ({"query_prefix": "x" * 300}, r"half of embedder\.max_tokens"),
    ],
)
def test_settings_that_cannot_work_are_told(given, told):
    with pytest.raises(ValidationError, match=told):
        EmbedderSettings.model_validate(given)
