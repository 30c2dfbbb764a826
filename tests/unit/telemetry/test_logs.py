"""A log line is one JSON object in ECS names; nothing that a person wrote and no secret gets into it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from matjip.telemetry.logs import MASK, LogSettings, bound, configure, logger, mask, set_level


class Lines(io.StringIO):
    def all(self) -> list[dict]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def last(self) -> dict:
        return self.all()[-1]


@pytest.fixture
def out() -> Iterator[Lines]:
    before, level = logging.root.handlers, logging.root.level
    stream = Lines()
    configure(LogSettings(format="json"), version="1.2.3", stream=stream)
    yield stream
    logging.root.handlers = before
    logging.root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_carries_the_ecs_fields(out):
    logger("matjip.api").info("request", **{"http.response.status_code": 200})
    line = out.last()
    assert (line["message"], line["log.level"], line["log.logger"]) == ("request", "info", "matjip.api")
    assert (line["service.name"], line["service.version"], line["ecs.version"]) == ("matjip", "1.2.3", "8.17.0")
    assert line["http.response.status_code"] == 200
    assert line["@timestamp"].endswith("Z")


def test_a_library_that_knows_nothing_of_us_writes_the_same_shape(out):
    logging.getLogger("uvicorn.error").warning("listening on %s", "127.0.0.1")
    assert out.last()["message"] == "listening on 127.0.0.1"
    assert out.last()["log.logger"] == "uvicorn.error"


def test_uvicorns_own_access_log_is_silent_because_ours_speaks(out):
    logging.getLogger("uvicorn.access").info("GET / 200")
    assert out.getvalue() == ""


def test_bound_fields_are_on_every_line_inside_and_on_none_outside(out):
    with bound(**{"http.request.id": "r-1"}):
        logger("a").info("ours")
        logging.getLogger("b").warning("theirs")
    logger("a").info("after")
    assert [line.get("http.request.id") for line in out.all()] == ["r-1", "r-1", None]


async def test_two_requests_at_once_keep_their_own_ids(out):
    async def request(name: str) -> None:
        with bound(**{"http.request.id": name}):
            await asyncio.sleep(0)
            logger("a").info(name)

    await asyncio.gather(*(request(f"r-{number}") for number in range(10)))
    assert all(line["http.request.id"] == line["message"] for line in out.all())


def test_the_level_can_be_changed_while_running(out):
    logger("a").debug("unseen")
    set_level("debug")
    logger("a").debug("seen")
    assert [line["message"] for line in out.all()] == ["seen"]


def test_an_exception_is_logged_in_full_without_local_variables(out):
    def fail() -> None:
        api_key = "hunter2"  # noqa: F841
        raise ValueError("boom")

    try:
        fail()
    except ValueError:
        logger("a").exception("it failed")
    line = out.last()
    assert (line["error.type"], line["error.message"]) == ("builtins.ValueError", "boom")
    assert "in fail" in line["error.stack_trace"]
    assert '"hunter2"' not in json.dumps({**line, "error.stack_trace": ""})


@pytest.mark.parametrize(
    "key", ["Authorization", "password", "api_key", "X-API-Key", "db.password", "access_token", "Set-Cookie", "content"]
)
def test_a_secret_or_a_review_text_is_masked_at_any_depth(out, key):
    logger("a").info("line", **{key: "맛있어요"}, inner={"list": [{key: "맛있어요"}]})
    assert "맛있어요" not in out.getvalue()
    assert out.last()[key] == MASK


def test_counts_of_tokens_are_no_secret(out):
    logger("a").info("usage", prompt_tokens=12, max_token=9)
    assert (out.last()["prompt_tokens"], out.last()["max_token"]) == (12, 9)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("postgresql://matjip:hunter2@db/matjip", "postgresql://matjip:[masked]@db/matjip"),
        ("Authorization: Bearer eyJh.bGci.OiJ9", "Authorization: Bearer [masked]"),
        ("http://localhost:8000/health", "http://localhost:8000/health"),
    ],
)
def test_a_secret_inside_a_sentence_is_masked(said, kept):
    assert mask(said) == kept


def test_a_very_long_value_is_cut_and_says_how_long_it_was():
    assert len(str(mask("가" * 100_000))) < 3_000
    assert "100000 characters" in str(mask("가" * 100_000))


def test_endless_nesting_ends():
    endless: list = []
    endless.append(endless)
    assert "[…]" in str(mask(endless))


@pytest.mark.parametrize("hostile", ["\ud800", "\x00", "line\nbreak", "🍜" * 10, '"}{"'])
def test_a_hostile_text_stays_one_line_of_json(out, hostile):
    logger("a").info(hostile, **{"url.path": hostile})
    assert len(out.getvalue().splitlines()) == 1
    assert out.last()["log.level"] == "info"


def test_a_person_reads_words_instead_of_json(out):
    stream = io.StringIO()
    configure(LogSettings(format="console"), version="1.2.3", stream=stream)
    logger("matjip.api").info("ready", port=8000)
    assert "ready" in stream.getvalue()
    assert "port=8000" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
