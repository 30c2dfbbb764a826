"""Gateways over the process that owns the engines, through the whole program: one line, no database there, lite while it is away."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.inference_role import KEY, Role, owning
from tests.integration.test_asking_wired import UNSURE, blames_all
from tests.unit.inference.models import until

from matjip.analysis.ask import Ask, InlineReview
from matjip.app import Service, open_inference, open_service, serve_inference
from matjip.caller import Caller
from matjip.errors import Misconfigured
from matjip.inference.fake_server import Answers, FakeServer, Hangs
from matjip.settings import load

WHO = Caller(request_id="q")
NARROW = {"window_tokens": 256, "interactive_deadline_s": 0.3}  # room for one prompt until its first token comes


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=blames_all) as listening:
        yield listening


@asynccontextmanager
async def gateway(role: Role | str, folder: Path, **about: object) -> AsyncIterator[Service]:
    url = role if isinstance(role, str) else role.url
    model = {"remote": url, "name": "fake/1", "retry": {"tries": 1}, "connect_timeout_s": 0.2} | about
    settings = load({}, root=folder, data_dir=folder, model=model, remote={"key": KEY})
    async with open_service(settings) as service:
        yield service


def ask(number: int, **about: object) -> Ask:
    review = InlineReview(id="1", content=f"{UNSURE} {number}")
    return Ask(restaurant_id="r", reviews=(review,), **about)  # type: ignore[arg-type]


async def degraded(service: Service, *numbers: int) -> list[bool]:
    found = await asyncio.gather(*(service.analyses.sentiment(ask(number), WHO) for number in numbers))
    return sorted(each.meta.degraded for each in found)


async def test_a_gateway_of_an_owner_holds_no_line_of_its_own_and_reads_no_engine(server, tmp_path):
    async with owning(server.url) as role, gateway(role, tmp_path) as service:
        assert (service.line, service.watch) == (None, None)
        assert await degraded(service, 1) == [False]
    assert len(server.asked) == 1


async def test_calls_of_two_gateways_wait_in_one_line(server, tmp_path):
    server.always = Answers(first_after_s=1.0)
    async with (
        owning(server.url, scheduling=NARROW) as role,
        gateway(role, tmp_path / "1") as one,
        gateway(role, tmp_path / "2") as other,
    ):
        first, second = await asyncio.gather(degraded(one, 1, 2), degraded(other, 3, 4))
    assert sorted([*first, *second]) == [False, True, True, True]
    assert len(server.asked) == 1


async def test_what_the_api_asks_for_reaches_the_line_as_the_edge_says_it(server, tmp_path):
    server.always = Hangs()
    async with owning(server.url) as role, gateway(role, tmp_path) as service:
        call = asyncio.create_task(service.analyses.sentiment(ask(1), Caller(tenant="hongdae", request_id="q")))
        await until(lambda: server.in_flight)
        seen = role.inference.line.view()
        call.cancel()
        await until(lambda: not server.in_flight)
    assert [each.tenant for each in seen.tenants] == ["hongdae"]
    assert [each.urgency for each in seen.classes if each.running] == ["interactive"]


async def test_while_the_owner_is_away_the_built_in_judge_answers_and_says_so_and_nobody_must_help_it_back(
    server, tmp_path
):
    breaker = {"pause_s": 0.5}
    async with owning(server.url) as role:
        port = role.listening.getsockname()[1]
    async with gateway(role.url, tmp_path, breaker=breaker, rest_s=0.1) as service:
        for number in range(6):  # until its guard leaves the owner alone
            assert await degraded(service, number) == [True]
        async with owning(server.url, port=port):
            await asyncio.sleep(0.6)  # longer than it is left alone
            assert await degraded(service, 10) == [False]
            assert await degraded(service, *range(20, 30)) == [False] * 10


async def test_the_health_of_a_gateway_tells_of_its_owner(server, tmp_path):
    async with owning(server.url) as role, gateway(role, tmp_path) as service:
        check = next(check for check in service.checks if check.name == "vllm")
        assert (await check.probe()).status == "pass"
        role.inference.lifecycle.move("DRAINING")
        finding = await check.probe()
    assert (finding.status, check.is_needed) == ("fail", False)
    assert "not ready" in finding.output


async def test_the_owner_opens_no_database_and_no_folder(server, tmp_path):
    settings = load({}, root=tmp_path, role="inference", data_dir=tmp_path / "d", model=about(server))
    async with open_inference(settings):
        pass
    assert list(tmp_path.iterdir()) == []


def about(server: FakeServer) -> dict[str, object]:
    return {"urls": server.url, "name": server.model}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": {"remote": "http://10.0.0.9:8100"}}, "model.remote needs model.name"),
        ({"model": {"remote": "http://a:1", "urls": "http://b:1", "name": "m"}}, "model.urls or model.remote"),
        ({"remote": {"key": "short"}}, "remote.key"),
        ({"role": "worker"}, "role is 'worker'"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, told, tmp_path):
    with pytest.raises(Misconfigured, match=told):
        load({}, root=tmp_path, **given)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "gpu.example.org"])
async def test_without_a_key_an_owner_serves_its_own_machine_alone(server, tmp_path, host):
    async with open_inference(load({}, root=tmp_path, role="inference", model=about(server))) as inference:
        with pytest.raises(Misconfigured, match=r"remote\.key"):
            await serve_inference(inference, host, 0)


@pytest.mark.parametrize(
    ("urls", "code", "told"), [("http://127.0.0.1:9", 0, "owns http://127.0.0.1:9"), ("", 7, "model.urls")]
)
def test_a_check_of_an_owner_looks_for_engines_and_for_no_database(urls, code, told, tmp_path):
    role = {"MATJIP_ROLE": "inference", "MATJIP_MODEL__NAME": "m", "MATJIP_MODEL__URLS": urls}
    command = [sys.executable, "-m", "matjip", "check"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **role}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, told in done.stdout + done.stderr) == (code, True)
    assert list(tmp_path.iterdir()) == []


async def test_an_owner_without_engines_is_refused(tmp_path):
    with pytest.raises(Misconfigured, match=r"model\.urls"):
        async with open_inference(load({}, root=tmp_path, role="inference")):
            pass


async def test_a_gateway_cannot_let_model_servers_count_that_it_does_not_know(tmp_path):
    with pytest.raises(Misconfigured, match=r"asking\.tokenizer"):
        async with open_service(
            load(
                {},
                root=tmp_path,
                data_dir=tmp_path,
                model={"remote": "http://127.0.0.1:9", "name": "m"},
                asking={"tokenizer": "server"},
            )
        ):
            pass
