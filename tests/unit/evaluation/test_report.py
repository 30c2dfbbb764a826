"""What is measured, on answers that are known."""

import re

import pytest

from matjip.errors import Invalid
from matjip.evaluation.report import Report, evaluate
from matjip.evaluation.rows import Row, Said
from matjip.inference.task import JudgeSentiment, Mention, Sentiment, Verdict


class Scripted:
    """Says of a text what the table says: its probability of praise, and its mentions."""

    name = "scripted/1"

    def __init__(self, table: dict[str, object]) -> None:
        self.table = table

    async def judge(self, task):
        make = sentiment if isinstance(task, JudgeSentiment) else mentions
        return [Verdict(answer=make(text, self.table[text]), engine="x", model="x") for text in task.texts]


def sentiment(text: str, chance: object) -> Sentiment:
    label = "positive" if chance >= 0.7 else "negative" if chance <= 0.25 else "neutral"
    return Sentiment(label=label, p_positive=chance, confidence=1.0)


def mentions(text: str, said: object) -> tuple[Mention, ...]:
    """`taste+`, or `taste+soup` with its target."""
    return tuple(mention(text, *re.split("([+-])", one)) for one in said.split())


def mention(text: str, aspect: str, sign: str, target: str) -> Mention:
    polarity = "positive" if sign == "+" else "negative"
    return Mention(aspect=aspect, polarity=polarity, target=target or None, opinion="x", start=0, end=len(text))


async def leaning(**rows: tuple[str, float]) -> Report:
    judge = Scripted({text: chance for text, (_, chance) in rows.items()})
    return await evaluate(judge, [Row(text=text, label=label) for text, (label, _) in rows.items()])


async def speaking(*rows: tuple[str, tuple[Said, ...], str]) -> Report:
    judge = Scripted({text: found for text, _, found in rows})
    return await evaluate(judge, [Row(text=text, aspects=said) for text, said, _ in rows])


TASTE, BAD_TASTE = Said(aspect="taste", polarity="positive"), Said(aspect="taste", polarity="negative")


async def test_accuracy_is_of_the_likelier_and_coverage_of_the_decided():
    found = (
        await leaning(a=("positive", 0.9), b=("positive", 0.4), c=("negative", 0.1), d=("negative", 0.9))
    ).sentiment
    assert (found.accuracy.value, found.decided.value) == (0.5, 0.75)
    assert found.accuracy_decided.value == pytest.approx(2 / 3)


async def test_the_confusion_table_holds_every_row_by_its_shown_label():
    found = (await leaning(a=("positive", 0.9), b=("positive", 0.4), c=("neutral", 0.1))).sentiment
    assert found.confusion["positive"] == {"positive": 1, "negative": 0, "neutral": 1}
    assert found.confusion["neutral"] == {"positive": 0, "negative": 1, "neutral": 0}


async def test_a_neutral_row_counts_for_the_shown_label_alone():
    found = (await leaning(a=("positive", 0.9), b=("neutral", 0.5), c=("neutral", 0.9))).sentiment
    assert (found.n, found.n_sided, found.accuracy.value) == (3, 1, 1.0)
    assert found.accuracy_shown.value == pytest.approx(2 / 3)
    assert found.shown["neutral"].recall.value == 0.5


async def test_precision_and_recall_are_told_per_class():
    found = (await leaning(a=("positive", 0.9), b=("negative", 0.9), c=("negative", 0.1))).sentiment.forced
    assert (found["positive"].precision.value, found["positive"].recall.value) == (0.5, 1.0)
    assert (found["negative"].precision.value, found["negative"].recall.value) == (1.0, 0.5)


async def test_the_calibration_error_is_the_mean_gap_and_its_bins_tell_it():
    found = (await leaning(a=("positive", 0.9), b=("negative", 0.9))).sentiment
    assert found.calibration_error.value == pytest.approx(0.4)
    [one] = found.calibration
    assert (one.n, one.said, one.true) == (2, 0.9, 0.5)


async def test_baselines_are_measured_on_the_same_rows():
    found = (await leaning(맛있어요=("positive", 0.9), 좋아요=("positive", 0.9), 별로=("negative", 0.9))).sentiment
    assert found.majority_accuracy.value == pytest.approx(2 / 3)
    assert found.lexicon_accuracy.value == 1.0


async def test_a_weight_counts_a_row_so_often():
    judge = Scripted({"a": 0.9, "b": 0.9})
    rows = [Row(text="a", label="positive", weight=3), Row(text="b", label="negative")]
    assert (await evaluate(judge, rows)).sentiment.accuracy.value == 0.75


async def test_detection_is_counted_text_by_text_and_polarity_on_the_found():
    found = (
        await speaking(
            ("a", (TASTE,), "taste+ taste+"), ("b", (TASTE,), "taste-"), ("c", (TASTE,), ""), ("d", (), "taste+")
        )
    ).aspects.all
    assert (found.true, found.found, found.sided) == (3, 3, 2)
    assert (found.precision.value, found.recall.value) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (found.polarity_accuracy.value, found.polarity_majority.value) == (0.5, 1.0)


async def test_an_aspect_that_the_file_never_names_is_not_held_against_the_judge():
    found = (await speaking(("a", (TASTE,), "taste+ price-"))).aspects
    assert list(found.each) == ["taste"]
    assert found.all.precision.value == 1.0


async def test_aspects_that_a_labeller_told_not_apart_are_found_by_any_of_them():
    found = (await speaking(("a", (Said(aspect="taste|menu", polarity="positive"),), "menu+"))).aspects
    assert found.each["taste|menu"].f1.value == 1.0


async def test_a_text_that_praises_and_blames_one_aspect_is_detected_and_has_no_side():
    found = (await speaking(("a", (TASTE, BAD_TASTE), "taste+"))).aspects.all
    assert (found.true, found.sided, found.polarity_accuracy.value) == (1, 0, None)


async def test_a_span_counts_only_at_its_exact_place():
    soup = Said(polarity="positive", span=(4, 8))
    found = (await speaking(("the soup", (soup,), "taste+soup"), ("hot soup", (soup,), "taste-oup"))).spans
    assert (found.true, found.found, found.f1.value, found.polarity_accuracy.value) == (2, 2, 0.5, 1.0)


async def test_finding_a_neutral_span_is_right_among_all_and_wrong_among_the_praised_or_blamed():
    neutral = Said(polarity="neutral", span=(4, 8))
    found = (await speaking(("the soup", (neutral,), "taste+soup"))).spans
    assert (found.f1.value, found.precision_sided.value, found.true_sided) == (1.0, 0.0, 0)


async def test_only_what_is_labelled_is_measured():
    report = await leaning(a=("positive", 0.9))
    assert (report.aspects, report.spans) == (None, None)
    report = await speaking(("a", (TASTE,), "taste+"))
    assert (report.sentiment, report.spans) == (None, None)


async def test_rows_that_allow_nothing_are_an_error():
    with pytest.raises(Invalid, match="nothing to measure"):
        await speaking(("a", (), "taste+"))


async def test_the_same_seed_gives_the_same_report():
    rows = {"a": ("positive", 0.9), "b": ("negative", 0.6), "c": ("negative", 0.1)}
    assert await leaning(**rows) == await leaning(**rows)
