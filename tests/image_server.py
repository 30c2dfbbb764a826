"""A multimodal embedding server on loopback that answers as vLLM does, and fails where a test says so."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from matjip.inference.images import ImageSettings
from matjip.inference.remote_images import KNOWN_PICTURE
from matjip.testing import FakeImageEmbedder

MODEL = "seeing/1"
KEY = "a key of the tests"


class ImageServer:
    """Sees in an image what `pictures` says of its address; a test may `script` the next answers, or lay it `down`."""

    def __init__(self, pictures: Mapping[str, str]) -> None:
        self.fake = FakeImageEmbedder({KNOWN_PICTURE: "주황 네모", **pictures})
        self.unreadable = 422
        self.script: list[web.Response] = []
        self.is_down = False
        self.asked: list[dict[str, object]] = []
        self.url = ""

    def settings(self, **about: object) -> ImageSettings:
        given = {"url": self.url, "model": MODEL, "dimensions": self.fake.dimensions, "api_key": KEY}
        return ImageSettings.model_validate(given | about)

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append(asked)
        if self.is_down:
            return web.Response(status=503)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.Response(status=401)
        if asked["model"] != MODEL:
            return web.Response(status=404)
        if self.script:
            return self.script.pop(0)
        if "input" in asked:
            return vectors_of(await self.fake.embed(asked["input"]))
        url = asked["messages"][0]["content"][0]["image_url"]["url"]
        if url not in self.fake.pictures:
            return web.Response(status=self.unreadable)
        return vectors_of(await self.fake.embed_images([url]))


def vectors_of(rows, *, scale: float = 0.5) -> web.Response:
    """The answer with these rows, the last one first and of another length, as a server may give them."""
    data = [
        {"object": "embedding", "index": at, "embedding": [scale * float(x) for x in row]}
        for at, row in enumerate(rows)
    ]
    return web.json_response({"object": "list", "model": MODEL, "data": data[::-1], "usage": {"prompt_tokens": 1}})


@asynccontextmanager
async def image_server(pictures: Mapping[str, str]) -> AsyncIterator[ImageServer]:
    """One that listens."""
    served = ImageServer(pictures)
    app = web.Application()
    app.router.add_post("/v1/embeddings", served.answer)
    async with TestServer(app) as listening:
        served.url = str(listening.make_url("")).rstrip("/")
        yield served
