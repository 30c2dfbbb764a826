"""Reviews as data inside a prompt: numbered, one a line, between fences that nobody can guess, without a sign that has a
meaning to a prompt. Every character stands for one of the original, so an offset in the one is an offset in the other."""

import unicodedata
from collections.abc import Sequence
from random import Random

__all__ = ["fenced", "line", "neutral", "new_fence"]

FENCE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
FENCE_LENGTH = 8  # 40 bits: nobody who writes a review can guess it
JOINER = "\u200d"  # holds emoji together
# Signs that open, close or mark something in prompts, chat templates ("<|im_end|>", "[INST]") and JSON.
MEANT = {"<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")", "|": "¦", "`": "'"}
ALIKE = {**MEANT, **dict.fromkeys("«≪⟪《⟨〈", "‹"), **dict.fromkeys("»≫⟫》⟩〉", "›"), **dict.fromkeys("【〔⟦", "(")}
ALIKE |= dict.fromkeys("】〕⟧", ")")


class _Neutral(dict[int, str]):
    """What stands for each character, remembered as it is met."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _neutral(chr(code))
        return found


NEUTRAL = _Neutral()


def neutral(text: str) -> str:
    """The text with other signs for those that mean something, and spaces for lines' ends and what cannot be seen.

    As long as the original: character n stands for character n.
    """
    return text.translate(NEUTRAL)


def new_fence(dice: Random, texts: Sequence[str]) -> str:
    """A word that stands in none of the texts."""
    while True:
        fence = "".join(dice.choices(FENCE_LETTERS, k=FENCE_LENGTH))
        if not any(fence in text for text in texts):
            return fence


def line(number: int, text: str) -> str:
    """One neutral text with its number."""
    return f"[{number}] {text}\n"


def fenced(texts: Sequence[str], fence: str) -> str:
    """Neutral texts, numbered from 1, between their fences."""
    lines = "".join(line(number, text) for number, text in enumerate(texts, start=1))
    return f"<<<{fence}\n{lines}{fence}>>>\n"


def _neutral(character: str) -> str:
    if character in ALIKE:
        return ALIKE[character]
    kind = unicodedata.category(character)
    if kind == "Cs":  # half a pair: no text can be sent that holds it
        return "\ufffd"
    if character == JOINER:
        return character
    if kind in ("Cc", "Cf", "Zl", "Zp"):
        return " "
    plain = unicodedata.normalize("NFKC", character)  # "＜" is read as "<"
    return next((ALIKE[each] for each in plain if each in ALIKE), character)
