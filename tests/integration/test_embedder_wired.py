"""A server's embedder through the whole program: import, search, change, erase, rebuild, outage; what is asked of it, and what
is remembered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from matjip.analysis.ask import Ask, SearchAsk
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.errors import Misconfigured, Unavailable
from matjip.inference.fake_server import FakeServer, Hangs
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Delete, Put
from matjip.settings import load

WHO = Caller(request_id="q")
SOUP, STAFF = "국물이 진해요", "직원이 친절해요"


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as listening:
        yield listening


@asynccontextmanager
async def opened(server: FakeServer, folder: Path, *, rebuild: bool = False, **about: object) -> AsyncIterator[Service]:
    given = {"urls": server.url, "name": server.model, "dimensions": 128, "query_timeout_s": 0.5} | about
    settings = load({}, root=folder, data_dir=folder, embedder=given)
    async with open_service(settings, rebuild=rebuild) as service:
        server.embedded.clear()
        yield service


async def write(service: Service, review_id: str, text: str, *, rating: float = 5.0, tenant: str = "default") -> None:
    review = ReviewDraft(restaurant_id="r", id=review_id, content=text, author_id=review_id, rating=rating)
    await service.reviews.write([Put(review=review)], Caller(tenant=tenant, request_id="q"))


async def found(service: Service, query: str, **fields: object) -> list[str]:
    ask = SearchAsk(query=query, expand=False, polarity=False, **fields)
    return [hit.review_id for hit in (await service.search.search(ask, WHO)).hits]


def asked(server: FakeServer) -> list[str]:
    return [text for each in server.embedded for text in each.body["input"]]


async def test_reviews_and_queries_are_embedded_by_the_server_each_with_its_prefix(server, tmp_path):
    async with opened(server, tmp_path, document_prefix="passage: ", query_prefix="query: ") as service:
        await write(service, "a", SOUP)
        assert await found(service, "국물") == ["a"]
    assert sorted(asked(server)) == [f"passage: {SOUP}", "query: 국물"]


async def test_a_text_and_a_query_are_embedded_once_however_often_they_come(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await write(service, "a", SOUP)
        for rating in (5.0, 4.0):
            await write(service, "a", SOUP, rating=rating)
            assert await found(service, "국물") == ["a"]
        value = service.metrics.registry.get_sample_value
        counted = [value("matjip_embeddings_total", {"outcome": each}) for each in ("hits", "misses")]
        assert value("matjip_embedding_seconds_saved_total") > 0
        assert value("matjip_embedding_texts_total") == 2
    assert (counted, sorted(asked(server))) == ([2, 2], sorted([SOUP, "국물"]))


async def test_after_a_change_a_review_is_found_by_what_it_says_now(server, tmp_path):
    async with opened(server, tmp_path, min_similarity=0.6) as service:
        await write(service, "a", SOUP)
        assert await found(service, SOUP) == ["a"]
        await write(service, "a", STAFF)
        assert (await found(service, STAFF), await found(service, SOUP)) == (["a"], [])


async def test_a_deleted_review_is_found_no_more_though_its_vector_is_remembered(server, tmp_path):
    async with opened(server, tmp_path) as service:
        await write(service, "a", SOUP)
        assert await found(service, SOUP) == ["a"]
        await service.reviews.write([Delete(restaurant_id="r", review_id="a")], WHO)
        assert await found(service, SOUP) == []


async def test_an_erasure_forgets_the_tenants_vectors_and_no_other_tenants(server, tmp_path):
    async with opened(server, tmp_path) as service:
        for tenant in ("default", "other"):
            await write(service, "a", SOUP, tenant=tenant)
        await service.projector.catch_up()
        await service.erase("default", "a", WHO)
        server.embedded.clear()
        for tenant in ("default", "other"):
            await write(service, "b", SOUP, tenant=tenant)
        await service.projector.catch_up()
    assert asked(server) == [SOUP]


async def test_while_the_server_is_away_words_are_searched_strengths_go_on_and_erasure_is_whole(server, tmp_path):
    async with opened(server, tmp_path, rest_s=0.05) as service:
        await write(service, "a", SOUP)
        await service.projector.catch_up()
        await server.kill()
        await write(service, "b", f"{SOUP} 또 와요")
        page = await service.search.search(SearchAsk(query="국물"), WHO)
        assert (page.degraded, [hit.review_id for hit in page.hits]) == (True, ["a"])
        with pytest.raises(Unavailable):
            await found(service, "주차장")
        strengths = await service.analyses.strengths(Ask(restaurant_id="r"), WHO)
        assert strengths.meta.counts.considered == 2
        await service.erase("default", "a", WHO)
        assert await service.counters.position() == await service.reviews.position()
        with pytest.raises(Unavailable):
            await found(service, "국물")  # its only review is not embedded yet


async def test_a_server_that_hangs_holds_a_search_up_no_longer_than_the_settings_say(server, tmp_path):
    async with opened(server, tmp_path, query_timeout_s=0.1) as service:
        await write(service, "a", SOUP)
        await service.projector.catch_up()
        server.always = Hangs()
        await write(service, "b", f"{SOUP} 또 와요")
        began = service.clock.monotonic()
        assert await found(service, "국물") == ["a"]
        assert service.clock.monotonic() - began < 1.0


async def test_health_tells_of_the_server_and_readiness_does_not_hang_on_it(server, tmp_path):
    async with opened(server, tmp_path) as service:
        (check,) = [each for each in service.checks if each.name == "embedder"]
        assert (await check.probe()).status == "pass"
        await server.kill()
        with pytest.raises(Unavailable, match="does not accept"):
            await check.probe()
        assert not check.is_needed


async def test_another_embedder_means_another_index_and_a_rebuild(server, tmp_path):
    async with open_service(load({}, root=tmp_path, data_dir=tmp_path)) as lite:
        await write(lite, "a", SOUP)
        await lite.projector.catch_up()
    with pytest.raises(Misconfigured, match="--new-embedder"):
        async with opened(server, tmp_path):
            raise AssertionError("the index of another embedder was taken")
    async with opened(server, tmp_path, rebuild=True) as service:
        await service.projector.rebuild()
        assert await found(service, "국물") == ["a"]
