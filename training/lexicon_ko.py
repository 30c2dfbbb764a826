"""Korean restaurant language, written for Matjip: what reviewers speak of, and what they say of it.

A noun belongs to one aspect. An opinion has a dictionary form, how it conjugates, a polarity, the aspects that it goes with,
and, where a reader understands it without a noun, the aspect that it implies ("맛있어요" is about taste).
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["NOUNS", "OPINIONS", "OTHER_NOUNS", "PRAISE", "REGRET", "SILENT", "STORIES", "TOLD", "Opinion"]

Kind = Literal["adjective", "hada", "verb", "noun"]

NOUNS: dict[str, str] = {
    "taste": "맛 음식 요리 국물 고기 면 면발 소스 반찬 밥 김치 커피 디저트 빵 회 튀김 피자 치킨 파스타 스테이크 국수 라면 떡볶이 김밥 "
    "돈까스 돈가스 초밥 찌개 탕 샐러드 케이크 케익 육수 양념 해물 족발 보쌈 삼겹살 갈비 치킨무 냉면 칼국수 순대 만두 볶음밥 카레 덮밥 우동 짬뽕 "
    "짜장면 탕수육 마라탕 샌드위치 햄버거 버거 와플 음료 라떼 아메리카노 굴 새우 게장 곱창 막창 닭갈비 찜닭 닭발 생선 나물 파전 김치전 감자전 모듬전 빈대떡 두부 죽 재료 "
    "식재료 육즙 향 식감 간 원두 크림 딸기 크로플 스콘 마늘빵 국밥 해장국 설렁탕 순두부 된장찌개 김치찌개 비빔밥 불고기 오징어 낙지 전복 참치 "
    "연어 사시미 숯불 껍데기 목살 감자탕 수제비 쌀국수 타코 리조또 수프 스프 푸딩 마카롱 쿠키 빙수 에이드 맥주 와인 막걸리 소주 안주 후라이드 "
    "양념치킨 감자튀김 치즈 계란찜 계란말이 라멘 돈코츠 규카츠 텐동 소바 나가사키 오뎅 어묵 튀김옷 토핑 드레싱 올리브 브런치 팬케이크 오믈렛"
    " 식사 저녁식사 점심식사 아침식사 전채 전채요리 애피타이저 에피타이저 메인요리 주요리 메인메뉴 스시 롤 딤섬 랍스터 바닷가재 커리 베이글 버터 닭고기"
    " 돼지고기 소고기 쇠고기 양고기 오리고기 해산물 가리비 홍합 조개 게살 칵테일 마티니 상그리아 아이스크림 치즈케이크 티라미수 젤라또 파이 도넛 크루아상"
    " 부리토 퀘사디아 나초 팟타이 똠얌 난 탄두리 케밥 팔라펠 후무스 파히타 베이컨 소시지 감자 달걀 계란 향신료 특선요리 요리들 음식들 재료들 육회 물회"
    " 사케 위스키 차돌박이 항정살 꽃게 아귀찜 갈비탕 삼계탕 부대찌개 쭈꾸미 닭강정 로제 크림파스타 봉골레 까르보나라 리소토 뇨끼 라자냐 포케 또띠아 샤브샤브"
    " 훠궈 양꼬치 꿔바로우 깐풍기 마파두부 타르트 휘낭시에 소금빵 바게트 생맥주",
    "menu": "메뉴 메뉴판 메뉴구성 구성 종류 선택지 신메뉴 세트 코스 런치세트 사이드 비건메뉴 키즈메뉴 추천메뉴 시그니처"
    " 와인리스트 와인목록 선택의폭 음식선택 코스메뉴 음료메뉴 메뉴들 레퍼토리 라인업",
    "service": "직원 직원분 직원분들 직원들 사장님 사장 서비스 알바 알바생 응대 서빙 종업원 이모님 주인 주인분 주인장 접객 태도 점원 사장님들 "
    "매니저 매니저님 설명 배려 인사 대응 친절도 손님대접 고객응대 셰프님 주방장"
    " 웨이터 웨이터들 웨이트리스 웨이트리스들 종업원들 종업원분 서버 서버들 바텐더 지배인 매니저들 호스트 호스티스 소믈리에 셰프 쉐프 주인들 주인아저씨"
    " 주인아주머니 사장님내외 이모님들 홀직원 서빙직원 서비스직원 캐셔",
    "price": "가격 가성비 가격대 값 비용 돈 커피값 밥값 금액 런치가격 할인 쿠폰 자릿세 추가요금 술값"
    " 가치 값어치 청구서 계산서 음식값 요금 와인가격 음식가격 메뉴가격 점심가격 봉사료",
    "portion": "양 음식양 고기양 밥양 1인분 인분 리필 곱빼기 건더기 면양 분량 음식의양 접시크기 1인분양",
    "atmosphere": "분위기 인테리어 뷰 전망 공간 음악 조명 테이블 자리 좌석 의자 홀 룸 감성 무드 창가 야경 테라스 루프탑 바다뷰 정원 소음 "
    "단체석 칸막이 실내 내부 층고"
    " 장식 데코 실내장식 환경 좌석배치 배경음악 디제이 무대 파티오 야외좌석 테라스석 라운지",
    "cleanliness": "위생 청결 화장실 식기 수저 컵 바닥 주방 청소 위생상태 식탁 물컵 젓가락 앞접시"
    " 위생관리 청결도 청결상태 물잔 행주",
    "waiting": "웨이팅 대기 대기시간 대기줄 줄 회전율 회전 속도 예약 음식나오는시간 서빙속도 기다림 캐치테이블 순번"
    " 기다리는시간 대기열",
    "location": "위치 주차 주차장 접근성 역 교통 골목 입구 발렛 찾아가기 입지 엘리베이터 주차공간"
    " 동네 입지조건 주차시설 대중교통",
    "delivery": "배달 배송 포장 배달기사 배달기사님 배달시간 포장상태 라이더 용기 포장용기 배달팁 배달비"
    " 배달원 배달음식 배달서비스 배달속도 포장음식",
}
# Things that are none of our aspects: what is said right behind them is theirs ("와이파이 빠름", "기분이 상했어요").
OTHER_NOUNS = "와이파이 인터넷 콘센트 날씨 기분 마음 배 속 손 눈 귀 목 허리 다리 피부 머리 몸 회사 학교 도로 화장 옷 영상 앱 카드 강아지 고양이 세월"
# Whole phrases that hold an opinion's letters and say nothing of any aspect.
SILENT = (
    "좋아하 좋아해 좋아할 좋아한 좋아합 좋아했 싫어하 배터지게 배터져 배터질 배터지는 배터짐 속상하 속상해 속상했 한번이면충분 "
    "말로부족 메뉴별로 맛나쁘 추천해주 추천해준 추천해줘 추천해줬 추천받"
)


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
+|a|atmosphere location menu|atmosphere|넓
+|h|cleanliness atmosphere|cleanliness|깨끗,청결
+|n|cleanliness|cleanliness|위생적
+|a|waiting delivery service||빠르
+|a|waiting|waiting|짧
+|h|location|location|편리
+|a|location||가깝
+|a|location|location|찾기 쉽
+|h|delivery waiting service||신속
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
-|n|price portion|price|창렬
-|n|price|price|바가지,가성비 꽝,돈값 못함
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
+|h|service|service|공손,다정,능숙
+|a|service|service|예의 바르,배려심 있,배려심 깊
+|n|service|service|우호적,헌신적
+|v|service||도움이 되
+|h|price||적당,적절
+|a|price||낮
+|n|price|price|가성비 갑,가성비 굿
+|h|atmosphere|atmosphere|우아,안락
+|h|atmosphere service||차분
+|a|atmosphere|atmosphere|사랑스럽,활기차
+|n|atmosphere|atmosphere|낭만적
+|h|taste atmosphere||시원
+|h|taste|taste|탱탱,쫄깃쫄깃,폭신,바삭바삭,탱글
+|a|taste|taste|맛잇,마싯,감칠맛 있,간이 딱 맞,간이 잘 맞
+|n|taste|taste|졸맛,존맛탱구리,맛도리,겉바속촉,꿀맛탱
+|n|menu taste||창의적,독창적
+|v|waiting|waiting|금방 나오,빨리 나오,바로 나오
+|v|taste portion atmosphere||미치
+|a|{ANY}||놀랍,뛰어나,나무랄 데 없,더할 나위 없,손색없,믿을 수 없을 만큼 좋
+|n|{ANY}||환상적,인상적,매력적,이상적,압도적,최상급,취저,취향저격,굿굿,짱짱
-|h|service|service|오만,거만,무관심,미숙,무성의
-|a|service|service|예의 없,매너 없,버릇없
-|n|service|service|고압적,비전문적
-|v|service|service|눈치 주,본 척도 안 하,눈도 안 마주치,소리 지르,화를 내
-|a|price||높
-|h|price||부당
-|v|price|price|바가지 쓰,바가지 씌우,바가지 긁
-|a|atmosphere|atmosphere|촌스럽,소란스럽,비좁
-|h|atmosphere|atmosphere|시끌벅적,혼잡
-|v|atmosphere|atmosphere|붐비,북적거리
-|a|atmosphere||낡
-|v|taste|taste|설익,불어터지
-|h|taste||건조
-|h|portion menu||빈약,인색
-|n|menu||제한적
-|n|location waiting||헬
-|v|waiting|waiting|늦게 나오
-|v|{ANY}||과대평가되
-|h|{ANY}||끔찍,평범,허접,한심
-|a|{ANY}||그냥 그렇,엉성하
-|n|{ANY}||기대 이하,수준 이하,재앙,악몽,핵별로,개별로
"""
)

