"""The charts draw the numbers they are given, and tell them to those who cannot see."""

import re
from xml.etree import ElementTree

import pytest

from matjip.analysis.result import Comparison, Interval, Month
from matjip.console.charts import (
    MAX_MONTHS,
    aspect_bar,
    difference_bar,
    filled,
    reach,
    sentiment_bar,
    sparkline,
    trend,
)
from matjip.console.words import say_in
from tests.unit.console.sample import more

SAY = say_in("en")


def month(name: str, positive: int = 1, negative: int = 0, neutral: int = 0) -> Month:
    return Month(month=name, positive=positive, negative=negative, neutral=neutral)


def rects(svg: str) -> dict[str, tuple[float, float]]:
    """The rectangles by class: where each begins and how wide it is, in per cent."""
    found = ElementTree.fromstring(svg).iter("rect")
    return {each.get("class"): (float(each.get("x")[:-1]), float(each.get("width")[:-1])) for each in found}


def label(svg: str) -> str:
    return ElementTree.fromstring(svg).get("aria-label")


def test_the_parts_of_a_leaning_bar_are_as_wide_as_their_shares():
    drawn = rects(sentiment_bar((60, 10, 30), None, say=SAY))
    assert drawn["positive"] == (0, 60)
    assert drawn["negative"] == drawn["hatch"] == (70, 30)


def test_the_interval_is_drawn_from_its_low_to_its_high_end():
    svg = sentiment_bar((6, 1, 3), Interval(low=0.31, high=0.83), say=SAY)
    assert '<line class="whisker" x1="31.00%" x2="83.00%"' in svg


def test_a_leaning_bar_says_its_shares_in_words():
    assert label(sentiment_bar((6, 1, 3), None, say=SAY)) == "60 % positive, 10 % neutral, 30 % negative"


def test_no_review_is_an_empty_bar_and_no_division():
    assert set(rects(sentiment_bar((0, 0, 0), None, say=SAY))) == {"neutral"}


def test_months_in_which_nobody_wrote_are_kept_over_the_turn_of_the_year():
    names = [each.month for each in filled([month("2026-02"), month("2025-11")])]
    assert names == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_the_height_of_a_column_is_its_share_of_the_tallest():
    svg = ElementTree.fromstring(trend([month("2026-01", 10), month("2026-02", 5)], say=SAY))
    tall, short = [float(each.get("height")) for each in svg.iter("rect")]
    assert tall == pytest.approx(2 * short)


def test_a_trend_tells_each_month_and_its_n():
    told = label(trend([month("2026-01", 3, 1), month("2026-03")], say=SAY))
    assert told == "2026-01: 3 positive, 0 neutral, 1 negative of 4; 2026-03: 1 positive, 0 neutral, 0 negative of 1"


def test_a_long_trend_shows_the_latest_months():
    many = [month(f"{2020 + at // 12}-{at % 12 + 1:02d}") for at in range(60)]
    svg = trend(many, say=SAY)
    assert svg.count("<title>") == MAX_MONTHS
    assert "2024-12" in svg
    assert "2020-01" not in svg


def test_a_sparkline_breaks_where_a_month_has_no_review():
    path = re.search(r' d="([^"]+)"', sparkline([month("2026-01"), month("2026-03"), month("2026-04")], say=SAY))
    assert path.group(1).count("M") == 2


def test_nothing_dated_draws_nothing():
    assert (trend([], say=SAY), sparkline([], say=SAY)) == ("", "")


def test_the_axis_of_differences_reaches_the_farthest_end():
    assert reach([None, more(0.4, 0.1, low=0.05, high=0.41, q=0.01)]) == 0.5
    assert reach([]) == 0.2


def test_a_difference_of_nothing_stands_in_the_middle():
    svg = ElementTree.fromstring(difference_bar(more(0.2, 0.2, low=-0.1, high=0.1, q=1), bound=0.2, say=SAY))
    assert svg.find("circle").get("cx") == "50.00%"


def test_praise_grows_to_the_right_and_blame_to_the_left():
    drawn = rects(aspect_bar(0.4, 0.1, peers=None, scale=0.5, say=SAY))
    assert drawn["positive"] == (50, 40)
    assert drawn["negative"] == (40, 10)


def test_the_peers_are_ticks_and_words():
    peers = Comparison(aspect="taste", praise=0.4, group_praise=0.25, blame=0.1, group_blame=0.05)
    svg = aspect_bar(0.4, 0.1, peers=peers, scale=0.5, say=SAY)
    assert 'class="tick" x1="75.00%"' in svg
    assert label(svg) == "40 % praise, 10 % blame; peers 25 % praise, 5 % blame"
