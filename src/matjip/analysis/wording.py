"""Sentences as a person would write them, in Korean and English, from counts and words alone."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from matjip.analysis.result import Trend
from matjip.inference.task import Aspect, Polarity

__all__ = [
    "LANGUAGES",
    "MANY",
    "Language",
    "Named",
    "called",
    "claim",
    "disclosure",
    "distinct_claim",
    "folded",
    "is_generic",
    "is_in",
    "is_nameable",
    "majority",
    "overall",
    "particle",
    "phrase",
    "since",
    "statement",
    "trend",
]

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
Named = tuple[str, int]  # a word and how many reviews say it

FIRST_SYLLABLE, LAST_SYLLABLE, FINALS = 0xAC00, 0xD7A3, 28  # Hangul syllables: 28 finals each, the first is none
ENDS_CLOSED = frozenset("013678lmnrLMNR")  # digits read in Korean, letters by name: 영 일 삼 육 칠 팔, 엘 엠 엔 알
KO_CLAIM_CHARS = (15, 28)  # one line of a card on a telephone (§: the requirements' claim length)
EN_CLAIM_WORDS = 12
MANY = 0.15  # of the reviews: below, "several" is said and not "many"

# aspect: (how it is called, the subject of "is good" when nothing concrete is named)
KO_ASPECTS: dict[Aspect, tuple[str, str]] = {
    "taste": ("맛", "음식"),
    "menu": ("메뉴", "메뉴"),
    "service": ("서비스", "직원 응대"),
    "price": ("가격", "가격"),
    "atmosphere": ("분위기", "매장 분위기"),
    "cleanliness": ("청결", "매장 위생"),
    "waiting": ("대기 시간", "대기"),
    "location": ("위치", "위치"),
    "portion": ("양", "음식 양"),
    "delivery": ("배달", "배달"),
}
EN_ASPECTS: dict[Aspect, tuple[str, str]] = {
    "taste": ("the taste", "food"),
    "menu": ("the menu", "menu"),
    "service": ("the service", "service"),
    "price": ("the prices", "prices"),
    "atmosphere": ("the atmosphere", "atmosphere"),
    "cleanliness": ("the cleanliness", "place"),
    "waiting": ("the waiting time", "wait"),
    "location": ("the location", "location"),
    "portion": ("the portions", "portions"),
    "delivery": ("the delivery", "delivery"),
}
# Opinions that are said of one thing of the aspect alone, named or not.
KO_SUBJECTS: dict[tuple[Aspect, str], str] = {
    ("location", "넓다"): "주차 공간",
    ("location", "넉넉하다"): "주차 공간",
    ("location", "널널하다"): "주차 공간",
}

# What an opinion is about when nothing in particular is named.
SAYS_NO_MORE: dict[Aspect, frozenset[str]] = {
    "*": frozenset(
        [
            "것",
            "거",
            "곳",
            "집",
            "여기",
            "음식점",
            "식당",
            "가게",
            "매장",
            "맛집",
            "place",
            "restaurant",
            "everything",
            "thing",
            "it",
            "this",
        ]
    ),
    "taste": frozenset(
        [
            "맛",
            "음식",
            "음식맛",
            "요리",
            "메뉴",
            "식사",
            "taste",
            "food",
            "flavor",
            "flavors",
            "flavour",
            "dish",
            "dishes",
            "meal",
        ]
    ),
    "menu": frozenset(["메뉴", "음식", "종류", "menu", "menus", "items", "options"]),
    "service": frozenset(["서비스", "응대", "service"]),
    "price": frozenset(["가격", "가격대", "값", "가치", "price", "prices", "pricing", "value"]),
    "atmosphere": frozenset(["분위기", "atmosphere", "ambience", "ambiance", "vibe"]),
    "cleanliness": frozenset(["청결", "위생", "cleanliness"]),
    "waiting": frozenset(["대기", "웨이팅", "wait", "waiting"]),
    "location": frozenset(["위치", "location"]),
    "portion": frozenset(["양", "음식양", "portion", "portions"]),
    "delivery": frozenset(["배달", "delivery"]),
}
NOT_PUBLISHED = frozenset(
    [
        "존맛",
        "존맛탱",
        "핵존맛",
        "꿀맛",
        "맛집",
        "찐맛집",
        "끝내주다",
        "미치다",
        "쩔다",
        "가성비갑",
        "가성비최고",
        "insane",
        "sick",
        "killer",
    ]
)
GENERIC = frozenset(
    [
        "좋다",
        "맛있다",
        "최고",
        "괜찮다",
        "훌륭하다",
        "good",
        "great",
        "nice",
        "best",
        "amazing",
        "excellent",
        "awesome",
        "delicious",
        "tasty",
    ]
)
ADJECTIVES = frozenset(["뛰어나다", "빼어나다", "별나다", "유별나다"])  # that end as verbs do
VERB_ENDS = ("녹다", "나다", "터지다", "돋보이다", "어울리다", "추천하다", "만족하다", "반하다", "챙겨주다", "나오다")
STAFF = re.compile("^(직원|종업원|알바생|아르바이트생|스태프|사장님|이모님)(?:분)?(?:들)?$")
SYLLABLE_N = 4  # the final ㄴ among the finals of a Hangul syllable


def particle(word: str, pair: str) -> str:
    """The word with the right particle of a pair "이/가", "은/는", "을/를", "과/와": after a consonant / after a vowel."""
    closed, open_ = pair.split("/")
    return word + (closed if _ends_closed(word) else open_)


def is_in(word: str, language: Language) -> bool:
    """Whether the word is written in that language's letters."""
    return bool(re.search("[가-힣]" if language == "ko" else "[A-Za-z]", word)) and not (
        language == "en" and re.search("[가-힣]", word)
    )


def folded(target: str, language: Language) -> str:
    """One spelling for one thing: spaces closed up, English in lower case, people named without their plural and 분."""
    word = " ".join(target.split())
    return word.lower() if language == "en" else STAFF.sub(r"\1", word)


def is_nameable(target: str, aspect: Aspect, language: Language) -> bool:
    """Whether naming the thing says more than the aspect does, in this language."""
    word = folded(target, language)
    return is_in(word, language) and word not in SAYS_NO_MORE.get(aspect, frozenset()) | SAYS_NO_MORE["*"]


def phrase(opinion: str | None, language: Language, *, negated: bool) -> str | None:
    """An opinion as a claim may say it; None for slang, hype, and words of another language."""
    if opinion is None or not is_in(opinion, language) or opinion in NOT_PUBLISHED:
        return None
    if language == "en":
        return f"not {opinion}" if negated else opinion
    if not opinion.endswith("다"):
        return None if negated else opinion
    return f"{opinion.removesuffix('다')}지 않다" if negated else opinion


def is_generic(opinion: str) -> bool:
    """Whether the opinion says only that something is good."""
    return opinion in GENERIC


def majority(languages: Sequence[str], asked: str | None) -> Language:
    """The language of the sentences: the one asked for, else the one that most reviews are written in (Korean on a tie)."""
    if asked in LANGUAGES:
        return "en" if asked == "en" else "ko"
    english = sum(language == "en" for language in languages)
    return "en" if english > sum(language == "ko" for language in languages) else "ko"


def called(aspect: Aspect, language: Language, opinions: Sequence[str] = ()) -> tuple[str, ...]:
    """How the aspect is called in the sentences here, where these opinions are said of it."""
    if language == "en":
        names = tuple(name.removeprefix("the ") for name in EN_ASPECTS.get(aspect, (aspect,)))
    else:
        names = KO_ASPECTS.get(aspect, (aspect,))
        names = (*names, *(KO_SUBJECTS[aspect, said] for said in opinions if (aspect, said) in KO_SUBJECTS))
    return tuple(dict.fromkeys(names))


def statement(
    aspect: Aspect,
    polarity: Polarity,
    *,
    support: int,
    considered: int,
    named: Sequence[Named],
    recent: int | None,
    language: Language,
) -> str:
    """One sentence with its count, how many are of the last three months where that says something, and what most name."""
    if recent == support:
        recent = None  # that all are recent is no news of a statement; the page shows when the last was written
    if language == "en":
        return _english_statement(aspect, polarity, support=support, considered=considered, named=named, recent=recent)
    what = KO_ASPECTS.get(aspect, (aspect, aspect))[0]
    praised = polarity == "positive"
    lately = "" if recent is None else f"(최근 석 달 {recent:,}개)" if recent else "(최근 석 달에는 없음)"
    head = f"리뷰 {considered:,}개 중 {support:,}개{lately}가 {particle(what, '을/를')} "
    head += "칭찬했" if praised else "아쉬운 점으로 꼽았"
    if not named:
        return head + "습니다."
    if len(named) == 1:
        (word, count), *_ = named
        return f"{head}고, {word} 이야기가 {count:,}개로 가장 많습니다."
    (first, first_count), (second, second_count), *_ = named
    return f"{head}고, {_and(first, first_count)} {second}({second_count:,}개) 이야기가 많습니다."


def trend(aspect: Aspect, moved: Trend, language: Language) -> str:
    """How it went: the voices of the last three months beside those before."""
    now = "in the last three months" if language == "en" else "최근 석 달은"
    return _moved(aspect, moved, now, language)


def since(about: Aspect | None, moved: Trend, language: Language) -> str:
    """How an aspect, or with none the reviews as a whole, went since a day: the voices since then beside those before."""
    day = moved.since
    if language == "en":
        return f"Since {day.day} {day:%B %Y}: {_moved(about, moved, 'since then', language)}"
    return f"{day.year}년 {day.month}월 {day.day}일 이후 {_moved(about, moved, '그 뒤로는', language)}"


def _moved(about: Aspect | None, moved: Trend, now: str, language: Language) -> str:
    if language == "en":
        what = "Reviews" if about is None else f"Reviews of {EN_ASPECTS.get(about, (about, about))[0]}"
        return (
            f"{what} got {moved.direction}: {moved.positive:,} for and {moved.negative:,} against {now}, "
            f"{moved.positive_before:,} and {moved.negative_before:,} before."
        )
    what = "전체" if about is None else KO_ASPECTS.get(about, (about, about))[0]
    went = "나아졌습니다" if moved.direction == "better" else "나빠졌습니다"
    return (
        f"{what} 평가가 {went}. {now} 칭찬 {moved.positive:,}개에 불만 {moved.negative:,}개, "
        f"그전에는 칭찬 {moved.positive_before:,}개에 불만 {moved.negative_before:,}개였습니다."
    )


def overall(
    *,
    considered: int,
    positive: int,
    negative: int,
    per_cent: tuple[int, int],
    praised: Sequence[tuple[Aspect, int]],
    blamed: Sequence[tuple[Aspect, int]],
    language: Language,
) -> str:
    """Two or three sentences: how the reviews lean, what they praise, what they blame."""
    if language == "en":
        return _english_overall(considered, (positive, negative), per_cent, praised, blamed)
    lean = (
        f"리뷰 {considered:,}개 중 {positive:,}개({per_cent[0]}%)가 긍정, {negative:,}개({per_cent[1]}%)가 부정입니다."
    )
    parts = [lean]
    if praised:
        parts.append(
            f"칭찬은 {_ko_list(praised)} 순으로 많습니다."
            if len(praised) > 1
            else f"칭찬은 {_ko_list(praised)}에 모입니다."
        )
    if blamed:
        parts.append(f"아쉬운 점으로는 {particle(_ko_list(blamed), '이/가')} 꼽혔습니다.")
    return " ".join(parts)


def claim(
    aspect: Aspect,
    *,
    target: str | None,
    opinions: Sequence[str],
    support: int,
    considered: int,
    language: Language,
    named: Sequence[str] = (),
    among: Sequence[str] = (),
) -> str:
    """What a restaurant is good at, in 15 to 28 Korean characters or at most 12 English words, without hype.

    Of a whole aspect, `among` and `named` are what is said and named among other things: the count stands beside the claim.
    """
    many = support >= MANY * considered
    if language == "en":
        return _english_claim(
            aspect, target=target, opinions=opinions, support=support, considered=considered, named=named, among=among
        )
    if not opinions and target is None:
        name = KO_ASPECTS.get(aspect, (aspect, aspect))[0]
        for some in _shortening(among):
            subject = particle(_subject(aspect, some), "이/가")
            sentence = f"{subject} {_joined(some)} 등 칭찬이 {'많습니다' if many else '여럿입니다'}"
            if KO_CLAIM_CHARS[0] <= len(sentence) <= KO_CLAIM_CHARS[1]:
                return sentence
        what = particle(name, "을/를")
        tail = f"칭찬한 리뷰가 {considered:,}개 중 {support:,}개"
        things = ("·".join(named[:count]) + " 등 " for count in range(min(len(named), 2), 0, -1))
        fitting = (f"{each}{what} {tail}" for each in things)
        plain = f"{what} {tail}입니다" if len(f"{what} {tail}입니다") <= KO_CLAIM_CHARS[1] else f"{what} {tail}"
        return next((each for each in fitting if len(each) <= KO_CLAIM_CHARS[1]), plain)
    tail = "칭찬이 많습니다" if many else "칭찬이 여럿입니다"
    subject = particle(target or _subject(aspect, opinions), "이/가")
    for said in range(min(len(opinions), 2), 0, -1):
        sentence = f"{subject} {_joined(opinions[:said])} {tail}"
        if len(sentence) <= KO_CLAIM_CHARS[1]:
            return sentence if len(sentence) >= KO_CLAIM_CHARS[0] else _longer(subject, opinions[:said], many=many)
    return f"{target or KO_ASPECTS.get(aspect, (aspect, aspect))[1]} {tail}"[: KO_CLAIM_CHARS[1]]


def distinct_claim(
    aspect: Aspect,
    *,
    times: float | None,
    language: Language,
    named: Sequence[str] = (),
    among: Sequence[str] = (),
) -> str:
    """What is praised here more than elsewhere, and how many times as often where that can be said, within a claim's bounds."""
    if language == "en":
        what = EN_ASPECTS.get(aspect, (aspect, aspect))[1]
        subject = f"{among[0]} {what}" if among else f"{what} such as {named[0]}" if named else what
        head = subject[:1].upper() + subject[1:]
        much = (
            "praised more often than at similar restaurants"
            if times is None
            else (f"praised {times:.1f} times as often as at similar restaurants")
        )
        sentence = f"{head}, {much}"
        return sentence if len(sentence.split()) <= EN_CLAIM_WORDS else f"{what[:1].upper()}{what[1:]}, {much}"
    name = KO_ASPECTS.get(aspect, (aspect, aspect))[0]
    much = "칭찬이 비교 식당보다 많습니다" if times is None else f"칭찬이 비교 식당의 {times:.1f}배"
    heads = (*(f"{_reported(said)} 등 " for said in among[:1]), *(f"{thing} 등 " for thing in named[:2]), "")
    return next(sentence for head in heads if len(sentence := f"{head}{name} {much}") <= KO_CLAIM_CHARS[1] or not head)


def _subject(aspect: Aspect, opinions: Sequence[str]) -> str:
    """What the opinions are said of where nothing is named."""
    return KO_SUBJECTS.get((aspect, opinions[0]), KO_ASPECTS.get(aspect, (aspect, aspect))[1])


def _shortening(said: Sequence[str]) -> Iterator[Sequence[str]]:
    """Both, then the first alone."""
    for count in range(min(len(said), 2), 0, -1):
        yield said[:count]


def disclosure(considered: int, language: Language) -> str:
    """What a reader must know of how the answer came about."""
    if language == "en":
        return (
            f"Worked out by software from {considered:,} {_plural('review', considered)}; "
            "quotes are the reviewers' own words."
        )
    return f"리뷰 {considered:,}개를 소프트웨어가 분석한 결과이며, 인용문은 작성자가 쓴 그대로입니다."


def _ends_closed(word: str) -> bool:
    """Whether the last sound is a consonant; what stands in brackets at the end is not read."""
    spoken = re.sub(r"\([^()]*\)$", "", word).rstrip("\"'”’」』)]} ")
    if not spoken:
        return False
    code = ord(spoken[-1])
    if FIRST_SYLLABLE <= code <= LAST_SYLLABLE:
        return (code - FIRST_SYLLABLE) % FINALS != 0
    return spoken[-1] in ENDS_CLOSED


def _and(word: str, count: int) -> str:
    return f"{word}({count:,}개)" + ("과" if _ends_closed(word) else "와")


def _joined(opinions: Sequence[str]) -> str:
    """진하다 → 진하다는; 진하다, 시원하다 → 진하고 시원하다는."""
    *before, last = opinions
    return " ".join([*(_going_on(opinion) for opinion in before), _reported(last)])


def _going_on(opinion: str) -> str:
    return f"{opinion.removesuffix('다')}고" if opinion.endswith("다") else particle(opinion, "이고/고")


def _reported(opinion: str) -> str:
    """진하다 → 진하다는 (adjective); 녹다 → 녹는다는, 나다 → 난다는 (verbs); 일품 → 일품이라는 (noun)."""
    if not opinion.endswith("다"):
        return particle(opinion, "이라는/라는")
    if opinion in ADJECTIVES or not opinion.endswith(VERB_ENDS):
        return f"{opinion}는"
    stem = opinion.removesuffix("다")
    return f"{stem}는다는" if _ends_closed(stem) else f"{stem[:-1]}{chr(ord(stem[-1]) + SYLLABLE_N)}다는"


def _longer(subject: str, opinions: Sequence[str], *, many: bool) -> str:
    return f"{subject} {_joined(opinions)} 칭찬이 {'많이' if many else '여러 번'} 나옵니다"


def _ko_list(aspects: Sequence[tuple[Aspect, int]]) -> str:
    return ", ".join(f"{KO_ASPECTS.get(aspect, (aspect, aspect))[0]}({count:,}개)" for aspect, count in aspects)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _english_statement(
    aspect: Aspect, polarity: Polarity, *, support: int, considered: int, named: Sequence[Named], recent: int | None
) -> str:
    what = EN_ASPECTS.get(aspect, (aspect, aspect))[0]
    verb = "praise" if polarity == "positive" else "criticise"
    lately = (
        ""
        if recent is None
        else f" ({recent:,} in the last three months)"
        if recent
        else " (none in the last three months)"
    )
    head = f"{support:,} of {considered:,} {_plural('review', considered)}{lately} {verb} {what}"
    if not named:
        return f"{head}."
    return f"{head}, most often {_listed([f'{word} ({count:,})' for word, count in named[:2]])}."


def _english_overall(
    considered: int,
    leaning: tuple[int, int],
    per_cent: tuple[int, int],
    praised: Sequence[tuple[Aspect, int]],
    blamed: Sequence[tuple[Aspect, int]],
) -> str:
    def listed(aspects: Sequence[tuple[Aspect, int]]) -> str:
        return _listed([f"{EN_ASPECTS.get(aspect, (aspect, aspect))[0]} ({count:,})" for aspect, count in aspects])

    parts = [
        f"Of {considered:,} {_plural('review', considered)}, {leaning[0]:,} ({per_cent[0]} %) "
        f"are positive and {leaning[1]:,} ({per_cent[1]} %) negative."
    ]
    if praised:
        parts.append(f"Reviewers most often praise {listed(praised)}.")
    if blamed:
        parts.append(f"Their criticism is about {listed(blamed)}.")
    return " ".join(parts)


def _english_claim(
    aspect: Aspect,
    *,
    target: str | None,
    opinions: Sequence[str],
    support: int,
    considered: int,
    named: Sequence[str],
    among: Sequence[str],
) -> str:
    if not opinions and target is None:
        what = EN_ASPECTS.get(aspect, (aspect, aspect))[0]
        if among:
            return f"{' and '.join(among[:2])}, among other praise for {what}".capitalize()
        head = f"{support:,} of {considered:,} {_plural('review', considered)} praise {what}"
        for count in range(min(len(named), 2), 0, -1):
            sentence = f"{head}: {' and '.join(named[:count])}"
            if len(sentence.split()) <= EN_CLAIM_WORDS:
                return sentence
        return head
    who = "many reviewers" if support >= MANY * considered else "several reviewers"
    subject = (target or EN_ASPECTS.get(aspect, (aspect, aspect))[1]).lower()
    sentence = (
        f"{' and '.join(opinions[:2])} {subject}, praised by {who}" if opinions else f"{subject}, praised by {who}"
    )
    if len(sentence.split()) > EN_CLAIM_WORDS:
        sentence = f"{opinions[0]} {subject.split()[-1]}, praised by {who}"
    return sentence[:1].upper() + sentence[1:]
