"""Which image embedder, by configuration: none, or a server's."""

from contextlib import AbstractAsyncContextManager
from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from matjip.errors import Fault, Misconfigured
from matjip.inference.embedder import ImageEmbedder

__all__ = ["ImageSettings", "open_images"]


class ImageSettings(BaseModel, frozen=True, extra="forbid"):
    """Who turns pictures into vectors, so that image search sees what they show."""

    url: str = Field(
        "",
        description="An image embedding server, as http://host:8000 (vLLM); without one image search reads words alone. "
        "It fetches the images itself, so it needs an allow-list of their hosts.",
    )
    model: str = Field("", description="The model that the server calls by this name; another model means a rebuild.")
    dimensions: int = Field(512, ge=1, le=16_384, description="Numbers in each of the model's vectors.")
    api_key: SecretStr | None = Field(None, description="Key of the image embedding server.")
    connect_timeout_s: float = Field(
        2.0, gt=0, le=60, description="How long the server may take to accept a connection."
    )
    timeout_s: float = Field(
        15.0, gt=0, le=600, description="How long it may take for one image, its download included, or for one query."
    )
    at_once: int = Field(8, ge=1, le=1_000, description="Images that the server is asked about at the same time.")
    events_per_batch: int = Field(
        200, ge=1, le=10_000, description="Events that become one step of the image index; a search waits for one step."
    )
    min_similarity: float = Field(
        0.2,
        gt=0,
        le=1,
        description="From this cosine on a picture matches a query by itself; models differ in what theirs mean.",
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("an address as http://host:8000")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.url and not self.model:
            raise ValueError("images.url needs images.model")
        return self


def open_images(settings: ImageSettings) -> AbstractAsyncContextManager[ImageEmbedder]:
    """The configured image embedder. Raises Misconfigured where the package that it needs is not installed."""
    try:
        from matjip.inference.remote_images import RemoteImages
    except ModuleNotFoundError as error:
        fault = Fault(
            where="images.url",
            wrong=f"is set, which needs the package {error.name}",
            right='it installed: pip install "matjip[images]"',
        )
        raise Misconfigured(str(fault), faults=(fault,)) from error
    return RemoteImages(settings)
