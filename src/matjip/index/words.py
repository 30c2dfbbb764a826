"""Text to the tokens that the index counts: Korean by pairs of syllables, the rest by whole words.

A Hangul run becomes its pairs ("국물이" → 국물 물이), so that a stem is found under any ending without a dictionary.
A run of at most two syllables also gives its first ("회가" → 회가 회): a noun of one syllable and its particle.
Other letters and digits become lower-case words without the English plural.
A query's run *stands in* a text that holds its first token: Korean puts the stem first and the endings after it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

__all__ = ["Run", "asked_tokens", "highlights", "runs", "token_number", "tokens"]

RUN = re.compile(r"[가-힣]+|[぀-ヿ㐀-鿿]+|[^\W_가-힣぀-ヿ㐀-鿿]+")
SYLLABIC = re.compile(r"[가-힣぀-ヿ㐀-鿿]")
HANGUL_FIRST = 0xAC00
HANGUL_SYLLABLES = 11_172
HANGUL_PAIRS = HANGUL_SYLLABLES**2  # 124,813,584: every pair has its own number below this, other tokens share the rest
TOKEN_NUMBERS = 2**32
CONJOINING = range(0x1160, 0x1200)  # vowels and finals of Hangul written in pieces (as some file systems do)
SAME_WORD_CHARS = 2  # a shorter common beginning of two Korean words says nothing


class Run(NamedTuple):
    """A piece of one script, lower-case, and where it stands in the text (code points)."""

    text: str
    start: int
    end: int


def runs(text: str) -> Iterator[Run]:
    """The pieces of a text that carry words. Hangul and accents written in pieces are composed; offsets stay the text's."""
    if unicodedata.is_normalized("NFC", text):
        for match in RUN.finditer(text):
            yield Run(match.group().lower(), match.start(), match.end())
    else:
        composed, places = _compose(text)
        for match in RUN.finditer(composed):
            yield Run(match.group().lower(), places[match.start()], places[match.end()])


def tokens(text: str) -> list[str]:
    """Every token of a text, in order, repeated as often as it stands there."""
    composed = text if unicodedata.is_normalized("NFC", text) else _compose(text)[0]
    return [token for piece in RUN.findall(composed) for token in _run_tokens(piece.lower())]


def asked_tokens(run: str) -> Sequence[str]:
    """The tokens of a query's run; a text that holds the first of them holds the run."""
    found = _run_tokens(run)
    return found[:1] if len(run) == SAME_WORD_CHARS else found


@lru_cache(maxsize=100_000)
def token_number(token: str) -> int:
    """A token as 32 bits: exact for two Hangul syllables, a checksum for the rest (of 50,000 words, fewer than one pair meets)."""
    if len(token) == 2 and all(0 <= ord(char) - HANGUL_FIRST < HANGUL_SYLLABLES for char in token):
        return (ord(token[0]) - HANGUL_FIRST) * HANGUL_SYLLABLES + ord(token[1]) - HANGUL_FIRST
    return HANGUL_PAIRS + crc32(token.encode(errors="surrogatepass")) % (TOKEN_NUMBERS - HANGUL_PAIRS)


def highlights(text: str, words: Sequence[str]) -> tuple[list[str], list[tuple[int, int]]]:
    """The words that stand in the text, and the spans where they do, sorted and merged.

    A Korean word is marked as far as its beginning is repeated: 친절한 marks 친절 in 친절하세요.
    """
    pieces = list(runs(text))
    held: list[str] = []
    spans: list[tuple[int, int]] = []
    for word in words:
        found = [span for asked in runs(word) for piece in pieces for span in _marks(asked.text, piece)]
        if found:
            held.append(word)
            spans += found
    return held, _merged(spans)


def _run_tokens(run: str) -> list[str]:
    if not SYLLABIC.match(run):
        return [_singular(run)]
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    return pairs if len(run) > SAME_WORD_CHARS else [*pairs, run[0]]


def _singular(word: str) -> str:
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zes")) else word[:-1]


def _marks(asked: str, piece: Run) -> list[tuple[int, int]]:
    if not SYLLABIC.match(asked):
        return [(piece.start, piece.end)] if _singular(asked) == _singular(piece.text) else []
    exact = len(piece.text) == piece.end - piece.start  # text in pieces is marked by whole runs
    if len(asked) == 1:
        if piece.text.startswith(asked) and len(piece.text) <= SAME_WORD_CHARS:
            return [(piece.start, piece.start + 1 if exact else piece.end)]
        return []
    at = piece.text.find(asked[:SAME_WORD_CHARS])
    if at < 0:
        return []
    if not exact:
        return [(piece.start, piece.end)]
    length = next(size for size in range(len(asked), 1, -1) if asked[:size] in piece.text)
    at = piece.text.find(asked[:length])
    return [(piece.start + at, piece.start + at + length)]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _compose(text: str) -> tuple[str, list[int]]:
    composed: list[str] = []
    places: list[int] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and (unicodedata.combining(text[end]) or ord(text[end]) in CONJOINING):
            continue
        piece = unicodedata.normalize("NFC", text[start:end])
        composed.append(piece)
        places += [start] * len(piece)
        start = end
    return "".join(composed), [*places, len(text)]
