"""Where the answers of models and embedders are remembered, by configuration: in this process, or in a Redis that a fleet shares."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field, SecretStr, field_validator

from matjip.clock import Clock
from matjip.errors import Fault, Misconfigured
from matjip.inference.answers_store import AnswersStore, MemoryAnswers

__all__ = ["AnswersSettings", "open_answers"]

BYTES_A_MB = 1_000_000
DAY_S = 24 * 3_600.0


class AnswersSettings(BaseModel, frozen=True, extra="forbid"):
    """How a model's answers are remembered, and an embedding server's vectors."""

    redis_url: SecretStr = Field(
        SecretStr(""), description="redis://host:6379/0, shared by a fleet; empty: this process remembers for itself."
    )
    memory_mb: float = Field(
        64.0, gt=0, le=100_000, description="Memory that a model's answers take where there is no Redis, at most."
    )
    days: float = Field(30.0, gt=0, le=3_650, description="How long an answer or a vector is remembered.")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("redis://host:6379/0, or rediss:// with TLS")
        return url

    @property
    def ttl_s(self) -> float:
        return self.days * DAY_S


@asynccontextmanager
async def open_answers(
    settings: AnswersSettings, clock: Clock, *, memory_mb: float | None = None
) -> AsyncIterator[AnswersStore]:
    """The configured store, of so much memory where it is in this process. Raises Misconfigured where the package that it needs is not installed."""
    url = settings.redis_url.get_secret_value()
    if not url:
        yield MemoryAnswers(
            clock, max_bytes=round((settings.memory_mb if memory_mb is None else memory_mb) * BYTES_A_MB)
        )
        return
    try:
        from matjip.inference.redis_answers import RedisAnswers
    except ModuleNotFoundError as error:
        fault = Fault(
            where="answers.redis_url",
            wrong=f"is set, which needs the package {error.name}",
            right='it installed: pip install "matjip[redis]"',
        )
        raise Misconfigured(str(fault), faults=(fault,)) from error
    async with RedisAnswers.open(url, clock) as opened:
        yield opened
