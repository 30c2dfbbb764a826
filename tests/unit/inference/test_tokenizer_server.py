"""Tokens counted by the servers that serve the model: each text once, an estimate while none answers, and no prompt too long."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.analysis.reading import ScriptedJudge
from tests.unit.inference.test_asking import REVIEW

from matjip.clock import FakeClock, new_dice
from matjip.errors import Misconfigured
from matjip.inference.asking import AskingJudge, AskingSettings
from matjip.inference.fake_server import FakeServer, Refuses, Sends
from matjip.inference.model import Completion, Prompt, Timing, TokenUsage
from matjip.inference.open import ModelSettings
from matjip.inference.task import JudgeSentiment
from matjip.inference.tokenizer_server import Served
from matjip.inference.tokens import Estimated, counting
from matjip.telemetry.record import TokensCounted


class Place:
    """A scripted server whose tokens are bytes, and a counter that asks it."""

    def __init__(self, server: FakeServer, counter: Served, clock: FakeClock, told: list[TokensCounted]) -> None:
        self.server, self.counter, self.clock, self.told = server, counter, clock, told


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    clock, told = FakeClock(), []
    async with FakeServer() as server, Served(about(server), clock=clock, hooks=[told.append], entries=3) as counter:
        yield Place(server, counter, clock, told)


def about(server: FakeServer) -> ModelSettings:
    return ModelSettings.model_validate({"urls": server.url, "name": server.model})


async def test_tokens_are_those_that_the_server_counts_without_its_special_ones(place):
    assert await place.counter.count(["abc", "맛", "🍜", "", "\ud83c"]) == [3, 3, 4, 0, 1]
    assert (place.counter.is_estimate, place.counter.name) == (False, "served/fake/1")
    assert {each.body["add_special_tokens"] for each in place.server.tokenized} == {False}


async def test_a_text_is_counted_once_however_often_it_comes(place):
    assert await place.counter.count(["맛", "맛"]) == [3, 3]
    assert await place.counter.count(["맛"]) == [3]
    assert len(place.server.tokenized) == 1
    assert place.told == [TokensCounted(by="server", texts=1), TokensCounted(by="memory", texts=1)]


async def test_only_so_many_counts_are_kept(place):
    for text in "abcda":
        await place.counter.count([text])
    assert [each.body["prompt"] for each in place.server.tokenized] == [*"abcd", "a"]


@pytest.mark.parametrize("step", [Refuses(status=500), Sends(body=b"<html>"), Sends(body=b'{"count": "x"}')])
async def test_while_no_server_counts_an_estimate_stands_in_and_says_so(place, step):
    place.server.script = [step]
    assert await place.counter.count(["국물이 진해요"]) == await Estimated().count(["국물이 진해요"])
    assert (place.counter.is_estimate, place.counter.name) == (True, "estimated/1")
    assert place.told == [TokensCounted(by="estimate", texts=1)]


async def test_a_server_that_failed_is_asked_again_after_its_rest_and_the_estimate_is_forgotten(place):
    await place.server.kill()
    assert await place.counter.count(["맛"]) == [2]
    await place.server.start()
    assert await place.counter.count(["맛"]) == [2]
    place.clock.move(10.1)
    assert (await place.counter.count(["맛"]), place.counter.is_estimate) == ([3], False)


async def test_another_server_counts_where_one_is_away(place):
    async with FakeServer() as other:
        servers = ModelSettings.model_validate({"urls": [place.server.url, other.url], "name": "fake/1"})
        await place.server.kill()
        async with Served(servers, clock=place.clock) as counter:
            assert (await counter.count(["맛"]), counter.is_estimate) == ([3], False)


async def test_a_server_that_cannot_count_stops_the_start(place):
    place.server.script = [Refuses(status=404)]
    with pytest.raises(Misconfigured, match=r"asking\.tokenizer is server, while http.* knows no /tokenize"):
        await place.counter.verify()


async def test_a_server_that_is_away_at_the_start_stops_nothing(place):
    await place.server.kill()
    async with counting("server", about(place.server), clock=place.clock) as counter:
        assert await counter.count(["맛"]) == [2]


def test_the_setting_is_a_path_the_word_server_or_nothing():
    chosen = [AskingSettings.model_validate({"tokenizer": each}).tokenizer for each in (None, "server", "a/t.json")]
    assert [str(each) for each in chosen] == ["None", "server", "a/t.json"]
    with pytest.raises(ValidationError):
        AskingSettings.model_validate({"tokenizer": 7})


class Silent:
    """A model that says nothing, and keeps what it was asked."""

    name = "silent"

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    async def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        usage, timing = TokenUsage(prompt=1, completion=1), Timing(first_token_s=None, total_s=0.0)
        return Completion(text="", finish="stop", model=self.name, usage=usage, timing=timing)


@settings(max_examples=15, deadline=None)
@given(reviews=st.lists(REVIEW, min_size=1, max_size=8), context=st.integers(2_048, 9_000), is_down=st.booleans())
async def test_truth_12_no_prompt_exceeds_the_context_by_whoever_counts(reviews, context, is_down):
    async with FakeServer() as server, Served(about(server), clock=FakeClock()) as counter:
        if is_down:
            await server.kill()
        model = Silent()
        judge = AskingJudge(model, ScriptedJudge(), counter=counter, dice=new_dice(7), context_tokens=context)
        await judge.judge(JudgeSentiment(tuple(reviews)))
        for prompt in model.prompts:
            texts = [message.content for message in prompt.messages]
            exact = [len(text.encode(errors="replace")) for text in texts]
            assert sum(await Estimated().count(texts) if is_down else exact) + prompt.max_tokens <= context
