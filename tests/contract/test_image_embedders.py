"""Whoever embeds images keeps the promises of `ImageEmbedder`: the fake that ships, and a server's adapter."""

from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from tests.image_server import image_server

from matjip.errors import Unavailable
from matjip.inference.embedder import ImageEmbedder
from matjip.inference.images import open_images
from matjip.testing import FakeImageEmbedder

SOUP, CAKE, GONE = (f"https://example.com/{name}.jpg" for name in ("soup", "cake", "gone"))
PICTURES = {SOUP: "뜨끈한 국물", CAKE: "딸기 케이크"}
FakeOrServer = tuple[ImageEmbedder, Callable[[], None]]


@pytest.fixture(params=["fake", "server"])
async def opened(request) -> AsyncIterator[FakeOrServer]:
    """An embedder, and what takes it away."""
    if request.param == "fake":
        fake = FakeImageEmbedder(PICTURES)
        yield fake, lambda: setattr(fake, "is_away", True)
        return
    async with image_server(PICTURES) as server, open_images(server.settings()) as remote:
        yield remote, lambda: setattr(server, "is_down", True)


@pytest.fixture
def embedder(opened) -> ImageEmbedder:
    return opened[0]


async def test_texts_and_images_have_vectors_of_the_same_kind(embedder):
    for rows in (await embedder.embed(["국물", "면"]), await embedder.embed_images([SOUP, CAKE])):
        assert (rows.shape, rows.dtype) == ((2, embedder.dimensions), np.int8)
        assert np.linalg.norm(rows.astype(float), axis=1) == pytest.approx([127, 127], abs=2)


async def test_a_picture_is_nearer_to_the_words_for_it_than_to_others(embedder):
    soup, cake = (await embedder.embed_images([SOUP, CAKE])).astype(int)
    (words,) = (await embedder.embed(["뜨끈한 국물"])).astype(int)
    assert words @ soup > 2 * abs(words @ cake)


async def test_rows_come_in_the_order_that_was_asked(embedder):
    texts = await embedder.embed(["국물", "케이크", "면"])
    assert (await embedder.embed(["면", "국물", "케이크"])).tolist() == texts[[2, 0, 1]].tolist()
    images = await embedder.embed_images([SOUP, CAKE])
    assert (await embedder.embed_images([CAKE, SOUP, CAKE])).tolist() == images[[1, 0, 1]].tolist()


async def test_an_image_that_cannot_be_read_is_a_row_of_zeros_between_the_others(embedder):
    soup, gone, cake = await embedder.embed_images([SOUP, GONE, CAKE])
    assert (soup.any(), gone.any(), cake.any()) == (True, False, True)


async def test_nothing_asked_is_no_row(embedder):
    assert (await embedder.embed([])).shape == (await embedder.embed_images([])).shape == (0, embedder.dimensions)


async def test_an_outage_is_told_and_is_no_row_of_zeros(opened):
    embedder, take_away = opened
    take_away()
    with pytest.raises(Unavailable):
        await embedder.embed(["국물"])
    with pytest.raises(Unavailable):
        await embedder.embed_images([SOUP, GONE])
