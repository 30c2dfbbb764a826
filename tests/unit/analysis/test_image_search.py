"""Image search by what images show: an index of their own that follows the record by itself, whoever is away."""

import asyncio

import pytest

from matjip.analysis.ask import SearchAsk
from matjip.analysis.counters import MemoryCounters
from matjip.analysis.projection import ImageProjector, ProjectionSettings, Projector
from matjip.analysis.search import Indexed, Search
from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import NotReady, Unavailable
from matjip.index.exact import ExactIndex
from matjip.index.index import Filter, Index
from matjip.index.open import IndexSettings, open_index
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import ReviewDraft
from matjip.reviews.store import Delete, Put
from matjip.telemetry.record import CaughtUp, Record
from matjip.testing import FakeEmbedder, FakeImageEmbedder, FakeJudge

CALLER = Caller(request_id="request-1")
SOUP, CAKE, BEACH, GONE = (f"https://example.com/{name}.jpg" for name in ("soup", "cake", "beach", "gone"))
PICTURES = {SOUP: "국물", CAKE: "케이크", BEACH: "바다"}


class Place:
    """A record, both indexes and a search over all."""

    def __init__(self, texts: ExactIndex, images: Index, *, reviews: MemoryReviews | None = None, **settings) -> None:
        self.clock = FakeClock()
        self.reviews = reviews or MemoryReviews(self.clock, erasure_key=b"test")
        self.eyes = FakeImageEmbedder(PICTURES)
        self.images = images
        self.seen: asyncio.Queue[Record] = asyncio.Queue()
        about = {"judge": FakeJudge({"친절": "service+"}), "language_of": lambda text: "ko", "clock": self.clock}
        self.texts = Projector(self.reviews, texts, FakeEmbedder(), counters=MemoryCounters(), **about)
        self.looking = ImageProjector(
            self.reviews,
            images,
            self.eyes,
            hooks=[self.seen.put_nowait],
            settings=ProjectionSettings(**({"events_per_batch": 3} | settings)),
            **about,
        )
        seen = Indexed(images, self.eyes, self.looking)
        judge = about.pop("judge")
        self.search = Search(self.reviews, texts, FakeEmbedder(), judge, self.texts, images=seen, **about)

    async def put(self, review_id: str, content: str = "또 올게요", *images: str, **fields) -> None:
        draft = ReviewDraft(**({"restaurant_id": "r", "id": review_id, "content": content, "images": images} | fields))
        await self.reviews.write([Put(review=draft)], CALLER)

    async def ids(self, query: str = "국물", **fields) -> list[str]:
        return [hit.review_id for hit in (await self.search.images(SearchAsk(query=query, **fields), CALLER)).hits]


@pytest.fixture(params=["exact", "qdrant", "edge"])
async def indexes(request, tmp_path):
    """The index of texts and, of every kind, one of images."""
    settings = IndexSettings(kind=request.param, url=":memory:")
    about = {"dimensions": 32, "min_similarity": 0.5}
    images = await open_index(settings, folder=tmp_path, embedder="fake-images/1", name="images", **about)
    async with await ExactIndex.open(":memory:", embedder="fake/1", **about) as texts:
        yield texts, images
    await images.close()


@pytest.fixture
def place(indexes):
    return Place(*indexes)


async def test_a_review_is_found_by_its_picture_though_its_words_say_nothing(place):
    await place.put("soup", "또 올게요", SOUP)
    await place.put("cake", "또 올게요", CAKE)
    await place.put("words", "국물 없이 또 올게요")
    (hit,) = (await place.search.images(SearchAsk(query="국물"), CALLER)).hits
    assert (hit.review_id, hit.images, hit.why.words, hit.why.dense_rank) == ("soup", (SOUP,), (), 1)


async def test_words_still_find_what_a_picture_does_not_show(place):
    await place.put("beach", "국물이 진해요", BEACH)
    await place.put("unreadable", "국물이 진해요", GONE)
    assert await place.ids() == ["beach", "unreadable"]


async def test_every_picture_of_a_review_counts(place):
    await place.put("both", "또 올게요", SOUP, CAKE)
    assert (await place.ids("국물"), await place.ids("케이크"), await place.ids("바다")) == (["both"], ["both"], [])


async def test_text_search_sees_no_picture_and_needs_nobody_who_does(place):
    await place.put("soup", "또 올게요", SOUP)
    place.eyes.is_away = True
    found = [await place.search.search(SearchAsk(query=query), CALLER) for query in ("국물", "올게요")]
    assert [[hit.review_id for hit in each.hits] for each in found] == [[], ["soup"]]
    assert found[1].index_position == await place.reviews.position()


