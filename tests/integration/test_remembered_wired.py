"""What is remembered, in this process and in a real Redis that processes share: after a change, a deletion or an erasure nothing
old is served, and after a restart nothing is asked twice."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from tests.redis_server import Running, reached, running

from matjip.analysis.ask import Ask, SearchAsk
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.inference.fake_server import FakeServer
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Put, PutRestaurant
from matjip.settings import load

ASK, WHO = Ask(restaurant_id="r"), Caller(request_id="q")
BEFORE, AFTER = "그냥 한 번 가 봤어요", "그냥 또 가 봤어요"
LINE = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)
Opened = Callable[[], AbstractAsyncContextManager[Service]]


def says(body) -> str:
    """What a model says that knows what comes again for good."""
    lines = LINE.findall(body["messages"][-1]["content"])
    items = [
        {"number": int(number), "label": "positive" if "또" in text else "negative", "confidence": 0.9}
        for number, text in lines
    ]
    return json.dumps({"items": items})


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(says=says) as listening:
        yield listening


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Running]:
    with running() as redis:
        yield redis


@pytest.fixture(params=["memory", "redis"])
async def opened(request, server, tmp_path: Path) -> Opened:
    """Opens the program as often as asked, as many processes would."""
    url = ""
    if request.param == "redis":
        url, _ = request.getfixturevalue("redis_server")
        client = await reached(url)
        await client.flushdb()
        await client.aclose()

    @asynccontextmanager
    async def again() -> AsyncIterator[Service]:
        about = {"urls": server.url, "name": server.model}
        settings = load(
            {},
            root=tmp_path,
            data_dir=tmp_path,
            model=about,
            embedder={**about, "dimensions": 128},
            answers={"redis_url": url},
        )
        async with open_service(settings) as service:
            server.embedded.clear()
            yield service

    return again


async def write(service: Service, text: str, *, review_id: str = "a", author: str = "a") -> None:
    review = ReviewDraft(id=review_id, restaurant_id="r", content=text, author_id=author)
    await service.reviews.write([PutRestaurant(restaurant=RestaurantDraft(id="r")), Put(review=review)], WHO)


async def labels(service: Service) -> list[str]:
    return [each.label for each in (await service.analyses.sentiment(ASK, WHO)).reviews]


def asked(server: FakeServer) -> list[str]:
    """Texts that the server was asked about, or to embed."""
    lines = [text for each in server.asked for _, text in LINE.findall(each.body["messages"][-1]["content"])]
    return lines + [text for each in server.embedded for text in each.body["input"]]


async def test_after_a_review_changes_its_old_answer_is_never_served_for_it(opened):
    async with opened() as service:
        await write(service, BEFORE)
        assert await labels(service) == ["negative"]
        await write(service, AFTER)
        assert await labels(service) == ["positive"]
        await write(service, BEFORE)
        assert await labels(service) == ["negative"]


async def test_a_change_asks_for_what_changed_alone(opened, server):
    async with opened() as service:
        await write(service, BEFORE)
        await write(service, "그냥 그랬어요", review_id="b")
        await labels(service)
        await service.projector.catch_up()
        server.asked.clear()
        server.embedded.clear()
        await write(service, AFTER)
        await labels(service)
        await service.projector.catch_up()
    assert asked(server) == [AFTER, AFTER]  # once to the model, once to the embedder


async def test_a_deleted_review_has_no_answer_any_more(opened):
    async with opened() as service:
        await write(service, BEFORE)
        await write(service, AFTER, review_id="b")
        assert await labels(service) == ["negative", "positive"]
        await service.reviews.write([Delete(restaurant_id="r", review_id="a")], WHO)
        assert await labels(service) == ["positive"]
        page = await service.search.search(SearchAsk(query=BEFORE, expand=False, polarity=False), WHO)
        assert [hit.review_id for hit in page.hits] == ["b"]


async def test_after_an_erasure_everything_is_asked_anew(opened, server):
    async with opened() as service:
        await write(service, BEFORE)
        await labels(service)
        await service.projector.catch_up()
        await service.erase("default", "a", WHO)
        server.asked.clear()
        server.embedded.clear()
        await write(service, BEFORE, author="another")
        await labels(service)
        await service.projector.catch_up()
    assert asked(server) == [BEFORE, BEFORE]


@pytest.mark.parametrize("opened", ["redis"], indirect=True)
async def test_in_redis_an_erasure_leaves_no_entry_of_the_tenant(server, redis_server, opened):
    async with opened() as service:
        await write(service, BEFORE)
        await labels(service)
        await service.projector.catch_up()
        await service.erase("default", "a", WHO)
    client = await reached(redis_server[0])
    left = await client.keys("matjip:answers:default:*")
    await client.aclose()
    assert left == []


@pytest.mark.parametrize("opened", ["redis"], indirect=True)
async def test_another_process_asks_nothing_again_not_even_for_a_rebuild(opened, server):
    async with opened() as service:
        await write(service, BEFORE)
        await labels(service)
        await service.projector.catch_up()
    server.asked.clear()
    async with opened() as service:
        await service.projector.rebuild()
        assert (await service.analyses.sentiment(Ask(restaurant_id="r", refresh=True), WHO)).reviews[0].label
    assert asked(server) == []
