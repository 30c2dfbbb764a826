"""Feedback over HTTP: given, listed, exported; what cannot be is refused with what would be right."""

import json

import pytest

from matjip.api.examples import STRENGTHS, SUMMARY
from tests.unit.api.fakes import RUN

FEEDBACK = "/api/v1/restaurants/mapo-noodles/feedback"
CLAIM, STATEMENT = STRENGTHS.strengths[0].claim_id, SUMMARY.positive[0].claim_id
REWORDED = "국물이 깊고 진하다는 칭찬이 많습니다"


@pytest.fixture(autouse=True)
async def stored(stack, client):
    await client.put("/api/v1/restaurants/mapo-noodles/reviews/r-1", json={"content": "국물이 진하고 면이 쫄깃해요."})
    for analysis, result in (("strengths", STRENGTHS), ("summary", SUMMARY)):
        await stack.results.keep(RUN.model_copy(update={"run_id": analysis, "analysis": analysis}), result)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "hide", "claim_id": CLAIM, "reason": "더는 팔지 않아요"},
        {"kind": "flag", "claim_id": STATEMENT},
        {"kind": "correct", "claim_id": CLAIM, "correction": REWORDED},
        {
            "kind": "correct",
            "claim_id": STATEMENT,
            "correction": "국물 이야기가 가장 많고, 네 건 중 세 건이 칭찬합니다.",
        },
        {"kind": "correct", "review_id": "r-1", "correction": "neutral"},
        {"kind": "hide", "review_id": "r-1"},
        {"kind": "correct", "review_id": "r-1", "aspect": "service", "correction": "not_said"},
        {"kind": "restore", "review_id": "r-1"},
    ],
    ids=str,
)
async def test_feedback_is_recorded_with_who_gave_it_and_when(client, said):
    answer = await client.post(FEEDBACK, json=said)
    assert answer.status_code == 201, answer.text
    assert answer.json().items() >= {**said, "position": 1, "actor": "anonymous"}.items()
    assert (await client.get(FEEDBACK)).json()["feedback"] == [answer.json()]


@pytest.mark.parametrize(
    ("said", "where", "right"),
    [
        ({"kind": "hide"}, "claim_id", "one of them"),
        ({"kind": "hide", "claim_id": CLAIM, "review_id": "r-1"}, "claim_id", "one of them"),
        ({"kind": "flag", "claim_id": CLAIM, "aspect": "taste"}, "aspect", "none"),
        ({"kind": "flag", "review_id": "r-1", "aspect": "mood"}, "aspect", "taste, menu"),
        ({"kind": "hide", "review_id": "r-1", "aspect": "taste"}, "kind", "not_said"),
        (
            {"kind": "correct", "claim_id": CLAIM, "correction": "국물을 칭찬한 손님이 999명입니다"},
            "correction",
            "without figures",
        ),
        ({"kind": "correct", "review_id": "r-1"}, "correction", "positive or negative or neutral"),
        ({"kind": "correct", "review_id": "r-1", "correction": "fine"}, "correction", "neutral"),
        (
            {"kind": "correct", "review_id": "r-1", "aspect": "taste", "correction": "neutral"},
            "correction",
            "positive or negative or not_said",
        ),
        ({"kind": "hide", "review_id": "r-1", "correction": "neutral"}, "correction", "none"),
        ({"kind": "correct", "claim_id": CLAIM, "correction": "짧아요"}, "correction", "15 to 28"),
        ({"kind": "correct", "claim_id": CLAIM, "correction": "Rich broth, praised by many"}, "correction", "Korean"),
        (
            {"kind": "correct", "claim_id": CLAIM, "correction": "두 줄에\n걸친 글은 카드에 못 씁니다"},
            "correction",
            "one line",
        ),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_with_what_would_be_right(client, said, where, right):
    answer = await client.post(FEEDBACK, json=said)
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, where)
    assert right in answer.json()["faults"][0]["right"]
    assert (await client.get(FEEDBACK)).json()["feedback"] == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (FEEDBACK, {"kind": "hide", "claim_id": "0123456789abcdef"}),
        (FEEDBACK, {"kind": "hide", "claim_id": '%_"'}),
        (FEEDBACK, {"kind": "flag", "review_id": "r-9"}),
        (FEEDBACK.replace("mapo-noodles", "nowhere"), {"kind": "hide", "claim_id": CLAIM}),
    ],
    ids=str,
)
async def test_feedback_on_what_is_not_there_is_not_found(client, path, said):
    answer = await client.post(path, json=said)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_unknown_claim_is_answered_with_where_claims_are_found(client):
    answer = await client.post(FEEDBACK, json={"kind": "hide", "claim_id": "unknown"})
    assert "claim_id stands beside each statement" in answer.json()["detail"]


async def test_a_claim_can_be_restored_when_no_stored_result_makes_it_any_more(stack, client):
    await client.post(FEEDBACK, json={"kind": "hide", "claim_id": CLAIM})
    await stack.results.forget("default", ["mapo-noodles"])
    assert (await client.post(FEEDBACK, json={"kind": "restore", "claim_id": CLAIM})).status_code == 201
    assert (await client.post(FEEDBACK, json={"kind": "hide", "claim_id": CLAIM})).status_code == 404


async def test_pages_hold_every_row_once_newest_first(client):
    for _ in range(5):
        await client.post(FEEDBACK, json={"kind": "flag", "claim_id": CLAIM})
    first = (await client.get(FEEDBACK, params={"limit": 3})).json()
    second = (await client.get(FEEDBACK, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [row["position"] for row in first["feedback"] + second["feedback"]] == [5, 4, 3, 2, 1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["eA", "MTExMTExMTExMTExMTExMTExMTE", "!", ""])
async def test_a_cursor_that_is_not_ours_is_refused(client, cursor):
    assert (await client.get(FEEDBACK, params={"cursor": cursor})).json()["code"] == "invalid"


async def test_corrections_that_stand_are_exported_with_the_reviews_text(client):
    for said in (
        {"kind": "correct", "review_id": "r-1", "correction": "negative"},
        {"kind": "correct", "review_id": "r-1", "correction": "neutral"},
        {"kind": "correct", "review_id": "r-1", "aspect": "taste", "correction": "positive"},
        {"kind": "correct", "review_id": "r-1", "aspect": "price", "correction": "negative"},
        {"kind": "restore", "review_id": "r-1", "aspect": "price"},
        {"kind": "hide", "claim_id": CLAIM},
    ):
        await client.post(FEEDBACK, json=said)
    rows = await exported(client)
    shared = {
        "text": "국물이 진하고 면이 쫄깃해요.",
        "language": "ko",
        "restaurant_id": "mapo-noodles",
        "review_id": "r-1",
    }
    assert [row.pop("at")[:4] for row in rows] == ["2026", "2026"]
    assert sorted(rows, key=len) == [
        {**shared, "label": "neutral"},
        {**shared, "aspect": "taste", "polarity": "positive"},
    ]


async def test_a_correction_of_a_text_that_is_rewritten_is_exported_no_more(client):
    await client.post(FEEDBACK, json={"kind": "correct", "review_id": "r-1", "correction": "negative"})
    await client.put("/api/v1/restaurants/mapo-noodles/reviews/r-1", json={"content": "다시 가니 좋아요"})
    assert await exported(client) == []


async def exported(client) -> list[dict]:
    answer = await client.get("/api/v1/feedback/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    return [json.loads(line) for line in answer.text.splitlines()]
