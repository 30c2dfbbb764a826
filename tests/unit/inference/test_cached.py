"""A judge that remembers."""

from tests.unit.analysis.reading import ScriptedJudge

from matjip.clock import new_dice
from matjip.inference.asking import AskingJudge
from matjip.inference.cached import CachedJudge
from matjip.inference.scripted import ScriptedModel
from matjip.inference.task import FindAspects, JudgeSentiment
from matjip.inference.tokens import Estimated


async def test_the_same_text_is_judged_once_and_answered_each_time():
    inner = ScriptedJudge()
    judge = CachedJudge(inner)
    first = await judge.judge(JudgeSentiment(("친절", "짜요", "친절")))
    assert await judge.judge(JudgeSentiment(("짜요", "친절"))) == (first[1], first[0])
    assert (first[0], inner.texts_judged) == (first[2], 2)


async def test_another_question_about_the_same_text_is_asked():
    inner = ScriptedJudge()
    judge = CachedJudge(inner)
    await judge.judge(JudgeSentiment(("친절",)))
    assert (await judge.judge(FindAspects(("친절",))))[0].answer[0].aspect == "service"


async def test_only_the_most_recent_answers_are_kept():
    inner = ScriptedJudge()
    judge = CachedJudge(inner, entries=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await judge.judge(JudgeSentiment((text,)))
    assert inner.texts_judged == 4  # a, b, c, and b again


async def test_after_clear_nothing_is_remembered():
    inner = ScriptedJudge()
    judge = CachedJudge(inner)
    await judge.judge(JudgeSentiment(("a",)))
    judge.clear()
    await judge.judge(JudgeSentiment(("a",)))
    assert inner.texts_judged == 2


async def test_what_was_asked_before_a_clear_is_not_remembered_after_it():
    inner = ScriptedJudge()
    judge = CachedJudge(inner)

    class Clearing(ScriptedJudge):
        async def judge(self, task):
            judge.clear()
            return await inner.judge(task)

    judge._inner = Clearing()
    for _ in range(2):
        await judge.judge(JudgeSentiment(("a",)))
    assert inner.texts_judged == 2


async def test_what_a_fallback_answered_is_asked_again():
    inner = ScriptedJudge()
    model = ScriptedModel(lambda _: {"label": "great"})
    judge = CachedJudge(AskingJudge(model, inner, counter=Estimated(), dice=new_dice(1)))
    for _ in range(2):
        await judge.judge(JudgeSentiment(("a",)))
    assert inner.texts_judged == 2
