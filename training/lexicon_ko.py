"""Korean restaurant language, written for Matjip: what reviewers speak of, and what they say of it.

A noun belongs to one aspect. An opinion has a dictionary form, how it conjugates, a polarity, the aspects that it goes with,
and, where a reader understands it without a noun, the aspect that it implies ("맛있어요" is about taste).
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["NOUNS", "OPINIONS", "OTHER_NOUNS", "PRAISE", "REGRET", "SILENT", "Opinion"]

Kind = Literal["adjective", "hada", "verb", "noun"]

NOUNS: dict[str, str] = {
    "taste": "맛 음식 요리 국물 고기 면 면발 소스 반찬 밥 김치 커피 디저트 빵 회 튀김 피자 치킨 파스타 스테이크 국수 라면 떡볶이 김밥 "
    "돈까스 돈가스 초밥 찌개 탕 샐러드 케이크 케익 육수 양념 해물 족발 보쌈 삼겹살 갈비 치킨무 냉면 칼국수 순대 만두 볶음밥 카레 덮밥 우동 짬뽕 "
    "짜장면 탕수육 마라탕 샌드위치 햄버거 버거 와플 음료 라떼 아메리카노 굴 새우 게장 곱창 막창 닭갈비 찜닭 닭발 생선 나물 파전 김치전 감자전 모듬전 빈대떡 두부 죽 재료 "
    "식재료 육즙 향 식감 간 원두 크림 딸기 크로플 스콘 마늘빵 국밥 해장국 설렁탕 순두부 된장찌개 김치찌개 비빔밥 불고기 오징어 낙지 전복 참치 "
    "연어 사시미 숯불 껍데기 목살 감자탕 수제비 쌀국수 타코 리조또 수프 스프 푸딩 마카롱 쿠키 빙수 에이드 맥주 와인 막걸리 소주 안주 후라이드 "
    "양념치킨 감자튀김 치즈 계란찜 계란말이 라멘 돈코츠 규카츠 텐동 소바 나가사키 오뎅 어묵 튀김옷 토핑 드레싱 올리브 브런치 팬케이크 오믈렛",
    "menu": "메뉴 메뉴판 메뉴구성 구성 종류 선택지 신메뉴 세트 코스 런치세트 사이드 비건메뉴 키즈메뉴 추천메뉴 시그니처",
    "service": "직원 직원분 직원분들 직원들 사장님 사장 서비스 알바 알바생 응대 서빙 종업원 이모님 주인 주인분 주인장 접객 태도 점원 사장님들 "
    "매니저 매니저님 설명 배려 인사 대응 친절도 손님대접 고객응대 셰프님 주방장",
    "price": "가격 가성비 가격대 값 비용 돈 커피값 밥값 금액 런치가격 할인 쿠폰 자릿세 추가요금 술값",
    "portion": "양 음식양 고기양 밥양 1인분 인분 리필 곱빼기 건더기 면양",
    "atmosphere": "분위기 인테리어 뷰 전망 공간 음악 조명 테이블 자리 좌석 의자 홀 룸 감성 무드 창가 야경 테라스 루프탑 바다뷰 정원 소음 "
    "단체석 칸막이 실내 내부 층고",
    "cleanliness": "위생 청결 화장실 식기 수저 컵 바닥 주방 청소 위생상태 식탁 물컵 젓가락 앞접시",
    "waiting": "웨이팅 대기 대기시간 대기줄 줄 회전율 회전 속도 예약 음식나오는시간 서빙속도 기다림 캐치테이블 순번",
    "location": "위치 주차 주차장 접근성 역 교통 골목 입구 발렛 찾아가기 입지 엘리베이터 주차공간",
    "delivery": "배달 배송 포장 배달기사 배달기사님 배달시간 포장상태 라이더 용기 포장용기 배달팁 배달비",
}
# Things that are none of our aspects: what is said right behind them is theirs ("와이파이 빠름", "기분이 상했어요").
OTHER_NOUNS = "와이파이 인터넷 콘센트 날씨 기분 마음 배 속 손 눈 귀 목 허리 다리 피부 머리 몸 회사 학교 도로 화장 옷 영상 앱 카드 강아지 고양이 세월"
# Whole phrases that hold an opinion's letters and say nothing of any aspect.
SILENT = "좋아하 좋아해 좋아할 좋아한 좋아합 좋아했 싫어하 배터지게 배터져 배터질 배터지는 배터짐 속상하 속상해 속상했 한번이면충분 말로부족 메뉴별로 맛나쁘"


@dataclass(frozen=True, slots=True)
class Opinion:
    """One way to praise or to blame."""

    form: str
    kind: Kind
    polarity: Literal[1, -1]
    aspects: tuple[str, ...]
    implies: str | None = None


def _read(table: str) -> list[Opinion]:
    kinds: dict[str, Kind] = {"a": "adjective", "h": "hada", "v": "verb", "n": "noun"}
    found = []
    for line in table.strip().splitlines():
        polarity, kind, aspects, implies, words = line.split("|")
        sign: Literal[1, -1] = 1 if polarity == "+" else -1
        for word in words.split(","):
            found.append(Opinion(word.strip(), kinds[kind], sign, tuple(aspects.split()), implies or None))
    return found


ANY = "taste menu service price portion atmosphere cleanliness waiting location delivery"

# polarity | kind | aspects that it goes with | aspect that it implies alone | stems (of hada: the root before 하다)
OPINIONS: list[Opinion] = _read(
    f"""
