"""What is learned from examples: as much as they say, no more, and always the same."""

import numpy as np

from matjip.inference.lite.adapted import Adaptation, grams
from matjip.inference.lite.fitting import LEAST_TEXTS, Lesson, fit

LIKED, DISLIKED = "오늘은 바삭한 {}", "오늘은 눅눅한 {}"


def lesson(count: int, *, shipped=0.0, swap=False) -> Lesson:
    texts = [(LIKED, DISLIKED)[n % 2].format(chr(0xAC00 + n * 37)) for n in range(count)]
    truth = np.array([float(n % 2 == (1 if swap else 0)) for n in range(count)])
    return Lesson(
        texts=texts,
        shipped=np.full(count, shipped),
        truth=truth,
        weights=np.ones(count),
        groups=np.arange(count) // 2 % 20,
    )


def logits(found: Adaptation, *texts: str, shipped: float = 0.0) -> list[float]:
    return found.logits(texts, [shipped] * len(texts)).tolist()


def test_a_word_that_the_shipped_model_does_not_know_is_learned():
    crisp, soggy = logits(fit("lite/3", lesson(200)), "바삭한 빵", "눅눅한 빵")
    assert crisp > 0.5
    assert soggy < -0.5


def test_few_examples_move_less_than_many():
    few, many = (logits(fit("lite/3", lesson(count)), "바삭한 빵")[0] for count in (12, 200))
    assert 0 <= few < many


def test_nothing_is_learned_from_what_too_few_texts_hold():
    found = fit("lite/3", lesson(LEAST_TEXTS - 1))
    assert len(found.buckets) == 0


def test_words_that_help_nowhere_else_are_not_trusted():
    dice = np.random.default_rng(3)
    noise = lesson(200)
    blind = Lesson(
        texts=noise.texts,
        shipped=np.where(noise.truth == 1, 2.0, -2.0),
        truth=dice.integers(0, 2, 200).astype(float),
        weights=noise.weights,
        groups=noise.groups,
    )
    found = fit("lite/3", blind)
    assert found.slope < 0.3  # what the shipped model says of them is wrong half of the time
    assert abs(logits(found, "바삭한 빵")[0]) < 0.5


def test_log_odds_that_say_too_much_are_flattened():
    found = fit(
        "lite/3",
        Lesson(
            texts=["맛있다"] * 200,
            shipped=np.array([6.0, -6.0] * 100),
            truth=np.array([1.0, 0.0] * 70 + [0.0, 1.0] * 30),
            weights=np.ones(200),
            groups=np.arange(200) % 20,
        ),
    )
    assert 0.1 < found.slope < 0.3  # right in 70 of 100: log(0.7 / 0.3) / 6


def test_an_ngram_that_every_text_holds_is_one_column():
    owners, buckets, values = grams(["aaa", ""])
    assert set(owners.tolist()) == {0}
    assert len(buckets) == len(values)


def test_the_same_lesson_gives_the_same_bytes():
    assert fit("lite/3", lesson(100)).to_bytes() == fit("lite/3", lesson(100)).to_bytes()
