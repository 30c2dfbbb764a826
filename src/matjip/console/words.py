"""The words of the report in Korean and English: one table, so that a missing word is found by a test."""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

__all__ = ["LANGUAGES", "WORDS", "Language", "Say", "aspect_name", "language_name", "say_in", "source_name"]

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Say = Callable[..., str]

# key: (Korean, English); a key that ends in "/1" is the English singular of the one without.
WORDS: Mapping[str, tuple[str, str]] = {
    "overview": ("한눈에 보기", "At a glance"),
    "restaurant": ("식당", "Restaurant"),
    "restaurants": ("식당", "Restaurants"),
    "reviews": ("리뷰", "Reviews"),
    "n_reviews": ("리뷰 {n:,}건", "{n:,} reviews"),
    "n_reviews/1": ("리뷰 {n:,}건", "{n:,} review"),
    "n_found": ("{n:,}건 찾음", "{n:,} found"),
    "shown": ("#건 표시", "# shown"),  # the page puts the number in for #
    "n_authors": ("작성자 {n:,}명", "{n:,} authors"),
    "n_authors/1": ("작성자 {n:,}명", "{n:,} author"),
    "n_duplicates": ("거의 같은 리뷰 {n:,}건", "{n:,} near-duplicates"),
    "n_duplicates/1": ("거의 같은 리뷰 {n:,}건", "{n:,} near-duplicate"),
    "n_mentions": ("언급 {n:,}건", "{n:,} mentions"),
    "n_mentions/1": ("언급 {n:,}건", "{n:,} mention"),
    "n_more": ("인용 {n:,}개 더 보기", "{n:,} more quotes"),
    "n_more/1": ("인용 {n:,}개 더 보기", "{n:,} more quote"),
    "positive": ("긍정", "Positive"),
    "neutral": ("중립", "Neutral"),
    "negative": ("부정", "Negative"),
    "share": ("{n}%", "{n} %"),
    "interval": ("95% 구간 {low}–{high}%", "95 % interval {low}–{high} %"),
    "interval_name": ("95% 구간", "95 % interval"),
    "points": ("{n}%p", "{n} pts"),
    "points_interval": ("95% 구간 {low}~{high}%p", "95 % interval {low} to {high} pts"),
    "sentiment": ("감성", "Sentiment"),
    "trend": ("월별 추이", "By month"),
    "trend_note": (
        "막대 높이는 그 달의 리뷰 수, 위의 수는 n",
        "Height is the number of reviews that month; the number above is n",
    ),
    "earlier_months": ("그 이전 {n}개월은 생략", "{n} earlier months left out"),
    "month_of": (
        "{month}: 긍정 {positive}, 중립 {neutral}, 부정 {negative}, 모두 {n}",
        "{month}: {positive} positive, {neutral} neutral, {negative} negative of {n}",
    ),
    "sentiment_of": (
        "긍정 {positive}%, 중립 {neutral}%, 부정 {negative}%",
        "{positive} % positive, {neutral} % neutral, {negative} % negative",
    ),
    "spark_of": ("월별 긍정 비율, {first}부터 {last}까지", "Share of positive by month, {first} to {last}"),
    "summary": ("요약", "Summary"),
    "praised": ("칭찬하는 점", "What is praised"),
    "criticised": ("아쉬워하는 점", "What is criticised"),
    "none_praised": ("근거가 충분한 칭찬이 없습니다.", "No praise with enough evidence."),
    "none_criticised": ("근거가 충분한 불만이 없습니다.", "No criticism with enough evidence."),
    "support": ("{n:,} / {of:,}", "{n:,} / {of:,}"),
    "support_of": ("리뷰 {of:,}건 중 {n:,}건", "{n:,} of {of:,} reviews"),
    "strengths": ("강점", "Strengths"),
    "top_strengths": ("주요 강점", "Top strengths"),
    "representative": ("대표", "Representative"),
    "representative_why": ("이곳에서 자주 칭찬받는 점", "Often praised here"),
    "distinct": ("차별", "Distinct"),
    "distinct_why": ("비교 대상보다 더 자주 칭찬받는 점", "Praised here more than at its peers"),
    "none_strengths": ("근거가 충분한 강점이 없습니다.", "No strength with enough evidence."),
    "here": ("이곳", "Here"),
    "group": ("비교 대상", "Peers"),
    "difference_of": (
        "비교 대상과의 차이 {n}%p, 95% 구간 {low}~{high}%p",
        "Difference to peers {n} points, 95 % interval {low} to {high}",
    ),
    "compared": (
        "{which} 식당 {restaurants:,}곳(리뷰 {reviews:,}건)과 비교",
        "Compared with {restaurants:,} restaurants, {which} ({reviews:,} reviews)",
    ),
    "compared/1": (
        "{which} 식당 {restaurants:,}곳(리뷰 {reviews:,}건)과 비교",
        "Compared with {restaurants:,} restaurant, {which} ({reviews:,} reviews)",
    ),
    "not_compared": ("비교할 식당이 없습니다.", "There is no group to compare with."),
    "same": ("같은 {parts}의", "same {parts}"),
    "everyone": ("모든", "everyone"),
    "similar": ("리뷰가 가장 비슷한", "those with the most similar reviews"),
    "category": ("업종", "category"),
    "region": ("지역", "region"),
    "price": ("가격대", "price band"),
    "aspects": ("항목별", "By aspect"),
    "aspect": ("항목", "Aspect"),
    "praise": ("칭찬", "Praise"),
    "blame": ("불만", "Blame"),
    "aspects_note": (
        "리뷰 가운데 칭찬(오른쪽)·불만(왼쪽)하는 비율. 세로 눈금은 비교 대상.",
        "Share of reviews that praise (right) or blame (left). The upright tick is the peers' share.",
    ),
    "aspects_note_alone": (
        "리뷰 가운데 칭찬(오른쪽)·불만(왼쪽)하는 비율.",
        "Share of reviews that praise (right) or blame (left).",
    ),
    "aspect_of": ("칭찬 {praise}%, 불만 {blame}%", "{praise} % praise, {blame} % blame"),
    "aspect_of_group": ("비교 대상 칭찬 {praise}%, 불만 {blame}%", "peers {praise} % praise, {blame} % blame"),
    "lately": ("최근 석 달", "Last three months"),
    "before": ("그전", "Before"),
    "shift_of": (
        "칭찬 비율: 최근 석 달 {now}%({n}건), 그전 {before}%({m}건)",
        "Share of praise: {now} % of {n} in the last three months, {before} % of {m} before",
    ),
    "shift_chance": ("우연일 수 있는 차이", "may be chance"),
    "percentile_of": ("비교 대상의 {n}%보다 많은 칭찬", "praised more than at {n} % of the peers"),
    "corrected_of": ("오독을 보정하면 {n}%p", "{n} pts if corrected for misreading"),
    "peers_short": ("비교 대상 +{praise}% −{blame}%", "peers +{praise} % −{blame} %"),
    "none_aspects": ("항목별로 말할 근거가 없습니다.", "Nothing to say by aspect."),
    "steps": ("강점을 찾은 과정 A–H", "How the strengths were found, A to H"),
    "step": ("단계", "Step"),
    "taken": ("입력", "In"),
    "given": ("출력", "Out"),
    "note": ("비고", "Note"),
    "cited": ("인용된 리뷰", "Cited reviews"),
    "review": ("리뷰", "Review"),
    "found_reviews": ("찾은 리뷰 전문", "The reviews found, in full"),
    "gone": ("원문이 더는 없습니다", "the review is no longer there"),
    "moved": ("인용 뒤 수정된 리뷰", "the review has changed since"),
    "masked": ("개인정보 가림", "personal data masked"),
    "insufficient": ("근거 부족", "Not enough evidence"),
    "insufficient_why": (
        "리뷰 {n:,}건에서 말할 만한 근거를 찾지 못했습니다. 지어내지 않고 비워 둡니다.",
        "{n:,} reviews hold too little evidence to say. Nothing is made up to fill the gap.",
    ),
    "insufficient_why/1": (
        "리뷰 {n:,}건에서 말할 만한 근거를 찾지 못했습니다. 지어내지 않고 비워 둡니다.",
        "{n:,} review holds too little evidence to say. Nothing is made up to fill the gap.",
    ),
    "insufficient_window": (
        "전체 {available:,}건 중 {considered:,}건을 봤습니다.",
        "{considered:,} of {available:,} reviews were considered.",
    ),
    "flagged": ("이의 제기됨", "Questioned"),
    "corrected": ("사람이 고침", "Edited by a person"),
    "by_model": ("언어 모델이 쓴 문장", "Worded by a language model"),
    "none_shown": ("보여 드릴 문장이 없습니다.", "Nothing is shown here."),
    "n_hidden": ("숨긴 문장 {n:,}개", "{n:,} claims hidden"),
    "n_hidden/1": ("숨긴 문장 {n:,}개", "{n:,} claim hidden"),
    "stale": ("그 뒤 리뷰가 바뀌었습니다", "Reviews have changed since"),
    "degraded": ("대체 엔진이 답했습니다", "A fallback engine answered"),
    "search": ("검색", "Search"),
    "situation": ("상황", "Situation"),
    "expanded": ("더한 말", "Words added"),
    "by_words": (
        "임베딩 서버가 답하지 않아 단어로만 찾았습니다",
        "Read by its words alone: whoever embeds does not answer",
    ),
    "why_words": ("겹친 말", "Shared words"),
    "why_meaning": ("의미 {n}위", "rank {n} by meaning"),
    "why_word": ("단어 {n}위", "rank {n} by words"),
    "praises": ("{aspect} 칭찬", "praises {aspect}"),
    "blames": ("{aspect} 불만", "blames {aspect}"),
    "asked": ("찾는 말", "Asked for"),
    "no_hits": ("찾은 리뷰가 없습니다.", "No review was found."),
    "filter": ("이름·업종·지역으로 거르기", "Filter by name, category or region"),
    "sort_by": ("{column} 기준 정렬", "Sort by {column}"),
    "close": ("닫기", "Close"),
    "to_top": ("맨 위로", "To the top"),
    "rating": ("평점", "Rating"),
    "rating_of": ("{n}점(5점 만점)", "{n} out of 5"),
    "timings": ("걸린 시간", "Timings"),
    "seconds": ("초", "Seconds"),
    "per_second": ("초당 리뷰", "Reviews a second"),
    "made_at": ("작성", "Made"),
    "engine": ("엔진", "Engine"),
    "model": ("모델", "Model"),
    "as_of": ("{when} 기준", "As of {when}"),
    "empty": ("분석한 식당이 없습니다.", "No restaurant was analysed."),
    "price_band": ("가격대 {n}/4", "Price {n} of 4"),
}

