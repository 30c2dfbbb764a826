"""What a real vLLM does and our Model makes of it: schemas, streaming, refusals, abort, drain, kill and restart under load."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from matjip.clock import SystemClock, new_id
from matjip.errors import Invalid
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Message, Prompt, Work
from matjip.inference.open import ModelSettings, open_model
from matjip.inference.openai import OpenAIModel
from tests.vllm.server import CONTEXT_TOKENS, KEY, MODEL, Vllm

LABELS = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "minItems": 2,
            "maxItems": 2,
            "items": {
                "type": "object",
                "properties": {"label": {"type": "string", "enum": ["positive", "negative", "neutral"]}},
                "required": ["label"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}
PROMPT = Prompt(
    task="sentiment",
    version="sentiment/1",
    messages=(Message("user", "1. 국물이 진해요\n2. 너무 오래 기다렸어요"),),
    max_tokens=64,
    tokens=40,
)


def settings(vllm: Vllm, **about: object) -> ModelSettings:
    return ModelSettings.model_validate({"urls": (vllm.url,), "name": MODEL, "api_key": KEY, **about})


def opened(vllm: Vllm, **about: object):
    return open_model(settings(vllm, **about), clock=SystemClock(), new_id=new_id)


@pytest.fixture
async def model(vllm: Vllm) -> AsyncIterator[OpenAIModel]:
    async with opened(vllm, sends_priority=True) as found:
        yield found


async def running(vllm: Vllm) -> float:
    text = await asyncio.to_thread(vllm.metrics)
    return sum(float(value) for value in re.findall(r"^vllm:num_requests_running\{[^}]*\} (\S+)$", text, re.MULTILINE))


async def comes_to(vllm: Vllm, *, at_work: bool) -> bool:
    """Whether the server is at work, or at rest, within 10 s."""
    for _ in range(400):
        if bool(await running(vllm)) is at_work:
            return True
        await asyncio.sleep(0.025)
    return False


@pytest.mark.parametrize("structured", ["json_schema", "structured_outputs"])
async def test_an_answer_obeys_its_schema(vllm, structured):
    async with opened(vllm, structured=structured) as model:
        found = await model.complete(replace(PROMPT, schema=LABELS))
    items = orjson.loads(found.text)["items"]
    assert len(items) == 2
    assert {each["label"] for each in items} <= {"positive", "negative", "neutral"}


async def test_a_stream_has_a_first_token_before_its_end_and_the_servers_own_count(model):
    found = await model.complete(replace(PROMPT, max_tokens=48))
    assert 0 < found.timing.first_token_s < found.timing.total_s
    assert 0 < found.usage.completion <= 48
    assert found.usage.prompt > 10


async def test_an_answer_that_does_not_fit_says_that_it_was_cut(model):
    assert (await model.complete(replace(PROMPT, max_tokens=1))).finish == "length"


async def test_many_at_once_are_all_answered(model):
    found = await asyncio.gather(
        *(
            model.complete(replace(PROMPT, work=Work(tenant="default", kind="sentiment", urgency=each)))
            for each in ("interactive", "batch") * 12
        )
    )
    assert len(found) == 24


async def test_a_prompt_beyond_the_context_is_refused_for_good(model):
    with pytest.raises(Invalid):
        await model.complete(replace(PROMPT, max_tokens=10 * CONTEXT_TOKENS))


async def test_a_wrong_key_names_its_setting(vllm):
    async with opened(vllm, api_key="wrong") as model:
        with pytest.raises(ModelFailure, match=r"model\.api_key") as failed:
            await model.complete(PROMPT)
    assert failed.value.reason == "not_allowed"


async def test_a_model_that_it_does_not_serve_names_its_setting(vllm):
    async with opened(vllm, name="another") as model:
        with pytest.raises(ModelFailure, match=r"model\.name") as failed:
            await model.complete(PROMPT)
    assert failed.value.reason == "not_allowed"


async def test_a_cancelled_call_ends_the_work_at_the_server(vllm, model):
    asking = asyncio.create_task(model.complete(replace(PROMPT, max_tokens=1_500)))
    assert await comes_to(vllm, at_work=True)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await comes_to(vllm, at_work=False)


async def test_its_metrics_have_the_names_that_are_read(vllm, model):
    await model.complete(PROMPT)
    text = await asyncio.to_thread(vllm.metrics)
    names = set(re.findall(r"^(vllm:\w+)", text, re.MULTILINE))
    assert {"vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"} <= names
    assert "vllm:gpu_cache_usage_perc" not in names  # the older name, which other versions have


async def test_killed_under_load_every_call_ends_typed_and_after_a_restart_it_answers_again(vllm, model):
    asking = [asyncio.create_task(model.complete(replace(PROMPT, max_tokens=1_500))) for _ in range(12)]
    assert await comes_to(vllm, at_work=True)
    await asyncio.to_thread(vllm.kill)
    found = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 10)
    assert {each.reason for each in found if isinstance(each, ModelFailure)} <= {"lost", "refused"}
    assert all(isinstance(each, ModelFailure) for each in found)
    await asyncio.to_thread(vllm.start)
    assert (await model.complete(PROMPT)).usage.completion > 0
