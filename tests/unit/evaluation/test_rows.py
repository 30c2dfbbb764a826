"""Labelled rows: read as documented, and every fault named with its line and the right form."""

import json
from pathlib import Path

import pytest

from matjip.errors import Invalid
from matjip.evaluation.rows import MOST_FAULTS, Row, Said, read_rows

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "eval.md"
GOOD = {"text": "국물이 진해요", "label": "positive"}


def file_of(folder: Path, *rows: object) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def test_a_row_may_hold_everything(tmp_path):
    aspect = {"aspect": "taste", "polarity": "positive", "start": 0, "end": 2}
    [row] = read_rows(file_of(tmp_path, GOOD | {"aspects": [aspect], "id": 7, "weight": 2}))
    said = Said(aspect="taste", polarity="positive", span=(0, 2))
    assert row == Row(text="국물이 진해요", label="positive", aspects=(said,), id="7", weight=2.0)


def test_no_aspects_is_not_the_same_as_nobody_looked(tmp_path):
    rows = read_rows(file_of(tmp_path, GOOD, GOOD | {"aspects": []}))
    assert [row.aspects for row in rows] == [None, ()]


def test_aspects_joined_by_a_bar_stand_in_one_order(tmp_path):
    rows = [{"text": "x", "aspects": [{"aspect": name}]} for name in ("menu|taste", "taste|menu|taste")]
    assert [row.aspects[0].aspect for row in read_rows(file_of(tmp_path, *rows))] == ["taste|menu"] * 2


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path):
    assert len(read_rows(file_of(tmp_path, "\ufeff" + json.dumps(GOOD), "", "  ", GOOD))) == 2


BAD = [
    ("{", "line 2 is no JSON"),
    ("[]", "line 2 is []; expected an object with text, label"),
    ({"label": "positive"}, "line 2: text is None; expected a text that is not empty"),
    ({"text": "  ", "label": "positive"}, "line 2: text is '  '"),
    ({"text": "x"}, "line 2 has neither label nor aspects"),
    ({"text": "x", "label": "good"}, "line 2: label is 'good'; expected positive or negative or neutral"),
    ({"text": "x", "lable": "positive"}, "line 2 has the unknown key 'lable'"),
    ({"text": "x", "label": ["positive"]}, "line 2: label is ['positive']"),
    (GOOD | {"weight": 0}, "line 2: weight is 0; expected a number above 0"),
    (GOOD | {"weight": True}, "line 2: weight is True"),
    (GOOD | {"id": []}, "line 2: id is []"),
    (GOOD | {"aspects": "taste"}, "line 2: aspects is 'taste'; expected a list"),
    (GOOD | {"aspects": ["taste"]}, "line 2: aspects[0] is 'taste'; expected an object with aspect"),
    (GOOD | {"aspects": [{"aspect": "맛"}]}, "line 2: aspects[0].aspect is '맛'; expected one of taste, menu"),
    (GOOD | {"aspects": [{}]}, "line 2: aspects[0] has neither aspect nor start and end"),
    (GOOD | {"aspects": [{"aspect": "taste", "polarity": 1}]}, "line 2: aspects[0].polarity is 1"),
    (GOOD | {"aspects": [{"aspect": "taste", "start": 0}]}, "line 2: aspects[0] has start 0 and end None"),
    (GOOD | {"aspects": [{"aspect": "taste", "start": 5, "end": 8}]}, "expected 0 <= start < end <= 7"),
]


@pytest.mark.parametrize(("row", "words"), BAD, ids=[words for _, words in BAD])
def test_a_bad_row_is_named_by_its_line_with_the_right_form(tmp_path, row, words):
    with pytest.raises(Invalid) as caught:
        read_rows(file_of(tmp_path, GOOD, row))
    assert words in caught.value.message


def test_an_id_that_stands_twice_names_both_lines(tmp_path):
    with pytest.raises(Invalid, match="line 2: id 'a' stands in line 1 too"):
        read_rows(file_of(tmp_path, GOOD | {"id": "a"}, GOOD | {"id": "a"}))


def test_a_file_of_another_format_names_no_more_faults_than_a_person_reads(tmp_path):
    with pytest.raises(Invalid) as caught:
        read_rows(file_of(tmp_path, *["x"] * 500))
    assert len(caught.value.faults) == MOST_FAULTS


def test_a_file_without_a_row_is_an_error(tmp_path):
    with pytest.raises(Invalid, match="holds no row"):
        read_rows(file_of(tmp_path, ""))


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, name):
    with pytest.raises(Invalid, match="cannot be read"):
        read_rows(tmp_path / name)


def test_the_documented_rows_are_read(tmp_path):
    example = DOCUMENT.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    (tmp_path / "rows.jsonl").write_text(example, encoding="utf-8")
    assert [row.label for row in read_rows(tmp_path / "rows.jsonl")] == ["positive", "negative", "neutral"]
