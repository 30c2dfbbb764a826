"""The forms of a Korean adjective or verb that a plain sentence uses, from its dictionary form: 진하다 → 진한, 진하고, 진해서.

No form here denies, asks or supposes: 진하지 않은, 진한가, 진하면 are none of them.
"""

import re
from functools import cache

__all__ = ["NO_MORE", "PARTICLES", "inflected"]

NO_MORE = "(?![가-힣A-Za-z0-9])"
PARTICLES = (
    "(?:이라는|라는|으로는|로는|에서는|에서도|에서|에는|에도|에게|께서|으로|까지|이나|이며|이고|이라|입니다|이다|들이|들은|들의|들을|들"
    "|이|가|은|는|을|를|의|도|에|로|와|과|나|고|며|인)"
)
BASE, MEDIALS, FINALS = 0xAC00, 21, 28  # Hangul syllables: initial * 588 + medial * 28 + final
N, L, M, B, SS = 4, 8, 16, 17, 20  # finals ㄴ ㄹ ㅁ ㅂ ㅆ
AH, EO, YEO, OH, WA, UH, WEO, EU, IH = 0, 4, 6, 8, 9, 13, 14, 18, 20  # medials ㅏ ㅓ ㅕ ㅗ ㅘ ㅜ ㅝ ㅡ ㅣ
DARK = {AH: AH, OH: AH}  # the vowel of the infinitive after these is ㅏ, after all others ㅓ
JOINED = {IH: YEO, OH: WA, UH: WEO}  # 시리어 → 시려, 보아 → 봐, 주어 → 줘
ON_STEM = "고|다|다는|다고|다며|다고도|지만|게|는데|네요|는|기"
AFTER_N = "|데|다|다는|다고"
AFTER_FINAL = "은|을|음|은데|으며|습니다|으면서"
AFTER_B = "니다"
AFTER_INFINITIVE = "|서|요|도"
AFTER_PAST = "다|다는|다고|고|던|습니다|지만|으며|는데|음"
VERBAL = "는다|는다는|는다고"


@cache
def inflected(lemma: str) -> str:
    """A pattern of the lemma's forms, each whole; of a word that is no verb, the word with its particles."""
    if not lemma.endswith("다") or len(lemma) < len("크다"):
        return rf"(?:{re.escape(lemma)}(?:{PARTICLES})?{NO_MORE})"
    stem = lemma.removesuffix("다")
    forms = [_ending(stem, ON_STEM)]
    final = _parts(stem[-1])[2]
    if not final or final == L:  # 길다: 긴, 깁니다
        bare = stem[:-1] + _syllable(*_parts(stem[-1])[:2], 0)
        forms += [_ending(_with_final(bare, N), AFTER_N), _with_final(bare, L), _ending(_with_final(bare, B), AFTER_B)]
        forms += [_with_final(bare, M), bare + "며"]
    if final:
        forms += [_ending(stem, AFTER_FINAL), _ending(stem, VERBAL)]
    if final == B:  # 부드럽다: 부드러운
        bare = stem[:-1] + _syllable(*_parts(stem[-1])[:2], 0)
        forms += [bare + "운", bare + "울", bare + "움", bare + "우며", bare + "운데"]
    for infinitive in _infinitives(stem):
        forms += [_ending(infinitive, AFTER_INFINITIVE), _ending(_with_final(infinitive, SS), AFTER_PAST)]
    return f"(?:(?:{'|'.join(forms)}){NO_MORE})"


def _infinitives(stem: str) -> list[str]:
    """진해, 맛있어, 부드러워, 빨라, 커."""
    initial, medial, final = _parts(stem[-1])
    before = stem[:-1]
    if stem.endswith("하"):
        return [before + "해", before + "하여"]
    vowel = DARK.get(medial, EO)
    if final:
        found = [stem + _syllable(11, vowel, 0)]  # 11: the silent initial
        if final == B:
            found.append(before + _syllable(initial, medial, 0) + "워")
        return found
    if stem.endswith("르") and before:
        lead = DARK.get(_parts(before[-1])[1], EO)
        return [_with_final(before, L) + _syllable(5, lead, 0)]  # 5: the initial ㄹ
    if medial == EU:
        lead = DARK.get(_parts(before[-1])[1], EO) if before else EO
        return [before + _syllable(initial, lead, 0)]
    if medial in JOINED:
        return [before + _syllable(initial, JOINED[medial], 0)]
    return [stem]


def _ending(stem: str, endings: str) -> str:
    return f"{re.escape(stem)}(?:{endings})"


def _parts(syllable: str) -> tuple[int, int, int]:
    """Its initial, medial and final. What is no Hangul syllable has a medial that no rule knows."""
    at = ord(syllable) - BASE
    if not 0 <= at < 19 * MEDIALS * FINALS:
        return -1, -1, -1
    return at // (MEDIALS * FINALS), at // FINALS % MEDIALS, at % FINALS


def _syllable(initial: int, medial: int, final: int) -> str:
    return chr(BASE + (initial * MEDIALS + medial) * FINALS + final)


def _with_final(word: str, final: int) -> str:
    initial, medial, _ = _parts(word[-1])
    return word[:-1] + _syllable(initial, medial, final)
