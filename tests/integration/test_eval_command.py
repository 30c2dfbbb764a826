"""`matjip eval` as its users run it, and the conversion behind `make eval` on files of the same shape as the real ones."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRAISE = {"text": "정말 맛있고 친절해요", "label": "positive", "aspects": [{"aspect": "taste", "polarity": "positive"}]}
BLAME = {"text": "Terrible. Cold food, rude staff, never again.", "label": "negative"}


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT, env=environ)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (PRAISE, BLAME)), encoding="utf-8")
    return file


def test_the_tables_and_the_json_tell_the_same_figures(file: Path):
    shown = ran("-m", "matjip", "eval", str(file)).stdout
    told = json.loads(ran("-m", "matjip", "eval", str(file), "--json").stdout)
    assert f"{told['sentiment']['accuracy']['value']:.3f}" in shown.split("accuracy")[1].split("\n")[0]
    assert told["aspects"]["each"]["taste"]["f1"]["value"] == 1.0
    assert (told["rows"], told["spans"]) == (2, None)


def test_the_plot_is_an_svg_and_is_refused_where_there_is_nothing_to_draw(file: Path, tmp_path: Path):
    assert ran("-m", "matjip", "eval", str(file), "--plot", str(tmp_path / "plot.svg")).returncode == 0
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").count("<circle") == 2
    file.write_text(json.dumps({"text": "점심", "label": "neutral"}), encoding="utf-8")
    refused = ran("-m", "matjip", "eval", str(file), "--plot", str(tmp_path / "none.svg"))
    assert (refused.returncode, (tmp_path / "none.svg").exists()) == (3, False)


def test_a_bad_row_leaves_with_the_code_of_invalid_input_and_prints_no_figure(file: Path):
    file.write_text('{"text": "x", "lable": "positive"}\n', encoding="utf-8")
    done = ran("-m", "matjip", "eval", str(file))
    assert (done.returncode, done.stdout) == (3, "")
    assert "line 1 has the unknown key 'lable'" in done.stderr


def test_the_sets_of_make_eval_are_converted_into_rows_that_eval_reads(tmp_path: Path):
    data, out = tmp_path / "data", tmp_path / "out"
    (data / "mams").mkdir(parents=True)
    out.mkdir()
    with gzip.open(data / "nsmc_reviews.tsv.gz", "wt", encoding="utf-8") as lines:
        lines.write("subject\trating\ttext\n1\t10\t최고예요\n26\t1\t별로\n2\t10\t다른 영화\n3\t1\t또 다른 영화\n")
    korean = (
        "국수가 맛있어요,음식,긍정\n국수가 맛있어요,가격,없음\n양은 적고 비싸요,가격,부정\n양은 적고 비싸요,음식,대립\n"
    )
    (data / "kor_semeval14_train.csv").write_text(
        "original_sentence,auxiliary_sentence,label\n" + korean, encoding="utf-8"
    )
    (data / "mams" / "val.xml").write_text(
        '<sentences><sentence><text>Rude waiter, good soup.</text><aspectTerms><aspectTerm from="5" to="11" '
        'polarity="negative" term="waiter"/><aspectTerm from="18" to="22" polarity="positive" term="soup"/>'
        "</aspectTerms></sentence></sentences>",
        encoding="utf-8",
    )
    assert ran("scripts/labelled.py", str(data), str(out)).returncode == 0
    rows = {file.stem[2:]: list(map(json.loads, file.read_text("utf-8").splitlines())) for file in out.glob("[2-9]*")}
    assert {row["label"]: row["text"] for row in rows["nsmc-development"]} == {
        "positive": "최고예요",
        "negative": "별로",
    }
    assert [row["label"] for row in rows["kor-semeval"]] == ["positive", None]
    assert rows["kor-semeval"][1]["aspects"][0] == {"aspect": "taste|menu|portion", "polarity": None}
    assert [row["label"] for row in rows["mams-clauses"]] == ["negative", "positive"]
    assert [(one["start"], one["end"]) for one in rows["mams-terms"][0]["aspects"]] == [(5, 11), (18, 22)]
    assert all(ran("-m", "matjip", "eval", str(file), "--json").returncode == 0 for file in out.glob("*.jsonl"))


def test_a_set_that_is_not_here_is_named_and_left_out(tmp_path: Path):
    done = ran("scripts/labelled.py", str(tmp_path), str(tmp_path))
    assert [line.split("/")[-1].split(" ")[0] for line in done.stderr.splitlines()] == [
        "nsmc_reviews.tsv.gz",
        "kor_semeval14_train.csv",
        "val.xml",
    ]
    assert [file.name for file in tmp_path.glob("*.jsonl")] == ["1-own.jsonl"]
