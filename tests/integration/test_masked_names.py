"""The setting that hides names of staff, from the settings to the quotes and the page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NAME = "이지은"
SAID = "직원 이지은님이 정말 친절해요"


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.jsonl"
    restaurant = {"kind": "restaurant", "id": "r", "name": "밀가루길 국수"}
    rows = [
        {"restaurant_id": "r", "id": f"{n}", "author_id": f"a{n}", "content": f"{SAID} {n}번 왔어요"} for n in range(6)
    ]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in [restaurant, *rows]), encoding="utf-8")
    return file


def report(reviews: Path, **environ: str) -> tuple[str, str]:
    page, data = reviews.with_name("page.html"), reviews.with_name("data")
    for words in (["import", str(reviews)], ["analyze", "--json", "--report", str(page)]):
        command = [sys.executable, "-m", "matjip", *words, "--data-dir", str(data)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=os.environ | environ)
    return done.stdout, page.read_text(encoding="utf-8")


def test_names_of_staff_are_quoted_by_default(reviews: Path):
    told, page = report(reviews)
    assert (NAME in told, NAME in page) == (True, True)


def test_names_of_staff_are_hidden_in_quotes_and_the_report_on_request(reviews: Path):
    told, page = report(reviews, MATJIP_ANALYSIS__MASK_NAMES="true")
    assert (NAME in told, NAME in page, "직원 ●●●님" in told, "직원 ●●●님" in page) == (False, False, True, True)


def test_a_stored_result_is_not_reused_when_names_are_hidden_since(reviews: Path):
    report(reviews)
    told, _ = report(reviews, MATJIP_ANALYSIS__MASK_NAMES="true")
    assert NAME not in told
