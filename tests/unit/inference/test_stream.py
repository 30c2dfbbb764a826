"""What a stream's bytes say, however they are cut, and what becomes of those that say nothing."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.errors import Invalid
from matjip.inference import stream as module
from matjip.inference.failure import ModelFailure
from matjip.inference.model import TokenUsage
from matjip.inference.stream import Stream

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 30, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 16}}


def event(**content: object) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"


def said(text: str = "", finish: str | None = None) -> bytes:
    return event(model="m/1", choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish}])


def read(*chunks: bytes) -> Stream:
    stream = Stream()
    for chunk in chunks:
        stream.take(chunk)
    return stream


def test_the_texts_are_joined_with_what_it_took_and_how_it_ended():
    answer = read(said("맛"), said("있다"), said("", "stop"), event(choices=[], usage=USAGE), DONE).answer()
    assert (answer.text, answer.finish, answer.model, answer.tokens) == ("맛있다", "stop", "m/1", 2)
    assert answer.usage == TokenUsage(prompt=30, completion=3, cached=16)


@given(st.lists(st.text(max_size=6), max_size=5), st.data())
def test_it_does_not_matter_where_the_bytes_are_cut(texts, data):
    whole = b"".join([*map(said, texts), said("", "stop"), event(choices=[], usage=USAGE), DONE])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    stream = read(*(whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)))
    assert (stream.answer().text, stream.is_done, stream.has_token) == ("".join(texts), True, any(texts))


@pytest.mark.parametrize("text", ["data: [DONE]", "\ndata: [DONE]", "\n\ndata: [DONE]\n\n", "[DONE]"])
def test_an_answer_that_speaks_of_the_end_does_not_end(text):
    stream = read(said(text)[: -len(b'"},"finish_reason":null}]}\n\n')])
    assert not stream.is_done


def test_the_role_alone_is_no_token():
    assert not read(event(choices=[{"delta": {"role": "assistant", "content": ""}}])).has_token


@pytest.mark.parametrize("name", ["content", "reasoning", "reasoning_content"])
def test_a_word_of_an_answer_or_of_its_reasoning_is_a_token(name):
    assert read(event(choices=[{"delta": {name: "음"}}])).has_token


def test_reasoning_is_no_part_of_the_answer():
    assert read(event(choices=[{"delta": {"reasoning": "음"}}]), said("네", "stop")).answer().text == "네"


def test_comments_and_unknown_fields_say_nothing():
    answer = read(b": ping\n\nevent: x\nretry: 5\n", said("a"), b": ping\n\n", said("", "stop")).answer()
    assert (answer.text, answer.usage) == ("a", None)


@pytest.mark.parametrize(("finish", "ours"), [("stop", "stop"), ("length", "length"), ("repetition", "length")])
def test_how_an_answer_ended(finish, ours):
    assert read(said("a", finish)).answer().finish == ours


@pytest.mark.parametrize("finish", ["abort", "error", "tool_calls"])
def test_an_answer_that_ended_otherwise_is_a_failure_of_the_server(finish):
    with pytest.raises(ModelFailure, match=finish) as failed:
        read(said("a", finish)).answer()
    assert failed.value.reason == "server_error"


def test_an_answer_that_a_filter_ended_is_a_refusal():
    with pytest.raises(Invalid, match="filter"):
        read(said("a", "content_filter")).answer()


def test_an_answer_without_an_end_broke_off():
    with pytest.raises(ModelFailure) as failed:
        read(said("a"), said("b")).answer()
    assert failed.value.reason == "lost"


@pytest.mark.parametrize(
    "error",
    [{"error": {"message": "m", "code": 500}}, {"object": "error", "message": "m", "code": 500}, {"error": "m"}],
)
def test_an_error_within_an_answer_is_the_server_s(error):
    with pytest.raises(ModelFailure) as failed:
        read(said("a"), event(**error), DONE).answer()
    assert failed.value.reason == "server_error"


def test_an_error_within_an_answer_may_refuse_the_prompt():
    with pytest.raises(Invalid, match="400"):
        read(event(error={"message": "too long: 맛있다", "code": 400})).answer()


@pytest.mark.parametrize("body", [b"", b"hello", b"<html>", b'{"choices":[]}', b": ping\n\n"])
def test_what_is_no_stream_is_malformed(body):
    with pytest.raises(ModelFailure) as failed:
        read(body).answer()
    assert failed.value.reason == "malformed"


@pytest.mark.parametrize(
    "line", [b"data: {", b"data: []", b'data: {"choices":5}', b"data: {},{}", b"data: \xff", said("맛")[:-20] + b"\n"]
)
def test_an_event_that_is_cut_or_no_completion_is_malformed(line):
    with pytest.raises(ModelFailure) as failed:
        read(said("a"), line + b"\n\n", said("", "stop")).answer()
    assert failed.value.reason == "malformed"


def test_an_answer_without_end_in_size_is_cut_off(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1_000)
    with pytest.raises(ModelFailure, match="more than 1000 bytes"):
        read(*[said("a")] * 20)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_errors(body):
    with suppress(ModelFailure, Invalid):
        read(body, b"data: " + body).answer()
