"""Clauses, and the category head beside the tables."""

from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.categories import LONGEST, SHORTEST, clauses_of

FINDER = AspectFinder.load()


def parts(text: str) -> list[str]:
    return [text[clause.start : clause.end] for clause in clauses_of([text])]


def test_clauses_end_at_marks_and_at_joining_endings():
    assert parts("국물이 진하고 고기도 많아요. 다만 직원이 무뚝뚝했어요") == [
        "국물이 진하고",
        "고기도 많아요",
        "다만 직원이 무뚝뚝했어요",
    ]


def test_english_clauses_end_at_commas_and_before_but():
    assert parts("the soup was great, we sat outside but nobody came") == [
        "the soup was great",
        "we sat outside",
        "but nobody came",
    ]


@given(st.lists(st.text(max_size=300), max_size=4))
def test_a_clause_is_a_trimmed_part_of_its_own_text(texts):
    for clause in clauses_of(texts):
        part = texts[clause.text][clause.start : clause.end]
        assert part == part.strip()
        assert SHORTEST <= len(part) <= LONGEST


def test_no_clause_ends_the_scores_too():
    assert FINDER.head.scores([]).shape == (0, 10)


def test_what_the_tables_found_is_not_found_again_by_the_head():
    (found,) = FINDER.find(["직원이 친절해요. 직원이 정말 친절하고 서비스가 좋아요"])
    assert not [mention for mention in found if mention.aspect == "service" and mention.opinion is None]


def test_a_mention_of_the_head_spans_its_clause_and_names_nothing():
    texts = [
        "우리를 맞아 준 종업원은 물 한 잔을 청해도 들은 체 만 체였습니다",
        "They ignored us while our glasses stood empty all night",
    ]
    for text, mentions in zip(texts, FINDER.find(texts), strict=True):
        for mention in mentions:
            if mention.opinion is None:
                assert mention.target is None
                assert text[mention.start : mention.end] in parts(text)
