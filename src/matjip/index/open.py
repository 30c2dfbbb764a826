"""Which index, by configuration: the embedded one, Qdrant Edge in a process of its own, or a Qdrant server."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from matjip.errors import Fault, Misconfigured
from matjip.index.exact import MIN_SIMILARITY, ExactIndex
from matjip.index.index import Index

__all__ = ["IndexName", "IndexSettings", "embedded_index", "open_index"]

IndexName = Literal["index", "images"]


class IndexSettings(BaseModel, frozen=True, extra="forbid"):
    """Where points are kept and found."""

    kind: Literal["exact", "edge", "qdrant"] = Field(
        "exact",
        description="exact: one SQLite file, searched exactly. edge: Qdrant's engine beside the service, for one process. "
        "qdrant: a Qdrant server.",
    )
    url: str = Field("", description="The Qdrant server, as http://host:6333.")
    api_key: SecretStr | None = Field(None, description="Key of the Qdrant server.")
    name: str = Field(
        "matjip",
        pattern=r"^[a-z0-9]+$",
        description="What the collections on the Qdrant server begin with; installations that share a server differ in it.",
    )
    timeout_s: int = Field(10, gt=0, le=600, description="How long the Qdrant server may take to answer.")
    shards: int = Field(1, gt=0, le=1_000, description="Shards of a new collection on the Qdrant server.")
    replicas: int = Field(1, gt=0, le=100, description="Copies of each shard of a new collection on the Qdrant server.")
    on_disk: bool = Field(
        default=False, description="Whether a new collection on the Qdrant server reads vectors and graph from disk."
    )
    depth: int = Field(
        200,
        ge=10,
        le=100_000,
        description="With edge and qdrant: how many points of a list, by meaning or by words, have a rank and can be paged.",
    )
    exact_total: int = Field(
        2_000, ge=0, description="With edge and qdrant: up to how many matches a total is counted and not estimated."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "qdrant" and not self.url:
            raise ValueError("kind qdrant needs url, as http://host:6333")
        return self


async def open_index(
    settings: IndexSettings,
    *,
    folder: Path,
    embedder: str,
    dimensions: int,
    name: IndexName = "index",
    min_similarity: float = MIN_SIMILARITY,
    missing: Literal["refuse", "add"] = "refuse",
) -> Index:
    """The configured index for vectors of this embedder; the embedded ones live in this folder.

    An index of another name shares nothing with this one: it has a file, or on a server collections, of its own.
    An index that holds collections of other embedders alone is refused (Misconfigured), or an empty one is added to
    them where the caller builds it. Raises Misconfigured where the package that the kind needs is not installed.
    """
    if settings.kind == "exact":
        return await ExactIndex.open(
            folder / f"{name}.sqlite",
            embedder=embedder,
            dimensions=dimensions,
            min_similarity=min_similarity,
            missing=missing,
        )
    try:
        if settings.kind == "edge":
            from matjip.index.edge import EdgeIndex

            return await EdgeIndex.open(
                folder / f"{name}.edge",
                embedder=embedder,
                dimensions=dimensions,
                min_similarity=min_similarity,
                depth=settings.depth,
                exact_total=settings.exact_total,
                missing=missing,
            )
        from matjip.index.qdrant import QdrantIndex
    except ModuleNotFoundError as error:
        fault = Fault(
            where="index.kind",
            wrong=f"is {settings.kind}, which needs the package {error.name}",
            right=f'it installed: pip install "matjip[{settings.kind}]"',
        )
        raise Misconfigured(str(fault), faults=(fault,)) from error
    return await QdrantIndex.open(
        settings.url,
        embedder=embedder,
        dimensions=dimensions,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        # "_" is in no installation's name, so that nobody's index is called like another's images.
        name=settings.name if name == "index" else f"{settings.name}_{name}",
        shards=settings.shards,
        replicas=settings.replicas,
        on_disk=settings.on_disk,
        timeout_s=settings.timeout_s,
        min_similarity=min_similarity,
        depth=settings.depth,
        exact_total=settings.exact_total,
        missing=missing,
    )


def embedded_index(folder: Path, name: IndexName) -> Path | None:
    """The file or folder of an embedded index of this name, opened by anyone at any time; None where there is none."""
    return next((path for path in (folder / f"{name}.sqlite", folder / f"{name}.edge") if path.exists()), None)