ASPECT_NAMES: Mapping[str, tuple[str, str]] = {
    "taste": ("맛", "Taste"),
    "menu": ("메뉴", "Menu"),
    "service": ("서비스", "Service"),
    "price": ("가격", "Price"),
    "atmosphere": ("분위기", "Atmosphere"),
    "cleanliness": ("청결", "Cleanliness"),
    "waiting": ("대기", "Waiting"),
    "location": ("위치", "Location"),
    "portion": ("양", "Portion"),
    "delivery": ("배달", "Delivery"),
}
LANGUAGE_NAMES: Mapping[str, tuple[str, str]] = {"ko": ("한국어", "Korean"), "en": ("영어", "English")}
SOURCE_NAMES: Mapping[str, tuple[str, str]] = {
    "app": ("앱", "app"),
    "import": ("가져온 리뷰", "import"),
    "partner": ("제휴사", "partner"),
}


def say_in(language: Language) -> Say:
    """A function from a key and its values to the word in that language; `n=1` picks the singular where there is one."""
    column = LANGUAGES.index(language)

    def say(key: str, **values: object) -> str:
        singular = f"{key}/1"
        number = values.get("n", values.get("restaurants"))
        chosen = singular if number == 1 and singular in WORDS else key
        return WORDS[chosen][column].format(**values)

    return say


def _named(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    """The name in the table, or the key itself: a name from configuration is shown as it was written."""
    return table[key][LANGUAGES.index(language)] if key in table else key


def said_name(said: str, language: Language) -> str:
    """ "service+" as a person says it."""
    word = "praises" if said.endswith("+") else "blames"
    return say_in(language)(word, aspect=aspect_name(said[:-1], language).lower())


def aspect_name(aspect: str, language: Language) -> str:
    """How an aspect is called."""
    return _named(ASPECT_NAMES, aspect, language)


def language_name(code: str, language: Language) -> str:
    """How a review's language is called."""
    return _named(LANGUAGE_NAMES, code, language)


def source_name(source: str, language: Language) -> str:
    """How a review's source is called."""
    return _named(SOURCE_NAMES, source, language)
