"""Whoever completes prompts keeps the promises of `Model`: an adapter of a server, bare and within its wrappers.

A fixture of another server (a real one) is one more name in `opened`: it yields a model of at least 256 tokens of context.
"""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from tests.unit.inference.models import prompt

from matjip.clock import SystemClock, new_dice, new_id
from matjip.errors import Invalid
from matjip.inference.breaker import BreakerSettings
from matjip.inference.fake_server import FakeServer
from matjip.inference.guarded import Guarded
from matjip.inference.model import Model
from matjip.inference.open import ModelSettings, open_model
from matjip.inference.retried import Retried, RetrySettings

SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["positive", "negative"]}},
    "required": ["label"],
    "additionalProperties": False,
}
CONTEXT_TOKENS = 256


@pytest.fixture(params=["server", "guarded", "retried"])
async def opened(request) -> AsyncIterator[Model]:
    async with FakeServer(says=lambda body: '{"label": "positive"}') as server:
        settings = ModelSettings(urls=(server.url,), name=server.model, max_context_tokens=CONTEXT_TOKENS)
        async with open_model(settings, clock=SystemClock(), new_id=new_id) as model:
            guarded = Guarded(model, BreakerSettings(), clock=SystemClock())
            retried = Retried(guarded, RetrySettings(), clock=SystemClock(), dice=new_dice(1))
            yield {"server": model, "guarded": guarded, "retried": retried}[request.param]


async def test_an_answer_has_the_form_that_was_asked(opened):
    answer = await opened.complete(prompt(schema=SCHEMA, max_tokens=64))
    assert answer.finish == "stop"
    assert orjson.loads(answer.text)["label"] in ("positive", "negative")


async def test_an_answer_says_what_it_took(opened):
    answer = await opened.complete(prompt(schema=SCHEMA, max_tokens=64))
    assert answer.usage.prompt > 0
    assert answer.usage.completion > 0
    assert 0 < answer.timing.first_token_s <= answer.timing.total_s


async def test_it_has_the_name_that_answers_are_remembered_by(opened):
    assert opened.name
    assert (await opened.complete(prompt())).model


@pytest.mark.parametrize("urgency", ["interactive", "batch", "background"])
async def test_every_urgency_is_answered(opened, urgency):
    assert (await opened.complete(prompt(urgency=urgency))).text


async def test_many_are_answered_at_once(opened):
    answers = await asyncio.gather(*(opened.complete(prompt()) for _ in range(20)))
    assert all(answer.text for answer in answers)


async def test_a_prompt_that_does_not_fit_is_invalid(opened):
    with pytest.raises(Invalid):
        await opened.complete(prompt(tokens=CONTEXT_TOKENS, max_tokens=64))


async def test_a_cancelled_call_is_cancelled_and_harms_no_other(opened):
    call = asyncio.create_task(opened.complete(prompt()))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled()
    assert (await opened.complete(prompt())).text
