"""Near-duplicates: copies with changed blanks, emoji and words are found, honest look-alikes are not."""

from tests.unit.inference.suites import pairs, score_duplicates

from matjip.inference.lite.duplicates import near_duplicates

LONG = "국물이 진하고 고기가 부드러워서 부모님 모시고 다시 오고 싶어요"


def test_labelled_copies_are_found():
    assert score_duplicates(pairs()).recall >= 0.95


def test_labelled_look_alikes_are_left():
    assert score_duplicates(pairs()).precision >= 0.95


def test_a_copy_names_the_first_of_its_kind():
    assert near_duplicates([LONG, LONG + "!", LONG + " 👍"]) == [None, 0, 0]


def test_what_everybody_says_is_nobodys_copy():
    assert near_duplicates(["친절하고 맛있어요"] * 3) == [None, None, None]
