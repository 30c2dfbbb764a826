"""Reviews that almost repeat an earlier one: a sign of copying, and no second voice."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matjip.inference.lite.features import normalise

__all__ = ["near_duplicates"]

SHORTEST_CHARS = 20  # "맛있어요" is said by many who never met; below this only chance repeats
SHINGLE_CHARS = 3
HASHES = 64
BANDS = 16  # of 4 hashes: pairs of similarity 0.7 meet in some band with probability 0.988, of 0.6 with 0.89 (1 - (1 - 0.6⁴)¹⁶)
SIMILAR = 0.6  # share of common shingles (Jaccard): a word or two exchanged or moved in a sentence of forty letters
# Texts of one template all meet in one band: the first of them stand for the rest, or the work grows with the square.
MOST_IN_BAND = 8
CODE_BITS = 21  # of a Unicode code point: three of them are one exact 64-bit number
NO_LETTER = re.compile(r"[\W_]+")  # copies differ by blanks and exclamation marks first


def near_duplicates(texts: Sequence[str]) -> list[int | None]:
    """For each text the index of the earliest text that it nearly repeats, else None. Near-linear: MinHash in bands.

    MinHash: A. Broder, On the resemblance and containment of documents, 1997.
    """
    multipliers = np.random.default_rng(0).integers(0, 1 << 63, HASHES, dtype=np.uint64) * 2 + 1
    seen: dict[tuple[int, bytes], list[int]] = {}
    shingles: list[frozenset[int]] = []
    found: list[int | None] = []
    for place, text in enumerate(texts):
        values = _shingles(text)
        mine = frozenset(values.tolist())
        shingles.append(mine)
        found.append(None)
        if not mine:
            continue
        signature = (values[:, None] * multipliers >> np.uint64(32)).min(axis=0).reshape(BANDS, -1)
        bands = [(band, part.tobytes()) for band, part in enumerate(signature)]
        candidates = {earlier for band in bands for earlier in seen.get(band, ())}
        for earlier in sorted(candidates):
            if len(mine & shingles[earlier]) >= SIMILAR * len(mine | shingles[earlier]):
                found[place] = earlier
                break
        else:  # only originals are looked up later: a copy of a copy is a copy of the first
            for band in bands:
                originals = seen.setdefault(band, [])
                if len(originals) < MOST_IN_BAND:
                    originals.append(place)
    return found


def _shingles(text: str) -> NDArray[np.uint64]:
    squeezed = NO_LETTER.sub("", normalise(text))
    if len(squeezed) < SHORTEST_CHARS:
        return np.zeros(0, dtype=np.uint64)
    codes = np.frombuffer(squeezed.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    packed = np.zeros(len(codes) - SHINGLE_CHARS + 1, dtype=np.uint64)
    for start in range(SHINGLE_CHARS):
        packed = (packed << np.uint64(CODE_BITS)) | codes[start : start + len(packed)]
    return packed
