"""A question names every review once, in the language that most are in, and its schema asks for exactly so many items."""

import pytest

from matjip.clock import new_dice
from matjip.inference.prompts.aspects import ASPECTS_ASKED
from matjip.inference.prompts.query import QUERY
from matjip.inference.prompts.sentiment import SENTIMENT
from matjip.inference.prompts.worded import CLAIM, SUMMARY

QUESTIONS = (SENTIMENT, ASPECTS_ASKED, QUERY, CLAIM, SUMMARY)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.task)
def test_a_version_names_its_task(question):
    assert question.version.partition("/")[0] == question.task


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.task)
def test_the_schema_asks_for_one_item_a_text(question):
    items = question.schema(7)["properties"]["items"]
    assert (items["minItems"], items["maxItems"]) == (7, 7)
    assert items["items"]["properties"]["number"]["maximum"] == 7


@pytest.mark.parametrize(
    ("texts", "word"), [(["맛있어요", "good"], "JSON으로"), (["good", "맛 is the best here"], "as JSON")]
)
def test_the_question_is_put_in_the_language_of_most_texts(texts, word):
    assert word in SENTIMENT.messages(texts, new_dice(1))[-1].content


def test_the_instructions_are_the_same_for_every_prompt_so_that_a_server_remembers_them():
    one, other = (SENTIMENT.messages([text], new_dice(seed)) for seed, text in enumerate(["맛있어요", "별로예요"]))
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_a_repair_says_that_the_answer_before_was_wrong():
    assert "had them in the wrong form" in SENTIMENT.messages(["fine"], new_dice(1), is_repair=True)[-1].content
