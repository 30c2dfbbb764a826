"""The yardstick of search: BM25 over the index's tokens, and two rankings fused."""

from training.retrieval import Words, fused, retrieval

from matjip.inference.lite.embedding import LiteEmbedder

SENTENCES = {
    "직원이 친절하고 좋아요": {"서비스": "긍정"},
    "직원이 무례해요": {"서비스": "부정"},
    "국물이 진하고 맛있어요": {"음식": "긍정"},
    "주차장이 넓어요": {},
}


def test_a_text_with_the_rarer_word_comes_first_and_one_without_any_is_left_out():
    assert Words(["직원 친절", "직원 무례", "국물"]).ranked("친절한 직원") == [0, 1]


def test_what_both_rankings_hold_comes_before_what_one_holds():
    assert list(fused([1, 2, 3], [4, 2])) == [2, 1, 4, 3]


def test_shares_are_of_ten_for_words_and_never_above_one():
    found = retrieval(LiteEmbedder.load(), SENTENCES)
    assert found.sentences == 4
    assert all(0 <= share <= 1 for share in (found.embedding, found.words, found.both, found.chance))
