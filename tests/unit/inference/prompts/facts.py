"""Facts to be worded: one claim, one statement and one overall in each language."""

from matjip.inference.task import Counted, Facts

TASTE = Counted(aspect="taste", called=("맛", "음식"), polarity="positive", support=12, is_many=True)
SERVICE = Counted(aspect="service", called=("서비스", "직원 응대"), polarity="positive", support=8, is_many=True)
WAITING = Counted(aspect="waiting", called=("대기 시간", "대기"), polarity="negative", support=5, is_many=False)
EN_TASTE = Counted(aspect="taste", called=("taste", "food"), polarity="positive", support=12, is_many=True)
EN_SERVICE = Counted(aspect="service", called=("service",), polarity="positive", support=8, is_many=True)
EN_WAITING = Counted(aspect="waiting", called=("waiting time", "wait"), polarity="negative", support=5, is_many=False)


def of(point: Counted, **changes) -> Counted:
    return Counted(**{name: getattr(point, name) for name in Counted.__slots__} | changes)


KO_CLAIM = Facts(
    language="ko",
    considered=40,
    points=(of(TASTE, named=(("국물", 12),), opinions=("진하다", "시원하다")),),
    text="국물이 진하고 시원하다는 칭찬이 많습니다",
    quotes=("국물이 정말 진하고 시원해요", "여기 국물은 진해서 최고"),
)
KO_DISTINCT = Facts(
    language="ko",
    considered=40,
    points=(of(TASTE, opinions=("진하다",), has_others=True),),
    is_compared=True,
    times=1.8,
    text="진하다는 등 맛 칭찬이 비교 식당의 1.8배",
)
KO_STATEMENT = Facts(
    language="ko",
    considered=40,
    points=(of(TASTE, named=(("국물", 5), ("면", 3)), recent=4, trend="better"),),
    text="리뷰 40개 중 12개(최근 석 달 4개)가 맛을 칭찬했고, 국물(5개)과 면(3개) 이야기가 많습니다.",
)
KO_OVERALL = Facts(
    language="ko",
    considered=40,
    points=(TASTE, SERVICE, WAITING),
    leaning=(30, 5),
    per_cent=(75, 13),
    text="리뷰 40개 중 30개(75%)가 긍정, 5개(13%)가 부정입니다. 칭찬은 맛(12개), 서비스(8개) 순으로 많습니다. "
    "아쉬운 점으로는 대기 시간(5개)이 꼽혔습니다.",
)
EN_CLAIM = Facts(
    language="en",
    considered=40,
    points=(of(EN_TASTE, named=(("broth", 12),), opinions=("rich", "not salty")),),
    text="Rich and not salty broth, praised by many reviewers",
    quotes=("The broth was rich and not salty at all",),
)
EN_DISTINCT = Facts(
    language="en",
    considered=40,
    points=(of(EN_TASTE, named=(("broth", None),), has_others=True),),
    is_compared=True,
    times=1.8,
    text="Food, praised 1.8 times as often as at similar restaurants",
)
EN_STATEMENT = Facts(
    language="en",
    considered=40,
    points=(of(EN_TASTE, named=(("broth", 5), ("noodles", 3)), recent=4, trend="worse"),),
    text="12 of 40 reviews (4 in the last three months) praise the taste, most often broth (5) and noodles (3).",
)
EN_OVERALL = Facts(
    language="en",
    considered=40,
    points=(EN_TASTE, EN_SERVICE, EN_WAITING),
    leaning=(30, 5),
    per_cent=(75, 13),
    text="Of 40 reviews, 30 (75 %) are positive and 5 (13 %) negative. Reviewers most often praise the taste (12) and the "
    "service (8). Their criticism is about the waiting time (5).",
)
CLAIMS = (KO_CLAIM, KO_DISTINCT, EN_CLAIM, EN_DISTINCT)
SUMMARIES = (KO_STATEMENT, KO_OVERALL, EN_STATEMENT, EN_OVERALL)
