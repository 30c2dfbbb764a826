"""Quotes are cut from the masked review at code points, and what no longer stands is said."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.analysis.result import Span
from matjip.console.passage import Passages, excerpt, masked, merged, pieces
from matjip.errors import Internal
from tests.unit.console.sample import PHONE, hide_phone, quote, reviews_of

SPANS = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)).map(lambda p: Span(start=p[0], end=p[1])))


def passages(text: str, said: str, *, now: str | None = None):
    reviews = reviews_of("r", [text], language="ko")
    cited = quote(reviews["r-1"], said)
    if now is not None:
        reviews["r-1"] = replace(reviews["r-1"], content=now)
    return Passages("v", reviews, quotes=[cited], mask=hide_phone), cited


@given(st.text(max_size=50), SPANS)
def test_the_pieces_of_a_text_joined_are_the_text(text, spans):
    assert "".join(piece for piece, _ in pieces(text, spans)) == text


@given(st.text(max_size=50), SPANS)
def test_the_marked_pieces_cover_exactly_the_spans(text, spans):
    wanted = {at for span in spans for at in range(max(span.start, 0), min(span.end, len(text)))}
    found, at = set(), 0
    for piece, lit in pieces(text, spans):
        found |= set(range(at, at + len(piece))) if lit else set()
        at += len(piece)
    assert found == wanted


def test_spans_that_touch_become_one_and_empty_ones_vanish():
    spans = [Span(start=4, end=6), Span(start=1, end=4), Span(start=9, end=9)]
    assert merged(spans, 20) == (Span(start=1, end=6),)


def test_offsets_count_an_emoji_as_its_code_points():
    assert pieces("👍🏼 좋아요", [Span(start=3, end=6)]) == [("👍🏼 ", False), ("좋아요", True)]


def test_an_excerpt_shows_the_first_highlight_and_says_what_it_left_out():
    text = "가" * 300 + "국물" + "나" * 300
    shown = excerpt(text, [Span(start=300, end=302)], chars=100)
    assert (shown[0][0], shown[-1][0]) == ("… ", " …")
    assert ("국물", True) in shown
    assert sum(len(piece) for piece, _ in shown) == 100 + 4


def test_a_short_text_is_its_own_excerpt():
    assert excerpt("짧다", [], chars=100) == [("짧다", False)]


def test_a_quote_is_cut_from_the_masked_review():
    shown, cited = passages(f"예약은 {PHONE} 로", PHONE)
    assert shown.show(cited).text == "●" * len(PHONE)
    assert PHONE not in shown.cards[0].text


def test_a_mask_that_changes_the_length_is_refused():
    with pytest.raises(Internal, match="must keep the length"):
        masked("010-1234-5678", lambda text: "[전화]")


def test_a_quote_of_a_review_that_changed_since_marks_nothing():
    shown, cited = passages("국물이 진해요", "진해요", now="국물이 싱거워요")
    assert shown.show(cited).text == "진해요"
    assert shown.show(cited).span is None
    assert shown.cards[0].spans == ()


def test_a_quote_of_a_review_that_is_gone_opens_nothing():
    cited = quote(reviews_of("r", ["국물이 진해요"], language="ko")["r-1"], "진해요")
    shown = Passages("v", {}, quotes=[cited], mask=hide_phone)
    assert shown.show(cited).card is None
    assert shown.cards == ()


def test_a_review_that_nobody_quotes_is_no_card():
    reviews = reviews_of("r", ["국물이 진해요", "조용해요"], language="ko")
    shown = Passages("v", reviews, quotes=[quote(reviews["r-2"], "조용")], mask=hide_phone)
    assert [card.review.id for card in shown.cards] == ["r-2"]
