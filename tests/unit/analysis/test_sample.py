"""Which reviews are looked at."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matjip.analysis.evidence import Judged, Snapshot, SnapshotReview
from matjip.analysis.result import Window
from matjip.analysis.sample import MOST_CLUSTERS, REVIEWS_PER_CLUSTER, clusters, representative, stratified
from matjip.clock import from_micros
from matjip.inference.task import Sentiment, Verdict

DAY_US = 86_400_000_000
VECTORS = arrays(np.int8, st.tuples(st.integers(1, 90), st.just(3)), elements=st.integers(-127, 127))
LABELS = st.lists(st.sampled_from(["positive", "negative", "neutral"]), min_size=1, max_size=90)


def judged(labels: list[str]) -> Judged:
    reviews = tuple(
        SnapshotReview(
            id=f"{at:03}",
            content="",
            author=None,
            rating=None,
            created_at=from_micros(at * DAY_US),
            language="ko",
            source=None,
        )
        for at in range(len(labels))
    )
    now = from_micros(0)
    snapshot = Snapshot(
        tenant="t",
        restaurant_id="r",
        reviews=reviews,
        available=0,
        revision=0,
        as_of=now,
        window=Window(),
        inline=True,
        fingerprint="",
    )
    answers = [Sentiment(label=label, p_positive=0.5, confidence=0.5) for label in labels]
    verdicts = tuple(Verdict(answer=answer, engine="e", model="e/1") for answer in answers)
    return Judged(
        snapshot=snapshot, sentiments=verdicts, mentions=((),) * len(labels), duplicates=(None,) * len(labels), units=()
    )


@given(LABELS, st.integers(1, 100), st.integers(0, 3))
def test_a_stratified_sample_repeats_no_review_invents_none_and_stands_for_all(labels, size, seed):
    sample = stratified(judged(labels), size=size, seed=seed)
    assert len(set(sample.reviews)) == len(sample.reviews)
    assert set(sample.reviews) <= set(range(len(labels)))
    assert sum(sample.weights) == pytest.approx(len(labels))


@given(LABELS, st.integers(0, 3))
def test_a_sample_as_large_as_all_is_all(labels, seed):
    assert stratified(judged(labels), size=len(labels), seed=seed).reviews == tuple(range(len(labels)))


@given(LABELS, st.integers(1, 100))
def test_a_sample_is_as_large_as_asked_or_has_one_of_each_stratum(labels, size):
    sample = stratified(judged(labels), size=size, seed=0)
    assert len(sample.reviews) == max(min(size, len(labels)), len(sample.strata))


@given(LABELS, st.randoms(use_true_random=False))
def test_the_order_of_the_reviews_changes_no_draw(labels, dice):
    one = judged(labels)
    order = list(range(len(labels)))
    dice.shuffle(order)
    snapshot = replace(one.snapshot, reviews=tuple(one.snapshot.reviews[at] for at in order))
    other = replace(one, snapshot=snapshot, sentiments=tuple(one.sentiments[at] for at in order))
    assert drawn(one) == drawn(other)


def drawn(one: Judged) -> set[str]:
    return {one.snapshot.reviews[review].id for review in stratified(one, size=9, seed=5).reviews}


def test_a_minority_is_in_a_small_sample():
    labels = ["positive"] * 95 + ["negative"] * 5
    chosen = stratified(judged(labels), size=12, seed=1)
    assert any(labels[review] == "negative" for review in chosen.reviews)


def test_the_same_seed_draws_the_same_and_another_seed_others():
    one = judged(["positive", "negative"] * 30)
    draws = [stratified(one, size=9, seed=seed).reviews for seed in (5, 5, 6)]
    assert draws[0] == draws[1] != draws[2]


def test_clusters_split_the_strata():
    vectors = np.array([[127, 0, 0], [0, 127, 0]] * 40, np.int8)
    sample = stratified(judged(["positive"] * 80), size=10, seed=0, vectors=vectors)
    assert {name.rsplit("/", 1)[1] for name, _, _ in sample.strata} == {"0", "1"}


@given(VECTORS, st.integers(1, 100))
def test_the_nearest_to_the_centre_come_in_order_and_each_once(vectors, size):
    found = representative(vectors, weights=[1.0] * len(vectors), size=size)
    assert len({review for review, _ in found}) == len(found) == min(size, len(vectors))
    assert [near for _, near in found] == sorted((near for _, near in found), reverse=True)


def test_a_weight_moves_the_centre():
    vectors = np.array([[127, 0, 0], [0, 127, 0], [0, 100, 0]], np.int8)
    assert [review for review, _ in representative(vectors, weights=[1, 1, 1], size=2)] == [1, 2]
    assert representative(vectors, weights=[9, 1, 1], size=1)[0][0] == 0


@given(VECTORS, st.integers(0, 2))
def test_every_review_has_a_cluster_and_they_are_the_same_again(vectors, seed):
    found = clusters(vectors, seed=seed)
    assert found.shape == (len(vectors),)
    assert found.max() < max(1, min(MOST_CLUSTERS, len(vectors) // REVIEWS_PER_CLUSTER))
    assert (found == clusters(vectors, seed=seed)).all()
