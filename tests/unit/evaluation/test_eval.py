"""The built-in judge against labelled reviews (truth 5)."""

import gzip
from pathlib import Path

import pytest
from training import lexicon_en, lexicon_ko

from matjip.evaluation.eval import Labelled, evaluate_sentiment, lexicon_answer
from matjip.evaluation.measures import calibration_error, macro_f1
from matjip.inference.lite.features import normalise
from matjip.inference.lite.judge import LiteJudge

OWN = Path(__file__).parents[3] / "src" / "matjip" / "evaluation" / "guard.tsv"
NSMC = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "nsmc_reviews.tsv.gz"
DEVELOPMENT_FOLD, FOLDS = 1, 25  # subjects that training never sees
ROWS = 5_000
STOCK = (lexicon_ko.PRAISE, lexicon_ko.REGRET, lexicon_en.PRAISE, lexicon_en.REGRET)  # whole sentences of the grammar


@pytest.fixture(scope="module")
def judge() -> LiteJudge:
    return LiteJudge.load()


def own_rows() -> list[Labelled]:
    return [Labelled(text, label) for label, text in (line.split("\t") for line in OWN.read_text().splitlines())]


def development_rows() -> list[Labelled]:
    by_label: dict[str, list[Labelled]] = {"positive": [], "negative": []}
    with gzip.open(NSMC, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            subject, rating, text = line.rstrip("\n").split("\t", 2)
            if int(subject) % FOLDS == DEVELOPMENT_FOLD and (int(rating) <= 4 or int(rating) >= 9):
                label = "positive" if int(rating) >= 9 else "negative"
                by_label[label].append(Labelled(text, label))
    half = min(ROWS // 2, *map(len, by_label.values()))
    return [row for rows in by_label.values() for row in rows[:half]]


async def test_truth_5_sentiment_beats_majority_and_lexicon_on_our_own_reviews(judge):
    found = await evaluate_sentiment(judge, own_rows())
    assert found.low > max(found.majority_accuracy, found.lexicon_accuracy)


@pytest.mark.needs_data
async def test_truth_5_sentiment_beats_majority_and_lexicon_on_subjects_never_trained_on(judge):
    if not NSMC.exists():
        pytest.skip(f"{NSMC} is not here; it holds the held-out reviews")
    found = await evaluate_sentiment(judge, development_rows())
    assert found.low > max(found.majority_accuracy, found.lexicon_accuracy)
    assert found.accuracy >= 0.85


async def test_truth_5_labels_add_up(judge):
    rows = own_rows()
    found = await evaluate_sentiment(judge, rows)
    assert sum(found.counts.values()) == found.n == len(rows)
    assert {label for _, label in found.counts} <= {"positive", "negative", "neutral"}
    neutral = sum(count for (_, label), count in found.counts.items() if label == "neutral")
    assert found.decided == pytest.approx(1 - neutral / found.n)


def test_our_own_reviews_are_many_balanced_and_none_is_a_sentence_that_training_holds():
    texts = [row.text for row in own_rows()]
    trained = {normalise(text) for stock in STOCK for text in stock.replace("\n", "").split("|")}
    assert len(texts) == len(set(texts)) >= 150
    assert 0.4 <= sum(row.label == "positive" for row in own_rows()) / len(texts) <= 0.6
    assert not [text for text in texts if normalise(text) in trained]


def test_the_lexicon_falls_back_where_praise_and_blame_are_even():
    answers = [lexicon_answer(text, default="negative") for text in ("맛있어요", "별로", "맛있는데 별로", "점심")]
    assert answers == ["positive", "negative", "negative", "negative"]


def test_macro_f1_counts_a_label_that_is_never_said_as_nothing():
    assert macro_f1(["positive"] * 4, ["positive", "positive", "negative", "negative"]) == pytest.approx(1 / 3)


def test_a_judge_that_says_what_comes_true_is_calibrated():
    assert calibration_error([0.5] * 4, [True, False, True, False]) == 0
    assert calibration_error([0.9] * 4, [True, False, True, False]) == pytest.approx(0.4)
