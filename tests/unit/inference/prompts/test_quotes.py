"""A quote is found where the review says it, or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.prompts.quotes import span

TEXT = "국물이  진하고\n[면]이 쫄깃해요."


@pytest.mark.parametrize(
    ("quote", "said"),
    [
        ("진하고", "진하고"),
        ("국물이 진하고 (면)이", "국물이  진하고\n[면]이"),
        (" 국물이진하고 ", "국물이  진하고"),
        ("진하지", None),
        ("", None),
        (" \n", None),
        (7, None),
        ("\ud800", None),
    ],
)
def test_spaces_and_signs_are_forgiven_and_nothing_else(quote, said):
    place = span(quote, TEXT)
    assert (place and TEXT[place[0] : place[1]]) == said


@given(st.text(max_size=60), st.text(max_size=10))
def test_a_span_is_always_inside_the_text(text, quote):
    place = span(quote, text)
    assert place is None or 0 <= place[0] < place[1] <= len(text)
