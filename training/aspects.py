"""The tables behind aspect finding: Korean opinions conjugated into their surface forms, English words with their aspects."""

from collections.abc import Iterator
from pathlib import Path

import orjson

from matjip.inference.lite.read import OTHER
from training import lexicon_en, lexicon_ko
from training.conjugate import ENDINGS, HONORIFIC, conjugated
from training.grammar_ko import ADVERBS
from training.lexicon_ko import Opinion

__all__ = ["build"]

# What follows these endings has not happened, or was only heard: the surface is recognised and says nothing.
UNREAL = ("을", "으면", "길래", "다고")
MODIFYING = ("은", "는", "던", "었던")
MORE_ADVERBS = (
    "다 더 잘 많이 특히 무척 역시 항상 늘 제일 가장 굉장히 약간 조금 훨씬 상당히 전체적으로 그냥 또 모두 전부 너무너무 참말로 존나 겁나 넘넘 엄청나게 나름 은근 확실히 "
    "지나치게 극도로 대체로 언제나 대단히 비교적 전반적으로 정말로 놀랍도록 몹시 심하게 꾸준히 하나같이 여전히 절대적으로"
)


def build(out: Path) -> dict[str, int]:
    """Write `korean.json` and `english.json`; returns how much is in them."""
    opinions, surfaces = [], {}
    for number, opinion in enumerate(lexicon_ko.OPINIONS):
        opinions.append(
            [dictionary_form(opinion), opinion.polarity, opinion.implies, list(opinion.aspects), _is_strict(opinion)]
        )
        for surface, role in _surfaces(opinion).items():
            surfaces.setdefault(surface.replace(" ", ""), [number, role])
    surfaces |= {phrase: [0, "unreal"] for phrase in _absent()}
    surfaces |= {phrase: [0, "unreal"] for phrase in lexicon_ko.SILENT.split()}
    nouns = dict.fromkeys(lexicon_ko.OTHER_NOUNS.split(), OTHER)
    nouns |= {noun: aspect for aspect, words in lexicon_ko.NOUNS.items() for noun in words.split()}
    tables = {
        "korean": {
            "opinions": opinions,
            "surfaces": surfaces,
            "nouns": nouns,
            "adverbs": sorted({*ADVERBS, *MORE_ADVERBS.split()} - {"개"}),
        },
        "english": {
            "opinions": _english(),
            "nouns": _english_nouns(),
        },
    }
    for language, table in tables.items():
        (out / f"{language}.json").write_bytes(orjson.dumps(table, option=orjson.OPT_SORT_KEYS))
    return {
        "korean_surfaces": len(surfaces),
        "korean_nouns": len(nouns),
        "english_opinions": len(tables["english"]["opinions"]),
    }


def dictionary_form(opinion: Opinion) -> str:
    """진하다, 친절하다, 최고."""
    return opinion.form + {"hada": "하다", "noun": ""}.get(opinion.kind, "다")


def _is_strict(opinion: Opinion) -> bool:
    """Counts only right behind a noun that it goes with: a stem of one syllable, or praise that fits anything."""
    return (len(opinion.form) == 1 and opinion.kind != "noun") or opinion.implies is None


def _surfaces(opinion: Opinion) -> dict[str, str]:
    found = {}
    for ending in ENDINGS:
        if ending in HONORIFIC and "service" not in opinion.aspects:
            continue
        surface = conjugated(opinion, ending)
        if surface and len(surface) > 1:
            found[surface] = "unreal" if ending in UNREAL else "modifying" if ending in MODIFYING else "said"
    for surface in [one for one in found if one.endswith("지는")]:
        found.setdefault(surface.removesuffix("지는") + "진", "said")  # 친절하진 않아요
    if opinion.kind == "noun":
        found[opinion.form + "의"] = "modifying"  # 최고의 초밥
    if len(opinion.form.replace(" ", "")) > 1:
        found.setdefault(opinion.form, "said" if opinion.kind == "noun" else "bare")  # 사장님 불친절
    elif opinion.kind == "noun":
        found.setdefault(opinion.form, "said")
    return found


def _absent() -> Iterator[str]:
    """비린 맛이 없고, 느끼한 맛도 없고: a fault that is not there, and no "맛이 없다"."""
    for opinion in lexicon_ko.OPINIONS:
        fault = conjugated(opinion, "은") if opinion.polarity < 0 and opinion.kind in ("adjective", "hada") else None
        if fault and "taste" in opinion.aspects:
            yield from (
                fault.replace(" ", "") + rest
                for rest in ("맛이없", "맛없", "맛도없", "맛은없", "맛이전혀없", "맛이하나도없")
            )


def _english_nouns() -> dict[str, str]:
    nouns = dict.fromkeys(lexicon_en.OTHER_NOUNS.split("|"), OTHER)
    nouns |= {noun: aspect for aspect, words in lexicon_en.NOUNS.items() for noun in words.split("|")}
    plurals = {noun + "s": aspect for noun, aspect in nouns.items() if not noun.endswith(("s", "h", "y", "ff"))}
    return plurals | nouns


def _english() -> dict[str, list[object]]:
    words: dict[str, list[object]] = {}
    for polarity, listed in zip((1, -1), lexicon_en.ANYWHERE, strict=True):
        for word in listed.split("|"):
            words[word] = [polarity, None, list(lexicon_en.NOUNS)]
    for aspect, (praise, blame) in lexicon_en.OPINIONS.items():
        for polarity, listed in ((1, praise), (-1, blame)):
            for word in listed.split("|"):
                known = words.setdefault(word, [polarity, lexicon_en.IMPLIED.get(word), []])
                if known[0] == polarity and aspect not in known[2]:
                    known[2].append(aspect)
    words |= {phrase: [0, None, []] for phrase in lexicon_en.SILENT.split("|")}
    return words
