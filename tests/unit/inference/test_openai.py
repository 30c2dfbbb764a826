"""The adapter of model servers: what it asks, whom, what it believes, and what it makes of each refusal."""

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs
from tests.unit.inference.models import prompt, until

from matjip.clock import FakeClock, SystemClock, numbered_ids
from matjip.errors import Invalid, MatjipError, Misconfigured
from matjip.inference.failure import ModelFailure
from matjip.inference.fake_server import Answers, FakeServer, Hangs, Refuses
from matjip.inference.model import Message
from matjip.inference.open import ModelSettings, open_model
from matjip.inference.openai import retry_after_s, shown_reason
from matjip.telemetry.record import CompletionEnded

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "a key of the tests"
SCHEMA = {"type": "object", "properties": {"label": {"enum": ["positive", "negative"]}}}


@pytest.fixture
async def server():
    async with FakeServer(says=lambda body: '{"label": "positive"}', api_key=KEY) as listening:
        yield listening


@asynccontextmanager
async def asking(*servers: FakeServer, clock=None, hooks=(), **about: object):
    given = {"urls": [each.url for each in servers], "name": "fake/1", "api_key": KEY}
    settings = ModelSettings.model_validate(given | about)
    async with open_model(settings, clock=clock or SystemClock(), new_id=numbered_ids("call"), hooks=hooks) as model:
        yield model


async def asked(server: FakeServer, about: dict[str, object] | None = None, **of_prompt: object) -> dict[str, object]:
    async with asking(server, **(about or {})) as model:
        await model.complete(prompt(**of_prompt))
    return dict(server.asked[-1].body)


async def failed(server: FakeServer, *, urgency: str = "batch", **about: object) -> MatjipError:
    async with asking(server, **about) as model:
        with pytest.raises(MatjipError) as raised:
            await model.complete(prompt(urgency=urgency))
    return raised.value


async def test_a_completion_says_all_that_the_server_said(server):
    async with asking(server) as model:
        answer = await model.complete(prompt())
    assert (answer.text, answer.finish, answer.model) == ('{"label": "positive"}', "stop", "fake/1")
    assert (answer.usage.completion, answer.usage.is_estimate, answer.replica) == (6, False, server.url)
    assert 0 < answer.timing.first_token_s <= answer.timing.total_s


async def test_what_is_asked_streams_with_its_usage_and_no_chance(server):
    assert await asked(server) == {
        "model": "fake/1",
        "messages": [{"role": "user", "content": "맛있어요"}],
        "max_tokens": 16,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("structured", "sent"),
    [
        (
            "json_schema",
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "sentiment", "schema": SCHEMA, "strict": True},
                }
            },
        ),
        ("structured_outputs", {"structured_outputs": {"json": SCHEMA}}),
        ("none", {}),
    ],
)
async def test_a_schema_is_sent_as_the_server_reads_it(server, structured, sent):
    body = await asked(server, {"structured": structured}, schema=SCHEMA)
    assert {key: body[key] for key in ("response_format", "structured_outputs") if key in body} == sent


async def test_the_urgent_come_first_where_the_server_reads_priorities(server):
    sent = [
        (await asked(server, {"sends_priority": True}, urgency=urgency))["priority"]
        for urgency in ("interactive", "batch", "background")
    ]
    assert sent == sorted(set(sent))


async def test_other_fields_are_added_as_they_are_set(server):
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    assert (await asked(server, {"extra": extra}))["chat_template_kwargs"] == {"enable_thinking": False}


async def test_every_attempt_has_an_id_of_its_own_and_the_key(server):
    async with asking(server) as model:
        for _ in range(2):
            await model.complete(prompt())
    assert [call.headers["X-Request-Id"] for call in server.asked] == ["call-1", "call-2"]
    assert {call.headers["Authorization"] for call in server.asked} == {f"Bearer {KEY}"}


async def test_a_prompt_that_does_not_fit_is_refused_unasked(server):
    async with asking(server, max_context_tokens=256) as model:
        with pytest.raises(Invalid, match=r"250 tokens and an answer of up to 16 do not fit the 256 of model\.max"):
            await model.complete(prompt(tokens=250))
    assert server.asked == []


