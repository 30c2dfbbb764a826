"""How well texts are found by the embedding, by words, and by both, on sentences whose aspects and polarities are known."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matjip.index.words import tokens
from matjip.inference.lite.embedding import LiteEmbedder

__all__ = ["Found", "retrieval"]

# What somebody would type, and what counts as found: the sentence speaks of this category in this way. Written by us.
QUERIES = (
    ("맛있는 음식", "음식", "긍정"),
    ("음식이 정말 맛있어요", "음식", "긍정"),
    ("신선한 재료", "음식", "긍정"),
    ("피자가 훌륭해요", "음식", "긍정"),
    ("디저트가 맛있어요", "음식", "긍정"),
    ("메뉴가 다양해요", "음식", "긍정"),
    ("최고의 초밥", "음식", "긍정"),
    ("음식이 맛없어요", "음식", "부정"),
    ("음식이 너무 짜고 기름져요", "음식", "부정"),
    ("차갑고 밍밍한 음식", "음식", "부정"),
    ("음식이 실망스러웠어요", "음식", "부정"),
    ("친절한 직원", "서비스", "긍정"),
    ("서비스가 훌륭해요", "서비스", "긍정"),
    ("웨이터가 세심해요", "서비스", "긍정"),
    ("빠른 서비스", "서비스", "긍정"),
    ("무례한 직원", "서비스", "부정"),
    ("서비스가 끔찍했어요", "서비스", "부정"),
    ("서비스가 느려요", "서비스", "부정"),
    ("불친절한 웨이터", "서비스", "부정"),
    ("오래 기다렸어요", "서비스", "부정"),
    ("가격이 합리적이에요", "가격", "긍정"),
    ("저렴하고 좋아요", "가격", "긍정"),
    ("가성비가 좋아요", "가격", "긍정"),
    ("너무 비싸요", "가격", "부정"),
    ("가격에 비해 별로예요", "가격", "부정"),
    ("분위기가 좋아요", "분위기", "긍정"),
    ("아늑하고 로맨틱한 곳", "분위기", "긍정"),
    ("인테리어가 예뻐요", "분위기", "긍정"),
    ("시끄럽고 붐벼요", "분위기", "부정"),
    ("좁고 불편한 자리", "분위기", "부정"),
)
FIRST = 10  # results that are looked at
K1, B = 1.2, 0.75  # of BM25 (S. Robertson and H. Zaragoza, 2009)
RRF = 60  # of reciprocal rank fusion (G. Cormack, C. Clarke and S. Buettcher, 2009)
DEPTH = 100  # ranks of either way that are fused


@dataclass(frozen=True, slots=True)
class Found:
    """The mean share of the first ten that are right; by chance, it is the share of right sentences in all."""

    queries: int
    sentences: int
    embedding: float
    words: float
    both: float
    chance: float


def retrieval(embedder: LiteEmbedder, sentences: Mapping[str, Mapping[str, str]]) -> Found:
    """Ask every query; a sentence is right when the category that is asked for has the polarity that is asked for."""
    texts = list(sentences)
    vectors = embedder.vectors(texts).astype(np.int32)
    words = Words(texts)
    shares: dict[str, list[float]] = defaultdict(list)
    for query, category, polarity in QUERIES:
        right = np.array([labels.get(category) == polarity for labels in sentences.values()])
        meant = np.argsort(-(vectors @ embedder.vectors([query])[0].astype(np.int32)), kind="stable")[:DEPTH].tolist()
        said = words.ranked(query)[:DEPTH]
        shares["embedding"].append(float(right[meant[:FIRST]].mean()))
        shares["words"].append(float(right[said[:FIRST]].sum()) / FIRST)
        shares["both"].append(float(right[list(fused(meant, said))[:FIRST]].mean()))
        shares["chance"].append(float(right.mean()))
    return Found(len(QUERIES), len(texts), **{way: sum(found) / len(found) for way, found in shares.items()})


class Words:
    """BM25 over the tokens that the index counts."""

    def __init__(self, texts: Sequence[str]) -> None:
        held = [Counter(tokens(text)) for text in texts]
        mean = sum(counts.total() for counts in held) / len(held)
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, counts in enumerate(held):
            for token, count in counts.items():
                weight = count * (K1 + 1) / (count + K1 * (1 - B + B * counts.total() / mean))
                self._postings[token].append((place, weight))
        self._texts = len(texts)

    def ranked(self, query: str) -> list[int]:
        """The texts that hold any token of the query, best first."""
        scores: dict[int, float] = defaultdict(float)
        for token in set(tokens(query)):
            found = self._postings.get(token, [])
            rarity = math.log(1 + (self._texts - len(found) + 0.5) / (len(found) + 0.5))
            for place, weight in found:
                scores[place] += rarity * weight
        return sorted(scores, key=lambda place: (-scores[place], place))


def fused(*rankings: Sequence[int]) -> Iterator[int]:
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, place in enumerate(ranking, 1):
            scores[place] += 1 / (RRF + rank)
    yield from sorted(scores, key=lambda place: (-scores[place], place))
