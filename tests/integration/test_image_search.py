"""The whole service with an image embedding server beside it: import, follow, search, delete, erase, rebuild, outage."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.image_server import ImageServer, image_server

from matjip.analysis.ask import SearchAsk
from matjip.api.health import examine
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.errors import Misconfigured, Unavailable
from matjip.index.index import Filter
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Delete, Put
from matjip.settings import Settings

CALLER = Caller(request_id="request-1")
SOUP, CAKE, LOST = (f"https://example.com/{name}.jpg" for name in ("soup", "cake", "lost"))


@pytest.fixture
async def server() -> AsyncIterator[ImageServer]:
    async with image_server({SOUP: "국물", CAKE: "케이크"}) as listening:
        yield listening


@pytest.fixture
def settings(server, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, images=server.settings(min_similarity=0.5))


@pytest.fixture
async def service(settings) -> AsyncIterator[Service]:
    async with open_service(settings) as opened:
        for review_id, images, rating in [
            ("soup", [SOUP], 5),
            ("cake", [CAKE], 4),
            ("lost", [LOST], 3),
            ("bare", [], 5),
        ]:
            await put(opened, review_id, *images, rating=rating)
        yield opened


async def put(service: Service, review_id: str, *images: str, rating: float = 5.0) -> None:
    review = ReviewDraft(
        restaurant_id="r", id=review_id, content="또 올게요", author_id=review_id, images=images, rating=rating
    )
    await service.reviews.write([Put(review=review)], CALLER)


async def found(service: Service, query: str = "국물", **fields) -> list[str]:
    ask = SearchAsk(query=query, **({"expand": False, "polarity": False} | fields))
    return [hit.review_id for hit in (await service.search.images(ask, CALLER)).hits]


async def image_count(service: Service) -> int:
    return await service.images.index.count("default", Filter())


async def test_a_query_finds_a_review_by_its_picture_under_its_filters(service):
    assert (await found(service), await found(service, "케이크")) == (["soup"], ["cake"])
    assert (await found(service, rating_max=4), await image_count(service)) == ([], 3)


async def test_what_was_deleted_and_who_was_erased_is_gone_at_once_though_the_server_is_down(service, server):
    await found(service)
    await service.reviews.write([Delete(restaurant_id="r", review_id="cake")], CALLER)
    assert await found(service, "케이크") == []
    server.is_down = True
    await service.erase("default", "soup", CALLER)
    assert await image_count(service) == 1
    server.is_down = False
    assert await found(service) == []


async def test_nobody_is_erased_by_half_where_the_image_index_is_out_of_reach(service, settings):
    await found(service)
    async with open_service(Settings(data_dir=settings.data_dir)) as without_images:
        with pytest.raises(Misconfigured, match=r"images\.url is not set, while .*images\.sqlite"):
            await without_images.erase("default", "soup", CALLER)
    assert await found(service) == ["soup"]


async def test_without_the_server_texts_are_searched_and_images_are_unavailable(service, server):
    server.is_down = True
    text = await service.search.search(SearchAsk(query="올게요"), CALLER)
    assert (text.total, text.index_position) == (4, await service.reviews.position())
    with pytest.raises(Unavailable, match="answered 503"):
        await found(service)


async def test_the_health_check_tells_of_the_server_and_nothing_else_needs_it(service, server):
    server.is_down = True
    findings = {
        check.name: (finding, check.is_needed) for check, finding in await examine(service.checks, timeout_s=10)
    }
    finding, is_needed = findings["images"]
    assert (finding.status, finding.output, is_needed) == ("fail", "The image embedding server answered 503.", False)
    server.is_down = False
    assert [each.status for check, each in await examine(service.checks, timeout_s=10) if check.name == "images"] == [
        "pass"
    ]


async def test_another_start_goes_on_where_the_index_stands_and_a_rebuild_asks_anew(service, server, settings):
    await found(service)
    asked = len(server.asked)
    async with open_service(settings) as again:
        await again.images.projector.catch_up()
        assert (len(server.asked), await image_count(again)) == (asked, 3)
        await again.images.projector.rebuild()
        assert (len(server.asked) > asked, await image_count(again), await found(again)) == (True, 3, ["soup"])