async def test_half_a_character_is_refused_unasked(server):
    async with asking(server) as model:
        with pytest.raises(Invalid, match="surrogate"):
            await model.complete(prompt(messages=(Message("user", "맛\ud83d"),)))
    assert server.asked == []


async def test_usage_that_the_server_does_not_tell_is_an_estimate_that_says_so(server):
    server.script = [Answers(tells_usage=False)]
    async with asking(server) as model:
        usage = (await model.complete(prompt(tokens=77))).usage
    assert (usage.prompt, usage.completion, usage.is_estimate) == (77, 6, True)


async def test_an_empty_answer_is_an_answer_without_a_first_token(server):
    server.script = [Answers(text="")]
    async with asking(server) as model:
        answer = await model.complete(prompt())
    assert (answer.text, answer.timing.first_token_s) == ("", None)


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (400, Invalid, "refused this prompt (400)"),
        (413, Invalid, "refused this prompt (413)"),
        (422, Invalid, "refused this prompt (422)"),
        (302, ModelFailure, "answered 302."),
        (403, ModelFailure, "403: set model.api_key"),
        (405, ModelFailure, "answered 405."),
        (429, ModelFailure, "too much to do"),
        (500, ModelFailure, "answered 500."),
        (503, ModelFailure, "answered 503."),
    ],
)
async def test_what_a_status_becomes(server, status, kind, told):
    server.script = [Refuses(status=status)]
    error = await failed(server)
    assert (type(error), told in error.message) == (kind, True)


@pytest.mark.parametrize(
    ("about", "told"),
    [({"api_key": "another"}, "401: set model.api_key"), ({"name": "x"}, "404: is model.name what it serves")],
)
async def test_a_wrong_setting_is_told_by_its_name(server, about, told):
    error = await failed(server, **about)
    assert (error.reason, told in error.message) == ("not_allowed", True)


@pytest.mark.parametrize(
    ("step", "setting", "reason"),
    [
        (Hangs(), "first_token_timeout_s", "first_token_timeout"),
        (Answers(hangs_after=0), "first_token_timeout_s", "first_token_timeout"),
        (Answers(hangs_after=1), "first_token_timeout_s", "first_token_timeout"),
        (Answers(hangs_after=3), "between_tokens_timeout_s", "between_tokens_timeout"),
        (Answers(apart_s=0.06), "total_timeout_s", "total_timeout"),
    ],
)
async def test_each_wait_has_its_own_limit_and_sentence(server, step, setting, reason):
    server.script = [step]
    error = await failed(server, **{setting: 0.15})
    assert (error.reason, f"0.15 s (model.{setting})" in error.message) == (reason, True)


async def test_where_somebody_waits_the_whole_has_a_shorter_limit(server):
    server.script = [Hangs()]
    error = await failed(server, urgency="interactive", interactive_timeout_s=0.1)
    assert (error.reason, "0.1 s (model.interactive_timeout_s)" in error.message) == ("total_timeout", True)


async def test_where_somebody_waits_another_server_is_asked_sooner():
    async with two() as (first, second), asking(first, second, interactive_first_token_timeout_s=0.1) as model:
        first.script = [Hangs()]
        answer = await model.complete(prompt(urgency="interactive"))
        assert (answer.replica, answer.timing.total_s < 1) == (second.url, True)


async def test_the_last_server_is_waited_for_as_long_as_any(server):
    server.script = [Answers(first_after_s=0.2)]
    async with asking(server, interactive_first_token_timeout_s=0.1) as model:
        assert (await model.complete(prompt(urgency="interactive"))).finish == "stop"


async def test_a_cancelled_call_ends_the_work_at_the_server(server):
    server.script = [Answers(text="가" * 4_000, apart_s=0.01)]
    async with asking(server) as model:
        call = asyncio.create_task(model.complete(prompt()))
        await until(lambda: server.in_flight)
        call.cancel()
        await asyncio.wait([call])
        await until(lambda: server.left == 1)
    assert (call.cancelled(), server.in_flight) == (True, 0)


