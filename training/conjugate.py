"""Korean conjugation through Kiwi, at build time only: it takes some 400 MB, a table of surface forms takes none."""

from functools import cache

from kiwipiepy import Kiwi

from training.lexicon_ko import Opinion

__all__ = ["ENDINGS", "FINAL", "JOINING", "conjugated", "object_particle", "subject_particle"]

# Endings by how a clause goes on: (form, Kiwi's tag); a pair is past tense first.
FINAL = {
    "어요": [("어요", "EF")],
    "습니다": [("습니다", "EF")],
    "네요": [("네요", "EF")],
    "음": [("음", "ETN")],
    "다": [("다", "EF")],
    "더라고요": [("더라고요", "EF")],
    "더라구요": [("더라구요", "EF")],
    "었어요": [("었", "EP"), ("어요", "EF")],
    "었습니다": [("었", "EP"), ("습니다", "EF")],
    "었음": [("었", "EP"), ("음", "ETN")],
    "었네요": [("었", "EP"), ("네요", "EF")],
    "었다": [("었", "EP"), ("다", "EF")],
    "어": [("어", "EF")],
    "었어": [("었", "EP"), ("어", "EF")],
    "지": [("지", "EF")],
    "거든요": [("거든요", "EF")],
    "나요": [("나요", "EF")],
    "군요": [("군요", "EF")],
}
JOINING = {
    "고": [("고", "EC")],
    "어서": [("어서", "EC")],
    "으며": [("으며", "EC")],
    "은데": [("은데", "EC")],
    "지만": [("지만", "EC")],
    "었고": [("었", "EP"), ("고", "EC")],
    "었는데": [("었", "EP"), ("는데", "EC")],
    "었지만": [("었", "EP"), ("지만", "EC")],
    "구": [("구", "EC")],
    "으면": [("으면", "EC")],
    "게": [("게", "EC")],
    "지는": [("지", "EC"), ("는", "JX")],
    "지도": [("지", "EC"), ("도", "JX")],
    "기도": [("기", "ETN"), ("도", "JX")],
    "길래": [("길래", "EC")],
    "다고": [("다고", "EC")],
}
MODIFYING = {
    "은": [("은", "ETM")],
    "는": [("는", "ETM")],
    "던": [("던", "ETM")],
    "을": [("을", "ETM")],
    "었던": [("었", "EP"), ("던", "ETM")],
}
HONORIFIC = {
    "시고": [("시", "EP"), ("고", "EC")],
    "세요": [("시", "EP"), ("어요", "EF")],
    "셨어요": [("시", "EP"), ("었", "EP"), ("어요", "EF")],
    "십니다": [("시", "EP"), ("습니다", "EF")],
    "시네요": [("시", "EP"), ("네요", "EF")],
    "시고요": [("시", "EP"), ("고요", "EF")],
    "셔서": [("시", "EP"), ("어서", "EC")],
}
ENDINGS = FINAL | JOINING | MODIFYING | HONORIFIC
NOUN_ENDINGS = {
    "어요": "이에요", "습니다": "입니다", "네요": "이네요", "음": "임", "다": "이다", "었어요": "이었어요", "었습니다": "이었습니다",
    "었음": "이었음", "었네요": "이었네요", "었다": "이었다", "고": "이고", "은데": "인데", "지만": "이지만", "었고": "이었고",
    "었는데": "이었는데", "은": "인", "더라고요": "이더라고요", "더라구요": "이더라구요", "어": "이야", "지": "이지",
}  # fmt: skip


@cache
def _kiwi() -> Kiwi:
    return Kiwi(load_multi_dict=False, load_typo_dict=False)


@cache
def conjugated(opinion: Opinion, ending: str) -> str | None:
    """The opinion with this ending, or None where they do not go together."""
    if opinion.kind == "noun":
        return _noun(opinion.form, ending)
    before, stem = opinion.form.rpartition(" ")[::2]
    before = before + " " if before else ""
    if opinion.kind == "hada":
        morphs = [(stem, "XR"), ("하", "XSA")]
    else:
        morphs = [(stem, "VV" if opinion.kind == "verb" else _adjective(stem))]
    if opinion.kind != "verb" and ending == "는" and not stem.endswith(("있", "없")):
        return None
    ends = ENDINGS[ending]
    if ending == "은데" and (opinion.kind == "verb" or stem.endswith(("있", "없"))):
        ends = [("는데", "EC")]
    joined = _kiwi().join([*morphs, *ends])
    return before + str(joined)


def _adjective(stem: str) -> str:
    # Adjectives in ㅂ lose it before a vowel (가깝다, 가까워요); Kiwi marks the irregular class by a tag of its own.
    final = (ord(stem[-1]) - 0xAC00) % 28
    irregular = (final == 17 and stem[-1] not in "좁") or stem.endswith(("그렇",))
    return "VA-I" if irregular else "VA"


def _noun(form: str, ending: str) -> str | None:
    tail = NOUN_ENDINGS.get(ending)
    if tail is None:
        return None
    if not _closed(form) and tail.startswith("이"):
        contracted = {
            "이에요": "예요",
            "이었어요": "였어요",
            "이었습니다": "였습니다",
            "이네요": "네요",
            "이었는데": "였는데",
        }
        tail = contracted.get(tail, tail)
    return form + tail


def _closed(word: str) -> bool:
    return "가" <= word[-1] <= "힣" and (ord(word[-1]) - 0xAC00) % 28 != 0


def subject_particle(noun: str) -> str:
    """이 or 가."""
    return "이" if _closed(noun) else "가"


def object_particle(noun: str) -> str:
    """을 or 를."""
    return "을" if _closed(noun) else "를"
