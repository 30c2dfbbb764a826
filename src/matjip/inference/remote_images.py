"""Pictures and texts to vectors by a multimodal model behind the OpenAI-compatible embeddings API, as vLLM serves it.

Matjip never fetches an image. It hands the address to the server, which fetches it under its own allow-list (vLLM:
`--allowed-media-domains`, with `VLLM_MEDIA_URL_ALLOW_REDIRECTS=0`): a review's author chose that address, and without
the list could have the server ask any host that it can reach.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import aiohttp
import numpy as np
from numpy.typing import NDArray

from matjip.errors import Unavailable
from matjip.inference.embedder import Vectors, unit_vectors
from matjip.inference.embeddings import read_rows, wrong_dimensions
from matjip.inference.images import ImageSettings

__all__ = ["KNOWN_PICTURE", "RemoteImages"]

# An orange square of 64 by 64 pixels. Whoever cannot embed it is not held up by the one image that was asked about.
KNOWN_PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsItkVKMawQi+hcEKLNP1WgQEBAQEBA"
    "QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgtdzgGWkQo5YgAAAABJRU5ErkJggg=="
)
SERVER = "The image embedding server"  # as its faults begin
OK = 200
HINTS = {401: ": set images.api_key", 403: ": set images.api_key", 404: ": it knows no images.model of this name"}
MAYBE_UNREADABLE = (
    400,
    413,
    415,
    422,
    500,
)  # vLLM answers 422 to an image that it cannot fetch, its older versions 500
CUT = -1  # vLLM: a text longer than the model's is cut there, rather than refused
Content = Mapping[str, object]


class RemoteImages:
    """An ImageEmbedder; use it as a context manager, which holds its connections.

    Whatever the server does wrong is Unavailable, with what it did: it may be put right while this program runs.
    """

    def __init__(self, settings: ImageSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.at_once)

    @property
    def name(self) -> str:
        return self._settings.model

    @property
    def dimensions(self) -> int:
        return self._settings.dimensions

    async def __aenter__(self) -> Self:
        key = self._settings.api_key
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else None,
            timeout=aiohttp.ClientTimeout(
                total=self._settings.timeout_s, sock_connect=self._settings.connect_timeout_s
            ),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        if not texts:
            return np.zeros((0, self.dimensions), np.int8)
        status, body = await self._post({"input": list(texts), "truncate_prompt_tokens": CUT})
        if status != OK:
            raise _refused(status)
        return self._vectors(body, len(texts))

    async def embed_images(self, urls: Sequence[str]) -> Vectors:
        """See `ImageEmbedder.embed_images`. An image that the server refuses is unreadable only if it embeds a known one."""
        try:
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(self._image(url)) for url in urls]
        except ExceptionGroup as errors:  # the first failure cancelled the others
            raise errors.exceptions[0] from None
        rows = [task.result() for task in asked]
        if any(row is None for row in rows) and await self._image(KNOWN_PICTURE) is None:
            raise Unavailable("The image embedding server reads no image: does images.model know any?")
        nothing = np.zeros(self.dimensions, np.int8)
        return np.array([nothing if row is None else row for row in rows], np.int8).reshape(len(urls), self.dimensions)

    async def _image(self, url: str) -> NDArray[np.int8] | None:
        """Its vector; None where the server refuses it."""
        picture = {"type": "image_url", "image_url": {"url": url}}
        status, body = await self._post({"messages": [{"role": "user", "content": [picture]}]})
        if status == OK:
            row: NDArray[np.int8] = self._vectors(body, 1)[0]
            return row
        if status in MAYBE_UNREADABLE:
            return None
        raise _refused(status)

    async def _post(self, content: Content) -> tuple[int, bytes]:
        asked = {"model": self._settings.model, "encoding_format": "float", **content}
        url = f"{self._settings.url}/v1/embeddings"
        try:
            async with self._turns, self._session.post(url, json=asked, allow_redirects=False) as answer:
                return answer.status, await answer.read()
        except TimeoutError as error:
            raise Unavailable("The image embedding server did not answer in time.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("The image embedding server does not answer.") from error

    def _vectors(self, body: bytes, count: int) -> Vectors:
        numbers = read_rows(body, count, server=SERVER)
        if numbers.shape[1] != self.dimensions:
            raise wrong_dimensions(numbers.shape[1], self.dimensions, server=SERVER, setting="images.dimensions")
        return unit_vectors(numbers)


def _refused(status: int) -> Unavailable:
    return Unavailable(f"The image embedding server answered {status}{HINTS.get(status, '')}.")
