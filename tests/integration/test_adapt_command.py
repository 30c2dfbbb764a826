"""`matjip adapt` and `matjip models` as their users run them: learned, published, named in results, taken back."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.unit.evaluation.sites import SAMPLE, site

ROOT = Path(__file__).resolve().parents[2]


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-m", "matjip", *words, "--data-dir", str(folder / "data")]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=ROOT, env=environ)


def told(folder: Path, *words: str):
    done = ran(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert ran(folder, "import", str(SAMPLE)).returncode == 0
    keys = ("text", "label", "restaurant_id")
    rows = [json.dumps({key: asdict(one)[key] for key in keys}, ensure_ascii=False) for one in site()]
    (folder / "labels.jsonl").write_text("\n".join(rows), encoding="utf-8")
    swapped = [
        row.replace('"positive"', '"x"').replace('"negative"', '"positive"').replace('"x"', '"negative"')
        for row in rows
    ]
    (folder / "swapped.jsonl").write_text("\n".join(swapped), encoding="utf-8")
    return folder


def model(folder: Path) -> str:
    (found,) = told(folder, "analyze", "r-dolmaru")
    return found["sentiment"]["meta"]["model"]


def test_labels_are_learned_published_named_in_results_and_taken_back(folder: Path):
    assert model(folder) == "lite/3"
    made = told(folder, "adapt", "--labels", str(folder / "labels.jsonl"))
    assert (made["kept"], made["status"]) == (True, "shadow")
    assert made["aside"]["gain"]["low"] > 0
    assert model(folder) == "lite/3"
    (published,) = told(folder, "models", "publish", made["version"])
    assert published["status"] == "published"
    assert published["agreed"] + published["disagreed"] == 0  # nothing new was judged meanwhile: it was stored
    assert model(folder) == f"lite/3+{made['version']}"
    (dropped,) = told(folder, "models", "rollback")
    assert dropped["status"] == "dropped"
    assert model(folder) == "lite/3"


def test_a_dry_run_stores_nothing(folder: Path):
    before = told(folder, "models")
    assert told(folder, "adapt", "--labels", str(folder / "labels.jsonl"), "--dry-run")["status"] is None
    assert told(folder, "models") == before


def test_swapped_labels_leave_with_the_code_of_invalid_input_and_say_so(folder: Path):
    done = ran(folder, "adapt", "--labels", str(folder / "swapped.jsonl"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "swapped" in done.stderr


def test_too_few_restaurants_with_stars_are_refused_with_what_would_be_right(folder: Path):
    done = ran(folder, "adapt", "--from-ratings")
    assert done.returncode == 3
    assert "at least 8" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "words",
    [
        ["adapt"],
        ["adapt", "--from-ratings", "--publish", "--dry-run"],
        ["models", "publish"],
        ["models", "rollback", "v"],
    ],
    ids=" ".join,
)
def test_words_that_say_too_little_or_too_much_are_invalid(folder: Path, words: list[str]):
    done = ran(folder, *words)
    assert done.returncode == 3
    assert "expected" in done.stderr
