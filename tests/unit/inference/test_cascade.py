"""The first judge decides what it is sure of, the second the rest, and each verdict says who did."""

import pytest
from tests.unit.analysis.reading import ScriptedJudge

from matjip.clock import new_dice
from matjip.errors import Unavailable
from matjip.inference.asking import AskingJudge
from matjip.inference.cascade import Cascade, CascadeSettings, is_sure
from matjip.inference.scripted import ScriptedModel
from matjip.inference.task import FindAspects, JudgeSentiment, Sentiment, Verdict
from matjip.inference.tokens import Estimated

NUMBERS = CascadeSettings(positive_from=0.8, negative_from=0.95)


class Chances:
    """Reads the chance of praise from the text itself."""

    name = "lite/9"

    async def judge(self, task):
        return tuple(Verdict(answer=leaning(float(text)), engine="lite", model=self.name) for text in task.texts)


def leaning(chance):
    label = "positive" if chance >= 0.7 else "negative" if chance <= 0.25 else "neutral"
    return Sentiment(label=label, p_positive=chance, confidence=max(chance, 1 - chance))


@pytest.fixture
def model():
    return ScriptedModel(lambda _: {"label": "positive", "confidence": 1})


@pytest.fixture
def cascade(model):
    asking = AskingJudge(model, Chances(), counter=Estimated(), dice=new_dice(1))
    return Cascade(Chances(), asking, settings=NUMBERS)


@pytest.mark.parametrize(
    ("chance", "sure"),
    [(0.8, True), (0.79, False), (0.5, False), (0.06, False), (0.05, True), (0.0, True), (1.0, True)],
)
def test_blame_is_held_to_more_than_praise(chance, sure):
    assert is_sure(leaning(chance), NUMBERS) is sure


def test_above_one_nothing_is_sure():
    assert not is_sure(leaning(1.0), CascadeSettings(positive_from=1.01))


async def test_only_what_the_first_is_not_sure_of_is_asked(cascade, model):
    verdicts = await cascade.judge(JudgeSentiment(("0.9", "0.5", "0.01", "0.1")))
    assert [one.engine for one in verdicts] == ["lite", "llm", "lite", "llm"]
    assert model.asked[0].messages[-1].content.count("[") == 2


async def test_where_all_is_sure_nobody_is_asked(cascade, model):
    await cascade.judge(JudgeSentiment(("0.9", "0.01")))
    assert model.asked == []


async def test_while_the_model_is_away_the_first_is_heard_and_its_verdict_says_so(cascade, model):
    model.failing = Unavailable("away")
    verdicts = await cascade.judge(JudgeSentiment(("0.9", "0.5")))
    assert [(one.engine, one.instead_of) for one in verdicts] == [("lite", None), ("lite", "llm")]


async def test_aspects_stay_with_the_first(model):
    asking = AskingJudge(model, ScriptedJudge(), counter=Estimated(), dice=new_dice(1))
    [verdict] = await Cascade(ScriptedJudge(), asking).judge(FindAspects(("국물이 진해",)))
    assert (verdict.engine, model.asked) == ("scripted", [])


def test_its_name_holds_both_judges_and_the_thresholds(cascade):
    assert cascade.name == "cascade/lite/9/llm/scripted/sentiment.1+aspects.1+query.1+claim.1+summary.1/0.8-0.95"
