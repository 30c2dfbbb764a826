"""Which language a review is written in, by its script: enough to choose words and filters, not a linguist."""

import re

__all__ = ["language_of"]

HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
KANA = re.compile("[\u3040-\u30ff]")
HAN = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]")
KOREAN_SHARE = 0.2  # Korean reviews name dishes in Latin letters; English ones seldom hold Hangul


def language_of(text: str) -> str:
    """ko, en, ja or zh by the script of its letters; "und" without letters that tell."""
    hangul, latin = len(HANGUL.findall(text)), len(LATIN.findall(text))
    kana, han = len(KANA.findall(text)), len(HAN.findall(text))
    letters = hangul + latin + kana + han
    if not letters:
        return "und"
    if hangul >= KOREAN_SHARE * letters:
        return "ko"
    if kana:
        return "ja"
    return "zh" if han > latin else "en"
