"""The terminal views fit 80 columns, survive a pipe, and obey nothing that a review says."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from matjip.console.terminal import (
    LeaningBar,
    hits_view,
    overview,
    restaurant_view,
    sentiment_view,
    strengths_view,
    terminal,
)
from tests.unit.console.sample import PHONE, found_soup, hide_phone, hostile, newcomer, sample_report, soup_house

COLUMNS = 80


def shown(view, *, colour: bool = False, encoding: str = "utf-8", width: int = COLUMNS) -> str:
    buffer = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=buffer, width=width, force_terminal=colour, color_system="256" if colour else None).print(view)
    buffer.flush()
    return buffer.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [40, COLUMNS, 120])
def test_no_line_is_wider_than_the_terminal(width):
    lines = shown(terminal(sample_report(hostile()), mask=hide_phone), width=width).splitlines()
    assert max(cell_len(line) for line in lines) <= width


def test_the_overview_has_a_row_a_restaurant_with_its_interval():
    text = shown(overview(sample_report()))
    assert "구름 돼지국밥" in text
    assert "76% (70–81)" in text
    assert "근거 부족" in text


def test_what_people_flagged_or_reworded_is_marked_and_what_they_hid_is_counted():
    made = soup_house()
    first, *rest = made.strengths.strengths
    marked = first.model_copy(update={"flagged": True, "corrected": True})
    told = made.strengths.model_copy(update={"strengths": (marked, *rest), "hidden": 2})
    text = " ".join(shown(strengths_view(told)).split())
    assert [text.count(word) for word in ("[이의 제기됨]", "[사람이 고침]", "숨긴 문장 2개")] == [1, 1, 1]
    assert "숨긴" not in shown(strengths_view(made.strengths))


def test_what_a_model_worded_is_marked():
    made = soup_house()
    first, *rest = made.strengths.strengths
    told = made.strengths.model_copy(update={"strengths": (first.model_copy(update={"worded_by": "llm"}), *rest)})
    assert " ".join(shown(strengths_view(told)).split()).count("[언어 모델이 쓴 문장]") == 1
    assert "언어 모델" not in shown(strengths_view(made.strengths))


def test_a_restaurant_is_shown_with_counts_and_quotes():
    text = shown(restaurant_view(soup_house(), mask=hide_phone))
    assert "− 점심과 주말에 오래 기다립니다.  29 / 210" in text
    assert "“점심에 40분 기다렸어요” ★ 5 2026-03-22" in text
    assert "[차별] 진한 국물과 부드러운 고기" in text


def test_a_restaurant_can_be_shown_in_english():
    assert "Often" not in (text := shown(restaurant_view(soup_house(), language="en")))
    assert "What is praised" in text


def test_found_words_are_in_colour_and_a_pipe_gets_them_plain():
    assert "\x1b[1;4;35m국물\x1b[0m" in shown(hits_view(found_soup()), colour=True)
    assert "\x1b" not in shown(hits_view(found_soup()))


def test_too_little_evidence_is_said_with_its_n():
    assert shown(restaurant_view(newcomer())).count("근거 부족 (n = 2)") == 3


@pytest.mark.parametrize("hidden", ["\x1b]0;owned\x07", "\x1b[2J", "\u202e", "\x9b31m", "\0", "\ud800"])
def test_nothing_that_a_terminal_obeys_comes_through(hidden):
    report = soup_house()
    evil = replace(report, restaurant=replace(report.restaurant, name=f"집{hidden}[bold]이름"))
    text = shown(restaurant_view(evil))
    assert hidden[0] not in text
    assert "[bold]이름" in text


def test_personal_data_is_masked_where_a_mask_is_given():
    hit = found_soup().hits[0].model_copy(update={"content": f"국물 {PHONE}", "highlights": ()})
    result = found_soup().model_copy(update={"hits": (hit,)})
    assert PHONE not in shown(hits_view(result, mask=hide_phone))


def test_a_bar_tells_its_parts_by_shape_alone():
    bar = shown(LeaningBar(soup_house().sentiment, cells=20))
    assert (bar.count("█"), bar.count("░"), bar.count("▒")) == (15, 2, 3)


def test_a_bar_is_plain_ascii_where_nothing_else_can_be_shown():
    assert shown(LeaningBar(soup_house().sentiment, cells=20), encoding="ascii").strip() == "#" * 15 + ".." + "---"


def test_no_review_is_a_dash_and_no_division():
    empty = newcomer().sentiment.model_copy(update={"total_count": 0, "positive_count": 0})
    assert "n = 2" in shown(sentiment_view(empty))
