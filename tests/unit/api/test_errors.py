"""One table from code words to status numbers; one document for every error; never an exception's text."""

from datetime import UTC, datetime
from typing import get_args

import orjson
import pytest

from matjip import errors
from matjip.api.errors import NEUTRAL, TABLE, EdgeCode, Problem, ProblemShape, problem_of, shape, to_response
from matjip.errors import (
    Code,
    Fault,
    InFlight,
    Internal,
    Invalid,
    MatjipError,
    Misconfigured,
    StaleVersion,
    Unavailable,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def document(error: Exception) -> dict:
    return shape(problem_of(error), instance="/x", request_id="r-1", now=NOW)


def every_class(kind: type[MatjipError] = MatjipError) -> set[type[MatjipError]]:
    return {kind}.union(*(every_class(sub) for sub in kind.__subclasses__()))


def test_the_table_has_a_row_for_every_code_and_no_other():
    assert set(TABLE) == {*get_args(Code), *get_args(EdgeCode)}


@pytest.mark.parametrize("kind", sorted(every_class(), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_every_error_class_has_a_row(kind):
    assert kind.code in TABLE
    assert kind.__name__ in errors.__all__ or kind.__module__ != errors.__name__


def test_a_problem_holds_both_forms_of_the_error():
    told = document(Invalid.of(Fault(where="rating", wrong="is 7", right="at most 5")))
    assert (told["type"], told["status"], told["code"]) == ("/docs#invalid", 422, "invalid")
    assert told["faults"] == [{"where": "rating", "wrong": "is 7", "right": "at most 5"}]
    assert told["error"] == {
        "code": "invalid",
        "message": "rating is 7; expected at most 5",
        "timestamp": "2026-11-23T00:00:00Z",
    }


def test_a_problem_is_what_its_schema_says():
    ProblemShape.model_validate(document(StaleVersion("Review r-1", expected=2, actual=3)))


def test_a_stale_version_names_both():
    assert document(StaleVersion("Review r-1", expected=2, actual=3))["facts"] == {
        "expected_version": 2,
        "actual_version": 3,
    }


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), Internal("secret"), Misconfigured("secret"), KeyError("secret")]
)
def test_a_fault_of_ours_is_one_neutral_sentence(error):
    assert document(error)["detail"] == NEUTRAL
    assert "secret" not in orjson.dumps(document(error)).decode()


@pytest.mark.parametrize(
    ("error", "wait"),
    [(InFlight("wait"), "1"), (Unavailable("gone", retry_after_s=9), "9"), (Unavailable("gone"), "2")],
)
def test_waiting_is_told_where_it_helps(error, wait):
    assert to_response(problem_of(error), instance="/", request_id="r", now=NOW).headers["Retry-After"] == wait


def test_no_wait_is_told_where_it_does_not_help():
    answer = to_response(problem_of(Invalid("no")), instance="/", request_id="r", now=NOW)
    assert "Retry-After" not in answer.headers


def test_half_of_a_surrogate_pair_in_an_error_still_becomes_json():
    answer = to_response(Problem(code="invalid", detail="\ud800"), instance="/\udfff", request_id="r", now=NOW)
    assert orjson.loads(answer.body)["detail"] == "\\ud800"
