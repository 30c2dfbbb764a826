"""Every bad request gets a clear problem: what was wrong, where, what would be right."""

import httpx
import pytest

from matjip.api.server import ApiSettings
from tests.unit.api.conftest import client_of
from tests.unit.api.fakes import Stack

SENTIMENT = "/api/v1/sentiment/analyze"
REVIEWS = "/api/v1/restaurants/mapo-noodles/reviews"
JSON = {"Content-Type": "application/json"}


async def posted(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    return await client.post(SENTIMENT, content=body, headers=JSON | headers)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{", "line 1, column 2"),
        (b'{\n "a": }', "line 2, column 7"),
        (b'{"a": NaN}', "line 1, column 7"),
        (b'{"a": Infinity}', "line 1, column 7"),
        (b'{"a": 1e999}', "line 1, column 7"),
        (b'{"a": "\\ud800"}', "line 1"),
        (b'{"a": "\xff"}', "line 1"),
        (b"\xef\xbb\xbf{}", "line 1, column 1"),
        (b"[" * 100_000, "line 1, column"),
        (b'{"a":' * 5_000, "line 1, column"),
    ],
)
async def test_a_body_that_is_not_json_names_the_place(client, body, place):
    answer = await posted(client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert place in answer.json()["detail"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application", "\x7f"])
async def test_a_body_of_another_type_is_refused(client, kind):
    answer = await client.post(SENTIMENT, content=b"{}", headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "where", "right"),
    [
        ({}, "restaurant_id", "a value"),
        ([], "body", "an object"),
        (None, "body", "a value"),
        ({"restaurant_id": True}, "restaurant_id", "a text or a whole number"),
        ({"restaurant_id": 1.5}, "restaurant_id", "a text or a whole number"),
        ({"restaurant_id": ""}, "restaurant_id", "1 to 200 characters"),
        ({"restaurant_id": "x" * 201}, "restaurant_id", "1 to 200 characters"),
        ({"restaurant_id": "a/b"}, "restaurant_id", 'without "/"'),
        ({"restaurant_id": "a\0b"}, "restaurant_id", "control characters"),
        ({"restaurant_id": "x", "reviews": {}}, "reviews", "a"),
        ({"restaurant_id": "x", "reviews": [{"content": 5}]}, "reviews[0].content", "a text"),
        ({"restaurant_id": "x", "reviews": [{"content": ""}]}, "reviews[0].content", "at least 1 character"),
        ({"restaurant_id": "x", "reviews": [{"content": "가" * 5_001}]}, "reviews[0].content", "at most 5000"),
        ({"restaurant_id": "x", "reviews": [{"content": "a\0b"}]}, "reviews[0].content", "no NUL"),
        ({"restaurant_id": "x", "reviews": [{"content": "a", "rating": 7}]}, "reviews[0].rating", "5"),
        ({"restaurant_id": "x", "reviews": [{"content": "a", "rating": "5"}]}, "reviews[0].rating", "a number"),
        ({"restaurant_id": "x", "reviews": [{"content": "a", "rating": True}]}, "reviews[0].rating", "a number"),
        ({"restaurant_id": "x", "reviews": [{"content": "a"}] * 1_001}, "reviews", "at most 1000"),
        ({"restaurant_id": "x", "since": 1_700_000_000}, "since", "a time with its offset"),
        ({"restaurant_id": "x", "since": "2026-11-01T09:00:00"}, "since", "a time with its offset"),
        ({"restaurant_id": "x", "since": "yesterday"}, "since", "a time with its offset"),
        ({"restaurant_id": "x", "since": "0001-01-01T00:00:00+14:00"}, "since", "a time with its offset"),
        ({"restaurant_id": "x", "since": "2026-11-02", "until": "2026-11-01"}, "since", "since < until"),
        ({"restaurant_id": "x", "languages": ["korean"]}, "languages[0]", "pattern"),
        ({"restaurant_id": "x", "lang": "fr"}, "lang", "'ko' or 'en'"),
        ({"restaurant_id": "x", "refresh": "yes"}, "refresh", "true or false"),
        ({"restaurant_id": "x", "refrsh": True}, "refrsh", "no field of this name"),
        (
            {"restaurant_id": "x", "reviews": [{"id": 1, "content": "a"}, {"id": "1", "content": "b"}]},
            "reviews[1].id",
            "own",
        ),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named_with_what_would_be_right(client, body, where, right):
    answer = await client.post(SENTIMENT, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["faults"][0]["where"] == where
    assert right in answer.json()["faults"][0]["right"]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limt=3", "query.limt"),
        ("limit=0", "query.limit"),
        ("limit=-1", "query.limit"),
        ("limit=99999999999999999999", "query.limit"),
        ("limit=ten", "query.limit"),
        ("cursor=%21%21", "query.cursor"),
        ("cursor=AAAA", "query.cursor"),
        ("cursor=", "query.cursor"),
        ("since=2026-11-01T09:00:00+09:00", "query.since"),
        ("since=2026-11-02&until=2026-11-01", "query.since"),
    ],
)
async def test_a_wrong_query_parameter_is_named(client, query, where):
    answer = await client.get(f"{REVIEWS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["where"] == where


async def test_a_misspelt_parameter_gets_the_right_name(client):
    answer = await client.get(f"{REVIEWS}?limt=3")
    assert answer.json()["faults"][0]["right"] == "limit"


@pytest.mark.parametrize("path", ["/api/v1/restaurants/%FF", "/api/v1/restaurants?cursor=%FF%FE"])
async def test_a_path_or_query_that_is_not_utf8_is_refused(client, path):
    assert (await client.get(path)).status_code == 400


async def test_a_wrong_text_is_never_echoed(client):
    answer = await client.post(SENTIMENT, json={"restaurant_id": "x", "reviews": [{"content": "비밀\0이야기"}]})
    assert "비밀" not in answer.text
    assert answer.json()["faults"][0]["wrong"] == "has 6 characters"


async def test_thousands_of_faults_are_answered_by_the_first_fifty(client):
    answer = await client.post(SENTIMENT, json={"restaurant_id": "x", "reviews": [{"content": ""}] * 1_000})
    assert len(answer.json()["faults"]) == 50


async def test_an_unknown_path_is_a_problem(client):
    answer = await client.get("/api/v2/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_wrong_method_names_every_right_one(client):
    answer = await client.post(f"{REVIEWS}/r-1")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, PUT, DELETE"


@pytest.fixture
async def small() -> httpx.AsyncClient:
    return client_of(Stack(settings=ApiSettings(max_body_bytes=100)))


async def test_a_body_over_the_limit_is_refused_by_its_announced_length(small):
    answer = await posted(small, b"x" * 101)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["faults"][0]["wrong"] == "is 101 bytes"


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(small):
    taken = 0

    async def endless():
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 10

    answer = await small.post(SENTIMENT, content=endless(), headers=JSON)
    assert (answer.status_code, taken) == (413, 11)


@pytest.mark.parametrize("length", ["9" * 5_000, "101"])
async def test_a_boastful_length_is_refused(small, length):
    assert (await posted(small, b"{}", **{"Content-Length": length})).status_code == 413


@pytest.mark.parametrize("tag", ["abc", '"99999999999"', '"-1"', "*/*"])
async def test_an_if_match_that_is_no_version_is_refused(client, tag):
    answer = await client.put(f"{REVIEWS}/r-1", json={"content": "좋아요"}, headers={"If-Match": tag})
    assert answer.json()["faults"][0]["where"] == "header.If-Match"


async def test_two_different_expected_versions_are_refused(client):
    body = {"content": "좋아요", "expected_version": 1}
    answer = await client.put(f"{REVIEWS}/r-1", json=body, headers={"If-Match": '"2"'})
    assert answer.json()["faults"][0]["where"] == "expected_version"


async def test_two_different_idempotency_keys_are_refused(client):
    body = {"content": "좋아요", "idempotency_key": "a"}
    answer = await client.put(f"{REVIEWS}/r-1", json=body, headers={"Idempotency-Key": "b"})
    assert answer.json()["faults"][0]["where"] == "idempotency_key"
