"""The three analyses and their results over HTTP."""

import pytest

from matjip.errors import Unavailable

SEED = {"restaurant_id": "test_restaurant", "reviews": [{"content": "맛있어요!"}]}
ANALYSES = ["sentiment", "summary", "strengths"]


async def test_the_requirements_own_example_is_answered_with_a_positive_count(client):
    answer = await client.post("/api/v1/sentiment/analyze", json=SEED)
    assert answer.status_code == 200
    assert "positive_count" in answer.json()


@pytest.mark.parametrize("name", ANALYSES)
async def test_reviews_sent_along_get_ids_by_their_place(client, stack, name):
    await client.post(
        f"/api/v1/{name}/analyze", json={"restaurant_id": 7, "reviews": [{"content": "a"}, {"content": "b"}]}
    )
    (ask,) = stack.analyses.asks
    assert ask.restaurant_id == "7"
    assert [review.id for review in ask.reviews] == ["inline-1", "inline-2"]


@pytest.mark.parametrize("hint", [{"weight": 5}, {"tenant": "another"}, {"work": {"weight": 5}}, {"urgency": "now"}])
async def test_a_caller_cannot_make_its_work_weigh_more(client, stack, hint):
    answer = await client.post("/api/v1/sentiment/analyze", json=SEED | hint)
    assert answer.status_code == 422
    assert stack.analyses.asks == []


async def test_without_reviews_the_stored_ones_are_asked_for(client, stack):
    await client.post(
        "/api/v1/summary/analyze", json={"restaurant_id": "r", "since": "2026-01-01", "lang": "en", "refresh": True}
    )
    (ask,) = stack.analyses.asks
    assert (ask.reviews, ask.language, ask.refresh) == (None, "en", True)
    assert ask.window.since.isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("name", ANALYSES)
async def test_of_a_batch_each_item_is_answered_alone(client, stack, name):
    stack.fail("down", Unavailable("The database does not answer.", retry_after_s=3))
    answer = await client.post(
        f"/api/v1/{name}/analyze/batch", json={"requests": [{"restaurant_id": "up"}, {"restaurant_id": "down"}]}
    )
    body = answer.json()
    assert (answer.status_code, body["answered"], body["failed"]) == (207, 1, 1)
    assert [item["status"] for item in body["results"]] == [200, 503]
    assert body["results"][1]["problem"]["code"] == "unavailable"


async def test_an_outage_is_a_503_that_says_when_to_come_back_never_an_empty_200(client, stack):
    stack.fail("r", Unavailable("The database does not answer.", retry_after_s=3))
    answer = await client.post("/api/v1/sentiment/analyze", json={"restaurant_id": "r"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_a_fault_of_ours_is_logged_and_shown_as_one_neutral_sentence(client, stack):
    stack.fail("r", ValueError("password=hunter2 in row 7"))
    answer = await client.post("/api/v1/sentiment/analyze", json={"restaurant_id": "r"})
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_the_latest_result_and_the_runs_behind_it_can_be_read(client):
    latest = await client.get("/api/v1/restaurants/mapo-noodles/results/sentiment")
    history = await client.get("/api/v1/restaurants/mapo-noodles/results/sentiment/history")
    assert latest.json()["positive_count"] >= 0
    assert history.json()["runs"][0]["outcome"] == "ok"


async def test_a_result_that_was_never_made_is_not_found(client):
    assert (await client.get("/api/v1/restaurants/none/results/summary")).status_code == 404


async def test_an_analysis_that_does_not_exist_names_those_that_do(client):
    answer = await client.get("/api/v1/restaurants/r/results/taste")
    assert answer.status_code == 422
    assert "sentiment" in answer.text


async def test_while_draining_no_new_work_is_taken(client, stack):
    stack.lifecycle.move("DRAINING")
    answer = await client.post("/api/v1/sentiment/analyze", json=SEED)
    assert answer.status_code == 503
    assert answer.json()["code"] == "not_ready"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("name", ANALYSES)
async def test_a_dry_run_answers_with_what_it_would_take(client, name):
    answer = await client.post(f"/api/v1/{name}/analyze", json={"restaurant_id": "r", "dry_run": True})
    body = answer.json()
    assert (answer.status_code, body["dry_run"], body["analysis"], body["would"]) == (200, True, name, "run")
    assert (body["reviews"], body["time"]["runs"]) == (210, 200)


async def test_a_dry_run_of_a_batch_adds_up_those_that_would_not_fail(client, stack):
    stack.fail("down", Unavailable("The database does not answer.", retry_after_s=3))
    requests = [{"restaurant_id": each} for each in ("a", "b", "down")]
    answer = await client.post("/api/v1/summary/analyze/batch", json={"requests": requests, "dry_run": True})
    body = answer.json()
    assert (answer.status_code, body["total"]["restaurants"], body["total"]["reviews"]) == (207, 2, 420)
    assert [item["status"] for item in body["results"]] == [200, 200, 503]


async def test_a_batch_is_a_dry_run_as_a_whole_or_not_at_all(client):
    requests = [{"restaurant_id": "a"}, {"restaurant_id": "b", "dry_run": True}]
    answer = await client.post("/api/v1/summary/analyze/batch", json={"requests": requests})
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["where"] == "requests[1].dry_run"


async def test_progress_since_a_day_holds_its_sentences(client):
    body = (await client.get("/api/v1/restaurants/r/progress", params={"since": "2026-03-01"})).json()
    assert body["since"] == "2026-03-01T00:00:00Z"
    assert "나아졌습니다" in body["sentences"][0]


async def test_progress_without_a_day_says_what_is_missing(client):
    answer = await client.get("/api/v1/restaurants/r/progress")
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, "query.since")


async def test_how_soon_a_model_is_asked_may_be_said(client, stack):
    for sent in ({}, {"urgency": "batch"}):
        await client.post("/api/v1/sentiment/analyze", json={"restaurant_id": "r"} | sent)
    assert [ask.urgency for ask in stack.analyses.asks] == ["interactive", "batch"]
