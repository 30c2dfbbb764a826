"""The command line as its users run it: processes, exit codes, what goes to which stream."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples" / "reviews.jsonl"


def matjip(*words: str, data: Path, stdin: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matjip", *words, "--data-dir", str(data)]
    return subprocess.run(
        command, capture_output=True, text=True, input=stdin, timeout=60, check=False, env=os.environ | environ
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    done = matjip("import", str(SAMPLE), "--json", data=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_second_import_of_the_same_file_changes_nothing(data: Path):
    summary = json.loads(matjip("import", str(SAMPLE), "--json", data=data).stdout)
    assert (summary["created"], summary["updated"], summary["unchanged"]) == (0, 0, 770)


def test_an_import_with_rejected_rows_says_so_by_its_exit_code(tmp_path: Path):
    done = matjip("import", str(ROOT / "examples" / "bad_rows.jsonl"), "--json", data=tmp_path)
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["rejected"], summary["created"]) == (8, 14, 0)
    assert len(Path(summary["rejects_file"]).read_text().splitlines()) == 14


def test_reviews_come_through_a_pipe(tmp_path: Path):
    line = json.dumps({"restaurant_id": "r", "id": "1", "content": "맛있어요"}, ensure_ascii=False)
    done = matjip("import", "-", "--json", data=tmp_path, stdin=line + "\n")
    assert (done.returncode, json.loads(done.stdout)["created"]) == (0, 1)


def test_an_analysis_is_json_for_programs_and_the_second_is_reused(data: Path):
    restaurant = json.loads(SAMPLE.read_text().splitlines()[0])["id"]
    answers = [json.loads(matjip("analyze", restaurant, "--json", data=data).stdout)[0] for _ in range(2)]
    sentiment = answers[1]["sentiment"]
    assert (
        sentiment["positive_count"] + sentiment["negative_count"] + sentiment["neutral_count"]
        == sentiment["total_count"]
    )
    assert [answer["sentiment"]["meta"]["reused"] for answer in answers] == [False, True]


def test_a_dry_run_says_what_a_machines_hours_would_cost_and_leaves_no_run(data: Path):
    matjip("analyze", "--all", "--json", data=data)  # measured
    done = matjip(
        "analyze", "--all", "--refresh", "--dry-run", "--json", data=data, MATJIP_ANALYSIS__MACHINE_HOUR_PRICE="3600"
    )
    total = json.loads(done.stdout)["total"]
    assert (total["restaurants"], total["reviews"], total["tokens"]) == (15, 3 * 770, 0)
    assert total["cost"]["amount_micros"] == pytest.approx(total["seconds"] * 1_000_000, abs=45)
    made = json.loads(matjip("runs", "r-sunday-fork", "--json", data=data).stdout)
    assert len(made) == 3


def test_progress_since_a_day_counts_both_times(data: Path):
    found = json.loads(matjip("progress", "r-sunday-fork", "--since", "2026-03-01", "--json", data=data).stdout)
    assert (found["restaurant_id"], found["since"]) == ("r-sunday-fork", "2026-03-01T00:00:00Z")
    assert found["reviews"] + found["reviews_before"] == 64
    assert "taste" in {each["aspect"] for each in found["aspects"]}


def test_a_report_is_one_page_that_names_no_other(data: Path, tmp_path: Path):
    page = tmp_path / "report.html"
    assert matjip("analyze", "--report", str(page), data=data).returncode == 0
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert not re.search(r'(?:src|href)="(?!#|data:,)', text)


def test_a_search_shows_why_and_where(data: Path):
    found = json.loads(matjip("search", "친절한 직원", "--limit", "3", "--json", data=data).stdout)
    first = found["hits"][0]
    place = first["highlights"][0]
    assert len(found["hits"]) == 3
    assert "친절" in first["content"][place["start"] : place["end"]] or "직원" in first["content"]


def test_an_image_search_returns_reviews_with_images_alone(data: Path):
    found = json.loads(matjip("search", "맛있는 디저트", "--images", "--json", data=data).stdout)
    assert found["hits"]
    assert all(hit["images"] for hit in found["hits"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["analyze", "nowhere"], 4, "There is no restaurant nowhere"),
        (["import", "no-such-file.csv"], 3, "cannot be read"),
        (["search", "x", "--since", "2026-02-01", "--until", "2026-01-01"], 3, "--since"),
        (["replay", "--until", "yesterday"], 3, "a log position"),
        (["search"], 2, "Missing argument"),
    ],
)
def test_a_wrong_word_has_its_exit_code_and_a_clear_sentence(data: Path, words: list[str], code: int, told: str):
    done = matjip(*words, data=data)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (lambda folder: folder.write_text("a file"), 7, "cannot be made"),
        (lambda folder: (folder.mkdir(), (folder / "matjip.db").write_text("junk " * 200)), 6, "not SQLite's"),
        (lambda folder: (folder.mkdir(), (folder / "index.sqlite").write_text("junk " * 200)), 6, "index"),
    ],
)
def test_a_data_folder_that_cannot_work_says_why(tmp_path: Path, make, code: int, told: str):
    make(tmp_path / "data")
    done = matjip("search", "x", data=tmp_path / "data")
    assert done.returncode in (code, 7)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_text_is_refused_without_a_trace(tmp_path: Path):
    done = matjip("import", sys.executable, "--format", "csv", data=tmp_path)
    assert done.returncode in (3, 8)
    assert "Traceback" not in done.stderr


def test_a_misconfigured_start_names_every_fault(data: Path):
    done = matjip("runs", "r", data=data, MATJIP_LOGS__LEVEL="loud", MATJIP_API__KEEP_ALIVE_S="-1")
    assert done.returncode == 7
    assert "logs.level" in done.stderr
    assert "api.keep_alive_s" in done.stderr


def test_replay_stops_at_a_position_and_repeats_itself(data: Path):
    early, again, whole = (
        matjip("replay", *words, data=data).stdout for words in (["--until", "100"], ["--until", "100"], [])
    )
    assert early == again
    assert 0 < len(early.splitlines()) < len(whole.splitlines())


def test_the_index_is_rebuilt_from_the_log_alone(data: Path):
    before = matjip("search", "국물", "--json", data=data).stdout
    (data / "index.sqlite").unlink()
    assert matjip("rebuild-index", data=data).returncode == 0
    after = matjip("search", "국물", "--json", data=data).stdout
    assert [hit["review_id"] for hit in json.loads(after)["hits"]] == [
        hit["review_id"] for hit in json.loads(before)["hits"]
    ]


def test_an_index_of_another_embedder_is_built_beside_and_the_old_one_kept_until_it_is_dropped(tmp_path: Path):
    line = json.dumps({"restaurant_id": "r", "id": "1", "content": "국물이 맛있어요"}, ensure_ascii=False)
    matjip("import", "-", data=tmp_path, stdin=line + "\n")
    matjip("search", "국물", data=tmp_path)
    with sqlite3.connect(tmp_path / "index.sqlite") as index:
        index.execute("UPDATE collections SET name = 'lite-embedding/0'")
    refused = matjip("search", "국물", data=tmp_path)
    assert (refused.returncode, "rebuild-index --new-embedder" in refused.stderr) == (7, True)
    built = json.loads(matjip("rebuild-index", "--new-embedder", "--json", data=tmp_path).stdout)
    assert ["lite-embedding/0" in other for other in built["others"]] == [True]
    assert json.loads(matjip("search", "국물", "--json", data=tmp_path).stdout)["total"] == 1
    assert json.loads(matjip("rebuild-index", "--drop-others", "--json", data=tmp_path).stdout)["others"] == []


def test_an_erased_person_leaves_no_byte_behind(tmp_path: Path):
    secret = "비밀스러운고백문장"
    lines = [
        {"restaurant_id": "r", "id": str(n), "author_id": f"a{n}", "content": f"국물이 진하고 맛있어요 {n}"}
        for n in range(30)
    ]
    lines.append({"restaurant_id": "r", "id": "x", "author_id": "gone", "content": f"{secret} 국물이 정말 진해요"})
    matjip("import", "-", data=tmp_path, stdin="".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    matjip("analyze", data=tmp_path)
    matjip("search", secret, data=tmp_path)
    done = matjip("erase", "gone", "--yes", "--json", data=tmp_path)
    assert json.loads(done.stdout)["reviews"] == 1
    left = [file.name for file in tmp_path.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]
    assert left == []
    assert json.loads(matjip("search", secret, "--json", data=tmp_path).stdout)["log_position"] > 31


def test_reviews_imported_beside_a_running_server_are_found_by_it(data: Path, tmp_path: Path):
    command = [sys.executable, "-m", "matjip", "serve", "--port", "0", "--data-dir", str(data)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = _url_of(server)
        line = json.dumps(
            {"restaurant_id": "r-beside", "id": "1", "content": "은하수같은 트러플 수제비"}, ensure_ascii=False
        )
        assert matjip("import", "-", data=data, stdin=line + "\n").returncode == 0
        body = json.dumps({"query": "트러플 수제비"}).encode()
        request = urllib.request.Request(f"{url}/api/v1/search/reviews", body, {"content-type": "application/json"})
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            hits = json.loads(urllib.request.urlopen(request, timeout=10).read())["hits"]
            if any(hit["restaurant_id"] == "r-beside" for hit in hits):
                return
        pytest.fail("the server did not find what was imported beside it")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
        assert server.stdout is not None
        server.stdout.close()


def _url_of(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if "serving" in line:
            return str(json.loads(line)["url"])
    raise AssertionError("the server never said where it serves")


def test_the_demo_makes_its_index_again_where_another_embedder_made_it(tmp_path: Path):
    line = json.dumps({"restaurant_id": "r", "id": "1", "content": "국물이 맛있어요"}, ensure_ascii=False)
    (tmp_path / "one.jsonl").write_text(line + "\n")
    words = ("demo", "--no-serve", "--reviews", str(tmp_path / "one.jsonl"))
    assert matjip(*words, data=tmp_path / "data").returncode == 0
    with sqlite3.connect(tmp_path / "data" / "index.sqlite") as index:
        index.execute("UPDATE collections SET name = 'lite-embedding/0'")
    again = matjip(*words, data=tmp_path / "data")
    assert again.returncode == 0, again.stderr
