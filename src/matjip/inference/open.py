"""Which model, by configuration: none, or that of one or more servers which speak OpenAI's chat completions."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from matjip.clock import Clock, Ids
from matjip.errors import Fault, Misconfigured
from matjip.inference.breaker import BreakerSettings
from matjip.inference.retried import RetrySettings
from matjip.inference.servers import Servers
from matjip.telemetry.record import Hook

if TYPE_CHECKING:
    from matjip.inference.openai import OpenAIModel
    from matjip.inference.remote import RemoteModel

__all__ = ["ModelSettings", "RemoteSettings", "open_model", "open_remote"]


class ModelSettings(BaseModel, frozen=True, extra="forbid"):
    """Who completes prompts, where more than the built-in models are asked."""

    urls: Servers = Field(
        (), description="Servers of one model, as http://host:8000 (vLLM); several, with commas, share the work."
    )
    remote: Servers = Field(
        (),
        description="Instead of urls: the processes that own the GPUs (matjip serve --role inference), as http://host:8100, one for "
        "each GPU.",
    )
    name: str = Field("", description="The model that the servers call by this name.")
    api_key: SecretStr | None = Field(None, description="Key of the model servers.")
    connect_timeout_s: float = Field(2.0, gt=0, le=60, description="How long a server may take to accept a connection.")
    first_token_timeout_s: float = Field(
        20.0, gt=0, le=600, description="How long it may take until an answer's first token, its own queue included."
    )
    interactive_first_token_timeout_s: float = Field(
        3.0,
        gt=0,
        le=600,
        description="The same where somebody waits for it and another server may be asked instead.",
    )
    between_tokens_timeout_s: float = Field(10.0, gt=0, le=600, description="How long it may pause within an answer.")
    total_timeout_s: float = Field(
        120.0, gt=0, le=3_600, description="How long a whole answer may take, other servers' attempts included."
    )
    interactive_timeout_s: float = Field(
        10.0, gt=0, le=3_600, description="How long a whole answer may take where somebody waits for it."
    )
    rest_s: float = Field(
        10.0, gt=0, le=600, description="How long a server that failed comes last in the choice among several."
    )
    structured: Literal["json_schema", "structured_outputs", "none"] = Field(
        "json_schema",
        description='How an answer\'s JSON schema is sent: "json_schema" (response_format, as OpenAI has it), '
        '"structured_outputs" (vLLM\'s own), or "none" where a server knows neither.',
    )
    sends_priority: bool = Field(
        default=False,
        description="Whether urgency is sent as a priority; vLLM reads it with --scheduling-policy priority.",
    )
    max_context_tokens: int = Field(
        8_192,
        ge=256,
        le=10_000_000,
        description="Tokens of a prompt and its answer that fit the model (--max-model-len).",
    )
    extra: dict[str, object] = Field(
        default_factory=dict,
        description='Fields added to every request, as {"chat_template_kwargs": {"enable_thinking": false}}.',
    )
    retry: RetrySettings = Field(default_factory=RetrySettings, description="What is tried again.")
    breaker: BreakerSettings = Field(default_factory=BreakerSettings, description="When the servers are left alone.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.urls and not self.name:
            raise ValueError("model.urls needs model.name")
        if self.remote and not self.name:
            raise ValueError("model.remote needs model.name")
        if self.urls and self.remote:
            raise ValueError("model.urls or model.remote: two queues before one GPU each believe that it is theirs")
        return self


class RemoteSettings(BaseModel, frozen=True, extra="forbid"):
    """What gateways and the processes that own the GPUs agree on."""

    key: SecretStr | None = Field(
        None,
        min_length=16,
        description="Secret that gateways show to inference roles; without one a role serves loopback alone.",
    )
    silence_s: float = Field(
        5.0, gt=1, le=600, description="How long an inference role may show no sign of life; it gives one each second."
    )


def open_model(
    settings: ModelSettings, *, clock: Clock, new_id: Ids, hooks: Sequence[Hook] = ()
) -> "AbstractAsyncContextManager[OpenAIModel]":
    """The configured model servers. Raises Misconfigured where the package that they need is not installed."""
    with _installed("model.urls"):
        from matjip.inference.openai import OpenAIModel
    return OpenAIModel(settings, clock=clock, new_id=new_id, hooks=hooks)


def open_remote(
    settings: ModelSettings, remote: RemoteSettings, *, clock: Clock, new_id: Ids, hooks: Sequence[Hook] = ()
) -> "AbstractAsyncContextManager[RemoteModel]":
    """The configured owners of engines. Raises Misconfigured as `open_model` does."""
    with _installed("model.remote"):
        from matjip.inference.remote import RemoteModel
    return RemoteModel(settings, remote, clock=clock, new_id=new_id, hooks=hooks)


@contextmanager
def _installed(where: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        fault = Fault(
            where=where,
            wrong=f"is set, which needs the package {error.name}",
            right='it installed: pip install "matjip[model]"',
        )
        raise Misconfigured(str(fault), faults=(fault,)) from error
