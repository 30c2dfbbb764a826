"""The self-check: models that swap labels, lost their weights or find the wrong thing keep the service from being ready."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training import manifest

from matjip.api.health import GOLDEN, GOLDEN_SEARCHES, embedder_check, models_check
from matjip.inference.lite import weights
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import FindAspects, JudgeSentiment, Mention, Sentiment
from tests.unit.api.conftest import client_of
from tests.unit.api.fakes import Stack

SHIPPED = Path(weights.__file__).parent
OTHER = {"positive": "negative", "negative": "positive", "neutral": "neutral"}


class Swapped:
    """The built-in judge whose answers to one kind of question are turned round."""

    name = "swapped"

    def __init__(self, kind: type) -> None:
        self.judge_right, self.kind = LiteJudge.load().judge, kind

    async def judge(self, task):
        verdicts = await self.judge_right(task)
        return [replace(one, answer=turned(one.answer)) for one in verdicts] if type(task) is self.kind else verdicts


def turned(answer: Sentiment | tuple[Mention, ...]) -> object:
    if isinstance(answer, Sentiment):
        return replace(answer, label=OTHER[answer.label])
    return tuple(replace(mention, polarity=OTHER[mention.polarity]) for mention in answer)


def emptied(tmp_path: Path) -> Path:
    """The shipped weights with every array of numbers set to nought, and a manifest that knows of it."""
    for name in weights.manifest(SHIPPED):
        shutil.copy(SHIPPED / name, tmp_path / name)
        if name.endswith(".npz"):
            with np.load(SHIPPED / name) as data:
                held = {key: np.zeros_like(data[key]) if data[key].size > 9 else data[key] for key in data}
            np.savez(tmp_path / name, **held)
    manifest.write(tmp_path)
    return tmp_path


async def test_the_shipped_judge_understands_every_golden_sentence():
    finding = await models_check(LiteJudge.load()).probe()
    assert (finding.status, finding.observed, finding.output) == ("pass", len(GOLDEN), None)


async def test_the_shipped_embedder_finds_what_every_golden_search_asks_for():
    finding = await embedder_check(LiteEmbedder.load()).probe()
    assert (finding.status, finding.observed, finding.output) == ("pass", len(GOLDEN_SEARCHES), None)


@pytest.mark.parametrize("kind", [JudgeSentiment, FindAspects])
async def test_swapped_labels_refuse_readiness_and_say_which_sentences(kind):
    async with client_of(Stack(checks=[models_check(Swapped(kind))])) as client:
        answer = await client.get("/health/ready")
    [said] = answer.json()["checks"]["models:goldenSentences"]
    assert (answer.status_code, said["status"]) == (503, "fail")
    assert "expected" in said["output"]
    assert "최악이에요" in said["output"] or "service+" in said["output"]


async def test_emptied_weights_under_a_fresh_manifest_refuse_readiness(tmp_path):
    async with client_of(Stack(checks=[models_check(LiteJudge.load(emptied(tmp_path)))])) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "Not ready: models."


async def test_an_emptied_embedding_refuses_readiness(tmp_path):
    finding = await embedder_check(LiteEmbedder.load(emptied(tmp_path) / "embedding.npz")).probe()
    assert (finding.status, finding.observed) == ("fail", 0)
    assert "is nearer to" in finding.output


async def test_golden_sentences_hold_both_languages_both_labels_and_some_without_an_aspect():
    assert {golden.label for golden in GOLDEN if not golden.says} == {"positive", "negative"}
    assert {golden.text.isascii() for golden in GOLDEN} == {True, False}
