"""What happened, as it is followed at the command line: imports, rewrites, results and erasures, from any cursor on."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.test_commands import SAMPLE, matjip

REVIEWS = [
    {"restaurant_id": "r", "id": str(at), "content": f"국물 {at}", "author_id": f"guest-{at}"} for at in range(3)
]


def sent(data: Path, *rows: dict) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert matjip("import", "-", data=data, stdin=lines).returncode == 0


def page(data: Path, *words: str) -> dict:
    done = matjip("changes", "--json", *words, data=data)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    sent(tmp_path, *REVIEWS)
    return tmp_path


def test_a_reader_goes_on_where_it_stopped(data: Path):
    first = page(data, "--limit", "2")
    assert [each["type"] for each in first["changes"]] == ["restaurant.created", "review.created"]
    assert matjip("analyze", "r", data=data).returncode == 0
    assert matjip("erase", "guest-1", "--yes", data=data).returncode == 0
    told = page(data, "--since", first["cursor"])["changes"]
    assert [each["type"] for each in told] == ["review.created"] * 2 + ["result.refreshed"] * 3 + ["review.erased"]
    assert "국물" not in json.dumps(told, ensure_ascii=False)


def test_people_read_lines_and_the_cursor_beside_them(data: Path):
    done = matjip("changes", "--type", "restaurant.created", data=data)
    assert "restaurant.created   r  v1  log:1" in done.stdout
    assert matjip("changes", "--since", done.stderr.split()[1], data=data).stdout == ""


def test_who_follows_is_told_what_comes(data: Path):
    command = [sys.executable, "-m", "matjip", "changes", "--follow", "--json", "--limit", "4", "--data-dir", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        first = json.loads(following.stdout.readline())
        sent(data, {**REVIEWS[0], "content": "다른 국물"})
        second = json.loads(following.stdout.readline())
        following.terminate()
    assert (len(first["changes"]), [each["type"] for each in second["changes"]]) == (4, ["review.updated"])


def test_a_spike_of_negative_reviews_is_told_once(tmp_path: Path):
    sample = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    good, bad = ([row["content"] for row in sample if row.get("rating") in stars] for stars in ({5}, {1, 2}))
    now = datetime.now(UTC)
    days = [(content, 3 + at) for at, content in enumerate(good[:150])] + [(content, 0.5) for content in bad[:20]]
    rows = [
        {"restaurant_id": "r", "id": str(at), "content": content, "created_at": (now - timedelta(days=ago)).isoformat()}
        for at, (content, ago) in enumerate(days)
    ]
    sent(tmp_path, *rows)
    for _ in range(2):
        assert matjip("analyze", "r", "--refresh", data=tmp_path).returncode == 0
    (change,) = page(tmp_path, "--type", "negatives.spiked")["changes"]
    assert (change["restaurant_id"], change["alert"]["reviews"]) == ("r", 20)
    assert set(change["alert"]["review_ids"]) <= {row["id"] for row in rows[150:]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--since", "made-up"), "was not made here for you"),
        (("--since", "x", "--new"), "one of them"),
        (("--type", "review.changed"), "review.updated"),
    ],
    ids=str,
)
def test_what_cannot_be_followed_is_refused_with_what_would_be_right(tmp_path: Path, words, says):
    done = matjip("changes", *words, data=tmp_path)
    assert (done.returncode, says in done.stderr) == (3, True)
