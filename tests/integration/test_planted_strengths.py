"""Planted strengths, end to end through the product's own detection (truth 6); evaluation only, nothing is tuned on it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "planted"
COUNTED = ("service", "atmosphere")  # price is detected less; bench/reports/planted.md


@pytest.mark.needs_data
def test_truth_6_most_planted_strengths_are_found_and_none_is_invented(tmp_path: Path):
    if not PLANTED.exists():
        pytest.skip(f"{PLANTED} is not here; it holds the planted restaurants")
    matjip = [sys.executable, "-m", "matjip"]
    subprocess.run([*matjip, "import", str(PLANTED / "reviews.jsonl"), "--data-dir", str(tmp_path)], check=True)
    command = [*matjip, "analyze", "--all", "--json", "--data-dir", str(tmp_path)]
    answers = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    distinct = {
        answer["restaurant_id"]: {
            one["aspect"] for one in answer["strengths"]["strengths"] if one["type"] == "distinct"
        }
        for answer in answers
    }
    truth = {
        one["restaurant_id"]: one["planted"] for one in json.loads((PLANTED / "truth.json").read_text())["restaurants"]
    }
    found = [truth[name] in aspects for name, aspects in distinct.items() if truth[name] in COUNTED]
    invented = [bool(aspects) for name, aspects in distinct.items() if truth[name] is None]
    assert sum(found) >= 0.8 * len(found)
    assert sum(invented) <= 0.05 * len(invented)
