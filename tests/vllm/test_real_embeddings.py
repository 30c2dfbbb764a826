"""Texts embedded and tokens counted by a real vLLM: what the scripted server stands for."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from matjip.clock import SystemClock
from matjip.errors import Misconfigured
from matjip.inference.embedders import Embedders, EmbedderSettings, open_embedders
from matjip.inference.open import ModelSettings
from matjip.inference.tokenizer_file import Exact
from matjip.inference.tokens import TokenCounter, counting
from matjip.telemetry.record import ReviewCut
from tests.vllm.server import CONTEXT_TOKENS, HOME, KEY, MODEL, Vllm

DIMENSIONS = 128  # the hidden size of tests/vllm/tiny.py's model
TEXTS = ("국물이 진해요", "The broth was rich!", "🍜🍜 ㅋㅋㅋ", "국물이 진해요. " * 1_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    embeds = Vllm(Path(tmp_path_factory.mktemp("vllm")), embeds=True)
    embeds.start()
    yield embeds
    embeds.terminate()


def settings(server: Vllm, **about: object) -> EmbedderSettings:
    given = {"urls": server.url, "name": MODEL, "dimensions": DIMENSIONS, "api_key": KEY, "max_tokens": CONTEXT_TOKENS}
    return EmbedderSettings.model_validate(given | {"query_timeout_s": 30.0} | about)


@pytest.fixture
async def embedders(server: Vllm) -> AsyncIterator[Embedders]:
    async with open_embedders(settings(server), clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
async def counter(server: Vllm) -> AsyncIterator[TokenCounter]:
    servers = ModelSettings.model_validate({"urls": server.url, "name": MODEL, "api_key": KEY})
    async with counting("server", servers, clock=SystemClock()) as opened:
        yield opened


async def test_texts_become_unit_vectors_in_their_order(embedders):
    rows = await embedders.documents.embed([*TEXTS, ""])
    assert np.linalg.norm(rows.astype(float), axis=1) == pytest.approx([127] * len(TEXTS) + [0], abs=3)
    near = rows.astype(int) @ (await embedders.queries.embed([TEXTS[1]]))[0].astype(int)
    assert int(near.argmax()) == 1


async def test_a_text_beyond_the_context_is_refused_and_its_beginning_embedded(server):
    told: list[object] = []
    about = settings(server, max_tokens=1_000_000)  # so that nothing is cut before
    async with open_embedders(about, clock=SystemClock(), hooks=[told.append]) as embedders:
        rows = await embedders.documents.embed([TEXTS[0], TEXTS[3]])
    assert rows.any(axis=1).all()
    assert len([each for each in told if isinstance(each, ReviewCut)]) == 1


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"dimensions": 7}, f"answers vectors of {DIMENSIONS}"),
        ({"name": "x"}, r"embedder\.name is not what .* \(it answered 404\)"),
        ({"api_key": "x"}, r"embedder\.api_key is not what .* \(it answered 401\)"),
    ],
)
async def test_a_setting_that_it_does_not_have_stops_the_start(server, about, told):
    with pytest.raises(Misconfigured, match=told):
        await open_embedders(settings(server, **about), clock=SystemClock()).__aenter__()


async def test_its_tokens_are_those_of_its_tokenizers_file_for_texts_of_any_length(counter):
    exact = Exact(HOME / "tiny" / "tokenizer.json")
    assert await counter.count(TEXTS) == await exact.count(TEXTS)
    assert not counter.is_estimate
