"""Feedback over the whole service and the command line: on a file, with the built-in judge."""

import json
import os
import subprocess
import sys

from matjip.analysis.ask import Ask
from matjip.analysis.desk import FeedbackAsk
from matjip.app import open_service
from matjip.caller import Caller
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Put
from matjip.settings import Settings

CALLER = Caller(actor="owner", request_id="q")
ASK = Ask(restaurant_id="r")
CONTENTS = (
    "국물이 진하고 맛있어요",
    "국물이 정말 진해요!",
    "국물 진하고 면이 쫄깃해요",
    "직원이 친절해요",
    "너무 짜요",
)


async def write(service, *contents: str, prefix: str = "") -> None:
    drafts = [
        ReviewDraft(restaurant_id="r", id=f"{prefix}{at}", content=content, author_id=f"author{prefix}{at}")
        for at, content in enumerate(contents)
    ]
    await service.reviews.write([Put(review=draft) for draft in drafts], CALLER)


def say(kind: str, **about) -> FeedbackAsk:
    return FeedbackAsk(restaurant_id="r", kind=kind, **about)


async def test_a_claim_that_was_hidden_is_hidden_in_the_next_process_too(tmp_path):
    settings = Settings(data_dir=tmp_path)
    async with open_service(settings) as service:
        await write(service, *CONTENTS)
        first = (await service.analyses.strengths(ASK, CALLER)).strengths[0]
        await service.feedback.give(say("hide", claim_id=first.claim_id), CALLER)
    async with open_service(settings) as service:
        await write(service, *CONTENTS, prefix="later")
        answer = await service.analyses.strengths(ASK, CALLER)
    assert (first.claim_id not in answer.model_dump_json(), answer.hidden) == (True, 1)


async def test_an_erasure_takes_what_was_said_of_the_persons_reviews_from_table_and_file(tmp_path):
    async with open_service(Settings(data_dir=tmp_path)) as service:
        await write(service, *CONTENTS)
        for review_id in ("0", "1"):
            reason = f"the reason given for review number {review_id}"
            await service.feedback.give(
                say("correct", review_id=review_id, correction="negative", reason=reason), CALLER
            )
        assert (await service.analyses.sentiment(ASK, CALLER)).negative_count == 2
        await service.erase("default", "author0", CALLER)
        rows = await service.feedback.page("default", "r", before=None, limit=9)
        assert [row.review_id for row in rows] == ["1"]
        answer = await service.analyses.sentiment(ASK, CALLER)
        assert (answer.total_count, answer.negative_count) == (4, 1)
        stored = b"".join(file.read_bytes() for file in tmp_path.glob("matjip.db*"))
    assert b"review number 1" in stored
    assert b"review number 0" not in stored


def matjip(*words: str, data) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matjip", *words, "--data-dir", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


async def test_feedback_is_given_listed_and_exported_at_the_command_line(tmp_path):
    async with open_service(Settings(data_dir=tmp_path)) as service:
        await write(service, *CONTENTS)
    given = matjip("feedback", "r", "correct", "--review", "4", "--to", "neutral", "--json", data=tmp_path)
    assert (given.returncode, json.loads(given.stdout)["correction"]) == (0, "neutral")
    listed = json.loads(matjip("feedback", "r", "--json", data=tmp_path).stdout)
    assert [(row["kind"], row["review_id"], row["actor"]) for row in listed] == [("correct", "4", "cli")]
    file = tmp_path / "corrections.jsonl"
    assert matjip("export-feedback", str(file), data=tmp_path).returncode == 0
    (row,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (row["text"], row["label"], row["language"]) == ("너무 짜요", "neutral", "ko")


def test_feedback_on_what_is_not_there_leaves_with_not_found(tmp_path):
    done = matjip("feedback", "nowhere", "flag", "--review", "1", data=tmp_path)
    assert (done.returncode, "nowhere" in done.stderr) == (4, True)
