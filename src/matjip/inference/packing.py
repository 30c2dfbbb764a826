"""Which items share a prompt: by tokens, in order, never more than fit; and where a text that does not fit alone is cut."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from matjip.inference.tokens import TokenCounter

__all__ = ["Batches", "Cut", "cut", "pack"]

SENTENCE_END = re.compile(r"(?<=[.!?。！？…~])\s+|\n+")
CHARS_PER_TOKEN = (
    3.5  # the seed's rule: right for English, 2.6 times too many characters for Korean; packing counts tokens
)
SAMPLE = 50  # reviews that the seed's rule looks at


class Batches:
    """How many reviews one prompt may hold at most, by their length; tokens may allow fewer."""

    MIN_SIZE, MAX_SIZE, DEFAULT_SIZE = 10, 100, 50
    MAX_TOKENS = 4_000  # of a batch

    @classmethod
    def calculate_dynamic_batch_size(cls, reviews: Sequence[str], max_tokens: int = MAX_TOKENS) -> int:
        """From 10 for long reviews to 100 for short ones; 50 where there is none to measure."""
        if not reviews:
            return cls.DEFAULT_SIZE
        sample = reviews[:SAMPLE]
        mean_tokens = max(1.0, sum(map(len, sample)) / len(sample) / CHARS_PER_TOKEN)
        return max(cls.MIN_SIZE, min(int(max_tokens / mean_tokens), cls.MAX_SIZE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A text that was too long for a prompt of its own, and how much of its beginning was kept."""

    place: int  # of the item in its task
    chars: int
    kept_chars: int


def pack(sizes: Sequence[int], *, room: int, most: int) -> list[range]:
    """Neighbours that share a prompt: each range fits the room, and holds `most` items at most.

    An item that is larger than the room stands alone; whoever packs cuts it before.
    """
    packs, start, used = [], 0, 0
    for place, size in enumerate(sizes):
        if place > start and (used + size > room or place - start >= most):
            packs.append(range(start, place))
            start, used = place, 0
        used += size
    if start < len(sizes):
        packs.append(range(start, len(sizes)))
    return packs


async def cut(text: str, counter: TokenCounter, *, room: int) -> str:
    """The longest beginning that ends with a sentence and fits the room; within a sentence where the first does not fit."""
    ends = [match.start() for match in SENTENCE_END.finditer(text)]
    return await _fitting(text, ends, counter, room) or await _fitting(text, range(1, len(text)), counter, room)


async def _fitting(text: str, ends: Sequence[int], counter: TokenCounter, room: int) -> str:
    low, high = 0, len(ends)  # ends[:low] fit
    while low < high:
        middle = (low + high + 1) // 2
        [tokens] = await counter.count([text[: ends[middle - 1]]])
        low, high = (middle, high) if tokens <= room else (low, middle - 1)
    return text[: ends[low - 1]] if low else ""