+|a|taste|taste|맛있,감칠맛 나,맛나,구수하,깊,알차,끝내주
+|h|taste|taste|담백,고소,쫄깃,쫀득,바삭,촉촉,달콤,얼큰,칼칼,구수,싱싱,짭짤,탱글탱글,쫀쫀,향긋,진
+|h|taste|taste|신선,부들부들,담백깔끔,매콤달콤,새콤달콤,아삭
+|a|taste|taste|부드럽,먹음직스럽
+|v|taste|taste|살아있,입에서 녹,육즙이 터지,육즙 터지,불맛 나
+|n|taste|taste|꿀맛,존맛,존맛탱,찐맛집,맛집,일품,별미,핵존맛
+|h|taste atmosphere cleanliness menu delivery|taste|깔끔,정갈
+|h|taste menu|menu|다양,풍부,독특
+|a|menu taste|menu|색다르
+|h|service|service|친절,세심,상냥,정중,유쾌,싹싹
+|h|service delivery|service|꼼꼼
+|a|service|service|살갑,정겹,정성스럽
+|v|service|service|잘 챙겨주,신경 써 주,배려해 주,반겨 주,알아서 챙겨주,친절히 알려주
+|h|service atmosphere||따뜻
+|h|service atmosphere|atmosphere|편안
+|h|price|price|저렴,착
+|a|price|price|싸
+|n|price portion|price|혜자,합리적,가성비 갑,가성비 최고
+|a|portion|portion|많,넉넉하
+|h|portion taste|portion|푸짐,넉넉,두툼,든든
+|h|portion|portion|충분,실
+|h|atmosphere|atmosphere|아늑,조용,근사,포근,쾌적,로맨틱,한적
+|a|atmosphere|atmosphere|예쁘,이쁘,멋지,고급스럽,분위기 있,아름답,운치 있
+|v|atmosphere|atmosphere|세련되,잘 꾸며져 있
+|n|atmosphere|atmosphere|감성적,감각적,분위기 깡패,뷰맛집
+|a|atmosphere location|atmosphere|넓
+|h|cleanliness atmosphere|cleanliness|깨끗,청결
+|n|cleanliness|cleanliness|위생적
+|a|waiting delivery service||빠르
+|a|waiting|waiting|짧
+|h|location|location|편리
+|a|location||가깝
+|a|location|location|찾기 쉽
+|h|delivery waiting|delivery|신속
+|v|delivery|delivery|따뜻하게 오,빨리 오,안 새고 오
+|a|{ANY}||좋,괜찮,만족스럽,나쁘지 않,흠잡을 데 없
+|h|{ANY}||훌륭,완벽,만족,탁월,대단,특별
+|n|{ANY}||최고,굿,짱,대박,감동,예술,기대 이상,추천,강추,대만족,만점,합격
+|v|{ANY}||마음에 들,맘에 들
-|a|taste|taste|맛없,짜,싱겁,질기,비리,맛이 없,너무 쓰,너무 달,너무 맵
-|h|taste|taste|느끼,눅눅,퍽퍽,텁텁,밍밍,미지근,딱딱,밋밋,심심,푸석
-|v|taste||상하,말라 있
-|v|taste|taste|식,타,불,덜 익,누린내 나,잡내 나,비린내 나,질리
-|a|taste|taste|기름지
-|n|taste|taste|노맛,핵노맛,자극적,인스턴트 맛
-|h|menu|menu|단조롭,부실
-|h|service|service|불친절,무뚝뚝,무례,불성실,퉁명
-|a|service|service|퉁명스럽,성의없,어이없,싸가지 없
-|v|service|service|무시하,째려보,신경도 안 쓰,불러도 안 오,짜증내,주문을 까먹,대답도 안 하
-|h|service|service|불쾌,황당
-|a|price||아깝
-|a|price|price|비싸,부담스럽,터무니없
-|h|price|price|사악,과
-|n|price|price|창렬,바가지,가성비 꽝,돈값 못함
-|a|portion|portion|적,작
-|h|portion menu service location||부족
-|v|portion|portion|모자라,성에 안 차
-|a|atmosphere location|atmosphere|좁
-|a|atmosphere|atmosphere|시끄럽,어둡,춥,덥,정신없
-|h|atmosphere|atmosphere|산만,어수선,답답,썰렁,허름,칙칙
-|h|atmosphere location|atmosphere|협소
-|h|atmosphere location waiting menu||불편
-|v|atmosphere|atmosphere|도떼기시장 같,담배 냄새 나
-|a|cleanliness|cleanliness|더럽
-|h|cleanliness|cleanliness|지저분,불결,찝찝,꾀죄죄
-|v|cleanliness|cleanliness|냄새나,끈적거리,머리카락 나오,벌레 나오,이물질 나오,곰팡이 피어 있
-|n|cleanliness|cleanliness|비위생적
-|a|waiting delivery service||느리
-|a|waiting delivery|waiting|늦,길
-|v|waiting delivery|waiting|느려지
-|v|waiting|waiting|오래 걸리,한참 걸리,너무 기다리
-|a|location|location|멀,찾기 어렵,찾기 힘들
-|h|location atmosphere menu waiting||복잡
-|v|delivery||터지
-|v|delivery|delivery|쏟아지,다 새,누락되,빠트리,잘못 오,안 오,식어서 오,다 불어서 오,늦게 오
-|a|{ANY}||나쁘,실망스럽,형편없,아쉽,그저 그렇,성의 없
-|h|{ANY}||조잡,실망,불만족,애매
-|n|{ANY}||별로,최악,엉망,꽝,쓰레기,비추,실망,글쎄,엉망진창,폭망
"""
)

# Whole sentences without an aspect. They teach the whole-review sentiment what people say at the end.
PRAISE = """추천합니다|강추해요|또 갈게요|또 가고 싶어요|재방문 의사 있어요|재방문 의사 있음|재방문 의사 백프로|단골 될 것 같아요|대만족입니다|
인생 맛집이에요|잘 먹었습니다|맛있게 잘 먹고 갑니다|번창하세요|진짜 맛집 인정|후회 없는 선택이었어요|시킬 때마다 만족해요|꼭 한번 가보세요|
기대 이상이었어요|줄 서서 먹을 만해요|또 시켜 먹을게요|역시 믿고 먹는 집|올 때마다 만족합니다|아이도 잘 먹었어요|부모님이 정말 좋아하셨어요|
다음에 또 오겠습니다|친구들한테도 소문냈어요|자주 올 것 같아요|멀리서 찾아온 보람이 있네요|기다린 보람이 있어요|국물까지 싹 비웠어요|
덕분에 행복한 저녁이었어요|JMT|존맛탱|굿굿|최고예요 최고|맛도리|사장님 대박나세요|먹자마자 눈이 커졌어요|별 다섯 개도 모자라요|
왜 이제 알았을까요|숨은 맛집 발견|동네에 있어서 행복해요|괜히 유명한 게 아니네요|접시까지 핥을 뻔|두 그릇 먹었어요|없어지면 안 되는 집|
쌍따봉|엄지척|사랑해요 사장님|여기만 옵니다|질리지가 않아요|회식 장소로 딱이에요|데이트하기 딱 좋아요|부모님 모시고 가기 좋아요|
혼밥하기 좋아요|먹으면서 감탄했어요|기분 좋게 먹고 왔어요|만족스러운 한 끼였습니다|흠잡을 데가 없어요|맛없을 수가 없는 조합|실패가 없어요"""
REGRET = """다시는 안 갑니다|다시는 안 시켜요|비추합니다|절대 가지 마세요|돈이 아깝네요|돈 아까워요|실망하고 왔어요|크게 실망했습니다|
후회합니다|재방문 의사 없음|재주문은 없을 듯|두 번 다시 안 갈래요|왜 유명한지 모르겠네요|왜 줄 서는지 이해가 안 가요|머리카락이 나왔어요|
벌레가 나왔습니다|음식에서 이물질이 나왔어요|먹고 배탈 났어요|먹다가 남기고 나왔어요|반도 못 먹고 버렸어요|환불받고 싶어요|
한 시간 넘게 기다렸어요|주문한 게 빠져서 왔어요|음식이 다 식어서 왔어요|기대했는데 별로였어요|맛집이라더니 글쎄요|사진이랑 너무 다르네요|
기분만 상해서 나왔어요|별 하나도 아까워요|굳이 찾아갈 필요는 없을 듯|두 번은 안 갈 것 같아요|위생이 걱정되네요|불러도 쳐다보지도 않아요|
전화도 안 받아요|리뷰 보고 갔다가 속았네요|이 돈 주고 먹을 맛은 아니에요|기다려서 먹을 정도는 아님|예전 같지 않네요|맛이 변했어요|
초심을 잃은 듯|제 입맛에는 안 맞았어요|배달이 두 시간 걸렸어요|국물이 다 새서 왔어요|인생 최악의 식당|사장님 마인드가 문제네요|
양은 줄고 가격만 올랐어요|차라리 편의점 도시락을 먹겠어요|광고에 속지 마세요|손님을 뭘로 보는 건지|서서 기다리게 해놓고 사과도 없네요|
물도 안 가져다줘요|계산할 때 불쾌했어요|먹는 내내 후회했어요|다른 데 가세요|영 아니에요|쏘쏘 이하|노답|에휴|하 진짜 너무하네요|
그 가격이면 다른 데 갑니다|평점 믿고 갔다가 망했어요|반찬 재사용하는 것 같아요|고기에서 냄새가 나서 못 먹었어요"""
