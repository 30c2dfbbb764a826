"""A prompt and its completion as they travel between processes: JSON with bounds, read strictly. The path carries the version."""

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from matjip.errors import Invalid
from matjip.inference.model import Completion, Message, Prompt, Role, Urgency, Work

__all__ = [
    "COMPLETIONS_PATH",
    "MODEL_PATH",
    "ModelServed",
    "PromptSent",
    "read_completion",
    "to_json",
    "write_completion",
    "write_prompt",
]

COMPLETIONS_PATH = "/internal/v1/completions"
MODEL_PATH = "/internal/v1/model"
MAX_TOKENS = 10_000_000  # as many as model.max_context_tokens may be
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MessageSent(_Shape):
    """One turn of a conversation."""

    role: Role
    content: str = Field(max_length=MAX_TOKENS)


class WorkSent(_Shape):
    """On whose behalf, and how soon."""

    tenant: Name
    kind: Name
    urgency: Urgency
    weight: float = Field(gt=0, le=1_000, allow_inf_nan=False)


class PromptSent(_Shape):
    """A prompt, as a gateway sends it: all of it but who is told of its first token."""

    model: Name = Field(description="The model that is asked; another one's owner refuses.")
    task: Name
    version: Name = Field(description="Of the prompt's wording.")
    messages: list[MessageSent] = Field(min_length=1, max_length=1_000)
    answer_schema: dict[str, Any] | None = Field(description="JSON schema of the answer.")
    max_tokens: int = Field(ge=1, le=MAX_TOKENS)
    tokens: int = Field(ge=0, le=MAX_TOKENS, description="Of the messages, as counted or estimated before.")
    items: int = Field(ge=0, le=1_000_000)
    work: WorkSent

    def prompt(self) -> Prompt:
        """What was sent."""
        work = self.work
        return Prompt(
            task=self.task,
            version=self.version,
            messages=tuple(Message(each.role, each.content) for each in self.messages),
            schema=self.answer_schema,
            max_tokens=self.max_tokens,
            tokens=self.tokens,
            items=self.items,
            work=Work(tenant=work.tenant, kind=work.kind, urgency=work.urgency, weight=work.weight),
        )


class ModelServed(_Shape):
    """What an owner of engines serves."""

    name: str


def write_prompt(prompt: Prompt, model: str) -> bytes:
    """As `PromptSent` reads it. Raises Invalid where it holds what is no Unicode text."""
    return to_json(
        {
            "model": model,
            "task": prompt.task,
            "version": prompt.version,
            "messages": prompt.messages,
            "answer_schema": None if prompt.schema is None else dict(prompt.schema),
            "max_tokens": prompt.max_tokens,
            "tokens": prompt.tokens,
            "items": prompt.items,
            "work": prompt.work,
        }
    )


def write_completion(completion: Completion) -> bytes:
    """As `read_completion` reads it."""
    return orjson.dumps(completion)


def read_completion(body: bytes) -> Completion | None:
    """None where the bytes hold something else."""
    try:
        return _COMPLETION.validate_json(body)
    except ValidationError:
        return None


def to_json(asked: object) -> bytes:
    """What is sent to a model. Raises Invalid where it holds what is no Unicode text."""
    try:
        return orjson.dumps(asked)
    except TypeError:
        raise Invalid("The prompt holds what is no Unicode text: half of a character (a lone surrogate).") from None


_COMPLETION = TypeAdapter(Completion)
