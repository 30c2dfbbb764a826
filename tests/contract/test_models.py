"""Whoever completes prompts keeps the promises of `Model`: an adapter of a server, bare and within its wrappers.

A fixture of another server (a real one) is one more name in `opened`: it yields a model of at least 256 tokens of context.
"""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from pydantic import SecretStr
from tests.inference_role import KEY, owning
from tests.unit.inference.models import prompt, until

from matjip.clock import SystemClock, new_dice, new_id
from matjip.errors import Invalid
from matjip.inference.breaker import BreakerSettings
from matjip.inference.failure import ModelFailure
from matjip.inference.fake_server import Answers, FakeServer, Hangs, Refuses, Sends
from matjip.inference.guarded import Guarded
from matjip.inference.model import Message, Model
from matjip.inference.open import ModelSettings, RemoteSettings, open_model, open_remote
from matjip.inference.retried import Retried, RetrySettings

SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["positive", "negative"]}},
    "required": ["label"],
    "additionalProperties": False,
}
CONTEXT_TOKENS = 256


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=lambda body: '{"label": "positive"}') as listening:
        yield listening


@pytest.fixture(params=["server", "remote", "guarded", "retried"])
async def opened(request, server) -> AsyncIterator[Model]:
    if request.param == "remote":
        async with owning(server.url, model={"max_context_tokens": CONTEXT_TOKENS}) as role:
            settings = ModelSettings(remote=(role.url,), name=server.model)
            remote = RemoteSettings(key=SecretStr(KEY))
            async with open_remote(settings, remote, clock=SystemClock(), new_id=new_id) as model:
                yield model
        return
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


async def test_half_a_character_is_invalid(opened):
    with pytest.raises(Invalid):
        await opened.complete(prompt(messages=(Message("user", "\ud800"),)))


async def test_what_is_asked_reaches_the_server_as_it_was_said(opened, server):
    said = (Message("system", "Label it."), Message("user", "맛있어요 🍜"))
    await opened.complete(prompt(messages=said, schema=SCHEMA, max_tokens=7))
    body = server.asked[-1].body
    assert [Message(**each) for each in body["messages"]] == list(said)
    assert body["response_format"]["json_schema"] == {"name": "sentiment", "schema": SCHEMA, "strict": True}
    assert body["max_tokens"] == 7


async def test_a_call_that_is_left_ends_the_work_at_the_server(opened, server):
    server.script = [Hangs()]
    call = asyncio.create_task(opened.complete(prompt()))
    await until(lambda: server.in_flight)
    call.cancel()
    await until(lambda: not server.in_flight)
    assert server.left == 1


FAILURES = {
    "busy": Refuses(status=429, retry_after="7"),
    "server_error": Refuses(status=503, retry_after="7"),
    "malformed": Sends(body=b"no event"),
    "lost": Answers(breaks_after=0),
}


@pytest.mark.parametrize("reason", FAILURES)
async def test_a_failure_has_its_reason_and_the_servers_own_number(opened, server, reason):
    server.script = [FAILURES[reason]] * 2
    with pytest.raises(ModelFailure) as raised:
        await opened.complete(prompt(urgency="interactive"))
    assert raised.value.reason == reason
    assert raised.value.retry_after_s == (7 if reason in ("busy", "server_error") else None)


async def test_a_prompt_that_the_server_refuses_is_invalid(opened, server):
    server.script = [Refuses(status=400)]
    with pytest.raises(Invalid):
        await opened.complete(prompt())


async def test_a_cancelled_call_is_cancelled_and_harms_no_other(opened):
    call = asyncio.create_task(opened.complete(prompt()))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled()
    assert (await opened.complete(prompt())).text
