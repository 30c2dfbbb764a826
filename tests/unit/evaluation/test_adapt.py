"""What may be learned from, what is set aside, and what is kept: real reviews with right, wrong and hostile labels."""

from dataclasses import replace

import pytest
from tests.unit.evaluation.sites import adapted, shipped, site

from matjip.clock import new_dice
from matjip.errors import Invalid
from matjip.evaluation import adapt as adapting
from matjip.evaluation.adapt import GUARD_LOSS, adapt, compare, guard, is_set_aside, prepare
from matjip.evaluation.examples import Example
from matjip.inference.lite.adapted import AdaptedJudge

FLIPPED = {"positive": "negative", "negative": "positive", "neutral": "neutral"}


def flipped(examples):
    return [replace(one, label=FLIPPED[one.label]) for one in examples]


def said(text: str, *, label="positive", restaurant="r", source="labels", author=None) -> Example:
    return Example(text=text, label=label, source=source, restaurant_id=restaurant, author=author)


def filler(count: int, restaurants: int = 30) -> list[Example]:
    words = [one.text for one in site()]
    return [
        said(
            f"{words[n % len(words)]} {n}", label=("positive", "negative")[n // 7 % 2], restaurant=f"r{n % restaurants}"
        )
        for n in range(count)
    ]


async def refused(examples) -> Invalid:
    with pytest.raises(Invalid) as raised:
        await adapt(examples, shipped(), tenant="default")
    return raised.value


async def test_stars_of_a_site_make_the_judge_better_in_restaurants_that_it_did_not_learn_from():
    found = await adapted()
    assert found.kept
    assert found.aside.gain.low > 0
    assert found.aside.log_loss_after < found.aside.log_loss_before
    assert found.aside.calibration_error_after < found.aside.calibration_error_before


async def test_what_is_kept_loses_little_on_the_sentences_that_ship_with_the_product():
    found = await adapted()
    assert found.guard.accuracy_before - found.guard.accuracy_after <= GUARD_LOSS


async def test_the_same_examples_in_another_order_give_the_same_bytes():
    one = await adapted()
    other = await adapt(site()[::-1], shipped(), tenant="default")
    assert one.body == other.body
    assert len(one.body) < 100_000


async def test_swapped_labels_are_refused_for_what_they_contradict():
    error = await refused(flipped(site()))
    assert error.facts == {"refusal": "labels_look_wrong"}
    assert "swapped" in error.message


async def test_labels_by_chance_are_refused():
    dice = new_dice(1)
    error = await refused([replace(one, label=dice.choice(["positive", "negative"])) for one in site()])
    assert error.facts == {"refusal": "labels_look_wrong"}


async def test_swapped_labels_that_nothing_else_stops_are_stopped_by_the_products_own_sentences(monkeypatch):
    monkeypatch.setattr(adapting, "MOST_AGAINST_SURE", 1.0)
    found = await adapt(flipped(site()), shipped(), tenant="default")
    assert found.aside.gain.low > 0  # wrong in the restaurants set aside too, so that it wins there
    assert (found.kept, found.reason) == (False, "guard_lost")


async def test_what_the_judge_knows_already_gains_nothing_and_is_not_kept():
    first = await adapted()
    again = await adapt(
        site(), shipped(), tenant="default", current=AdaptedJudge(shipped(), first.adaptation, version=first.version)
    )
    assert (again.kept, again.reason) == (False, "no_gain")


async def test_corrections_alone_cannot_say_that_the_judge_is_always_wrong():
    wrong = [replace(one, source="corrections") for one in flipped(site())]
    found = await adapt(wrong, shipped(), tenant="default")
    assert (found.kept, found.reason) == (False, "guard_lost")


@pytest.mark.parametrize(
    ("examples", "refusal"),
    [
        ([], "no_examples"),
        (filler(45), "too_few_examples"),
        ([replace(one, label="positive") for one in filler(600)], "one_class"),
        (filler(600, restaurants=6), "too_few_restaurants"),
        ([replace(one, text="맛있어요") for one in filler(600)], "too_few_examples"),
        (
            [replace(one, text="이 집은 정말 맛있고 친절해서 자주 오는 곳입니다.") for one in filler(600)],
            "too_few_examples",
        ),
    ],
    ids=["nothing", "few", "praise alone", "six restaurants", "one short text", "one long text"],
)
def test_what_could_not_be_learned_or_measured_is_refused_by_name(examples, refusal):
    with pytest.raises(Invalid) as raised:
        prepare(examples, "default")
    assert raised.value.facts == {"refusal": refusal}
    assert "expected" in raised.value.message


def test_no_restaurant_and_no_text_is_on_both_sides():
    sets = prepare(site(), "default")
    learned, aside = ({one.restaurant_id for one in side} for side in (sets.learned, sets.aside))
    assert not learned & aside
    assert not {one.text for one in sets.learned} & {one.text for one in sets.aside}


def test_a_restaurant_stays_aside_whatever_comes_later():
    before, after = prepare(site(), "default"), prepare([*site(), *filler(300)], "default")
    assert {one.restaurant_id for one in before.aside} <= {one.restaurant_id for one in after.aside}


def test_another_tenant_sets_other_restaurants_aside():
    names = [str(number) for number in range(300)]
    assert [is_set_aside("t", name) for name in names] != [is_set_aside("u", name) for name in names]
    assert 70 < sum(is_set_aside("t", name) for name in names) < 130


def test_one_restaurant_that_floods_the_examples_counts_for_a_fifth_at_most():
    flood = [said(f"{one.text} {n}", restaurant="loud") for n, one in enumerate(site() * 5)]
    sets = prepare([*site(), *flood], "default")
    for side in (sets.learned, sets.aside):
        assert sum(one.restaurant_id == "loud" for one in side) <= 0.2 * len(side)
    assert sets.left_out["over a restaurant's share"] > 500


def test_one_author_who_floods_the_examples_counts_for_a_twentieth_at_most():
    flood = [replace(one, text=f"{one.text} {n}", author="loud") for n, one in enumerate(site() * 3)]
    sets = prepare([*site(), *flood], "default")
    assert sum(one.author == "loud" for one in sets.learned) <= 0.05 * len(sets.learned)


def test_a_text_with_two_labels_is_left_out():
    both = [said("국물이 짜고 그런데 또 맛있는 집", label=label) for label in ("positive", "negative")]
    assert prepare([*site(), *both], "default").left_out["labelled in two ways"] == 2


def test_a_correction_outweighs_the_stars_of_the_same_review():
    sets = prepare([*site(), *(replace(one, label="neutral", source="corrections") for one in site()[:50])], "default")
    assert "labelled in two ways" not in sets.left_out
    assert sum(one.source == "corrections" for one in (*sets.learned, *sets.aside)) > 40


async def test_a_judge_compared_with_itself_gains_nothing():
    found = await compare(shipped(), shipped(), guard())
    assert (found.gain.value, found.gain.low, found.gain.high) == (0, 0, 0)
    assert found.texts == found.restaurants == 165
