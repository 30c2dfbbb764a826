"""Versions over HTTP: listed, published, dropped, taken back; what cannot be is refused."""

import numpy as np
import pytest

from matjip.api.examples import NOON
from matjip.evaluation.versions import Version
from matjip.inference.lite.adapted import Adaptation, version_of

MODELS = "/api/v1/models"


async def made(stack, *, slope: float = 0.9, compared_with: str = "lite/3") -> str:
    empty = np.array([], np.int64), np.array([])
    body = Adaptation.of("lite/3", buckets=empty[0], weights=empty[1], slope=slope, biases={"": 0.0}).to_bytes()
    await stack.versions.add(
        Version(
            tenant="default",
            kind="lite",
            version=version_of(body),
            status="shadow",
            base="lite/3",
            body=body,
            report={"compared_with": compared_with, "aside": {"gain": {"value": 0.03, "low": 0.01, "high": 0.05}}},
            actor="me",
            changed_by="me",
            made_at=NOON,
            changed_at=NOON,
        )
    )
    return version_of(body)


async def test_versions_are_listed_with_what_was_measured_and_without_their_bytes(client, stack):
    version = await made(stack)
    (found,) = (await client.get(MODELS)).json()["models"]
    assert (found["version"], found["status"], found["report"]["aside"]["gain"]["low"]) == (version, "shadow", 0.01)
    assert "body" not in found


async def test_a_version_is_published_and_taken_back(client, stack):
    first, second = await made(stack), await made(stack, slope=0.8, compared_with=f"lite/3+{await made(stack)}")
    assert (await client.post(f"{MODELS}/{first}/publish")).json()["status"] == "published"
    published = (await client.post(f"{MODELS}/{second}/publish")).json()
    assert (published["status"], published["changed_by"]) == ("published", "anonymous")
    assert (await client.post(f"{MODELS}/rollback")).json()["published"]["version"] == first
    assert (await client.post(f"{MODELS}/rollback")).json() == {"published": None}


async def test_a_version_is_dropped_and_then_not_published(client, stack):
    version = await made(stack)
    assert (await client.post(f"{MODELS}/{version}/drop")).json()["status"] == "dropped"
    assert (await client.post(f"{MODELS}/{version}/publish")).status_code == 409


async def test_what_was_compared_with_another_judge_is_a_conflict_that_says_what_to_do(client, stack):
    answer = await client.post(f"{MODELS}/{await made(stack, compared_with='lite/2')}/publish")
    assert answer.status_code == 409
    assert "matjip adapt" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status"), [("00000000/publish", 404), ("00000000/drop", 404), ("rollback", 404), ("no-version/drop", 422)]
)
async def test_what_is_not_there_is_not_found(client, path, status):
    assert (await client.post(f"{MODELS}/{path}")).status_code == status
