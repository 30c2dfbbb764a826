"""A model behind the process that owns its engines: what a refusal there means here, and what silence means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from tests.inference_role import KEY, Role, owning
from tests.unit.inference.models import prompt, until

from matjip.clock import SystemClock, numbered_ids
from matjip.errors import Invalid, MatjipError
from matjip.inference.fake_server import Answers, FakeServer, Hangs, Refuses
from matjip.inference.model import Work
from matjip.inference.open import ModelSettings, RemoteSettings, open_remote
from matjip.inference.remote import RemoteModel
from matjip.telemetry.record import CompletionEnded

NARROW = {"window_tokens": 256, "interactive_deadline_s": 0.2}
LONG = {"tokens": 256, "urgency": "interactive"}  # of which one fills that window


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=lambda body: "an answer of some tokens") as listening:
        yield listening


@pytest.fixture
async def other() -> AsyncIterator[FakeServer]:
    async with FakeServer() as listening:
        yield listening


@asynccontextmanager
async def asking(*roles: Role | str, key: str = KEY, silence_s: float = 5.0, hooks=(), **about: object):
    urls = [each if isinstance(each, str) else each.url for each in roles]
    settings = ModelSettings.model_validate({"remote": urls, "name": "fake/1"} | about)
    remote = RemoteSettings(key=SecretStr(key), silence_s=silence_s)
    async with open_remote(settings, remote, clock=SystemClock(), new_id=numbered_ids("call"), hooks=hooks) as model:
        yield model


async def failed(model: RemoteModel, **about: object) -> MatjipError:
    with pytest.raises(MatjipError) as raised:
        await model.complete(prompt(**about))
    return raised.value


@asynccontextmanager
async def answering(answer) -> AsyncIterator[str]:
    """Something else where a role should be."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    async with TestServer(app) as listening:
        yield str(listening.make_url("")).rstrip("/")


@asynccontextmanager
async def two(first: FakeServer, second: FakeServer, **scheduling: object):
    """Who asks the first of two owners alone, who asks both, and the owners. The first schedules so."""
    async with (
        owning(first.url, scheduling=scheduling) as one,
        owning(second.url) as other,
        asking(one) as gateway,
        asking(one, other) as model,
    ):
        yield gateway, model, one, other


async def test_the_wait_in_line_is_part_of_the_time_to_the_first_token(server):
    server.always = Answers(first_after_s=0.3)
    async with owning(server.url, scheduling={"window_tokens": 256}) as role, asking(role) as model:
        first, second = await asyncio.gather(*(model.complete(prompt(tokens=256)) for _ in range(2)))
    waits = sorted((first.timing.first_token_s, second.timing.first_token_s))
    assert waits[0] >= 0.3
    assert waits[1] >= 0.6
    assert first.replica == role.url


async def test_whose_work_it_is_reaches_the_line(server):
    server.script = [Hangs()]
    work = Work(tenant="hongdae", kind="summary", urgency="background", weight=2.0)
    async with owning(server.url) as role, asking(role) as model:
        call = asyncio.create_task(model.complete(prompt(work=work)))
        await until(lambda: server.in_flight)
        seen = role.inference.line.view()
        call.cancel()
    assert [tenant.tenant for tenant in seen.tenants] == ["hongdae"]


async def test_no_room_is_told_at_once_with_when_to_come_back_and_nobody_else_is_left_alone(server):
    server.always = Answers(first_after_s=0.5)
    async with owning(server.url, scheduling=NARROW) as role, asking(role) as model:
        first = asyncio.create_task(model.complete(prompt(**LONG)))
        await until(lambda: server.in_flight)
        failure = await failed(model, **LONG)
        await first
        assert (failure.reason, failure.retry_after_s) == ("no_room", 1)
        assert (await model.complete(prompt(**LONG))).text


async def test_where_one_owner_has_no_room_at_the_door_another_is_asked(server, other):
    server.always = Hangs()
    async with two(server, other, waiting=1, window_tokens=256) as (gateway, model, first, second):
        calls = [asyncio.create_task(gateway.complete(prompt(tokens=256))) for _ in range(2)]
        await until(lambda: len(first.inference.line.line) == 1)
        answer = await model.complete(prompt(tokens=256))
        for call in calls:
            call.cancel()
    assert answer.replica == second.url


