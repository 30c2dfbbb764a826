"""Two gateways and the process that owns their engine, each a process of its own, before a simulated GPU."""

import asyncio
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from matjip.inference.fake_gpu import FakeGpu
from matjip.inference.fake_server import FakeServer
from matjip.inference.simulated import GPUS, SimulatedEngine
from tests.integration.test_asking_wired import blames_all
from tests.system.test_over_the_wire import Server

SPEED = 4.0
KEY = {"MATJIP_REMOTE__KEY": "a key of the fleet", "MATJIP_MODEL__NAME": "fake/1"}
# Room for one prompt until its first token comes, and time enough for all that a slow machine may make wait.
ONE_AT_A_TIME = {"MATJIP_SCHEDULING__WINDOW_TOKENS": "256", "MATJIP_SCHEDULING__INTERACTIVE_DEADLINE_S": "60"}
PATIENT = {"MATJIP_MODEL__INTERACTIVE_TIMEOUT_S": "60", "MATJIP_ASKING__INTERACTIVE_BUDGET_S": "60"}
# The built-in judge is never sure enough here.
UNSURE_OF_ALL = {"MATJIP_CASCADE__POSITIVE_FROM": "1.01", "MATJIP_CASCADE__NEGATIVE_FROM": "1.01"}
SOON_BACK = {"MATJIP_MODEL__BREAKER__PAUSE_S": "1", "MATJIP_MODEL__REST_S": "0.5"}
TEXT = "we sat there until it was time to go " * 20


class Engine:
    """A scripted model server at a simulated GPU's pace. `most` prompts were with it at once without a first token."""

    def __init__(self) -> None:
        self.most, self.begun = 0, 0
        self.server = FakeServer(says=self._says, on_first=self._first)

    def _says(self, body) -> str:
        self.most = max(self.most, len(self.server.asked) - self.begun)
        return blames_all(body)

    def _first(self, body) -> None:
        self.begun += 1


@contextmanager
def listening() -> Iterator[Engine]:
    """On a loop of its own: the test's own thread waits for processes."""
    engine, loop, stop = Engine(), asyncio.new_event_loop(), asyncio.Event()
    up = threading.Event()

    async def serve() -> None:
        async with FakeGpu(SimulatedEngine(GPUS["a10"]), SPEED) as gpu:
            engine.server.gpu = gpu
            async with engine.server:
                up.set()
                await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield engine
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


class Fleet:
    """An engine, its owner and two gateways."""

    def __init__(self, engine: Engine, folder: Path, stack: ExitStack) -> None:
        self.engine, self.folder, self.stack = engine, folder, stack
        self.owner = self.owning(0)
        about = {"MATJIP_MODEL__REMOTE": self.owner.url, **KEY, **PATIENT, **SOON_BACK, **UNSURE_OF_ALL}
        self.gateways = [self.started(Server(folder / name, **about)) for name in ("1", "2")]

    def owning(self, port: int) -> Server:
        about = {"MATJIP_MODEL__URLS": self.engine.server.url, **KEY, **ONE_AT_A_TIME, **PATIENT}
        return self.started(Server(self.folder / "owner", "--role", "inference", port=port, **about))

    def started(self, server: Server) -> Server:
        self.stack.callback(server.process.wait)
        self.stack.callback(server.process.kill)
        return server

    def asks(self, numbers: range) -> list[tuple[int, bool]]:
        """The status, and whether the model's answer is missing, of so many questions at once to the gateways in turn."""

        def ask(number: int) -> tuple[int, bool]:
            body = {"restaurant_id": "r", "reviews": [{"content": f"{TEXT} {number}"}]}
            status, answer, _ = self.gateways[number % 2].call("POST", "/api/v1/sentiment/analyze", body)
            return status, answer["meta"]["degraded"]

        with ThreadPoolExecutor(len(numbers)) as together:
            return list(together.map(ask, numbers))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with ExitStack() as stack:
        engine = stack.enter_context(listening())
        yield Fleet(engine, tmp_path_factory.mktemp("fleet"), stack)


def test_calls_of_two_gateways_stand_in_one_line_before_the_engine(fleet):
    answers = fleet.asks(range(24))
    assert answers == [(200, False)] * 24
    assert (fleet.engine.begun, fleet.engine.most) == (24, 1)


def test_the_owner_serves_gateways_and_operators_and_nobody_else(fleet):
    paths = ("/health/ready", "/metrics", "/internal/v1/model", "/api/v1/restaurants")
    said = [fleet_status(fleet.owner, path) for path in paths]
    assert said == [200, 200, 401, 404]
    assert not [file.name for file in (fleet.folder / "owner").iterdir() if file.name != "server.log"]


def fleet_status(server: Server, path: str) -> int:
    try:
        return server.call("GET", path)[0]
    except json.JSONDecodeError:  # the metrics are no JSON
        return 200


def test_when_the_owner_dies_the_built_in_judge_answers_until_it_is_back_by_itself(fleet):
    port = int(fleet.owner.url.rpartition(":")[2])
    fleet.owner.stop(signal.SIGKILL)
    assert fleet.asks(range(100, 116)) == [(200, True)] * 16
    fleet.owner = fleet.owning(port)
    until, number = time.monotonic() + 30, 1_000
    while (200, True) in (seen := fleet.asks(range(number, number + 2))):
        assert time.monotonic() < until, f"the gateways never came back: {seen}"
        number += 2
        time.sleep(0.2)
    assert fleet.asks(range(2_000, 2_008)) == [(200, False)] * 8
