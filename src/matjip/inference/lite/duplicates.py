"""Reviews that almost repeat an earlier one: a sign of copying, and no second voice."""

import re
from collections.abc import Sequence

import numpy as np

from matjip.inference.lite.features import normalise

__all__ = ["near_duplicates"]

SHORTEST_CHARS = 20  # "맛있어요" is said by many who never met; below this only chance repeats
SHINGLE_CHARS = 3
HASHES = 64
BANDS = 16  # of 4 hashes: pairs of similarity 0.7 meet in some band with probability 0.988 (1 - (1 - 0.7⁴)¹⁶)
SIMILAR = 0.7  # share of common shingles (Jaccard): a word exchanged or moved in a sentence of forty letters
NO_LETTER = re.compile(r"[\W_]+")  # copies differ by blanks and exclamation marks first


def near_duplicates(texts: Sequence[str]) -> list[int | None]:
    """For each text the index of the earliest text that it nearly repeats, else None. Near-linear: MinHash in bands.

    MinHash: A. Broder, On the resemblance and containment of documents, 1997.
    """
    multipliers = np.random.default_rng(0).integers(1, 1 << 31, HASHES, dtype=np.int64) * 2 + 1
    seen: dict[tuple[int, bytes], list[int]] = {}
    shingles: list[frozenset[str]] = []
    found: list[int | None] = []
    for place, text in enumerate(texts):
        mine = _shingles(text)
        shingles.append(mine)
        found.append(None)
        if not mine:
            continue
        values = np.fromiter((hash_of(shingle) for shingle in mine), dtype=np.int64, count=len(mine))
        signature = ((values[:, None] * multipliers) >> 7).min(axis=0).reshape(BANDS, -1)
        bands = [(band, part.tobytes()) for band, part in enumerate(signature)]
        candidates = {earlier for band in bands for earlier in seen.get(band, ())}
        for earlier in sorted(candidates):
            if len(mine & shingles[earlier]) >= SIMILAR * len(mine | shingles[earlier]):
                found[place] = earlier
                break
        else:  # only originals are looked up later: a copy of a copy is a copy of the first
            for band in bands:
                seen.setdefault(band, []).append(place)
    return found


def hash_of(shingle: str) -> int:
    """The same number in every process (Python's own hash of a string is not)."""
    value = 0
    for letter in shingle:
        value = (value * 1_000_003 + ord(letter)) & 0x7FFFFFFF
    return value


def _shingles(text: str) -> frozenset[str]:
    squeezed = NO_LETTER.sub("", normalise(text))
    if len(squeezed) < SHORTEST_CHARS:
        return frozenset()
    return frozenset(squeezed[start : start + SHINGLE_CHARS] for start in range(len(squeezed) - SHINGLE_CHARS + 1))
