"""A model turns a prompt into a completion. Wrappers (retry, breaker, schedule, meter) have this shape too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from matjip.caller import DEFAULT_TENANT

__all__ = [
    "NOBODYS",
    "Completion",
    "Finish",
    "Message",
    "Model",
    "Prompt",
    "Role",
    "Timing",
    "TokenUsage",
    "Urgency",
    "Work",
    "least_urgent",
]

Role = Literal["system", "user", "assistant"]
Urgency = Literal["interactive", "batch", "background"]  # somebody waits; a job was asked for; nobody asked
Finish = Literal["stop", "length"]  # it ended by itself, or was cut at max_tokens


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """On whose behalf a model is asked, and how soon. Whoever starts the work says it; it changes no answer."""

    tenant: str
    kind: str  # the analysis or endpoint: "sentiment", "summary", "strengths", "search"
    urgency: Urgency = "batch"
    weight: float = 1.0  # of the tenant's plan


NOBODYS = Work(tenant=DEFAULT_TENANT, kind="other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Everything that is sent to a model for one completion."""

    task: str  # "sentiment", "aspects", "claim", "summary", "query": names a metric, never text of a review
    version: str  # of the prompt's wording, as it stands in a result's provenance: "sentiment/1"
    messages: tuple[Message, ...]
    schema: Mapping[str, object] | None = field(default=None, hash=False)  # JSON schema of the answer
    max_tokens: int
    tokens: int  # of the messages, as counted or estimated before
    work: Work = NOBODYS
    items: int = 1  # that it asks about
    heard: Callable[[], None] | None = field(default=None, compare=False)  # called once its first token has come

    @property
    def urgency(self) -> Urgency:
        return self.work.urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """What the server counted."""

    prompt: int
    completion: int
    cached: int = 0  # of the prompt, found in the server's prefix cache
    is_estimate: bool = False  # the server did not say: the prompt's own number, and the answer's events


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds from sending."""

    first_token_s: float | None  # None where the answer held no token
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model answered."""

    text: str
    finish: Finish
    model: str  # name and version, as the server says
    usage: TokenUsage
    timing: Timing
    replica: str = ""  # which of several servers


class Model(Protocol):
    """Whoever completes prompts."""

    @property
    def name(self) -> str:
        """As it stands in provenance and cache keys."""
        ...

    async def complete(self, prompt: Prompt) -> Completion:
        """The whole answer. Cancelling the call ends the work at the server.

        Raises Unavailable (with `retry_after_s` where the server said so) when it does not answer in time or at all, and
        Invalid when it refuses this prompt, which no repetition changes.
        """
        ...


def least_urgent(*urgencies: Urgency) -> Urgency:
    """The one that can wait longest: whoever asks may ask for less than his place allows, never for more."""
    order: tuple[Urgency, ...] = get_args(Urgency)
    return max(urgencies, key=order.index)
