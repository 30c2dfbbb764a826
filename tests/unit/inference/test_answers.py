"""Whatever a model says, what can be read is kept, what cannot is counted, and nothing is made up."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.answers import read_answers
from matjip.inference.prompts.aspects import ASPECTS_ASKED
from matjip.inference.prompts.query import QUERY
from matjip.inference.prompts.sentiment import SENTIMENT
from matjip.inference.task import Expansion

TWO = ("국물이 진해요", "별로였어요")


def item(number, label="positive", confidence=0.9):
    return {"number": number, "label": label, "confidence": confidence}


def answer(*items):
    return json.dumps({"items": list(items)}, ensure_ascii=False)


def labels(text, texts=TWO):
    return {place: one.label for place, one in read_answers(SENTIMENT, text, texts).by_place.items()}


def faults(text, texts=TWO, question=SENTIMENT):
    return dict(read_answers(question, text, texts).dropped)


@pytest.mark.parametrize(
    "spoil",
    [
        str,
        "```json\n{}\n```".replace("{}", "%s").__mod__,
        "물론입니다! %s 도움이 되었나요? {웃음}".__mod__,
        '<think>{"items": []}</think>%s'.__mod__,
        lambda text: text.replace('"positive"', '"\tpositive\n"'),
        lambda text: text[len('{"items": ') : -1],
        lambda text: text[:-2],
        lambda text: text.replace('"number": 1', '"number": "1"').replace("0.9", '"0.9"'),
        lambda text: text.replace("positive", "긍정").replace("negative", "Negative "),
        lambda text: text.replace("[{", '[7, "x", null, {'),
    ],
)
def test_an_answer_is_read_in_spite_of_its_form(spoil):
    assert labels(spoil(answer(item(1), item(2, "negative")))) == {0: "positive", 1: "negative"}


def test_of_an_answer_cut_short_the_whole_items_are_kept():
    cut = answer(item(1), item(2))[:-20]
    assert labels(cut) == {0: "positive"}
    assert faults(cut) == {"missing": 1}


@pytest.mark.parametrize(
    ("items", "reasons"),
    [
        ([item(1)], {"missing": 1}),
        ([item(1), item(2), item(3)], {"invented": 1}),
        ([item(1), item(2), item(0)], {"invented": 1}),
        ([item(1), item(2), item(2, "negative")], {"duplicated": 1}),
        ([item(1), item(2), item(2)], {}),
        ([item(1), item(2, "great")], {"label": 1}),
        ([item(1), item(2, None)], {"label": 1}),
        ([item(1), item(2, confidence=1.2)], {"confidence": 1}),
        ([item(1), item(2, confidence=math.nan)], {"confidence": 1}),
        ([item(1), item(2, confidence=10**400)], {"confidence": 1}),
        ([item(1), item(2, confidence=True)], {"confidence": 1}),
        ([item(1), item(True)], {"shape": 1, "missing": 1}),
    ],
)
def test_what_is_wrong_is_counted_by_its_reason(items, reasons):
    assert faults(answer(*items)) == reasons


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "{" * 50_000, '{"a":' * 5_000, '{"items": 7}', "죄송합니다"])
def test_what_is_no_answer_decides_nothing(text):
    assert labels(text) == {}


def test_a_label_is_at_least_as_likely_as_not():
    [one] = read_answers(SENTIMENT, answer(item(1, "negative", 0.2)), TWO[:1]).by_place.values()
    assert (one.label, one.p_positive, one.confidence) == ("negative", 0.5, 0.5)


@given(st.text())
def test_no_text_raises(text):
    read_answers(SENTIMENT, text, TWO)


@given(st.lists(st.integers(1, 6), max_size=8), st.data())
def test_no_mangling_invents_an_item(numbers, data):
    whole = answer(*map(item, numbers))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    mangled = whole[:start] + data.draw(st.sampled_from(["", "}", '"', "{", "]", "\x00", ",{"])) + whole[end:]
    assert {place + 1 for place in labels(mangled, ["t"] * 6)} <= {*numbers}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["items", "number", "label", "confidence", "mentions", "quote", "terms"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("question", [SENTIMENT, ASPECTS_ASKED, QUERY], ids=lambda each: each.task)
@given(said=JSON)
def test_no_shape_raises(question, said):
    read_answers(question, json.dumps({"items": [said, {"number": 1, "mentions": [said], "terms": [said]}]}), TWO)


def mention(**fields):
    return {"aspect": "taste", "polarity": "positive", "quote": "국물이 진해요", "target": "국물"} | fields


def said(*mentions):
    return answer({"number": 1, "mentions": list(mentions)})


def test_a_mention_carries_its_place_in_the_review():
    [[one]] = read_answers(ASPECTS_ASKED, said(mention(quote="진해요", target="없는 말")), TWO[:1]).by_place.values()
    assert (TWO[0][one.start : one.end], one.target, one.aspect, one.polarity) == ("진해요", None, "taste", "positive")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"quote": "면이 쫄깃해요"}, "quote"), ({"aspect": "karma"}, "aspect"), ({"polarity": "neutral"}, "polarity")],
)
def test_a_mention_that_the_review_does_not_make_is_dropped_alone(fields, reason):
    text = said(mention(**fields), mention())
    assert [len(found) for found in read_answers(ASPECTS_ASKED, text, TWO[:1]).by_place.values()] == [1]
    assert faults(text, TWO[:1], ASPECTS_ASKED) == {reason: 1}


def test_words_for_a_query_are_words():
    text = answer({"number": 1, "situation": "date", "terms": ["quiet", "", 7, "a\x00b", "x" * 99, "quiet", "view"]})
    assert read_answers(QUERY, text, ["a view"]).by_place == {0: Expansion(situation="date", terms=("quiet",))}
