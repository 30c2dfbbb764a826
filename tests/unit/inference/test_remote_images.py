"""The adapter of an image embedding server: what it asks, what it believes, and what it makes of a server that fails."""

import asyncio
import sys

import numpy as np
import pytest
from aiohttp import web
from pydantic import ValidationError
from tests.image_server import ImageServer, image_server, vectors_of

from matjip.errors import Misconfigured, Unavailable
from matjip.inference.images import ImageSettings, open_images

SOUP, CAKE, GONE = (f"https://example.com/{name}.jpg" for name in ("soup", "cake", "gone"))


@pytest.fixture
async def server():
    async with image_server({SOUP: "뜨끈한 국물", CAKE: "딸기 케이크"}) as listening:
        yield listening


async def seen(server: ImageServer, *urls: str, **about: object) -> np.ndarray:
    async with open_images(server.settings(**about)) as embedder:
        return await embedder.embed_images(urls)


async def test_an_image_is_asked_for_by_its_address_alone(server):
    await seen(server, SOUP)
    picture = {"type": "image_url", "image_url": {"url": SOUP}}
    messages = [{"role": "user", "content": [picture]}]
    assert server.asked == [{"model": "seeing/1", "encoding_format": "float", "messages": messages}]


async def test_many_images_are_asked_for_a_few_at_a_time(server):
    rows = await seen(server, *[SOUP, CAKE] * 10, at_once=3)
    assert (len(server.asked), rows.any(axis=1).all()) == (20, True)


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_one_refused_image_is_unreadable_where_the_server_reads_a_known_one(server, status):
    server.unreadable = status
    soup, gone = await seen(server, SOUP, GONE)
    assert (soup.any(), gone.any()) == (True, False)


async def test_a_server_that_refuses_every_image_is_no_server_of_images(server):
    server.fake.pictures.clear()
    with pytest.raises(Unavailable, match="reads no image"):
        await seen(server, SOUP)


@pytest.mark.parametrize(
    ("about", "told"),
    [({"api_key": "another"}, "401: set images.api_key"), ({"model": "x"}, "404: it knows no images.model")],
)
async def test_a_wrong_setting_is_told_by_its_name(server, about, told):
    with pytest.raises(Unavailable, match=told):
        await seen(server, SOUP, **about)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (web.Response(text="<html>"), "something else than vectors"),
        (web.json_response({"data": [{"index": 0}]}), "something else than vectors"),
        (vectors_of([]), "0 vectors where 1"),
        (vectors_of([[1.0] * 32] * 2), "2 vectors where 1"),
        (vectors_of([[1.0] * 31]), "31 dimensions, images.dimensions is 32"),
        (vectors_of([[float("nan")] * 32]), "hold no numbers"),
        (vectors_of([[float("inf")] * 32]), "hold no numbers"),
    ],
)
async def test_an_answer_that_is_no_vector_is_never_stored(server, body, told):
    server.script = [body]
    with pytest.raises(Unavailable, match=told):
        await seen(server, SOUP)


async def test_a_server_that_hangs_is_given_up_after_the_time_that_the_settings_say(server):
    released = asyncio.Event()

    async def hang(urls):
        await released.wait()

    server.fake.embed_images = hang
    with pytest.raises(Unavailable, match="in time"):
        await seen(server, SOUP, timeout_s=0.05)
    released.set()


async def test_a_server_that_is_not_there_is_unavailable(server):
    with pytest.raises(Unavailable, match="does not answer"):
        await seen(server, SOUP, url="http://127.0.0.1:1")


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "matjip.inference.remote_images", raising=False)
    with pytest.raises(Misconfigured, match=r"images\.url.*aiohttp.*matjip\[images\]"):
        open_images(ImageSettings(url="http://images", model="seeing/1"))


@pytest.mark.parametrize(
    ("given", "told"), [({"url": "http://i"}, "needs images.model"), ({"url": "host:80"}, "http://")]
)
def test_settings_that_cannot_work_are_told(given, told):
    with pytest.raises(ValidationError, match=told):
        ImageSettings(**given)
