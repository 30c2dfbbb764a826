"""Whoever embeds texts keeps the promises of `Embedder`: the built-in one, the fake that ships, and a server's adapter, bare
and with what it answered remembered."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from matjip.clock import FakeClock
from matjip.inference.answers_store import MemoryAnswers
from matjip.inference.embedder import Embedder
from matjip.inference.embedders import EmbedderSettings, open_embedders
from matjip.inference.fake_server import FakeServer
from matjip.inference.remembered_embedder import RememberedEmbedders
from matjip.testing import FakeEmbedder

STAFF, FRIENDLY, PARKING = "직원분들이 정말 친절해요", "친절한 직원", "주차장이 넓고 편해요"


@pytest.fixture(params=["lite", "fake", "server", "remembered"])
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    if request.param == "fake":
        yield FakeEmbedder()
        return
    async with FakeServer() as server:
        about = {} if request.param == "lite" else {"urls": server.url, "name": server.model, "dimensions": 128}
        settings = EmbedderSettings.model_validate(about)
        async with open_embedders(settings, clock=FakeClock()) as opened:
            yield remembered(opened.documents) if request.param == "remembered" else opened.documents


def remembered(inner: Embedder) -> Embedder:
    store = MemoryAnswers(FakeClock(), max_bytes=1_000_000)
    return RememberedEmbedders(inner, store, made_by="m", clock=FakeClock(), ttl_s=60.0).of("t")


async def test_a_text_is_a_unit_vector_of_integers(embedder):
    rows = await embedder.embed([STAFF, PARKING])
    assert (rows.shape, rows.dtype) == ((2, embedder.dimensions), np.int8)
    assert np.linalg.norm(rows.astype(float), axis=1) == pytest.approx([127, 127], abs=3)


async def test_texts_that_say_the_same_are_nearer_than_others(embedder):
    staff, friendly, parking = (await embedder.embed([STAFF, FRIENDLY, PARKING])).astype(int)
    assert friendly @ staff > friendly @ parking


async def test_rows_come_in_the_order_that_was_asked(embedder):
    rows = await embedder.embed([STAFF, FRIENDLY, PARKING])
    again = await embedder.embed([PARKING, STAFF, FRIENDLY, PARKING])
    assert again.tolist() == rows[[2, 0, 1, 2]].tolist()


async def test_nothing_asked_is_no_row_and_nothing_said_a_row_of_zeros(embedder):
    assert (await embedder.embed([])).shape == (0, embedder.dimensions)
    rows = await embedder.embed(["", STAFF, " \n"])
    assert rows.any(axis=1).tolist() == [False, True, False]


async def test_what_is_no_whole_text_or_very_long_is_embedded_too(embedder):
    rows = await embedder.embed(["맛있어요\ud83c", "국물이 진해요. " * 600, "🍜" * 5_000])
    assert rows.shape == (3, embedder.dimensions)
    assert rows[:2].any(axis=1).all()
