"""Korean restaurant sentences as people write who choose their words, and as English reviews read in translation.

"웨이터는 매우 무례했습니다", "이 가격에 이만한 초밥은 찾기 어렵습니다": whole clauses in the formal style, of known aspects.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from training.conjugate import conjugated, subject_particle
from training.lexicon_ko import Opinion

__all__ = ["Made", "generate"]


class Made(NamedTuple):
    """A sentence, whether it praises (1) or blames (0), and the aspects that it speaks of."""

    text: str
    label: int
    aspects: tuple[str, ...]


NOUNS = {
    "taste": "음식|요리|맛|초밥|스시|롤|사시미|피자|파스타|스테이크|버거|햄버거|치킨|닭고기|돼지고기|소고기|양고기|오리 요리|생선|연어|참치|새우|랍스터|바닷가재|"
    "굴|조개|게살|수프|국물|샐러드|소스|빵|베이글|샌드위치|디저트|케이크|치즈케이크|아이스크림|커피|차|와인|칵테일|맥주|마티니|음료|만두|딤섬|국수|면|볶음밥|밥|카레|"
    "커리|타코|부리토|전채|애피타이저|전채 요리|메인 요리|주요리|해산물|감자튀김|립|갈비|팬케이크|오믈렛|달걀|브런치|아침 식사|점심|저녁 식사|식사|치즈|두부|"
    "양념|향신료|재료|태국 음식|인도 음식|중국 음식|이탈리아 음식|일본 음식|한국 음식|멕시코 음식|프랑스 요리|특선 요리|사이드 디쉬|반찬",
    "menu": "메뉴|와인 리스트|와인 목록|음식 선택|선택의 폭|메뉴 구성|코스 메뉴|음료 메뉴|맥주 종류|채식 메뉴|오늘의 특선|프리픽스 메뉴",
    "service": "서비스|직원|직원들|종업원|종업원들|웨이터|웨이트리스|서버|바텐더|지배인|매니저|주인|사장|호스트|호스티스|셰프|요리사|안내 직원|계산원|접객|응대",
    "price": "가격|가격대|음식 값|계산서|청구서|비용|와인 가격|메뉴 가격|점심 특선 가격|술값",
    "portion": "양|음식의 양|1인분의 양|접시에 담긴 양|분량|제공되는 양",
    "atmosphere": "분위기|인테리어|장식|실내 장식|데코|음악|조명|공간|실내|좌석|테이블|의자|전망|정원|테라스|야외 좌석|식당 안|바 자리|방|환경|소음|느낌",
    "cleanliness": "화장실|바닥|식탁|주방|식기|컵|위생 상태|테이블 상태|수저",
    "waiting": "대기 시간|기다리는 시간|줄|대기 줄|예약|자리 안내",
    "location": "위치|주차|주차장|동네|접근성|교통|입지",
    "delivery": "배달|배달 음식|포장|배달 시간|배달 서비스|포장 상태",
}
# aspect → praise / blame: kind (a adjective, h 하다, n noun) and stems
WORDS = {
    "any": (
        "h:훌륭,완벽,대단,탁월,만족,특별|a:좋,괜찮,놀랍,만족스럽,환상적이,인상적이,흠잡을 데 없,기대 이상이,최고이,나무랄 데 없,믿을 수 없을 만큼 좋",
        "h:끔찍,평범,조잡,실망,부족,심각|a:나쁘,형편없,실망스럽,최악이,그저 그렇,좋지 않,별로이,기대 이하이,아쉽,평범하기 짝이 없,엉망이,수준 이하이,만족스럽지 않",
    ),
    "taste": (
        "h:신선,담백,고소,바삭,촉촉,달콤,풍부,쫄깃,정갈,진|a:맛있,부드럽,맛이 깊,일품이,정통이,간이 잘 맞,육즙이 많,입에서 녹는 듯하,완벽하게 조리되어 있,풍미가 가득하",
        "h:느끼,눅눅,퍽퍽,밍밍,미지근,딱딱,건조|a:맛없,짜,싱겁,질기,너무 달,차갑,기름지,너무 익,덜 익,타,맛이 없,신선하지 않,식어 있,아무 맛도 없,먹을 수 없을 정도이",
    ),
    "menu": (
        "h:다양,풍부,독특,흥미|a:색다르,폭넓,창의적이,선택할 것이 많",
        "h:단조,빈약,부실,진부|a:제한적이,선택의 여지가 없,몇 가지뿐이,읽기 어렵,뻔하",
    ),
    "service": (
        "h:친절,세심,상냥,정중,신속,다정,능숙,유쾌,꼼꼼,공손|a:빠르,따뜻하,전문적이,도움이 되,배려심이 깊,예의 바르,항상 웃는 얼굴이,우호적이,주의 깊",
        "h:불친절,무례,무뚝뚝,무심,오만,불쾌,무관심,거만,퉁명,미숙|a:느리,매우 늦,성의 없,어이없,예의 없,찾아볼 수 없,불러도 오지 않,우리를 무시하는 듯하,정신이 없,서두르게 하는 듯하",
    ),
    "price": (
        "h:저렴,적당,적절,타당|a:싸,합리적이,부담이 없,가치가 있,나쁘지 않,놀라울 만큼 싸,착하,지불할 가치가 있",
        "h:과,부당|a:비싸,터무니없,너무 높,부담스럽,지나치게 비싸,값어치를 못 하,바가지이,아깝,과대평가되어 있,그만한 가치가 없",
    ),
    "portion": (
        "h:푸짐,넉넉,충분,거대|a:많,나눠 먹어도 될 만큼 많,후하",
        "h:부족,인색,빈약|a:적,너무 작,아주 적,배가 차지 않을 만큼 적",
    ),
    "atmosphere": (
        "h:아늑,편안,조용,우아,쾌적,로맨틱,근사,차분|a:아름답,멋지,예쁘,낭만적이,매력적이,세련되,고급스럽,활기차,넓,따뜻하,데이트하기에 좋",
        "h:시끌벅적,답답,산만,불편,칙칙,협소,혼잡,지루|a:시끄럽,좁,어둡,춥,덥,너무 붐비,촌스럽,소란스럽,대화하기 어려울 만큼 시끄럽,다닥다닥 붙어 있,낡",
    ),
    "cleanliness": (
        "h:깨끗,청결,깔끔|a:흠 없이 깨끗하",
        "h:지저분,불결|a:더럽,끈적거리는 상태이,냄새가 심하,위생적이지 않",
    ),
    "waiting": ("h:적당|a:짧,길지 않,기다릴 가치가 있", "h:과|a:길,너무 길,끝이 없,참기 어려울 만큼 길"),
    "location": ("h:편리,완벽|a:좋,찾기 쉽,가깝", "h:불편,복잡|a:멀,찾기 어렵,좋지 않"),
    "delivery": ("h:신속,정확,꼼꼼|a:빠르,항상 제시간이", "h:부실|a:느리,늦,항상 늦,식은 채로 오는 편이"),
}
# Whole clauses; the noun of the aspect goes into {}.
WHOLE = {
    (
        "taste",
        1,
    ): "제가 먹어 본 최고의 {} 중 하나입니다|도시에서 가장 맛있는 {}입니다|{}를 꼭 드셔 보세요|{} 하나만으로도 다시 올 이유가 됩니다|{}는 절대 실망시키지 않습니다|"
    "훌륭한 {}|맛있는 {}|환상적인 {}|우리는 모두 {}를 좋아했습니다|{}를 강력히 추천합니다|{}는 항상 신선하고 뜨겁게 나옵니다|{}가 그리워서 또 갔습니다|이렇게 좋은 {}는 다른 곳에서 찾을 수 없습니다",
    (
        "taste",
        0,
    ): "{}를 반도 먹지 못했습니다|{}는 냉동 식품 같았습니다|{}는 추천하지 않겠습니다|{}를 되돌려 보내야 했습니다|이보다 나은 {}는 어디서나 먹을 수 있습니다|"
    "{}는 특별할 것이 없습니다|{}에서 이상한 냄새가 났습니다|끔찍한 {}|형편없는 {}|{}를 먹고 배탈이 났습니다|{}는 기대에 못 미쳤습니다|집에서 만든 {}가 더 낫겠습니다",
    (
        "service",
        1,
    ): "{}가 우리를 가족처럼 맞아 주었습니다|{}가 메뉴를 자세히 설명해 주었습니다|{}는 물잔이 비기 전에 채워 주었습니다|{}가 필요한 것을 먼저 챙겨 주었습니다|"
    "최고의 {}|{} 덕분에 편안한 저녁이었습니다|{}는 우리가 원하는 만큼 머물게 해 주었습니다|{}는 언제나 웃으며 맞이합니다",
    (
        "service",
        0,
    ): "{}가 주문을 잘못 받았습니다|{}를 세 번이나 불러야 했습니다|{}는 우리에게 눈길도 주지 않았습니다|{}가 사과 한마디 없었습니다|물 한 잔 받는 데 이십 분이 걸렸습니다|"
    "주문한 음식을 잊어버렸습니다|{}가 빨리 나가라는 듯 계산서를 던져 놓았습니다|{}에게 팁을 주고 싶지 않았습니다|우리가 앉은 뒤 아무도 오지 않았습니다|{}의 태도가 문제입니다|무례한 {}",
    (
        "price",
        1,
    ): "이 {}에 이 정도면 더 바랄 것이 없습니다|지갑에 부담을 주지 않는 {}입니다|돈이 아깝지 않습니다|낸 돈보다 많은 것을 얻습니다|가격 대비 훌륭합니다|맨해튼에서 이런 {}는 드뭅니다|두 사람이 배불리 먹고도 얼마 나오지 않았습니다|합리적인 {}",
    (
        "price",
        0,
    ): "이 {}라면 다른 곳에 가겠습니다|돈을 낭비했습니다|{}에 비해 얻는 것이 없습니다|음료 한 잔에 이런 {}는 말이 안 됩니다|{}를 보고 깜짝 놀랐습니다|그 돈을 낼 가치가 없습니다|관광객에게 바가지를 씌웁니다|터무니없는 {}",
    (
        "atmosphere",
        1,
    ): "{} 덕분에 특별한 날에 어울립니다|{}에 앉아 있으면 시간 가는 줄 모릅니다|마치 이탈리아에 온 듯한 {}입니다|연인과 함께하기 좋은 곳입니다|친구들과 이야기 나누기 좋은 곳입니다|아늑한 {}|앉아서 쉬기 좋은 작고 귀여운 곳입니다|멋진 {}",
    (
        "atmosphere",
        0,
    ): "{} 때문에 옆 사람 말이 들리지 않았습니다|사람이 너무 많아 움직일 수 없었습니다|{}는 이십 년은 된 것 같습니다|옆 테이블과 어깨가 닿을 정도였습니다|{}는 학교 식당 같았습니다|에어컨이 너무 세서 떨면서 먹었습니다|어두워서 메뉴가 보이지 않았습니다|시끄러운 {}",
    (
        "waiting",
        1,
    ): "기다리지 않고 바로 앉았습니다|줄이 길어도 기다릴 가치가 있습니다|예약 시간에 맞춰 바로 안내받았습니다",
    (
        "waiting",
        0,
    ): "예약을 했는데도 한 시간을 기다렸습니다|자리에 앉기까지 사십오 분이 걸렸습니다|음식이 나오는 데 한 시간이 걸렸습니다|주말에는 줄이 끝없이 이어집니다",
    (
        "portion",
        1,
    ): "혼자 다 먹기 어려울 만큼 나옵니다|남은 음식을 싸 와서 다음 날까지 먹었습니다|둘이 나눠 먹기에 충분합니다",
    (
        "portion",
        0,
    ): "다 먹고도 배가 고팠습니다|한입 크기로 나왔습니다|두 입이면 끝나는 양입니다|나와서 다른 것을 또 사 먹어야 했습니다",
    ("cleanliness", 1): "어디를 봐도 먼지 하나 없습니다|관리가 잘 되어 있습니다",
    (
        "cleanliness",
        0,
    ): "바퀴벌레를 보았습니다|접시에 음식 찌꺼기가 붙어 있었습니다|음식에서 머리카락이 나왔습니다|물컵에 립스틱 자국이 있었습니다",
    (
        "location",
        1,
    ): "지하철역에서 걸어서 갈 수 있습니다|공연 전에 들르기 좋은 곳에 있습니다|동네에 이런 곳이 있어 다행입니다",
    ("location", 0): "주차할 곳이 전혀 없습니다|찾아가기가 너무 힘들었습니다",
    ("delivery", 1): "배달은 언제나 정확하고 따뜻하게 도착합니다|예상보다 일찍 도착했습니다",
    ("delivery", 0): "배달이 두 시간이나 걸렸습니다|주문한 것이 빠진 채 도착했습니다|국물이 새서 도착했습니다",
    (
        "menu",
        1,
    ): "고를 것이 많아 즐겁습니다|다른 곳에서 볼 수 없는 {}를 갖추고 있습니다|채식주의자도 고를 것이 많습니다",
    ("menu", 0): "고를 만한 것이 몇 가지 없습니다|{}는 몇 년째 그대로입니다|원하던 것은 모두 품절이었습니다",
}
NOTHING = {
    1: "다시 갈 것입니다|강력히 추천합니다|또 오고 싶습니다|정말 즐거운 시간을 보냈습니다|이 동네에서 제가 가장 좋아하는 곳입니다|빨리 다시 가고 싶습니다|꼭 가 보세요|완벽한 저녁이었습니다|숨은 보석 같은 곳입니다|"
    "우리는 매우 만족했습니다|몇 년째 단골입니다|기대를 뛰어넘었습니다|후회하지 않을 것입니다|왜 이제야 왔는지 모르겠습니다|절대 실망하지 않습니다|모두가 만족한 모임이었습니다",
    0: "다시는 가지 않을 것입니다|추천하지 않습니다|시간 낭비였습니다|다른 곳을 찾아보세요|크게 실망했습니다|왜 인기가 있는지 모르겠습니다|피하는 것이 좋습니다|두 번 다시 가지 않겠습니다|끔찍한 경험이었습니다|"
    "과대평가된 곳입니다|예전 같지 않습니다|우리는 그냥 나왔습니다|기대가 컸던 만큼 실망도 컸습니다|이 식당은 문을 닫아야 합니다|좋은 평을 이해할 수 없습니다",
}
# Sentences of nothing that we ask for; they go before and between.
STORY = (
    "지난 토요일에 남편과 함께 갔습니다|친구의 생일을 축하하려고 여기에 갔습니다|저는 이 근처에 삽니다|우리는 일곱 시에 예약했습니다|직장 동료들과 점심을 먹었습니다|공연을 보기 전에 들렀습니다|뉴욕을 여행하던 중이었습니다|"
    "처음 가 본 것은 작년이었습니다|우리는 네 명이었습니다|비가 오는 날이었습니다|인터넷에서 보고 찾아갔습니다|우리는 커피를 주문했습니다|저는 파스타를, 친구는 스테이크를 시켰습니다|여름에는 밖에 앉을 수 있습니다|"
    "아이들을 데리고 갔습니다|현금만 받습니다|주문을 마치고 이야기를 나눴습니다|결혼기념일이었습니다|집에 오는 길에 들렀습니다|식사를 마치고 산책을 했습니다"
)
ADVERBS = (
    "",
    "",
    "매우 ",
    "정말 ",
    "아주 ",
    "너무 ",
    "꽤 ",
    "항상 ",
    "언제나 ",
    "상당히 ",
    "굉장히 ",
    "무척 ",
    "전혀 손색없이 ",
    "특히 ",
)
PLACE = ("이 식당의 ", "이곳의 ", "여기 ", "그들의 ", "이 집 ", "이 레스토랑의 ", "", "", "", "", "")
ENDS = ("습니다", "었습니다", "다", "었다", "어요", "었어요", "네요", "었네요", "더라고요")
JOINS = {"same": ("고", "었고", "으며", "고"), "turn": ("지만", "었지만", "은데", "었는데")}
SHARES = {"taste": 6.0, "service": 5.0, "atmosphere": 4.0, "price": 4.0, "menu": 1.5, "portion": 1.5, "waiting": 1.2, "cleanliness": 1.2, "location": 1.0, "delivery": 1.0}  # fmt: skip


def generate(count: int, dice: Random) -> Iterator[Made]:
    """`count` sentences, half praising and half blaming; one in ten speaks of no aspect."""
    made = set()
    while len(made) < count:
        one = _sentence(len(made) % 2, dice)
        if one.text not in made:
            made.add(one.text)
            yield one


def _sentence(label: int, dice: Random) -> Made:
    form = dice.random()
    if form < 0.1:
        return Made(_around(dice.choice(NOTHING[label].split("|")), dice), label, ())
    aspects = [_aspect(dice) for _ in range(dice.choices((1, 2, 3), (6, 4, 1))[0])]
    if form < 0.2 and len(aspects) > 1:  # 음식은 좋았지만 서비스가 끔찍했습니다: the last word counts for the whole
        parts = [_clause(aspects[0], 1 - label, "turn", dice), _clause(aspects[1], label, None, dice)]
        aspects = aspects[:2]
    else:
        parts = [_clause(aspect, label, "same", dice) for aspect in aspects[:-1]] + [
            _clause(aspects[-1], label, None, dice)
        ]
    text = " ".join(parts)
    if dice.random() < 0.15:
        text = f"{text}. {dice.choice(NOTHING[label].split('|'))}"
    return Made(_around(text, dice), label, tuple(sorted(set(aspects))))


def _around(text: str, dice: Random) -> str:
    if dice.random() < 0.2:
        text = f"{dice.choice(STORY.split('|'))}{dice.choice(('. ', '. ', ', ', ' '))}{text}"
    return text + dice.choice((".", ".", "!", ""))


def _aspect(dice: Random) -> str:
    return dice.choices(list(SHARES), list(SHARES.values()))[0]


def _clause(aspect: str, label: int, joined: str | None, dice: Random) -> str:
    noun = dice.choice(NOUNS[aspect].split("|"))
    if dice.random() < 0.25:
        whole = _fitted(dice.choice(WHOLE[aspect, label].split("|")), noun)
        return whole if joined is None else f"{whole}{dice.choice(('.', ',', '.'))}"
    opinion = _opinion(aspect if dice.random() < 0.7 else "any", label, dice)
    said = conjugated(opinion, dice.choice(JOINS[joined] if joined else ENDS))
    if said is None:
        return _clause(aspect, label, joined, dice)
    place = dice.choice(PLACE)
    particle = dice.choice((_topic(noun), _topic(noun), subject_particle(noun), "도"))
    if joined is None and dice.random() < 0.12 and (modifying := conjugated(opinion, "은")):
        return f"{place}{modifying} {noun}{dice.choice(('입니다', '였습니다', '', '가 있는 곳입니다'))}"
    return f"{place}{noun}{particle} {dice.choice(ADVERBS)}{said}"


def _opinion(kind: str, label: int, dice: Random) -> Opinion:
    listed = [group.split(":") for group in WORDS[kind][0 if label else 1].split("|")]
    words = [(mark, stem) for mark, stems in listed for stem in stems.split(",")]
    mark, stem = dice.choice(words)
    if stem.endswith("이"):  # 최고이다, 합리적이다: a noun with its copula
        return Opinion(stem.removesuffix("이"), "noun", 1 if label else -1, (), None)
    return Opinion(stem, "hada" if mark == "h" else "adjective", 1 if label else -1, (), None)


def _topic(noun: str) -> str:
    return "은" if subject_particle(noun) == "이" else "는"


PARTICLES = {"{}를": ("을", "를"), "{}는": ("은", "는"), "{}가": ("이", "가"), "{}라면": ("이라면", "라면")}


def _fitted(pattern: str, noun: str) -> str:
    """The noun in the pattern, its particle as its last letter asks."""
    closed = subject_particle(noun) == "이"
    for mark, (after_consonant, after_vowel) in PARTICLES.items():
        pattern = pattern.replace(mark, "{}" + (after_consonant if closed else after_vowel))
    return pattern.replace("{}", noun)
