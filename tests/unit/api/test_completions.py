"""What the role `inference` serves, and to whom."""

import asyncio

import httpx
import orjson
import pytest
from pydantic import SecretStr

from matjip.api.awaited import Awaited
from matjip.api.health import lifecycle_check
from matjip.api.server import ApiSettings, create_app
from matjip.api.service import InferenceService
from matjip.clock import FakeClock, numbered_ids
from matjip.errors import MatjipError
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Completion, Prompt
from matjip.inference.wire import write_prompt
from matjip.telemetry.hooks import measured
from matjip.telemetry.metrics import Metrics
from tests.unit.api.fakes import ready
from tests.unit.inference.models import ANSWER, prompt, until

KEY = "a key of the fleet"
PATH = "/internal/v1/completions"
SHOWN = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
BODY = write_prompt(prompt(), "scripted/1")


class Asked:
    """Answers, or raises what it is told; keeps its prompts."""

    name = "scripted/1"

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []
        self.failing: MatjipError | None = None

    async def complete(self, asked: Prompt) -> Completion:
        self.prompts.append(asked)
        if self.failing:
            raise self.failing
        return ANSWER


class Owner:
    """The role's application, and what a test looks into."""

    def __init__(self, key: str | None = KEY) -> None:
        self.model, self.lifecycle, metrics = Asked(), ready(), Metrics("0.0.0")
        service = InferenceService(
            model=self.model,
            key=SecretStr(key) if key else None,
            lifecycle=self.lifecycle,
            checks=[lifecycle_check(self.lifecycle)],
            clock=FakeClock(),
            new_id=numbered_ids(),
            hooks=[measured(metrics)],
            metrics=metrics,
            version="0.0.0",
        )
        self.app = create_app(service, ApiSettings(), role="inference")

    async def post(self, body: bytes = BODY, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.post(PATH, content=body, headers=headers or SHOWN)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test")


@pytest.fixture
def owner() -> Owner:
    return Owner()


async def test_a_prompt_is_completed(owner):
    answer = await owner.post()
    assert (answer.status_code, answer.json()["text"], answer.json()["usage"]["prompt"]) == (200, "{}", 10)
    assert owner.model.prompts == [prompt()]


@pytest.mark.parametrize("key", [{}, {"authorization": "Bearer another key"}, {"authorization": KEY}])
async def test_without_the_key_nobody_is_asked(owner, key):
    answer = await owner.post(**key, **{"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "remote.key" in answer.json()["detail"]
    assert owner.model.prompts == []


async def test_where_no_key_is_set_none_is_needed():
    assert (await Owner(key=None).post(**{"content-type": "application/json"})).status_code == 200


@pytest.mark.parametrize(
    ("about", "where"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"heard": 1}, "heard"),
        ({"messages": []}, "messages"),
        ({"work": {}}, "work.tenant"),
    ],
)
async def test_a_prompt_that_breaks_a_rule_is_refused_with_the_field_that_is_wrong(owner, about, where):
    answer = await owner.post(orjson.dumps(orjson.loads(BODY) | about))
    assert answer.status_code == 422
    assert where in [fault["where"] for fault in answer.json()["faults"]]


async def test_a_prompt_for_another_model_is_refused_by_its_name(owner):
    answer = await owner.post(write_prompt(prompt(), "other/1"))
    assert (answer.status_code, answer.json()["faults"][0]["right"]) == (404, "scripted/1")


async def test_a_refusal_tells_its_reason_and_when_to_come_back(owner):
    owner.model.failing = ModelFailure("too much waits", reason="no_room", retry_after_s=4)
    answer = await owner.post()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "4")
    assert answer.json()["facts"] == {"reason": "no_room", "retry_after_s": 4}


async def test_while_it_drains_it_takes_nothing_new(owner):
    owner.lifecycle.move("DRAINING")
    answer = await owner.post()
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics", "/version", "/docs"])
async def test_whoever_looks_after_it_finds_what_every_role_has(owner, path):
    async with owner.client() as client:
        assert (await client.get(path)).status_code == 200


async def test_it_serves_nothing_else(owner):
    async with owner.client() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    system = {"/health", "/health/live", "/health/ready", "/metrics", "/version"}
    assert set(paths) - system == {PATH, "/internal/v1/model"}


async def test_the_api_does_not_serve_it(client):
    assert (await client.post(PATH, content=BODY, headers=SHOWN)).status_code == 404


async def test_when_the_caller_leaves_the_work_is_cancelled():
    working, cancelled = asyncio.Event(), asyncio.Event()

    async def work():
        working.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def receive():
        await working.wait()
        return {"type": "http.disconnect"}

    sent = []
    await Awaited(work)({"type": "http"}, receive, sent.append)
    await until(cancelled.is_set)
    assert sent == []
