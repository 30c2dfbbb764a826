"""The network that reads n-grams in order."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.network import NgramNetwork, ngrams

NETWORK = NgramNetwork.load(files("matjip.inference.lite") / "network.npz")
TEXTS = st.lists(st.text(max_size=60), min_size=1, max_size=6)


@given(TEXTS)
def test_a_text_is_read_the_same_alone_and_among_others(texts):
    alone = [NETWORK.logits([text])[0] for text in texts]
    assert NETWORK.logits(texts) == pytest.approx(alone, abs=1e-4)


@given(TEXTS)
def test_every_character_has_its_rows_and_only_what_lies_between_texts_has_none(texts):
    rows, lengths = ngrams(texts)
    assert len(rows) == lengths.sum() + 2 * (len(texts) + 1)
    assert (rows[:, 0] < 0).sum() == 2 * (len(texts) + 1)


def test_a_text_without_characters_has_no_lean():
    assert NETWORK.logits(["", " \n", "좋아요"])[:2].tolist() == [0, 0]


def test_the_order_of_words_is_heard():
    stays, turned = NETWORK.logits(["not good", "good not"])
    assert stays != turned


@pytest.mark.parametrize("text", ["가" * 5_000, "\ud800", "\0\0", "👨‍👩‍👧‍👦" * 200])
def test_odd_texts_have_a_finite_answer(text):
    assert np.isfinite(NETWORK.logits([text])).all()
