"""Text to hashed features: the one function that training and run time share.

Character n-grams of 1 to 4 across spaces, words and pairs of words; each is hashed to 64 bits and its top `bits` name a bucket.
Character n-grams carry Korean endings and typing errors without a dictionary; words and pairs carry English.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["GOLDEN", "STEP", "Hashed", "hashed", "mixed", "normalise"]

Hashed = tuple[NDArray[np.int32], NDArray[np.int64]]  # (which text, which bucket), one entry an n-gram, grouped by text

LONGEST = 4  # characters; 5 gained nothing on held-out reviews
REPEATED = re.compile(r"(.)\1\1+")
DIGITS = re.compile(r"[0-9]+")
URL = re.compile(r"https?://\S+")

# Odd 64-bit multipliers with well-spread bits (golden ratio; the finaliser's constant is MurmurHash3's, A. Appleby, public domain).
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
STEP = np.uint64(0xC2B2AE3D27D4EB4F)
FINAL = np.uint64(0xFF51AFD7ED558CCD)
KIND = np.uint64(0xD6E8FEB86659FD93)
HALF = np.uint64(33)
WORD_KIND = 101
PAIR_KIND = 102
LONGEST_WORD = 256  # characters that still change a word's hash by their place
POWERS = np.cumprod(np.full(LONGEST_WORD, STEP, dtype=np.uint64))
SPACE = 32


def normalise(text: str) -> str:
    """What two writings of the same review share: composed, lower case, runs shortened, numbers and links made one."""
    text = unicodedata.normalize("NFC", text).lower()
    if "http" in text:
        text = URL.sub(" ", text)
    text = DIGITS.sub("0", REPEATED.sub(r"\1\1", text))
    text = " ".join(text.split())
    return f" {text} " if text else ""


def hashed(texts: Sequence[str], bits: int) -> Hashed:
    """The buckets of every text, in the texts' order. A text without characters has none."""
    ready = [normalise(text) for text in texts]
    lengths = np.fromiter((len(text) for text in ready), dtype=np.int64, count=len(ready))
    codes = np.frombuffer("".join(ready).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(ready), dtype=np.int32), lengths)
    if not len(codes):
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
    letters = mixed(codes * GOLDEN)
    parts = [*_grams(codes, letters, owner), *_words(codes, letters, owner)]
    owners = np.concatenate([part[0] for part in parts])
    hashes = mixed(np.concatenate([part[1] for part in parts]))
    buckets = (hashes * GOLDEN >> np.uint64(64 - bits)).astype(np.int64)
    order = np.argsort(owners, kind="stable")
    return owners[order], buckets[order]


def mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes with their high bits spread over the low ones."""
    hashes = (hashes ^ (hashes >> HALF)) * FINAL
    return hashes ^ (hashes >> HALF)


Part = tuple[NDArray[np.int32], NDArray[np.uint64]]  # whose, and numbers that are yet to be mixed


def _grams(codes: NDArray[np.uint64], letters: NDArray[np.uint64], owner: NDArray[np.int32]) -> list[Part]:
    rolling = np.zeros(len(codes), dtype=np.uint64)
    found = []
    for size in range(1, min(LONGEST, len(codes)) + 1):
        last = len(codes) - size + 1
        rolling = rolling[:last] * STEP + letters[size - 1 :]
        inside = owner[:last] == owner[size - 1 :]
        if size == 1:
            inside &= codes != SPACE
        found.append((owner[:last][inside], rolling[inside] + _of_kind(size)))
    return found


def _words(codes: NDArray[np.uint64], letters: NDArray[np.uint64], owner: NDArray[np.int32]) -> list[Part]:
    space = codes == SPACE
    starts = np.flatnonzero(space[:-1] & ~space[1:]) + 1
    if not len(starts):
        return []
    ordinal = np.cumsum(np.bincount(starts, minlength=len(codes))) - 1
    place = np.minimum(np.arange(len(codes)) - starts[np.maximum(ordinal, 0)], LONGEST_WORD - 1)
    weighed = letters * POWERS[np.maximum(place, 0)]
    weighed[space] = 0
    words = np.add.reduceat(weighed, starts)
    owners = owner[starts]
    together = owners[:-1] == owners[1:]
    pairs = words[:-1] * STEP + words[1:]
    return [(owners, words + _of_kind(WORD_KIND)), (owners[:-1][together], pairs[together] + _of_kind(PAIR_KIND))]


@cache
def _of_kind(kind: int) -> np.uint64:
    """What sets a kind of feature apart from the others."""
    return np.uint64(kind * int(KIND) & 0xFFFFFFFFFFFFFFFF)