async def test_an_owner_that_let_a_call_wait_and_then_had_no_room_is_the_only_one_asked(server, other):
    server.always = Hangs()
    async with two(server, other, window_tokens=256, interactive_deadline_s=0.8) as (gateway, model, *_):
        call = asyncio.create_task(gateway.complete(prompt(**LONG)))
        await until(lambda: server.in_flight)
        failure = await failed(model, **LONG)
        call.cancel()
    assert failure.reason == "no_room"
    assert other.asked == []


async def test_an_answer_that_takes_long_comes_after_signs_of_life(server):
    server.always = Answers(first_after_s=2.2)
    async with owning(server.url) as role, asking(role, silence_s=1.5) as model:
        assert (await model.complete(prompt())).text == "an answer of some tokens"


async def test_a_failure_after_a_sign_of_life_has_its_reason_and_sentence(server):
    server.always = Hangs()
    async with owning(server.url, model={"first_token_timeout_s": 1.3}) as role, asking(role) as model:
        failure = await failed(model)
    assert failure.reason == "first_token_timeout"
    assert "model.first_token_timeout_s" in failure.message


async def test_silence_is_a_failure_that_names_its_setting():
    async def nothing(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with answering(nothing) as url, asking(url, silence_s=1.1) as model:
        failure = await failed(model)
    assert failure.reason == "first_token_timeout"
    assert failure.message == "The inference role said nothing for 1.1 s (remote.silence_s)."


async def test_whoever_waits_does_not_wait_longer_than_anywhere_else(server):
    server.always = Hangs()
    async with owning(server.url) as role, asking(role, interactive_timeout_s=1.2) as model:
        failure = await failed(model, urgency="interactive")
        await until(lambda: not server.in_flight)
    assert (failure.reason, "model.interactive_timeout_s" in failure.message) == ("total_timeout", True)


@pytest.mark.parametrize(
    ("about", "told"), [({"key": "another key of 16"}, "remote.key"), ({"name": "other/1"}, "model.name")]
)
async def test_a_wrong_setting_is_told_by_its_name(server, about, told):
    async with owning(server.url) as role, asking(role, **about) as model:
        failure = await failed(model)
        wrong = (await model.probe())[0].wrong
    assert failure.reason == "not_allowed"
    assert told in failure.message
    assert told in wrong
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>", "malformed"),
        (200, b"[]", "malformed"),
        (502, b"<html>", "server_error"),
        (302, b"", "not_allowed"),
    ],
)
async def test_something_else_at_the_address_is_no_role(status, body, reason):
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "/"} if status == 302 else None)

    async with answering(answer) as url, asking(url) as model:
        assert (await failed(model)).reason == reason


async def test_a_prompt_over_the_roles_size_limit_is_invalid(server):
    async with owning(server.url, api={"max_body_bytes": 1_000}) as role, asking(role) as model:
        failure = await failed(model, task="x" * 150, messages=prompt().messages * 100)
    assert isinstance(failure, Invalid)
    assert "1000 bytes" in failure.message


async def test_an_owner_that_dies_within_a_call_is_left_for_another(server, other):
    server.always = Hangs()
    async with owning(server.url) as first, owning(other.url) as second, asking(first, second) as model:
        call = asyncio.create_task(model.complete(prompt()))
        await until(lambda: server.in_flight)
        for transport in list(first.server.server_state.connections):
            transport.transport.abort()
        assert (await call).replica == second.url


async def test_an_owner_that_drains_is_left_for_another(server, other):
    async with owning(server.url) as first, owning(other.url) as second, asking(first, second) as model:
        first.inference.lifecycle.move("DRAINING")
        assert {(await model.complete(prompt())).replica for _ in range(3)} == {second.url}
        assert [each.wrong is None for each in await model.probe()] == [False, True]


async def test_a_role_without_its_engines_is_not_ready(server):
    async with owning(server.url, model={"connect_timeout_s": 0.2}) as role, asking(role) as model:
        await server.kill()
        assert "not ready" in (await model.probe())[0].wrong


async def test_an_attempt_is_told_with_its_outcome_and_the_roles_reason(server):
    told = []
    server.script = [Refuses(status=429)]
    async with owning(server.url) as role, asking(role, hooks=[told.append]) as model:
        await failed(model)
        await model.complete(prompt())
    assert [each.outcome for each in told if isinstance(each, CompletionEnded)] == ["busy", "stop"]
