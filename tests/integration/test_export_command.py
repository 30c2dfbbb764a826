"""What `matjip export` writes, as its users run it."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.integration.test_commands import SAMPLE, matjip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    assert matjip("import", str(SAMPLE), data=folder).returncode == 0
    return folder


def export(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    return matjip("export", *words, data=data)


def test_the_sample_leaves_as_parquet_and_comes_in_again(data: Path, tmp_path: Path):
    for what in ("restaurants", "reviews"):
        done = export(what, "--to", str(tmp_path / f"{what}.parquet"), data=data)
        assert done.returncode == 0, done.stderr
        assert matjip("import", str(tmp_path / f"{what}.parquet"), data=tmp_path / "again").returncode == 0
    there, here = (matjip("replay", data=each).stdout.splitlines()[1:] for each in (data, tmp_path / "again"))
    assert [bare(line) for line in here] == [bare(line) for line in there]


def bare(line: str) -> dict[str, object]:
    """Without when it was recorded."""
    row = json.loads(line)
    del row["updated_us"]
    return row


def test_lines_go_to_a_pipe_and_the_count_beside_them(data: Path):
    done = export("reviews", "--to", "-", "--restaurant", "r-nalssi-dabang", data=data)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["restaurant_id"] for row in rows} == {"r-nalssi-dabang"}
    assert done.stderr == f"reviews: {len(rows)}\n"


def test_a_reader_that_leaves_early_is_no_fault(data: Path):
    command = [sys.executable, "-m", "matjip", "export", "reviews", "--to", "-", "--data-dir", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.wait(timeout=60), process.stderr.read()) == (0, b"")


def test_results_leave_as_a_reader_sees_them(data: Path, tmp_path: Path):
    assert matjip("analyze", "r-nalssi-dabang", data=data).returncode == 0
    done = export("results", "--to", str(tmp_path / "results.parquet"), data=data)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert [(row["restaurant_id"], row["analysis"]) for row in rows] == [
        ("r-nalssi-dabang", name) for name in ("sentiment", "summary", "strengths")
    ]
    assert json.loads(rows[0]["result"])["restaurant_id"] == "r-nalssi-dabang"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("reviews", "--to", "none/reviews.jsonl"), "no folder"),
        (("reviews", "--to", "reviews.xml"), ".parquet"),
        (("restaurants", "--to", "-", "--since", "2026-01-01"), "only reviews"),
    ],
    ids=str,
)
def test_what_cannot_be_exported_is_refused_with_what_would_be_right(data: Path, words, says):
    done = export(*words, data=data)
    assert (done.returncode, says in done.stderr) == (3, True)


def test_corrections_are_not_written_into_a_folder_that_is_not_there(data: Path, tmp_path: Path):
    done = matjip("export-feedback", str(tmp_path / "none" / "corrections.jsonl"), data=data)
    assert (done.returncode, "no folder" in done.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []
