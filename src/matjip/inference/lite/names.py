"""Names of the people who work somewhere, found by the role beside them: "김민수 사장님", "our server Jessica".

A name without a role beside it stays: most such words are dishes, places and authors' moods.
"""

import re
from collections.abc import Iterator

__all__ = ["name_spans"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ROLE = (
    r"사장|사모|직원|점원|종업원|매니저|매니져|알바생|알바|아르바이트생|셰프|쉐프|주방장|부점장|점장|실장|지배인|대표(?!적|작|격|\s?메뉴)|오너"
    "|바리스타|바텐더|소믈리에|서버|팀장|캐셔"
)
SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송전홍유류고문양손배백허남심노하곽성차주우구민나진지엄채원천방공현함변염"
)
LONG_SURNAMES = frozenset({"남궁", "황보", "제갈", "선우", "독고", "사공"})
# Syllables that given names are made of, by place. Modifiers end alike (성실한, 젊은, 맛있는): no 한, no 는; 은 and 인 by list.
FIRST = frozenset(
    "가강건경고광규근기길나남다대덕도동두려루리린마만명무문미민범별병보봉빛상새서석선설성세소솔송수숙순슬승시신아연"
    "영예용우운원유윤은이인일자재정제종주준중지진찬창채철초춘충치태택필하한해향현형혜호홍화환효훈휘희"
)
LAST = frozenset(
    "건겸경곤균근기길나남녀덕라람래린림만명모미민범별병복봉빈빛삼상서석선섭성솔송수숙순슬승식신아안애연열"
    "영예옥완용욱운웅원율윤일임자재정종주준중지진찬창채철춘택표필학현형혜호홍화환효훈휘희울름늘루우결"
)
GIVEN = _words(
    """
    가은 고은 나은 다은 다인 하은 하인 지은 지인 시은 서은 예은 채은 정은 주은 혜은 소은 세은 영은 효은 재은 성은 해인 혜인
    수인 예인 요한 지한 주한 하나 하늘 한나 한별 한솔 슬기 아름 보람 새롬 은지 은주 은영 은정 은서 은비 은혜 은미 은희 은경 지수 지민
    지현 지영 지훈 지혜 지우 지원 지윤 지아 지연 지호 지안 민수 민지 민서 민정 민호 민준 민재 민영 민아 민주 민규 민석 민우 민경
    서연 서윤 서현 서준 서진 서영 서아 서우 수진 수민 수빈 수현 수연 수정 수지 수아 수경 수영 현우 현주 현정 현지 현서 현수 현아
    현진 현석 예진 예지 예린 예나 예원 유진 유나 유리 유정 유미 혜진 혜원 혜정 혜영 혜수 혜선 재현 재호 재민 재훈 재영 재석 준호
    준영 준서 준혁 동현 동욱 동훈 성민 성호 성훈 성진 상훈 상민 상현 승현 승호 승민 승우 태현 태민 태호 태영 태희 도윤 도현 하준
    하윤 하린 시우 시윤 소연 소영 소희 소현 소민 선영 선미 선희 선아 영희 영수 영미 영숙 영철 영호 미영 미경 미숙 미정 미선 경희
    경민 정훈 정민 정현 정희 정아 정우 주연 주희 주영 주현 주원 진우 진영 진호 진아 진희 채원 채린 채영 다혜 다영 다솜 나영 나연
    나래 가영 가희 가연 보라 보영 보미 윤서 윤아 윤정 윤지 윤희 건우 우진 연우 연주 연희 세진 세영 세훈 종현 종민 종수 희진 희정
    효진 효정 효주 규현 형준 형석 창민 창호 철수 광수 기현 기훈 미나 길동 순자 영자 말자 춘자 복순 옥자
    제시카 제니 마이클 다니엘 데이빗 데이비드 에이미 안나 소피아 소피 제임스 톰 줄리 줄리아 크리스 앤디 에릭 케빈 엘리 클로이 올리비아
    엠마 루카스 토니 존 알렉스 사라 써니 리사 로이 브라이언 스티븐 레오 루나 에밀리 미아
    """
)
ONE_SYLLABLE = frozenset("훈진준민현혁솔찬율빈결윤욱철석웅은환숙")  # the whole given name of a few
# Words that look like a surname and a given name, or like a given name.
NO_NAMES = _words(
    """
    강아지 고양이 연예인 한국인 주인 외국인 이모 고모 남편 언니 오빠 아들 부부 지인 손님 고객 형님 어머님 아버님 선생님 이번 이집 이분
    이곳 이런 이쁜 이제 이상 이하 이유 이름 정말 정도 정성 정석 정직 정중 최고 최근 최소 최대 최악 최선 우리 조금 조건 조용 조리 한번
    한명 한분 한식 한우 성실 성격 성의 유쾌 유명 유일 유니폼 신입 신규 신선 신경 신기 주말 주방 주문 주차 주변 주로 진심 진지 진짜
    전문 전부 전체 전원 전화 전혀 안내 안주 오전 오후 오늘 오신 나이 나름 나머지 남자 남성 여자 여성 민원 문제 문자 문의 문현 양식 고기
    고등 노래 배달 배려 서비스 서빙 공연 구성 하나 하루 하시는 지금 지역 지점 명동 강남 강북 서울 서현 성수 안산 수원 인천 천안 대전
    원래 기본 기분 기존 위치 위생 인상 인심 선물 선택 설명 추천 도움 도시 제일 모두 모든 은근 은은 용기 변함 차분 심지 방문 방금 현지
    현재 현장 임시 임신 담당 총괄 수석 동네 동안 아주 아직 계속 자주 자리 소주 상냥 가끔 가게 진상 진하 미소 미리 신랑 신부 정리 정확
    주민 주연급 한정 한결 노상 장사 장인 장소 조선 조심 표정 반말 반찬 반영 채소 금방 제대 제발 백반 황당 화장 나중 유리하 지수높
    이정도 유유자적 공주 공유 공지 원주 전주 경주 진주 상주 충주 여주 나주 제주 광주 청주 파주 양주 영주 고성 하동 남해 강원 강서 강동 강진
    고장 남는 안보 오로지 조만간 정작 우선 우수 우연 마지막 마음 말씨 기사 기사님 국수 전복 장어 황태 민어 문어 송이 연어 방어 고등어
    지정석 정수기 하지만 이건 주자임 이영화 오마주 방지용 말자 구성원 이상형 신기록 안경원 우주선 유원지 방송국 주문진 국민 서민 이민 표준 기준 공석 좌석 조율 전율 차별 정숙 조건 안건 전진 하필
    지배인 대표 사장 직원 점원 매니저 셰프 쉐프 알바 점장 실장 팀장 오너 서버
    """
)
STARRED = (
    rf"[{''.join(sorted(SURNAMES))}](?:[OoＯ0]{{2}}|[ㅇ○◯〇]{{1,2}}|[Xx]{{2}}|\*{{1,2}})"  # hidden by the author, badly
)
LATIN = r"[A-Z][a-z]{2,14}"
PARTICLE = re.compile(
    r"(?:이?(?:가|는|라고|라는|랑|란|었던?|에요|입니다|신)|예요|였던?|은|을|를|이|의|도|와|과|께서|께|에게|한테)?"
)
HONOUR = re.compile(r"님|씨")
BEGIN = r"(?<![가-힣A-Za-zㅇ○◯〇*])"
POLITE = r"(?:님|분|씨)?"

BEFORE = re.compile(rf"{BEGIN}({STARRED}|{LATIN}|[가-힣]{{1,4}}?)(?:님|씨)?\s?(?:{ROLE})")
AFTER = re.compile(
    rf"(?:{ROLE}){POLITE}(?:의?\s?\(?(?:이름|성함)[이은]?)?(?:\s?[(:,]\s?|\s)({STARRED}|{LATIN}|[가-힣]+)"
)
CALLED = re.compile(rf"{BEGIN}([가-힣]{{2,4}}?)이?(?:라는|라고 하는|란)\s(?:[가-힣]{{1,4}}\s)?(?:{ROLE})")

ENGLISH_ROLE = r"(?:server|waiter|waitress|bartender|manager|owner|chef|hostess|host|barista|cashier|sommelier|busboy|staff member)"
TITLED = re.compile(
    rf"\b(?i:{ENGLISH_ROLE})(?:'s\sname\s(?:was|is)\s|\s?[,(:\-–]\s?|\s)(?:(?:was\s|is\s)?(?:named|called)\s)?"
    r"([A-Z][a-z]{1,14}(?:\s[A-Z][a-z]{1,14})?)\b"
)
INTRODUCED = re.compile(
    rf"\b([A-Z][a-z]{{1,14}})(?:,\s|\s\(?|\s(?:was|is|as)\s)(?:(?:was|is)\s)?(?:our|the|my|their)\s(?:\w+\s)?(?i:{ENGLISH_ROLE})\b"
)
ENGLISH_NAMES = _words(
    """
    Aaron Abby Adam Alan Alex Alexa Alice Alicia Allison Amanda Amber Amy Ana Andrea Andrew Andy Angela Anita Ann Anna Anne Anthony
    Antonio Ashley Barbara Becky Ben Beth Bill Billy Bob Brad Brandon Brenda Brian Brittany Bruce Caitlin Carl Carla Carlos Carol
    Caroline Cathy Charles Charlie Chelsea Chloe Chris Christina Christine Cindy Claire Connor Crystal Dan Dana Daniel Danny Dave David
    Dean Debbie Diana Diane Diego Donna Doug Dylan Eddie Edward Elena Elizabeth Ella Ellen Emily Emma Eric Erica Erin Ethan Eva Evan
    Frank Fred Gary George Gina Grace Greg Hannah Harry Heather Helen Henry Holly Ian Isabel Jack Jackie Jacob Jake James Jamie Jane
    Janet Jason Jay Jeff Jen Jenna Jennifer Jenny Jeremy Jerry Jesse Jessica Jessie Jill Jim Jimmy Joan Joe Joel John Johnny Jon Jordan
    Jose Joseph Josh Juan Judy Julia Julian Julie Justin Karen Kate Katherine Kathy Katie Kayla Keith Kelly Ken Kevin Kim Kimberly Kyle
    Larry Laura Lauren Leah Lee Leo Liam Linda Lisa Liz Logan Louis Lucas Lucy Luis Luke Madison Marco Marcus Margaret Maria Marie Mario
    Martha Martin Mary Matt Matthew Max Megan Melanie Melissa Mia Michael Michelle Miguel Mike Molly Monica Nancy Natalie Nathan Nicholas
    Nick Nicole Nina Noah Oliver Olivia Oscar Pamela Patricia Patrick Paul Paula Pedro Peter Phil Priya Rachel Ralph Randy Raymond
    Rebecca Ricardo Richard Rick Rob Robert Robin Roger Ron Rosa Rose Roy Ruth Ryan Sally Sam Samantha Sandra Sara Sarah Scott Sean
    Sharon Shawn Sofia Sophia Sophie Stacy Stephanie Stephen Steve Steven Sue Susan Tara Taylor Ted Teresa Terry Thomas Tiffany Tim Tina
    Todd Tom Tommy Tony Tracy Tyler Vanessa Victor Victoria Vincent Wendy William Zach Zoe
    """
)
NO_ENGLISH_NAMES = _words(
    """
    The We He She They It You But And Was Were Is Are Who Very Our My This That There Great Good Best Nice Thank Thanks Kind Food Also
    Then When While Because Salad Table Tables Special Specials Choice Operated Owned Manager Owner Chef Server Room Rooms Monday Tuesday
    Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November December
    Came Said Told Never Always Not No Yes So Did Does Had Has Just Even Super Awesome Amazing Excellent Friendly Rude Slow Fast Worst
    Bad Please Love Loved Highly Would Will Could Should Stand Training Service Station Tasting Menu Knife Boyardee Recommends Recommended
    In On At To For With From As If Or An All Any Only Really Everything Everyone Nothing Korean Italian Mexican Chinese Thai Japanese
    French Indian American Bar Kitchen Restaurant Cafe Grill Bistro House Pizza Burger Steak Hat Coat Style
    Brought Forgot Gave Took Got Made Kept Went Left Sat Overall Knows Makes Takes Gives Comes Does
    """
)


ENGLISH_ENDINGS = ("ed", "ly", "ing", "self")  # of verbs and adverbs; Fred and Kimberly are known


def name_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every name that stands beside a role; the role and 님 or 씨 are not part of it."""
    for pattern in (BEFORE, CALLED):
        for match in pattern.finditer(text):
            if _is_name(match.group(1)) or match.group(1) in GIVEN - NO_NAMES:
                yield match.span(1)
    for match in AFTER.finditer(text):
        if length := _leading_name(match.group(1)):
            yield match.start(1), match.start(1) + length
    for match in TITLED.finditer(text):
        first, _, last = match.group(1).partition(" ")
        if _is_english(first):
            whole = last not in NO_ENGLISH_NAMES if first in ENGLISH_NAMES else _is_english(last)
            yield match.start(1), match.end(1) if whole else match.start(1) + len(first)
    for match in INTRODUCED.finditer(text):
        if match.group(1) in ENGLISH_NAMES:
            yield match.span(1)


def _is_english(word: str) -> bool:
    """Whether a capital word after a role may be a name: some write Every Word With A Capital."""
    return word in ENGLISH_NAMES or not (word in NO_ENGLISH_NAMES or word.endswith(ENGLISH_ENDINGS))


def _is_name(word: str) -> bool:
    """Whether this is a whole name with its surname, or one that its author has starred."""
    if word in NO_NAMES:
        return False
    if not "가" <= word[-1] <= "힣":
        return word[0] in SURNAMES or word in ENGLISH_NAMES
    given = word[2:] if word[:2] in LONG_SURNAMES else word[1:] if word[0] in SURNAMES else ""
    return given in GIVEN or given in ONE_SYLLABLE or (len(given) == 2 and given[0] in FIRST and given[1] in LAST)


def _leading_name(word: str) -> int:
    """How many letters at the beginning of the word after a role are a name; 0 where it is another word."""
    if not "가" <= word[-1] <= "힣":
        return len(word) if _is_name(word) else 0
    for length in range(min(4, len(word)), 1, -1):
        name, rest = word[:length], word[length:]
        if HONOUR.match(rest) and (_is_name(name) or name in GIVEN - NO_NAMES):
            return length
        if length > 2 and _is_name(name) and PARTICLE.fullmatch(rest):
            return length
    return 0
