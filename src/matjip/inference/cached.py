"""A judge that remembers: the same text is judged once by the same judge."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar, cast

from matjip.inference.judge import Judge
from matjip.inference.task import Task, Verdict

__all__ = ["CachedJudge"]

A = TypeVar("A")
KEY_BYTES = 16  # 128 bits: two texts do not meet
ENTRIES = 50_000  # about 1 KB each with their mentions: tens of megabytes at most


@dataclass(frozen=True, slots=True)
class _Key:
    task: type
    judge: str
    digest: bytes


class CachedJudge:
    """A Judge around a Judge. It keeps digests of texts, never the texts; the least recently used answers go first.

    Verdicts hold words of their text: `clear` after an erasure.
    """

    def __init__(self, inner: Judge, *, entries: int = ENTRIES) -> None:
        self._inner = inner
        self._entries = entries
        self._known: OrderedDict[_Key, Verdict[object]] = OrderedDict()
        self._cleared = 0

    @property
    def name(self) -> str:
        return self._inner.name

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        keys, cleared = [_Key(type(task), self.name, _digest(item)) for item in task.items], self._cleared
        answers = {key: self._known[key] for key in keys if key in self._known}
        missing: dict[_Key, int] = {}
        for place, key in enumerate(keys):
            if key not in answers:
                missing.setdefault(key, place)
        if missing:
            judged = await self._inner.judge(task.among(list(missing.values())))
            answers |= dict(zip(missing, judged, strict=True))
        if self._cleared == cleared:  # else an erasure may have meant these texts
            self._remember(answers)
        return tuple(cast(Verdict[A], answers[key]) for key in keys)

    def clear(self) -> None:
        """Forget every answer."""
        self._cleared += 1
        self._known.clear()

    def _remember(self, answers: dict[_Key, Verdict[object]]) -> None:
        for key, answer in answers.items():
            if answer.instead_of is not None:
                continue  # a fallback's: who was asked may answer next time
            self._known[key] = answer
            self._known.move_to_end(key)
        while len(self._known) > self._entries:
            self._known.popitem(last=False)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()
