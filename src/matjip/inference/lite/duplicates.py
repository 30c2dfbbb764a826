"""Reviews that almost repeat an earlier one: a sign of copying, and no second voice."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

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
BATCH = 20  # texts hashed at once: some 600 KB
NO_LETTER = re.compile(r"[\W_]+")  # copies differ by blanks and exclamation marks first


def near_duplicates(texts: Sequence[str]) -> list[int | None]:
    """For each text the index of the earliest text that it nearly repeats, else None. Near-linear: MinHash in bands.

    MinHash: A. Broder, On the resemblance and containment of documents, 1997.
    """
    if len(texts) < 2:
        return [None] * len(texts)
    seen: dict[int, list[int]] = {}
    shingles: list[NDArray[np.uint64]] = []
    found: list[int | None] = []

    @cache
    def said(place: int) -> frozenset[int]:
        return frozenset(shingles[place].tolist())

    for place, (values, bands) in enumerate(_read(texts)):
        shingles.append(values)
        candidates = {earlier for band in bands if band in seen for earlier in seen[band]}
        for earlier in sorted(candidates):
            if len(said(place) & said(earlier)) >= SIMILAR * len(said(place) | said(earlier)):
                found.append(earlier)
                break
        else:  # only originals are looked up later: a copy of a copy is a copy of the first
            found.append(None)
            for band in bands:
                originals = seen.setdefault(band, [])
                if len(originals) < MOST_IN_BAND:
                    originals.append(place)
    return found


def _read(texts: Sequence[str]) -> Iterator[tuple[NDArray[np.uint64], list[int]]]:
    """Each text's shingles and one number a band of its hashes; neither of a text that is too short to tell anything."""
    numbers = np.random.default_rng(0).integers(0, 1 << 63, 2 * HASHES, dtype=np.uint64) * 2 + 1
    multipliers, mixers = numbers[:HASHES], numbers[HASHES:].reshape(BANDS, -1)
    for start in range(0, len(texts), BATCH):
        some = [_shingles(text) for text in texts[start : start + BATCH]]
        long = [values for values in some if len(values)]
        bands: Iterator[list[int]] = iter(())
        if long:
            hashes = np.concatenate(long)[:, None] * multipliers >> np.uint64(32)
            least = np.minimum.reduceat(hashes, np.cumsum([0, *map(len, long)])[:-1])
            bands = iter((least.reshape(-1, BANDS, HASHES // BANDS) * mixers).sum(axis=2).tolist())
        for values in some:
            yield values, next(bands) if len(values) else []


def _shingles(text: str) -> NDArray[np.uint64]:
    squeezed = NO_LETTER.sub("", normalise(text))
    if len(squeezed) < SHORTEST_CHARS:
        return np.zeros(0, dtype=np.uint64)
    codes = np.frombuffer(squeezed.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    packed = np.zeros(len(codes) - SHINGLE_CHARS + 1, dtype=np.uint64)
    for start in range(SHINGLE_CHARS):
        packed = (packed << np.uint64(CODE_BITS)) | codes[start : start + len(packed)]
    return packed