async def test_filters_choose_among_images_before_the_limit_and_pages_hold_each_hit_once(place):
    for at in range(9):
        await place.put(f"{at}", "또 올게요", SOUP, rating=float(at % 3), restaurant_id="rs"[at % 2])
    assert sorted(await place.ids(limit=3, rating_min=2.0)) == ["2", "5", "8"]
    first = await place.search.images(SearchAsk(query="국물", restaurant_ids=("s",), limit=3), CALLER)
    ask = SearchAsk(query="국물", restaurant_ids=("s",), limit=3, cursor=first.next_cursor)
    rest = await place.search.images(ask, CALLER)
    assert sorted(hit.review_id for hit in (*first.hits, *rest.hits)) == ["1", "3", "5", "7"]
    assert (first.total, rest.next_cursor) == (4, None)


async def test_what_was_changed_deleted_or_erased_is_found_as_it_stands(place):
    for review_id in ("a", "b", "c", "d"):
        await place.put(review_id, "또 올게요", SOUP, author_id=review_id)
    assert await place.ids() == ["a", "b", "c", "d"]
    await place.put("a", "또 올게요", CAKE)
    await place.put("b", "또 올게요")
    await place.reviews.write([Delete(restaurant_id="r", review_id="c")], CALLER)
    await place.reviews.erase("default", "d", CALLER)
    assert (await place.ids(), await place.ids("케이크"), await place.images.count("default", Filter())) == (
        [],
        ["a"],
        1,
    )


async def test_an_outage_is_told_and_never_an_empty_page(place):
    await place.put("soup", "또 올게요", SOUP)
    await place.ids()
    place.eyes.is_away = True
    with pytest.raises(Unavailable):
        await place.ids()


async def test_what_is_indexed_answers_while_images_cannot_be_embedded(place):
    await place.put("soup", "또 올게요", SOUP)
    await place.ids()
    await place.put("late", "또 올게요", SOUP)
    place.eyes.embed_images = away
    result = await place.search.images(SearchAsk(query="국물"), CALLER)
    assert ([hit.review_id for hit in result.hits], result.index_position < result.log_position) == (["soup"], True)


async def test_an_index_that_holds_nothing_yet_is_not_ready(indexes):
    place = Place(*indexes, wait_max_events=0)
    await place.put("soup", "또 올게요", SOUP)
    with pytest.raises(NotReady, match="not built yet"):
        await place.ids()


async def test_a_follower_outlives_an_outage_tells_its_lag_and_goes_on_where_it_stood(place):
    place.eyes.is_away = True
    await place.put("soup", "또 올게요", SOUP)
    follower = asyncio.create_task(place.looking.follow())
    async with asyncio.timeout(5):
        stuck = await place.seen.get()
        place.eyes.is_away = False
        while not isinstance(record := await place.seen.get(), CaughtUp):
            pass
    follower.cancel()
    assert (stuck.projection, stuck.behind, record.projection, record.behind) == ("images", 2, "images", 0)


async def test_a_rebuilt_image_index_equals_the_one_that_followed(place):
    for at in range(7):
        await place.put(str(at % 5), "또 올게요", (SOUP, CAKE, BEACH)[at % 3])
        await place.looking.catch_up()
    followed = (await place.images.centroid("default", "r"))[0].tolist()
    assert await place.looking.rebuild() == await place.reviews.position()
    assert (await place.images.centroid("default", "r"))[0].tolist() == followed


async def test_an_erased_person_leaves_the_image_index_while_nobody_embeds_images(place):
    await place.put("soup", "또 올게요", SOUP, author_id="kim")
    await place.looking.catch_up()
    place.eyes.is_away = True
    await place.looking.forget("default", [("r", "soup")])
    assert await place.images.count("default", Filter()) == 0


async def test_a_step_that_read_a_review_before_its_erasure_does_not_bring_it_back(place):
    await place.put("soup", "또 올게요", SOUP, author_id="kim")
    reading, go_on = asyncio.Event(), asyncio.Event()
    embed_images = place.eyes.embed_images

    async def slowly(urls):
        reading.set()
        await go_on.wait()
        return await embed_images(urls)

    place.eyes.embed_images = slowly
    step = asyncio.create_task(place.looking.catch_up())
    await reading.wait()
    await place.reviews.erase("default", "kim", CALLER)
    forgetting = asyncio.create_task(place.looking.forget("default", [("r", "soup")]))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(step, forgetting)
    assert await place.images.count("default", Filter()) == 0


async def away(urls):
    raise Unavailable("The image embedder is away.")
