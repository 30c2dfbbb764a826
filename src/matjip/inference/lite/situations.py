"""What people look for and the words that reviewers use for it: query expansion by rules, shown to whoever searches."""

import re
from collections.abc import Sequence

from matjip.inference.task import Expansion

__all__ = ["expand"]

# situation | how a query says it (regular expression, lower case) | words that reviewers use, Korean | English
SITUATIONS: tuple[tuple[str, str, str, str], ...] = (
    ("date", "데이트|소개팅|기념일|프로포즈|연인|커플|date|anniversary|romantic", "분위기 조용 야경 예쁘 와인 뷰", "romantic cozy quiet candle view"),
    ("kids", "아이|아기|유아|어린이|키즈|kid|child|toddler|baby", "아기의자 키즈메뉴 유모차 놀이방 친절", "kids highchair stroller playroom"),
    ("family", "가족|부모님|어른|상견례|돌잔치|family|parents", "부모님 룸 주차 푸짐 정갈", "family spacious parking parents"),
    ("solo", "혼밥|혼자|혼술|일인|1인|solo|alone|by myself", "혼밥 혼자 1인석 바자리 편하", "solo alone counter single"),
    ("group", "회식|모임|단체|동창회|뒤풀이|송년회|group|party|team dinner", "단체석 룸 넓 예약 회식", "group large table private room reservation"),
    ("business", "접대|비즈니스|미팅|거래처|상사|business|client", "룸 조용 코스 정갈 주차", "private quiet course professional"),
    ("parking", "주차|차 가지고|차로|parking|drive", "주차 주차장 발렛 넓", "parking valet lot"),
    ("late night", "심야|새벽|밤늦|야식|24시|late night|midnight", "새벽 심야 24시 야식 늦게까지", "late night open midnight"),
    ("quick", "빨리|급하게|점심시간|간단|quick|fast lunch", "빠르 회전율 점심 간단", "quick fast lunch"),
    ("cheap", "가성비|저렴|(?<!비)싼|만원|학생|cheap|budget|affordable", "가성비 저렴 푸짐 혜자", "cheap affordable value generous"),
    ("pets", "반려견|애견|강아지|펫|dog|pet", "애견동반 강아지 테라스", "dog pet friendly patio"),
    ("work", "카공|노트북|공부|작업|study|laptop|work from", "콘센트 조용 와이파이 넓", "wifi outlet quiet laptop"),
    ("view", "뷰|전망|오션|야경|바다|view|ocean", "뷰 전망 바다 야경 창가", "view ocean window sunset"),
    ("vegan", "비건|채식|vegan|vegetarian", "비건 채식 샐러드 두부", "vegan vegetarian salad"),
    ("hangover", "해장|숙취|hangover", "해장 얼큰 국물 시원", "broth soup spicy"),
)  # fmt: skip
RULES = tuple((name, re.compile(said), korean.split(), english.split()) for name, said, korean, english in SITUATIONS)
HANGUL = re.compile("[가-힣]")
MOST_TERMS = 8  # more would drown what was asked


def expand(queries: Sequence[str]) -> list[Expansion]:
    """One expansion a query; terms that the query holds already are not repeated."""
    return [_expanded(query.lower()) for query in queries]


def _expanded(query: str) -> Expansion:
    matched = [
        (name, korean if HANGUL.search(query) else english)
        for name, said, korean, english in RULES
        if said.search(query)
    ]
    terms = dict.fromkeys(term for _, words in matched for term in words if term not in query)
    return Expansion(situation=", ".join(name for name, _ in matched) or None, terms=tuple(terms)[:MOST_TERMS])
