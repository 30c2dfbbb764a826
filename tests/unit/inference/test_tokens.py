"""Tokens are counted with a tokenizer's own file, or estimated so that real text is never thought too small."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from matjip.errors import Misconfigured
from matjip.inference.tokens import Estimated, open_counter

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "reviews.jsonl"


def bytes_file(folder: Path) -> Path:
    """A tokenizer.json whose every UTF-8 byte is one token: nothing can take more."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    found = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


async def test_a_tokenizers_file_counts_exactly(tmp_path):
    counter = open_counter(bytes_file(tmp_path))
    assert not counter.is_estimate
    assert await counter.count(["abc", "맛", "🍜", ""]) == [3, 3, 4, 0]


async def test_a_lone_surrogate_is_counted_as_it_is_sent(tmp_path):
    assert await open_counter(bytes_file(tmp_path)).count(["\ud83c"]) == [1]


def test_a_file_that_is_no_tokenizer_stops_the_start(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(Misconfigured, match=r"tokenizer\.json is no tokenizer\.json"):
        open_counter(tmp_path / "tokenizer.json")


async def test_without_a_file_the_count_says_that_it_is_an_estimate():
    counter = open_counter(None)
    assert counter.is_estimate
    assert counter.name == "estimated/1"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("국물이 진해요", 8),
        ("The broth was rich", 6),
        ("ㅋㅋㅋㅋ", 5),
        ("12,900", 6),
        ("🍜🍜", 6),
        ("뷁뷁", 6),
    ],
)
async def test_each_script_has_its_own_cost(text, tokens):
    assert await Estimated().count([text]) == [tokens]


async def test_korean_costs_more_than_a_character_in_three():
    reviews = [json.loads(line).get("content", "") for line in EXAMPLES.read_text("utf-8").splitlines()]
    korean = "".join(text for text in reviews if "요" in text)
    assert (await Estimated().count([korean]))[0] > 2 * len(korean) / 3.5


@given(st.text(max_size=50), st.text(max_size=50))
async def test_a_longer_text_is_never_cheaper(text, more):
    short, long = await Estimated().count([text, text + more])
    assert short <= long
