"""A report made by hand: two Korean restaurants, an English one, one with too little to say, and a hostile one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from matjip.analysis.result import (
    AspectSummary,
    Comparison,
    Counts,
    Distinct,
    Group,
    Hit,
    Interval,
    Meta,
    Month,
    Quote,
    ReviewSentiment,
    SearchResult,
    SentimentResult,
    Span,
    Statement,
    Step,
    Strength,
    StrengthsResult,
    SummaryResult,
    Usage,
    Why,
    Window,
)
from matjip.console.report import Report, RestaurantReport, Timing
from matjip.reviews.review import Restaurant, Review

START = datetime(2026, 1, 5, 3, 30, tzinfo=UTC)
DISCLOSURE = "기계가 리뷰에서 뽑아 센 결과이며, 모든 문장은 아래 리뷰를 근거로 합니다."
PHONE = "010-1234-5678"

SOUP = (
    "국물이 진하고 고기가 부드러워요. 아침 일찍 갔더니 줄도 없고 좋았습니다.",
    "국물이 정말 진해요 👍🏼 밥을 말아 먹으니 최고. 김치도 직접 담근다네요.",
    "고기가 부드럽고 양이 많아요. 둘이서 하나 시켜도 될 정도.",
    "점심에 40분 기다렸어요. 맛은 있지만 대기가 너무 깁니다.",
    "주말엔 줄이 길어서 한참 서 있었네요. 그래도 국물이 진해서 용서됩니다.",
    "직원분들이 친절하고 반찬을 먼저 물어봐 주세요.",
    f"예약은 {PHONE} 로 하면 된대요. 국물이 깊고 진합니다.",
    "김치가 시원하고 깍두기가 아삭해요. 리필도 바로바로.",
    "주차할 곳이 없어서 두 바퀴 돌았어요.",
    "가격이 조금 올랐지만 양이 많아서 아깝지 않아요.",
)
CAFE = (
    "창가 자리에서 보는 노을이 예뻐요. 오래 앉아 있어도 눈치가 안 보여요.",
    "디저트는 달지 않고 좋은데 커피가 연해요.",
    "분위기가 조용해서 책 읽기 좋습니다.",
    "음료가 비싸요. 두 잔에 이만 원이 넘네요.",
)
NOODLES = (
    "The noodles are chewy and the broth is clear. Came back twice in one week.",
    "Chewy noodles, generous portions, honest prices 😊",
    "Friendly staff who remember you, and the noodles stay chewy to the last bite.",
    "The room is cramped and loud at lunch; we could hardly talk.",
    "Lovely broth, but it was loud and the tables are tiny.",
)
HOSTILE = (
    "</p></article><script>window.pwned=1</script><img src=x onerror=window.pwned=2> 맛있어요",
    "\u202egnp.exe 거꾸로\u2028줄\u2029바꿈 \"따옴표' `백틱` &amp; {{ 7*7 }}\r\n두 번째 줄의 맛이 좋아요",
    "가" * 5000,
    "👨‍👩‍👧‍👦🇰🇷 가족이 먹기 좋아요 \0 그리고 \ud800 반쪽",
)


def restaurant(restaurant_id: str, name: str | None, **facts) -> Restaurant:
    known = {"categories": ("한식",), "region": "서울 마포", "price_band": 2, "address": None, **facts}
    return Restaurant(
        tenant="default", id=restaurant_id, version=1, name=name, created_at=START, updated_at=START, **known
    )


def reviews_of(restaurant_id: str, texts, *, language: str) -> dict[str, Review]:
    return {
        f"{restaurant_id}-{number}": Review(
            tenant="default",
            restaurant_id=restaurant_id,
            id=f"{restaurant_id}-{number}",
            version=1,
            content=text,
            author_id=f"a{number}",
            group_id=None,
            subgroup_id=None,
            rating=(5, 4.5, 3, None)[number % 4],
            is_recommended=None,
            images=(),
            source=("app", "import", "partner", None)[number % 4],
            language=language,
            created_at=START + timedelta(days=19 * number),
            updated_at=START,
        )
        for number, text in enumerate(texts, 1)
    }


def quote(review: Review, text: str) -> Quote:
    start = review.content.index(text)
    return Quote(
        review_id=review.id,
        text=text,
        start=start,
        end=start + len(text),
        created_at=review.created_at,
        rating=review.rating,
        language=review.language or "ko",
    )


def quotes(reviews, *texts: str) -> tuple[Quote, ...]:
    return tuple(
        quote(review, text)
        for text in texts
        for review in [next(each for each in reviews.values() if text in each.content)]
    )


def meta(considered: int) -> Meta:
    return Meta(
        run_id="run-1",
        request_id="req-1",
        as_of=START + timedelta(days=300),
        revision=210,
        snapshot_hash="5e0f",
        stored=True,
        engine="lite",
        model="lite-sentiment 1, lite-aspects 1",
        window=Window(),
        counts=Counts(available=considered, considered=considered, authors=considered - considered // 9),
        usage=Usage(reviews_judged=considered, duration_ms=41.5),
        disclosure=DISCLOSURE,
    )


def sentiment(restaurant_id: str, months, *, interval: tuple[float, float] | None, status: str = "ok"):
    counts = [sum(month[place] for month in months) for place in range(3)]
    total = sum(counts)
    ratios = [round(100 * count / total) if total else 0 for count in counts]
    return SentimentResult(
        restaurant_id=restaurant_id,
        status=status,
        meta=meta(total),
        positive_count=counts[0],
        negative_count=counts[1],
        neutral_count=counts[2],
        total_count=total,
        positive_ratio=ratios[0],
        negative_ratio=ratios[1],
        neutral_ratio=100 - ratios[0] - ratios[1] if total else 0,
        positive_interval=Interval(low=interval[0], high=interval[1]) if interval else None,
        by_month=tuple(
            Month(month=f"2026-{number:02d}", positive=good, negative=bad, neutral=rest)
            for number, (good, bad, rest) in enumerate(months, 1)
            if good + bad + rest
        ),
        reviews=(ReviewSentiment(review_id="x", label="positive", confidence=0.9, p_positive=0.9, decided_by="lite"),),
    )


def statement(text: str, aspect: str, polarity: str, *, support: int, considered: int, cited) -> Statement:
    ids = tuple(dict.fromkeys(each.review_id for each in cited))
    return Statement(
        text=text,
        aspect=aspect,
        polarity=polarity,
        support=support,
        considered=considered,
        review_ids=ids,
        quotes=cited,
    )


def summary(restaurant_id: str, n: int, *, language: str, overall: str | None, lines=(), status: str = "ok"):
    aspects = []
    for name in dict.fromkeys(line.aspect for line in lines):
        own = tuple(line for line in lines if line.aspect == name)
        praise = sum(line.support for line in own if line.polarity == "positive")
        blame = sum(line.support for line in own if line.polarity == "negative")
        interval = Interval(low=0.5, high=0.9)
        aspects.append(
            AspectSummary(
                aspect=name,
                positive=praise,
                negative=blame,
                mentions=praise + blame,
                positive_interval=interval,
                statements=own,
            )
        )
    return SummaryResult(
        restaurant_id=restaurant_id,
        status=status,
        meta=meta(n),
        language=language,
        overall=overall,
        positive=tuple(line for line in lines if line.polarity == "positive"),
        negative=tuple(line for line in lines if line.polarity == "negative"),
        aspects=tuple(aspects),
    )


def strength(claim: str, aspect: str, *, support: int, considered: int, cited, distinct: Distinct | None = None):
    return Strength(
        type="distinct" if distinct else "representative",
        aspect=aspect,
        claim=claim,
        support=support,
        considered=considered,
        support_ratio=support / considered,
        distinct=distinct,
        review_ids=tuple(dict.fromkeys(each.review_id for each in cited)),
        quotes=cited,
    )


def more(share: float, group: float, *, low: float, high: float, q: float) -> Distinct:
    return Distinct(
        share=share,
        group_share=group,
        difference=(low + high) / 2,
        interval=Interval(low=low, high=high),
        p_value=q / 3,
        q_value=q,
    )


def strengths(restaurant_id: str, n: int, found=(), *, language="ko", group=None, comparison=(), status="ok"):
    names = ("collect", "candidates", "support", "merge", "group", "profile", "distinctness", "select")
    return StrengthsResult(
        restaurant_id=restaurant_id,
        status=status,
        meta=meta(n),
        language=language,
        strengths=tuple(found),
        group=group or Group(chosen_by="none", restaurants=0, reviews=0, note=None),
        comparison=tuple(
            Comparison(aspect=name, praise=a, group_praise=b, blame=c, group_blame=d) for name, a, b, c, d in comparison
        ),
        steps=tuple(
            Step(step=letter, name=name, taken=n, given=max(n - 7 * at, 0))
            for at, (letter, name) in enumerate(zip("ABCDEFGH", names, strict=True))
        ),
    )


def soup_house() -> RestaurantReport:
    reviews = reviews_of("r-soup", SOUP, language="ko")
    months = [(14, 3, 2), (12, 5, 1), (18, 4, 3), (0, 0, 0), (21, 3, 4), (24, 7, 2), (30, 6, 3), (26, 2, 2), (14, 4, 0)]
    n = 210
    rich = quotes(reviews, "국물이 진하고 고기가 부드러워요", "국물이 정말 진해요 👍🏼", "국물이 깊고 진합니다")
    tender = quotes(reviews, "고기가 부드럽고 양이 많아요")
    kind = quotes(reviews, "직원분들이 친절하고 반찬을 먼저 물어봐 주세요")
    phone = quotes(reviews, f"예약은 {PHONE} 로 하면 된대요")
    wait = quotes(reviews, "점심에 40분 기다렸어요", "주말엔 줄이 길어서 한참 서 있었네요")
    lines = (
        statement(
            "국물이 진하다는 평이 많습니다.",
            "taste",
            "positive",
            support=88,
            considered=n,
            cited=rich,
        ),
        statement("양이 넉넉하다고 합니다.", "portion", "positive", support=37, considered=n, cited=tender),
        statement("직원이 친절하다고 합니다.", "service", "positive", support=31, considered=n, cited=kind + phone),
        statement("점심과 주말에 오래 기다립니다.", "waiting", "negative", support=29, considered=n, cited=wait),
        statement(
            "주차가 어렵습니다.",
            "location",
            "negative",
            support=12,
            considered=n,
            cited=quotes(reviews, "주차할 곳이 없어서 두 바퀴 돌았어요"),
        ),
    )
    found = (
        strength(
            "진한 국물과 부드러운 고기",
            "taste",
            support=88,
            considered=n,
            cited=rich,
            distinct=more(0.42, 0.23, low=0.1, high=0.26, q=0.0004),
        ),
        strength(
            "둘이 먹어도 넉넉한 양",
            "portion",
            support=37,
            considered=n,
            cited=tender,
            distinct=more(0.18, 0.11, low=0.01, high=0.12, q=0.041),
        ),
        strength("먼저 챙겨 주는 친절한 직원", "service", support=31, considered=n, cited=kind),
    )
    return RestaurantReport(
        restaurant=restaurant(
            "r-soup", "구름 돼지국밥", categories=("한식", "국밥"), address="부산 해운대구 파도안길 7 (가상의 주소)"
        ),
        sentiment=sentiment("r-soup", months, interval=(0.698, 0.812)),
        summary=summary(
            "r-soup",
            n,
            language="ko",
            overall="리뷰 210건 가운데 159건이 긍정적입니다. 88건이 진한 국물을 칭찬하고, 29건은 점심과 주말의 긴 대기를 아쉬워합니다.",
            lines=lines,
        ),
        strengths=strengths(
            "r-soup",
            n,
            found,
            group=Group(chosen_by="category+region+price", restaurants=6, reviews=412),
            comparison=(
                ("taste", 0.42, 0.23, 0.02, 0.06),
                ("portion", 0.18, 0.11, 0, 0.03),
                ("service", 0.15, 0.14, 0.03, 0.04),
                ("waiting", 0.01, 0.02, 0.14, 0.05),
                ("location", 0, 0.04, 0.06, 0.05),
            ),
        ),
        reviews=reviews,
    )


def cafe() -> RestaurantReport:
    reviews = reviews_of("r-cafe", CAFE, language="ko")
    calm = quotes(reviews, "분위기가 조용해서 책 읽기 좋습니다", "창가 자리에서 보는 노을이 예뻐요")
    lines = (
        statement("분위기가 조용하다고 합니다.", "atmosphere", "positive", support=14, considered=38, cited=calm),
        statement(
            "음료가 비싸다는 의견이 있습니다.",
            "price",
            "negative",
            support=9,
            considered=38,
            cited=quotes(reviews, "음료가 비싸요"),
        ),
        statement(
            "커피가 연하다고 합니다.",
            "taste",
            "negative",
            support=6,
            considered=38,
            cited=quotes(reviews, "커피가 연해요"),
        ),
    )
    months = [(2, 3, 1), (3, 2, 2), (1, 4, 1), (4, 3, 2), (5, 3, 2)]
    return RestaurantReport(
        restaurant=restaurant("r-cafe", "날씨다방", categories=("카페", "디저트"), region="서울 성수", price_band=3),
        sentiment=sentiment("r-cafe", months, interval=(0.25, 0.545)),
        summary=summary(
            "r-cafe",
            38,
            language="ko",
            lines=lines,
            overall="리뷰 38건 가운데 15건이 긍정적입니다. 조용한 분위기를 칭찬하고(14건), 음료 값(9건)을 아쉬워합니다.",
        ),
        strengths=strengths(
            "r-cafe",
            38,
            [strength("조용해서 책 읽기 좋은 분위기", "atmosphere", support=14, considered=38, cited=calm)],
            group=Group(chosen_by="none", restaurants=0, reviews=0, note="같은 업종의 식당이 없습니다."),
        ),
        reviews=reviews,
    )


def noodle_bar() -> RestaurantReport:
    reviews = reviews_of("r-noodle", NOODLES, language="en")
    chewy = quotes(reviews, "The noodles are chewy", "Chewy noodles, generous portions", "the noodles stay chewy")
    loud = quotes(reviews, "The room is cramped and loud at lunch", "it was loud and the tables are tiny")
    lines = (
        statement("The noodles are praised as chewy.", "taste", "positive", support=22, considered=45, cited=chewy),
        statement("The room is called loud.", "atmosphere", "negative", support=11, considered=45, cited=loud),
    )
    found = strength(
        "Chewy noodles to the last bite",
        "taste",
        support=22,
        considered=45,
        cited=chewy,
        distinct=more(0.49, 0.31, low=0.02, high=0.31, q=0.038),
    )
    months = [(5, 1, 0), (6, 2, 1), (4, 0, 1), (9, 2, 0), (11, 3, 0)]
    return RestaurantReport(
        restaurant=restaurant("r-noodle", "Long Table Noodles", categories=("noodles",), region="Itaewon"),
        sentiment=sentiment("r-noodle", months, interval=(0.64, 0.87)),
        summary=summary(
            "r-noodle",
            45,
            language="en",
            lines=lines,
            overall="35 of 45 reviews are positive. 22 praise the chewy noodles; 11 find the room loud.",
        ),
        strengths=strengths(
            "r-noodle",
            45,
            [found],
            language="en",
            group=Group(chosen_by="category", restaurants=3, reviews=160),
            comparison=(("taste", 0.49, 0.31, 0.03, 0.05), ("atmosphere", 0.02, 0.1, 0.24, 0.12)),
        ),
        reviews=reviews,
    )


def newcomer() -> RestaurantReport:
    none = {"status": "insufficient_evidence"}
    return RestaurantReport(
        restaurant=restaurant("r-new", "어제 연 만둣집", region=None, price_band=None),
        sentiment=sentiment("r-new", [(2, 0, 0)], interval=(0.34, 1.0), **none),
        summary=summary("r-new", 2, language="ko", overall=None, **none),
        strengths=strengths("r-new", 2, **none),
    )


def hostile() -> RestaurantReport:
    reviews = reviews_of("r-<evil> 집", HOSTILE, language="ko")
    cited = tuple(
        quote(review, text)
        for review, text in zip(
            reviews.values(),
            (HOSTILE[0], "두 번째 줄의 맛이 좋아요", HOSTILE[2], "가족이 먹기 좋아요"),
            strict=True,
        )
    )
    line = statement(HOSTILE[0], "taste<b>", "positive", support=4, considered=4, cited=cited)
    report = noodle_bar()
    return replace(
        report,
        restaurant=restaurant(
            "r-<evil> 집", "</title><script>window.pwned=3</script>\u202e집", categories=('" onclick="x',)
        ),
        summary=summary("r-<evil> 집", 4, language="ko", overall=HOSTILE[1], lines=(line,)),
        strengths=strengths("r-<evil> 집", 4, [strength(HOSTILE[0], "taste", support=4, considered=4, cited=cited)]),
        reviews=reviews,
    )


def found_soup() -> SearchResult:
    reviews = list(reviews_of("r-soup", SOUP, language="ko").values())
    hits = tuple(
        Hit(
            review_id=review.id,
            restaurant_id="r-soup",
            restaurant_name="구름 돼지국밥",
            content=review.content,
            highlights=tuple(
                Span(start=review.content.index(word), end=review.content.index(word) + len(word))
                for word in ("국물", "진하", "진해")
                if word in review.content
            ),
            rating=review.rating,
            language="ko",
            source="app",
            images=(),
            created_at=review.created_at,
            score=1 / (60 + rank),
            why=Why(words=("국물",), word_rank=rank, dense_rank=rank + 1, similarity=0.7),
        )
        for rank, review in enumerate((reviews[0], reviews[1], reviews[4]), 1)
    )
    return SearchResult(
        query="비 오는 날 뜨끈한 국물",
        situation="비 오는 날",
        expanded_terms=("국밥", "칼국수", "진한"),
        hits=hits,
        total=41,
        next_cursor=None,
        request_id="req-2",
        as_of=START,
        index_position=300,
        log_position=300,
        model="lite-embedder 1",
    )


def sample_report(*extra: RestaurantReport) -> Report:
    return Report(
        title="식당 리뷰 보고서",
        made_at=START + timedelta(days=300),
        version="0.1.0",
        engine="lite",
        model="lite-sentiment 1, lite-aspects 1",
        restaurants=(soup_house(), cafe(), noodle_bar(), newcomer(), *extra),
        searches=(found_soup(),),
        timings=(Timing("가져오기", 0.41, 740), Timing("감성", 0.052, 740), Timing("보고서 쓰기", 0.03)),
    )


def hide_phone(text: str) -> str:
    return text.replace(PHONE, "●" * len(PHONE))
