"""A prompt and its completion between processes: all of it arrives, and nothing that is out of bounds."""

from dataclasses import fields, replace

import orjson
import pytest
from pydantic import ValidationError
from tests.unit.inference.models import ANSWER, prompt

from matjip.errors import Invalid
from matjip.inference.model import Message, Prompt, Work
from matjip.inference.wire import PromptSent, read_completion, write_completion, write_prompt

WORK = Work(tenant="hongdae", kind="summary", urgency="background", weight=2.5)
SENT = Prompt(
    task="aspects",
    version="aspects/3",
    messages=(Message("system", "Label it."), Message("user", "맛있어요 🍜")),
    schema={"type": "object", "properties": {"label": {"enum": ["positive", "negative"]}}},
    max_tokens=7,
    tokens=99,
    work=WORK,
    items=3,
)


def sent(**about: object) -> dict[str, object]:
    return orjson.loads(write_prompt(SENT, "my-model")) | about


def test_all_of_a_prompt_arrives():
    read = PromptSent.model_validate_json(write_prompt(SENT, "my-model"))
    assert (read.prompt(), read.model) == (SENT, "my-model")


def test_the_prompt_that_is_tested_differs_from_a_default_in_every_field():
    plain = prompt(work=Work(tenant="default", kind="sentiment"))
    same = [each.name for each in fields(Prompt) if getattr(SENT, each.name) == getattr(plain, each.name)]
    assert same == ["heard"]  # which stays where it is
    assert not [each.name for each in fields(Work) if getattr(WORK, each.name) == getattr(plain.work, each.name)]


@pytest.mark.parametrize(
    ("where", "about"),
    [
        ("messages", {"messages": []}),
        ("messages.0.role", {"messages": [{"role": "tool", "content": "x"}]}),
        ("max_tokens", {"max_tokens": 0}),
        ("tokens", {"tokens": 10_000_001}),
        ("items", {"items": -1}),
        ("task", {"task": ""}),
        ("model", {"model": "x" * 201}),
        ("work.urgency", {"work": {"tenant": "t", "kind": "k", "urgency": "now", "weight": 1}}),
        ("work.weight", {"work": {"tenant": "t", "kind": "k", "urgency": "batch", "weight": 0}}),
        ("work.weight", {"work": {"tenant": "t", "kind": "k", "urgency": "batch", "weight": 1_001}}),
        ("work.tenant", {"work": {"tenant": "", "kind": "k", "urgency": "batch", "weight": 1}}),
        ("heard", {"heard": None}),
    ],
)
def test_what_is_out_of_bounds_is_named(where, about):
    with pytest.raises(ValidationError) as raised:
        PromptSent.model_validate_json(orjson.dumps(sent(**about)))
    assert [".".join(map(str, error["loc"])) for error in raised.value.errors()] == [where]


def test_half_a_character_is_not_sent():
    with pytest.raises(Invalid, match="surrogate"):
        write_prompt(replace(SENT, messages=(Message("user", "\ud800"),)), "my-model")


def test_all_of_a_completion_comes_back():
    told = replace(ANSWER, usage=replace(ANSWER.usage, cached=5, is_estimate=True), replica="http://10.0.0.5:8000")
    assert read_completion(write_completion(told)) == told


@pytest.mark.parametrize("body", [b"", b"no JSON", b'{"text": "x"}', b'{"status": 503, "code": "unavailable"}'])
def test_what_is_no_completion_is_none(body):
    assert read_completion(body) is None
