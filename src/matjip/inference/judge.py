"""A judge answers a typed question item by item. Wrappers (cache, cascade, fallback) have this shape too."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from matjip.inference.model import Work
from matjip.inference.task import Task, Verdict

__all__ = ["Judge", "JudgeOf"]

A = TypeVar("A")


class Judge(Protocol):
    """Whoever can answer."""

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        """One verdict an item, in the items' order. Never fewer, never an empty stand-in.

        Safe to call on an event loop: long computation leaves it (a thread).
        """
        ...

    @property
    def name(self) -> str:
        """Engine and version, as it stands in a result's provenance: "lite/2026.11"."""
        ...


JudgeOf = Callable[[Work], Awaitable[Judge]]  # who answers this work of a tenant
