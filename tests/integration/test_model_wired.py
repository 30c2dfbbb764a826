"""The model as the program puts it together: asked through its guard and repetitions, told in /metrics and by a check."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.unit.inference.models import prompt

from matjip.app import Service, open_service
from matjip.clock import FakeClock
from matjip.inference.failure import ModelFailure
from matjip.inference.fake_server import FakeServer, Refuses
from matjip.settings import load

ANSWER = '{"label": "positive"}'


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=lambda _: ANSWER, api_key="a key of the tests") as listening:
        yield listening


@asynccontextmanager
async def opened(server: FakeServer, folder: Path, **about: object) -> AsyncIterator[Service]:
    model = {"urls": server.url, "name": server.model, "api_key": "a key of the tests"} | about
    async with open_service(load({}, root=folder, data_dir=folder, model=model), clock=FakeClock()) as service:
        yield service


async def checked(service: Service) -> tuple[str, object, str | None]:
    (check,) = [check for check in service.checks if check.name == "vllm"]
    assert not check.is_needed
    finding = await check.probe()
    return finding.status, finding.observed, finding.output


async def test_without_servers_there_is_no_model_and_no_check_of_it(tmp_path):
    async with open_service(load({}, root=tmp_path, data_dir=tmp_path)) as service:
        assert service.model is None
        assert "vllm" not in [check.name for check in service.checks]


async def test_a_job_is_answered_after_a_failure_and_both_attempts_are_counted(server, tmp_path):
    server.script = [Refuses(status=500)]
    async with opened(server, tmp_path) as service:
        assert (await service.model.complete(prompt())).text == ANSWER
        value = service.metrics.registry.get_sample_value
        of = "matjip_model_completions_total"
        assert [value(of, {"task": "sentiment", "outcome": each}) for each in ("server_error", "stop")] == [1, 1]
        assert value("matjip_model_retries_total", {"reason": "server_error"}) == 1
        assert value("matjip_breaker_state", {"dependency": "model"}) == 0


async def test_a_well_server_is_well(server, tmp_path):
    async with opened(server, tmp_path) as service:
        assert await checked(service) == ("pass", 1, None)


async def test_a_server_that_does_not_answer_fails_its_check(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await server.kill()
        assert await checked(service) == ("fail", 0, "It does not answer.")


async def test_one_of_two_servers_is_a_warning(server, tmp_path):
    async with (
        FakeServer(state="starting", api_key="a key of the tests") as other,
        opened(server, tmp_path, urls=[server.url, other.url]) as service,
    ):
        assert await checked(service) == ("warn", 1, "It says that it is not well (503).")


async def test_an_open_breaker_is_a_warning_even_where_the_server_says_that_it_is_well(server, tmp_path):
    server.state = "draining"
    async with opened(server, tmp_path, breaker={"failures": 1, "pause_s": 30}) as service:
        with pytest.raises(ModelFailure):
            await service.model.complete(prompt(urgency="interactive"))
        told = "It failed several times in a row and is left alone for 30 s."
        assert await checked(service) == ("warn", 1, told)


async def test_a_wrong_key_is_told_by_its_setting(server, tmp_path):
    async with opened(server, tmp_path, api_key="another") as service:
        assert await checked(service) == ("fail", 0, "It answered 401: set model.api_key.")


async def test_the_connections_are_closed_with_the_service(server, tmp_path):
    async with opened(server, tmp_path) as service:
        model = service.model
        await model.complete(prompt())
    with pytest.raises(RuntimeError, match="closed"):
        await model.complete(prompt())