async def test_a_call_that_is_too_late_ends_the_work_at_the_server(server):
    server.script = [Answers(hangs_after=3)]
    await failed(server, between_tokens_timeout_s=0.1)
    await until(lambda: (server.left, server.in_flight) == (1, 0))


async def test_connections_are_used_again(server):
    async with asking(server) as model:
        for _ in range(5):
            await model.complete(prompt())
        assert len(model._session.connector._conns) == 1
        assert sum(map(len, model._session.connector._conns.values())) == 1


@asynccontextmanager
async def two():
    async with FakeServer() as first, FakeServer() as second:
        yield first, second


@pytest.mark.parametrize(
    "step", [Hangs(), Answers(breaks_after=0), Refuses(status=500), Refuses(status=429), Answers(hangs_after=1)]
)
async def test_another_server_is_asked_where_one_fails_before_its_first_token(step):
    async with two() as (first, second), asking(first, second, first_token_timeout_s=0.15) as model:
        first.script = [step]
        answer = await model.complete(prompt())
        assert (answer.replica, len(first.asked), len(second.asked)) == (second.url, 1, 1)


async def test_an_answer_that_breaks_after_its_first_token_is_not_asked_of_another():
    async with two() as (first, second), asking(first, second) as model:
        first.script = [Answers(text="맛있어요 정말로", breaks_after=3)]
        with pytest.raises(ModelFailure):
            await model.complete(prompt())
        assert second.asked == []


async def test_a_refused_prompt_is_not_asked_of_another():
    async with two() as (first, second), asking(first, second) as model:
        first.script = [Refuses(status=400)]
        with pytest.raises(Invalid):
            await model.complete(prompt())
        assert second.asked == []


async def test_the_one_with_the_fewest_tokens_outstanding_is_asked():
    async with two() as (first, second), asking(first, second) as model:
        first.always = second.always = Answers(first_after_s=0.1)
        large = asyncio.create_task(model.complete(prompt(tokens=5_000)))
        await until(lambda: first.in_flight)
        small = [asyncio.create_task(model.complete(prompt(tokens=100))) for _ in range(6)]
        await asyncio.gather(large, *small)
        assert (len(first.asked), len(second.asked)) == (1, 6)


async def test_a_server_that_failed_rests_and_one_call_finds_out_that_it_is_back():
    clock = FakeClock()
    async with two() as (first, second), asking(first, second, clock=clock, rest_s=10) as model:
        await first.kill()
        for _ in range(5):
            await model.complete(prompt())
        await first.start()
        assert [replica.state for replica in model.replicas()] == ["open", "closed"]
        clock.move(10)
        answers = [await model.complete(prompt()) for _ in range(3)]
        assert {answer.replica for answer in answers} == {first.url}
        assert model.replicas()[0].state == "closed"


async def test_a_server_that_asked_to_wait_is_not_asked_before():
    clock = FakeClock()
    async with (
        FakeServer(script=[Refuses(status=429, retry_after="7")]) as server,
        asking(server, clock=clock) as model,
    ):
        for reason in ("busy", "left_alone"):
            with pytest.raises(ModelFailure) as refused:
                await model.complete(prompt())
            assert (refused.value.reason, refused.value.retry_after_s) == (reason, 7)
        assert len(server.asked) == 1
        clock.move(7)
        await model.complete(prompt())


async def test_while_all_servers_rest_they_are_asked_all_the_same():
    async with FakeServer(script=[Refuses(status=500)] * 2) as server, asking(server, clock=FakeClock()) as model:
        for _ in range(2):
            with pytest.raises(ModelFailure, match="500"):
                await model.complete(prompt())
        await model.complete(prompt())
        assert (len(server.asked), model.replicas()[0].state) == (3, "closed")


