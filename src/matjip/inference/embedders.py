"""Which text embedder, by configuration: the built-in one, or a model behind embedding servers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from matjip.clock import Clock
from matjip.errors import Fault, Misconfigured
from matjip.inference.embedder import Embedder
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.servers import Servers
from matjip.telemetry.record import Hook

__all__ = ["EmbedderSettings", "Embedders", "Role", "open_embedders"]

Role = Literal["document", "query"]


class EmbedderSettings(BaseModel, frozen=True, extra="forbid"):
    """Who turns texts into vectors."""

    urls: Servers = Field(
        (),
        description="Embedding servers of one model, as http://host:8000 (vLLM); several, with commas, share the work. "
        "Without one the built-in embedder does it. Another embedder means `matjip rebuild-index --new-embedder`.",
    )
    name: str = Field("", description="The model that the servers call by this name.")
    dimensions: int | None = Field(None, ge=1, le=16_384, description="Numbers in each of the model's vectors.")
    api_key: SecretStr | None = Field(None, description="Key of the embedding servers.")
    document_prefix: str = Field(
        "",
        max_length=1_000,
        description='What the model wants before a review, as "passage: " (e5). Another means a rebuild.',
    )
    query_prefix: str = Field("", max_length=1_000, description='What it wants before a query, as "query: " (e5).')
    max_tokens: int = Field(
        512, ge=128, le=1_000_000, description="Tokens of the longest text that the model reads; a longer one is cut."
    )
    min_similarity: float = Field(
        0.5,
        gt=0,
        le=1,
        description="From this cosine on a review matches a query by meaning alone; models differ in what theirs mean.",
    )
    batch_texts: int = Field(64, ge=1, le=10_000, description="Texts of one request at most.")
    batch_tokens: int = Field(16_384, ge=128, le=10_000_000, description="Their tokens at most.")
    at_once: int = Field(4, ge=1, le=1_000, description="Requests for reviews that run at the same time, per process.")
    connect_timeout_s: float = Field(2.0, gt=0, le=60, description="How long a server may take to accept a connection.")
    timeout_s: float = Field(60.0, gt=0, le=3_600, description="How long it may take for one request of reviews.")
    query_timeout_s: float = Field(
        2.0, gt=0, le=600, description="How long it may take for a query; a search goes on by words alone after it."
    )
    rest_s: float = Field(
        5.0, gt=0, le=600, description="How long a server that failed is not asked, until one request finds out."
    )
    memory_mb: float = Field(
        16.0,
        ge=0,
        le=100_000,
        description="Memory that remembered vectors take where there is no Redis, at most; 0: none.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.urls and not (self.name and self.dimensions):
            raise ValueError("embedder.urls needs embedder.name and embedder.dimensions")
        if max(len(self.document_prefix), len(self.query_prefix)) * 2 > self.max_tokens:
            raise ValueError("a prefix takes at most half of embedder.max_tokens, counted in characters")
        return self

    def made_by(self, role: Role) -> str:
        """Whatever a vector depends on besides its text."""
        prefix = self.query_prefix if role == "query" else self.document_prefix
        return f"{self.name}/{self.max_tokens}/{prefix}"

    @property
    def texts_a_round(self) -> int:
        """Reviews that are asked about at one time: a search waits for no more of them."""
        return self.batch_texts * self.at_once


class Embedders(NamedTuple):
    """Who embeds what is stored, and who embeds what is asked: one model, which may tell them apart by a prefix."""

    documents: Embedder
    queries: Embedder


@asynccontextmanager
async def open_embedders(
    settings: EmbedderSettings, *, clock: Clock, hooks: Sequence[Hook] = ()
) -> AsyncIterator[Embedders]:
    """The configured embedders.

    Raises Misconfigured where a server that answers is not the one of the settings (its model, its vectors' length, its key),
    or where the package that asking it needs is not installed. One that is away is no fault: it may come.
    """
    if not settings.urls:
        lite = LiteEmbedder.load()
        yield Embedders(lite, lite)
        return
    try:
        from matjip.inference.remote_embedder import EmbeddingServers, RemoteEmbedder
    except ModuleNotFoundError as error:
        fault = Fault(
            where="embedder.urls",
            wrong=f"is set, which needs the package {error.name}",
            right='it installed: pip install "matjip[model]"',
        )
        raise Misconfigured(str(fault), faults=(fault,)) from error
    async with EmbeddingServers(settings, clock=clock, hooks=hooks) as servers:
        await servers.verify()
        yield Embedders(
            RemoteEmbedder(servers, settings, role="document", hooks=hooks),
            RemoteEmbedder(servers, settings, role="query", hooks=hooks),
        )