# Whole sentences without an aspect. They teach the whole-review sentiment what people say at the end.
PRAISE = """추천합니다|강추해요|또 갈게요|또 가고 싶어요|재방문 의사 있어요|재방문 의사 있음|재방문 의사 백프로|단골 될 것 같아요|대만족입니다|
인생 맛집이에요|잘 먹었습니다|맛있게 잘 먹고 갑니다|번창하세요|진짜 맛집 인정|후회 없는 선택이었어요|시킬 때마다 만족해요|꼭 한번 가보세요|
기대 이상이었어요|또 시켜 먹을게요|역시 믿고 먹는 집|올 때마다 만족합니다|아이도 잘 먹었어요|부모님이 정말 좋아하셨어요|
다음에 또 오겠습니다|친구들한테도 소문냈어요|자주 올 것 같아요|멀리서 찾아온 보람이 있네요|
덕분에 행복한 저녁이었어요|굿굿|최고예요 최고|사장님 대박나세요|별 다섯 개도 모자라요|
왜 이제 알았을까요|숨은 맛집 발견|동네에 있어서 행복해요|괜히 유명한 게 아니네요|두 그릇 먹었어요|없어지면 안 되는 집|
쌍따봉|엄지척|사랑해요 사장님|여기만 옵니다|질리지가 않아요|회식 장소로 딱이에요|부모님 모시고 가기 좋아요|
혼밥하기 좋아요|기분 좋게 먹고 왔어요|만족스러운 한 끼였습니다|흠잡을 데가 없어요|실패가 없어요"""
REGRET = """다시는 안 갑니다|다시는 안 시켜요|비추합니다|절대 가지 마세요|실망하고 왔어요|크게 실망했습니다|
후회합니다|재방문 의사 없음|재주문은 없을 듯|두 번 다시 안 갈래요|왜 유명한지 모르겠네요|왜 줄 서는지 이해가 안 가요|
먹고 배탈 났어요|반도 못 먹고 버렸어요|환불받고 싶어요|
기대했는데 별로였어요|맛집이라더니 글쎄요|사진이랑 너무 다르네요|
기분만 상해서 나왔어요|별 하나도 아까워요|굳이 찾아갈 필요는 없을 듯|두 번은 안 갈 것 같아요|
전화도 안 받아요|리뷰 보고 갔다가 속았네요|기다려서 먹을 정도는 아님|예전 같지 않네요|
초심을 잃은 듯|인생 최악의 식당|
양은 줄고 가격만 올랐어요|광고에 속지 마세요|
먹는 내내 후회했어요|다른 데 가세요|영 아니에요|쏘쏘 이하|노답|에휴|하 진짜 너무하네요|
평점 믿고 갔다가 망했어요"""

