"""Korean restaurant sentences with a known polarity, made by a grammar: what no licence-clean corpus holds enough of."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from training.conjugate import FINAL, HONORIFIC, JOINING, conjugated, subject_particle
from training.lexicon_ko import NOUNS, OPINIONS, PRAISE, REGRET, STORIES, TOLD, Opinion

__all__ = ["Made", "generate", "generate_labelled", "with_mood"]

ADVERBS = (
    "정말",
    "너무",
    "진짜",
    "아주",
    "꽤",
    "완전",
    "엄청",
    "참",
    "좀",
    "매우",
    "되게",
    "넘",
    "생각보다",
    "ㄹㅇ",
    "개",
    "살짝",
)
CHEER = ("!", "!!", "~", " ㅎㅎ", " ㅋㅋ", "^^", " 👍", "👍👍", " 😋", " 😍", "❤️", " 🥰", "ㅎ")
GROAN = ("..", "...", " ㅠㅠ", " ㅡㅡ", ";;", " 😡", " 🤮", " 👎", " 😭", "ㅜㅜ", " 💢", " 휴")
WEIGHTS = {"taste": 5.0, "menu": 1.0, "service": 3.0, "price": 2.0, "portion": 1.5, "atmosphere": 2.5, "cleanliness": 1.5,
           "waiting": 1.5, "location": 1.0, "delivery": 1.5}  # fmt: skip
HEARSAY = (
    "맛있다고 해서 갔는데",
    "맛집이라길래 왔더니",
    "친절하다더니",
    "유명하다고 해서 갔다가",
    "가성비 좋다길래 시켰는데",
    "평이 좋아서 갔는데",
)
ONCE = (
    "예전엔 맛있었는데",
    "전에는 친절했는데",
    "처음엔 좋았는데",
    "오픈 초엔 괜찮았는데",
    "작년까지는 양도 많았는데",
    "옛날엔 단골이었는데",
)
TURN = ("지금은", "이젠", "요즘은", "갈수록", "이번엔")
FEAR = (
    "걱정했는데",
    "기대 안 했는데",
    "별로일 줄 알았는데",
    "비쌀 줄 알았는데",
    "시끄러울까 봐 걱정했는데",
    "웨이팅 길까 걱정했는데",
)


STORY_SHARE = 0.1  # of the labelled sentences


class Made(NamedTuple):
    """A sentence, whether it praises (1), blames (0) or does neither (None), and the aspects that it speaks of."""

    text: str
    label: int | None
    aspects: tuple[str, ...]


def generate(count: int, dice: Random) -> Iterator[tuple[str, int]]:
    """`count` distinct sentences, half praising (1) and half blaming (0)."""
    for made in _distinct(count, dice):
        assert made.label is not None
        yield made.text, made.label


def generate_labelled(count: int, dice: Random) -> Iterator[Made]:
    """`count` distinct sentences with the aspects of all their clauses; one in ten tells a story of no aspect."""
    yield from _distinct(count - round(count * STORY_SHARE), dice)
    seen: set[str] = set()
    while len(seen) < round(count * STORY_SHARE):
        parts = dice.sample(STORIES.replace("\n", "").split("|"), dice.choice((1, 2, 2, 3)))
        text = _roughened(dice.choice((" ", ". ", ", ", ".. ")).join(part.strip() for part in parts), dice)
        if text not in seen:
            seen.add(text)
            yield Made(text, None, ())


def _distinct(count: int, dice: Random) -> Iterator[Made]:
    words = {aspect: nouns.split() for aspect, nouns in NOUNS.items()}
    stock = _stock()
    seen: set[str] = set()
    for made in (*stock[1], *stock[0]):
        if made.text not in seen and len(seen) < count:
            seen.add(made.text)
            yield made
    while len(seen) < count:
        made = _sentence(len(seen) % 2, words, stock, dice)
        made = made._replace(text=_roughened(made.text, dice))
        if made.text not in seen:
            seen.add(made.text)
            yield made


def _stock() -> dict[int, list[Made]]:
    """The whole sentences of the lexicon by label."""
    stock = {
        label: [Made(text.strip(), label, ()) for text in texts.replace("\n", "").split("|")]
        for label, texts in ((1, PRAISE), (0, REGRET))
    }
    for (aspect, label), texts in TOLD.items():
        stock[label] += [Made(text.strip(), label, (aspect,)) for text in texts.replace("\n", "").split("|")]
    return stock


def _joined(label: int, parts: list[Made], between: str) -> Made:
    aspects = sorted({aspect for part in parts for aspect in part.aspects})
    return Made(between.join(part.text for part in parts), label, tuple(aspects))


def _sentence(label: int, words: dict[str, list[str]], stock: dict[int, list[Made]], dice: Random) -> Made:
    form = dice.random()
    if form < 0.05 and not label:
        return _after(dice.choice(HEARSAY), _clause(0, words, dice, final=True))
    if form < 0.09 and not label:
        return _after(f"{dice.choice(ONCE)} {dice.choice(TURN)}", _clause(0, words, dice, final=True))
    if form < 0.05:
        return _after(dice.choice(FEAR), _clause(1, words, dice, final=True))
    if form < 0.16:
        return _bare(label, words, dice)
    clauses = dice.choices((1, 2, 3), (4, 4, 1))[0]
    parts = [_clause(label, words, dice, final=False) for _ in range(clauses - 1)]
    made = _joined(label, [*parts, _clause(label, words, dice, final=True)], " ")
    if form < 0.42:
        joint = dice.choice((" ", ". ", "! ", ".. "))
        pair = [made, dice.choice(stock[label])]
        if dice.random() < 0.3:
            pair.reverse()
        made = _joined(label, pair, joint)
    return made


def _after(lead: str, made: Made) -> Made:
    return made._replace(text=f"{lead} {made.text}")


def _opinion(label: int, aspect: str, dice: Random) -> Opinion:
    fitting = [item for item in OPINIONS if aspect in item.aspects and (item.polarity == 1) == bool(label)]
    return dice.choice(fitting)


def _clause(label: int, words: dict[str, list[str]], dice: Random, *, final: bool) -> Made:
    aspect = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    noun = dice.choice(words[aspect])
    ending = dice.choice(list(FINAL if final else JOINING)[: 14 if final else 9])
    turned = dice.random()
    if turned < 0.1:  # 비싸지 않아요: the opposite opinion, denied
        opinion = _opinion(1 - label, aspect, dice)
        denial = conjugated(opinion, "지") if opinion.kind != "noun" else None
        said = (
            denial
            and f"{denial} {dice.choice(('않아요', '않네요', '않았어요', '않음', '않습니다')) if final else '않고'}"
        )
    elif turned < 0.14:  # 안 친절해요
        opinion = _opinion(1 - label, aspect, dice)
        said = conjugated(opinion, ending) if opinion.kind in ("adjective", "hada") else None
        said = said and f"{dice.choice(('안', '별로 안', '하나도 안', '전혀 안'))} {said}"
    else:
        opinion = _opinion(label, aspect, dice)
        if aspect == "service" and opinion.kind == "hada" and dice.random() < 0.4:
            ending = dice.choice(list(HONORIFIC)[1:5] if final else ["시고", "셔서"])
        said = conjugated(opinion, ending)
        if said and dice.random() < 0.45:
            said = f"{dice.choice(ADVERBS)} {said}"
    if not said:
        return _clause(label, words, dice, final=final)
    if turned > 0.9 and opinion.kind in ("adjective", "hada") and final:  # 친절한 직원, 맛있는 국물
        modifying = conjugated(opinion, "는" if opinion.form.endswith(("있", "없")) else "은")
        return Made(f"{modifying} {noun}", label, (aspect,))
    particle = dice.choice((subject_particle(noun), subject_particle(noun), "도", _topic(noun), ""))
    return Made(f"{noun}{particle} {said}", label, (aspect,))


def _topic(noun: str) -> str:
    return "은" if subject_particle(noun) == "이" else "는"


def _bare(label: int, words: dict[str, list[str]], dice: Random) -> Made:
    """Notes without endings: 사장님 불친절, 양 많음, 맛 굿."""
    parts = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        aspect = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        opinion = _opinion(label, aspect, dice)
        said = opinion.form if opinion.kind in ("hada", "noun") else conjugated(opinion, "음")
        if said and opinion.implies and dice.random() < 0.3:
            parts.append(Made(said, label, (opinion.implies,)))
        elif said:
            parts.append(Made(f"{dice.choice(words[aspect])} {said}", label, (aspect,)))
    return _joined(label, parts, dice.choice((" ", ", ", " / ")))


def _roughened(text: str, dice: Random) -> str:
    """As typed on a telephone: spaces lost, vowels slurred, laughter and emoji at the end."""
    rough = dice.random()
    if rough < 0.12:
        text = text.replace(" ", "")
    elif rough < 0.3:
        text = "".join("" if letter == " " and dice.random() < 0.35 else letter for letter in text)
    if dice.random() < 0.06:
        text = text.replace("요", dice.choice(("용", "여", "욥")))
    if dice.random() < 0.04:
        text = text.replace("맛있", dice.choice(("마싯", "맛잇", "마싰")))
    return text


def with_mood(text: str, label: int, dice: Random) -> str:
    """The sentence with a cheer or a groan behind it, now and then."""
    return text + dice.choice(CHEER if label else GROAN) if dice.random() < 0.25 else text