async def test_each_attempt_is_told_with_its_outcome():
    told: list[CompletionEnded] = []
    async with two() as (first, second), asking(first, second, hooks=[told.append]) as model:
        first.script = [Refuses(status=500)]
        await model.complete(prompt())
    assert [record.outcome for record in told] == ["server_error", "stop"]
    assert [(record.completion_tokens, record.first_token_s is None) for record in told] == [(0, True), (1, False)]


async def test_a_cancelled_attempt_is_told_and_leaves_no_load():
    told: list[CompletionEnded] = []
    async with FakeServer(script=[Hangs()]) as server, asking(server, hooks=[told.append]) as model:
        call = asyncio.create_task(model.complete(prompt()))
        await until(lambda: server.in_flight)
        call.cancel()
        await asyncio.wait([call])
        (replica,) = model.replicas()
    assert ([record.outcome for record in told], replica.in_flight, replica.outstanding_tokens) == (["cancelled"], 0, 0)


@pytest.mark.parametrize(
    ("about", "wrong"),
    [({}, None), ({"name": "x"}, "set model.name"), ({"api_key": "x"}, "401: set model.api_key")],
)
async def test_a_probe_finds_what_is_wrong_with_a_server(server, about, wrong):
    async with asking(server, **about) as model:
        (replica,) = await model.probe()
    assert replica.wrong is None if wrong is None else wrong in replica.wrong


async def test_a_server_that_a_probe_finds_unwell_comes_last():
    async with two() as (first, second), asking(first, second) as model:
        first.state = "starting"
        await second.kill()
        found = await model.probe()
    assert [replica.wrong for replica in found] == ["It says that it is not well (503).", "It does not answer."]
    assert {replica.state for replica in found} == {"open"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("99999999999999999999", 3_600),
        ("٧", None),
    ],
)
def test_a_retry_after_is_a_number_or_a_date(header, seconds):
    assert retry_after_s(header, NOW) == seconds


REVIEW = "The soup was cold and the waiter never came back."


@pytest.mark.parametrize(
    "body", [f"input: '{REVIEW}'", "bad: the waiter never", "맛없어요", r"\ub9db", '{"m": "soup was cold and"}']
)
def test_a_reason_that_may_repeat_a_review_is_withheld(body):
    asked = prompt(messages=(Message("system", "Judge."), Message("user", REVIEW + " 맛없어요")))
    assert shown_reason(body.encode(), asked) == "withheld: it may repeat the prompt"


def test_a_reason_of_the_server_s_own_is_logged():
    reason = "This model's maximum context length is 2048 tokens. However, you requested 3000."
    assert shown_reason(reason.encode(), prompt()) == reason


async def test_a_refusal_s_reason_is_in_the_log_and_not_in_the_error(server):
    server.script = [Refuses(status=400, reason="maximum context length")]
    with capture_logs() as logs:
        error = await failed(server)
    assert "maximum context" not in error.message
    assert [("maximum context" in line["reason"], line["status"], line["model_request"]) for line in logs] == [
        (True, 400, "call-1")
    ]


def test_without_its_package_the_setting_that_needs_it_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "matjip.inference.openai")
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(Misconfigured, match=r"model\.urls is set, which needs the package aiohttp.*matjip\[model\]"):
        open_model(ModelSettings(urls="http://a", name="m"), clock=FakeClock(), new_id=numbered_ids())


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        ("http://a:8000, http://b:8000/v1/", ("http://a:8000", "http://b:8000")),
        (["https://a/v1"], ("https://a",)),
        ("", ()),
    ],
)
def test_addresses_are_a_list_or_words_between_commas(given, urls):
    assert ModelSettings(urls=given, name="m").urls == urls


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"urls": "http://a"}, "model.urls needs model.name"),
        ({"urls": "a:8000", "name": "m"}, "addresses as http"),
        ({"urls": "http://u:p@a", "name": "m"}, "api_key"),
        ({"urls": "http://a,http://a/v1", "name": "m"}, "each server once"),
    ],
)
def test_settings_that_cannot_work_are_refused(about, told):
    with pytest.raises(ValidationError, match=told):
        ModelSettings(**about)