# Whole sentences of one aspect, mostly without naming it: (aspect, praise 1 or blame 0).
TOLD: dict[tuple[str, int], str] = {
    (
        "atmosphere",
        0,
    ): """옆 테이블 대화가 다 들려요|음악이 너무 커서 대화를 못 해요|에어컨을 안 틀어서 땀 흘리며 먹었어요|담배 연기가 다 들어와요|
애들이 뛰어다니는데 아무도 안 말려요|의자가 너무 딱딱해서 오래 못 앉아 있어요|옷에 고기 냄새가 다 배었어요|시장통인 줄""",
    (
        "atmosphere",
        1,
    ): """데이트하기 딱 좋아요|사진 찍기 딱 좋아요|창밖만 봐도 힐링됩니다|연인이랑 오기 좋은 곳|시간 가는 줄 모르고 있었어요|어디를 찍어도 인생샷|
노래 선곡이 취향저격|여행 온 기분이 나요""",
    (
        "cleanliness",
        0,
    ): """머리카락이 나왔어요|벌레가 나왔습니다|음식에서 이물질이 나왔어요|위생이 걱정되네요|반찬 재사용하는 것 같아요|컵에 립스틱 자국이 그대로|
테이블이 끈적끈적해요|바퀴벌레 봤습니다|수저에 밥풀이 붙어 있었어요|행주 냄새가 나요|접시에 고춧가루가 묻어 있네요|날파리가 날아다녀요""",
    ("cleanliness", 1): """바닥에서 광이 나요|주방이 다 보여서 믿음이 가요|화장실까지 반짝반짝""",
    (
        "delivery",
        0,
    ): """주문한 게 빠져서 왔어요|음식이 다 식어서 왔어요|배달이 두 시간 걸렸어요|국물이 다 새서 왔어요|면이 다 불어서 왔어요|
요청사항은 읽지도 않네요|뚜껑이 열려서 왔습니다|소스를 빼먹었어요|콜라가 안 왔어요|한 시간 반 만에 왔어요|젓가락도 없이 왔네요|
다른 집 음식이 왔어요""",
    (
        "delivery",
        1,
    ): """예상 시간보다 이십 분 일찍 왔어요|국물 하나 안 새고 왔어요|문 앞에 예쁘게 놓고 가셨어요|눈 오는데도 금방 가져다주셨어요""",
    (
        "location",
        0,
    ): """주차할 데가 없어서 세 바퀴 돌았어요|골목 안쪽이라 한참 헤맸어요|언덕을 십 분 올라가야 해요|차 없으면 못 가요""",
    ("location", 1): """역에서 내리면 바로예요|건물에 주차 두 시간 됩니다|집 앞이라 자주 가요""",
    (
        "menu",
        0,
    ): """먹을 게 없어요 고를 게|시키려던 게 다 품절이래요|되는 게 두 가지밖에 없대요|메뉴판에 있는 게 반은 안 된대요""",
    ("menu", 1): """고르는 재미가 있어요|갈 때마다 새로운 게 나와요|채식하는 친구도 먹을 게 많았어요""",
    (
        "portion",
        0,
    ): """먹고 나와서 편의점 갔어요|성인 남자는 두 개 시켜야 해요|세 젓가락이면 끝|누구 코에 붙이라는 건지|사진의 반만 와요|
고기가 몇 점 안 들어 있어요|간에 기별도 안 가요""",
    (
        "portion",
        1,
    ): """다 못 먹고 싸 왔어요|둘이 하나 시켜도 배불러요|곱빼기 안 시켜도 될 정도|접시가 넘치게 나와요|배 두드리며 나왔어요|
사진보다 더 많이 주셨어요""",
    (
        "price",
        0,
    ): """돈이 아깝네요|돈 아까워요|그 가격이면 다른 데 갑니다|이 돈이면 소고기를 먹지|물가 생각해도 이건 아니죠|계산서 보고 놀랐어요|
커피 한 잔에 밥값이네요|관광지 물가라 그런가 눈탱이 맞은 기분|봉사료까지 따로 받네요|메뉴판이랑 계산 금액이 달라요|가격만 호텔급|
또 올랐네요 가격|지갑 털리고 왔습니다""",
    (
        "price",
        1,
    ): """이 돈에 이 정도면 거저죠|만 원으로 배 터지게 먹었어요|요즘 물가에 이런 집이 없어요|계산하고 나서 잘못 계산한 줄 알았어요|
둘이 먹고 이만 원도 안 나왔어요|돈값 합니다|돈이 하나도 안 아까워요|사장님 남는 게 있으신지 걱정됩니다""",
    (
        "service",
        0,
    ): """불러도 쳐다보지도 않아요|사장님 마인드가 문제네요|손님을 뭘로 보는 건지|물도 안 가져다줘요|계산할 때 불쾌했어요|물 달라고 세 번 말했습니다|
반찬 더 달라니까 한숨 쉬네요|계산하는데 눈도 안 마주쳐요|주문을 두 번이나 잘못 받았어요|인사도 없고 안내도 없어요|
들어가자마자 나가라는 눈치|벨을 눌러도 아무도 안 와요|반말로 주문받네요|손님이 왕은 아니지만 거지도 아닙니다|
우리보다 늦게 온 테이블 먼저 주네요|접시를 던지듯이 놓고 가요|직원들끼리 떠드느라 손님은 안중에도 없음|환불해 달라니까 도리어 화를 내요|
먹고 있는데 치우기 시작하네요|참 대단한 서비스네요 손님이 직접 물 떠다 먹고|알바가 폰만 봐요""",
    (
        "service",
        1,
    ): """말하기도 전에 반찬을 채워 주셨어요|아이 의자부터 챙겨 주시더라고요|문 앞까지 나와서 인사해 주셨습니다|서비스로 음료수도 주셨어요|
실수했는데 바로 사과하고 새로 만들어 주셨어요|웃으면서 맞아 주셔서 기분 좋았어요|단골도 아닌데 기억해 주시네요|메뉴 하나하나 설명해 주셨어요|
우산까지 빌려주셨어요|고기 다 구워 주셔서 편했어요""",
    (
        "taste",
        0,
    ): """먹다가 남기고 나왔어요|맛이 변했어요|이 돈 주고 먹을 맛은 아니에요|제 입맛에는 안 맞았어요|고기에서 냄새가 나서 못 먹었어요|
차라리 편의점 도시락을 먹겠어요|이게 무슨 맛인지 모르겠어요|한 입 먹고 내려놨어요|고무 씹는 줄 알았어요|냉동 데운 맛이에요|
조미료 범벅이에요|물에 소금 탄 맛|내가 끓여도 이것보단 낫겠다|간을 안 보고 내보내나 봐요|튀김에서 쩐내가 나요|고기가 덜 익어서 나왔어요|
소태를 먹는 줄|먹고 밤새 물만 마셨어요|이걸 맛있다고 하는 사람들이 신기하네요|학교 급식이 더 나아요|재료 본연의 맛도 못 살렸네요|
면은 떡이 됐고 국물은 맹물""",
    (
        "taste",
        1,
    ): """국물까지 싹 비웠어요|맛없을 수가 없는 조합|맛도리|존맛탱|JMT|먹자마자 눈이 커졌어요|먹으면서 감탄했어요|접시까지 핥을 뻔|
밥 두 공기 뚝딱했어요|소스까지 긁어 먹었습니다|하나도 안 남기고 다 먹었어요|한 입 먹고 바로 눈 감았어요|미쳤다 이 맛|
먹어 본 것 중에 최고예요|아직도 그 맛이 생각나요|집에 와서도 계속 생각나는 맛|애들이 서로 먹겠다고 싸웠어요|현지에서 먹던 그 맛이에요|
입에 넣자마자 사르르 녹아요|재료 하나하나가 살아 있어요|불향 제대로입니다|밥도둑이 따로 없네요|느끼한 거 못 먹는데 이건 끝까지 먹었어요|
겉바속촉|단짠단짠 완벽 그 자체""",
    (
        "waiting",
        0,
    ): """한 시간 넘게 기다렸어요|서서 기다리게 해놓고 사과도 없네요|두 시간 기다려서 먹을 일인가요|예약했는데도 삼십 분 서 있었어요|
주문하고 사십 분 뒤에 나왔어요|앞에 서른 팀이래요|음식 기다리다 배고파 쓰러질 뻔|번호표 뽑고 한나절""",
    (
        "waiting",
        1,
    ): """줄 서서 먹을 만해요|기다린 보람이 있어요|주문하고 오 분 만에 나왔어요|바로 앉았어요|줄은 긴데 금방 빠져요""",
}
# What a review also tells, of no aspect and without praise or blame; also what is named and not judged.
STORIES = """친구랑 점심에 갔어요|회사 근처라 가끔 들르는 곳|비 오는 날 다녀왔습니다|어제저녁에 네 명이서 갔어요|파스타랑 피자 시켰어요|
아메리카노 두 잔 주문|지나가다 보여서 들어갔어요|인스타 보고 찾아감|생일이라 예약했습니다|월요일은 쉰대요|열한 시에 문 열어요|
사장님이 바뀌셨나 봐요|이층 창가에 앉았어요|부모님 모시고 갔습니다|아이들이랑 같이 감|남편이 가자고 해서 갔어요|퇴근하고 들렀어요|
냉면 하나 만두 하나 시켰습니다|포장해서 집에서 먹었어요|현금만 된대요|작년에 생긴 가게예요|세트 메뉴 시켰고 음료는 콜라로 했어요|
공연 보기 전에 간단히 먹었어요|여행 마지막 날 저녁|배달로 시켜 먹었습니다|친구 추천으로 왔어요|처음 가 봤어요|단체로 갔습니다|
리뷰 이벤트 참여합니다|예약은 전화로 했어요|다음엔 다른 메뉴 먹어 볼게요|맛있으면 또 쓸게요|주차는 건물 뒤에 하면 됩니다|
화장실은 이 층에 있어요|직원이 세 명 있었어요|메뉴는 다섯 가지예요|가격은 만이천 원입니다|영업시간 확인하고 가세요|강아지랑 같이 갔어요|
사진 첨부합니다|밥 먹고 산책했어요|저는 맥주를 친구는 와인을 마셨습니다|라멘 먹으러 갔다가 카레 먹었네요|본점 말고 강남점이요|
점심시간 지나서 갔더니 우리뿐이었어요"""
