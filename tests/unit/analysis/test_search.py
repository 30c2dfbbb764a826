"""Search over the record: what is found, why, in which pages, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.index_cases import empty

from matjip.analysis.ask import SearchAsk
from matjip.analysis.counters import MemoryCounters
from matjip.analysis.projection import ProjectionSettings, Projector
from matjip.analysis.result import Window
from matjip.analysis.search import THING_WEIGHTS, WEIGHTS, Search, asked_words, weights_of
from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import Invalid, NotReady, Unavailable
from matjip.index.exact import ExactIndex
from matjip.inference.task import ExpandQuery, Expansion, Mention, Verdict
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.store import Delete, Put, PutRestaurant
from matjip.testing import FakeEmbedder, FakeJudge

CALLER = Caller(request_id="request-1")
STRANGER = Caller(tenant="another", request_id="request-2")
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


class ExpandingJudge(FakeJudge):
    """Knows one situation, rain, and what kindness and its lack are."""

    name = "lite/test"

    def __init__(self):
        super().__init__({"무례": "service-", "상냥": "service+"})

    async def judge(self, task):
        if not isinstance(task, ExpandQuery):
            return await super().judge(task)
        rain = Expansion(situation="rainy day", terms=("국물", "뜨끈"))
        nothing = Expansion(situation=None, terms=())
        answers = [rain if "비 오는" in query else nothing for query in task.queries]
        return tuple(Verdict(answer=answer, engine="lite", model=self.name) for answer in answers)


class AwayAtTimes(FakeEmbedder):
    """Answers nobody while it is away."""

    is_away = False

    async def embed(self, texts):
        if self.is_away:
            raise Unavailable("The embedder is away.", retry_after_s=7)
        return await super().embed(texts)


class Place:
    """A record, its index and a search over both."""

    def __init__(self, index: ExactIndex, *, reviews: MemoryReviews | None = None, **settings: float) -> None:
        self.clock = FakeClock()
        self.reviews = reviews or MemoryReviews(self.clock, erasure_key=b"test")
        self.index = index
        self.seen: list[object] = []
        embedder = self.embedder = AwayAtTimes(meanings={"얼큰": "매콤"})
        self.projector = Projector(
            self.reviews,
            index,
            embedder,
            judge=ExpandingJudge(),
            counters=MemoryCounters(),
            language_of=lambda text: "ko",
            clock=self.clock,
            settings=ProjectionSettings(**settings),
        )
        self.search = Search(
            self.reviews,
            index,
            embedder,
            ExpandingJudge(),
            self.projector,
            language_of=lambda text: "ko",
            clock=self.clock,
            hooks=[self.seen.append],
        )

    async def put(self, review_id: str, content: str = "국물이 진해요", *, caller: Caller = CALLER, **fields):
        draft = ReviewDraft(**({"restaurant_id": "r", "id": review_id, "content": content} | fields))
        return await self.reviews.write([Put(review=draft)], caller)

    async def ask(self, query: str = "국물", *, caller: Caller = CALLER, **fields):
        return await self.search.search(SearchAsk(query=query, **fields), caller)

    async def ids(self, query: str = "국물", **fields) -> list[str]:
        return [hit.review_id for hit in (await self.ask(query, **fields)).hits]


@pytest.fixture
async def place():
    async with await ExactIndex.open(":memory:", embedder="fake/1", dimensions=32, min_similarity=0.5) as index:
        yield Place(index)


@pytest.fixture
async def town(place):
    """Three restaurants that differ in category and region."""
    for restaurant_id, categories, region in [
        ("noodles", ("한식", "면"), "서울"),
        ("stews", ("한식",), "부산"),
        ("cafe", ("카페",), "서울"),
    ]:
        draft = RestaurantDraft(
            id=restaurant_id, name=f"{region} {restaurant_id}", categories=categories, region=region
        )
        await place.reviews.write([PutRestaurant(restaurant=draft)], CALLER)
        await place.put(f"of {restaurant_id}", restaurant_id=restaurant_id)
    return place


async def test_truth_3_what_was_written_is_found_under_every_filter_at_once(place):
    await place.reviews.write(
        [PutRestaurant(restaurant=RestaurantDraft(id="r", name="국밥집", categories=("한식",), region="서울"))], CALLER
    )
    await place.put("other", restaurant_id="elsewhere", language="en", source="import", created_at=MARCH - timedelta(9))
    fields = {
        "rating": 4.5,
        "language": "ko",
        "source": "app",
        "created_at": MARCH,
        "images": ("https://example.com/1.jpg",),
    }
    await place.put("new", **fields)
    for wanted in (
        {"restaurant_ids": ("r",)},
        {"categories": ("한식",)},
        {"regions": ("서울",)},
        {"rating_min": 4.5},
        {"rating_max": 4.5},
        {"has_image": True},
        {"window": Window(since=MARCH, until=MARCH + timedelta(seconds=1))},
        {"window": Window(languages=("ko",))},
        {"window": Window(sources=("app", "partner"))},
    ):
        assert await place.ids(**wanted) == ["new"], wanted


async def test_truth_3_what_was_changed_is_found_as_it_stands_and_what_was_deleted_is_not(place):
    await place.put("a")
    await place.put("b")
    assert await place.ids() == ["a", "b"]
    await place.put("a", "커피가 좋아요", rating=5.0)
    assert (await place.ids(), await place.ids("커피", rating_min=5.0)) == (["b"], ["a"])
    await place.reviews.write([Delete(restaurant_id="r", review_id="b")], CALLER)
    result = await place.ask()
    assert (result.hits, result.total) == ((), 0)


async def test_truth_3_an_erased_person_is_found_no_more(place):
    await place.put("a", author_id="u1")
    assert await place.ids() == ["a"]
    await place.reviews.erase("default", "u1", CALLER)
    assert await place.ids() == []


async def test_a_tombstone_is_not_shown_even_by_an_index_that_is_far_behind(place):
    await place.put("a")
    await place.put("b")
    await place.ask()
    await place.reviews.write([Delete(restaurant_id="r", review_id="a")], CALLER)
    late = Place(place.index, reviews=place.reviews, wait_max_events=0)
    result = await late.ask()
    assert [hit.review_id for hit in result.hits] == ["b"]
    assert result.index_position < result.log_position


async def test_a_tenant_finds_its_own_reviews_alone(place):
    await place.put("a")
    await place.put("b", caller=STRANGER)
    assert [await place.ids(caller=who) for who in (CALLER, STRANGER)] == [["a"], ["b"]]


async def test_a_hit_is_the_review_as_stored_with_its_restaurant_and_the_reason(town):
    await town.put(
        "x", "😀 국물이 진하고\n<b>친절</b>하세요", restaurant_id="stews", rating=4.0, images=("https://example.com/x",)
    )
    result = await town.ask("친절한 국물", restaurant_ids=("stews",), limit=1)
    (hit,) = result.hits
    assert (hit.content, hit.restaurant_name, hit.rating) == ("😀 국물이 진하고\n<b>친절</b>하세요", "부산 stews", 4.0)
    assert [hit.content[span.start : span.end] for span in hit.highlights] == ["국물", "친절"]
    assert (hit.why.words, hit.why.word_rank, hit.language, hit.images) == (
        ("친절한", "국물"),
        1,
        "ko",
        ("https://example.com/x",),
    )


async def test_a_hit_by_meaning_alone_says_that_no_word_was_there(place):
    await place.put("a", "매콤")
    await place.put("b", "커피")
    (hit,) = (await place.ask("얼큰")).hits
    assert (hit.review_id, hit.why.words, hit.why.word_rank, hit.why.dense_rank) == ("a", (), None, 1)
    assert hit.why.similarity == pytest.approx(1.0, abs=0.01)
    assert hit.highlights == ()


async def test_categories_and_regions_narrow_together_whatever_their_case(town):
    assert await town.ids(categories=("한식",)) == ["of noodles", "of stews"]
    assert await town.ids(categories=("한식", "카페"), regions=("서울",)) == ["of cafe", "of noodles"]
    assert await town.ids(categories=("한식",), restaurant_ids=("cafe",)) == []
    assert await town.ids(regions=("제주",)) == []


async def test_an_expansion_is_shown_and_finds_more_and_can_be_switched_off(place):
    await place.put("soup", "뜨끈한 국물")
    shown = await place.ask("비 오는 날")
    assert (shown.situation, shown.expanded_terms) == ("rainy day", ("국물", "뜨끈"))
    assert [(hit.review_id, hit.why.words) for hit in shown.hits] == [("soup", ("국물", "뜨끈"))]
    plain = await place.ask("비 오는 날", expand=False)
    assert (plain.situation, plain.expanded_terms, plain.hits) == (None, (), ())


async def test_a_word_that_was_asked_is_not_added_again(place):
    assert (await place.ask("비 오는 날 국물")).expanded_terms == ("뜨끈",)


async def test_image_search_returns_the_reviews_with_images_chosen_before_the_limit(place):
    for at in range(30):
        await place.put(f"{at:02}", images=(f"https://example.com/{at}",) if at >= 27 else ())
    result = await place.search.images(SearchAsk(query="국물", limit=3), CALLER)
    assert ([hit.review_id for hit in result.hits], result.total) == (["27", "28", "29"], 3)
    assert all(hit.images for hit in result.hits)


async def test_pages_hold_every_hit_once_and_the_last_has_no_cursor(place):
    for at in range(23):
        await place.put(f"{at:02}", "국물 " + "면 " * (at % 5))
    pages, cursor = [], None
    while not pages or cursor:
        page = await place.ask(limit=5, cursor=cursor)
        pages.append([hit.review_id for hit in page.hits])
        assert page.total == 23
        cursor = page.next_cursor
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert sorted(review_id for page in pages for review_id in page) == [f"{at:02}" for at in range(23)]


async def test_a_cursor_is_safe_in_a_url_and_may_go_on_with_another_limit(place):
    for at in range(9):
        await place.put(str(at))
    cursor = (await place.ask(limit=3)).next_cursor
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert await place.ids(limit=2, cursor=cursor) == ["3", "4"]


@pytest.mark.parametrize("change", [{"query": "커피"}, {"rating_min": 1.0}, {"expand": False}, {"caller": STRANGER}])
async def test_a_cursor_of_another_query_is_refused_and_says_so(place, change):
    for at in range(3):
        await place.put(str(at))
    cursor = (await place.ask(limit=1)).next_cursor
    with pytest.raises(Invalid, match="cursor belongs to another query"):
        await place.ask(**({"query": "국물", "limit": 1, "cursor": cursor} | change))


@pytest.mark.parametrize(
    "cursor", ["", "???", "bm90IG91cnM", "W10", "국물", "WzEsMl0\0", "A" * 10_000, "WzEsImEiLCJiIl0"]
)
async def test_a_cursor_that_was_not_made_here_is_refused(place, cursor):
    with pytest.raises(Invalid, match="cursor was not made here"):
        await place.ask(cursor=cursor)


async def test_a_cursor_from_before_a_rebuild_waits_until_the_index_is_there_again(place):
    for at in range(3):
        await place.put(str(at))
    cursor = (await place.ask(limit=1)).next_cursor
    await empty(place.index)
    late = Place(place.index, reviews=place.reviews, wait_max_events=0)
    with pytest.raises(NotReady):
        await late.ask(limit=1, cursor=cursor)


async def test_every_fault_of_an_ask_is_named_at_once(place):
    window = Window(since=MARCH, until=MARCH)
    with pytest.raises(Invalid) as caught:
        await place.ask(" ", limit=0, rating_min=5.0, rating_max=1.0, window=window)
    assert [fault.where for fault in caught.value.faults] == ["query", "limit", "rating_min", "window.since"]


@pytest.mark.parametrize("query", ["", " \n", "국물\0", "\ud800", "가" * 1_001])
async def test_a_query_that_is_no_text_is_refused(place, query):
    with pytest.raises(Invalid, match="query"):
        await place.ask(query)


@pytest.mark.parametrize("query", ["🔥👍🏽", '"', "' OR 1=1 --", "NEAR(a b)", "*", "없는낱말", "가" * 1_000])
async def test_a_query_that_nothing_matches_finds_nothing_rather_than_everything(place, query):
    await place.put("a")
    result = await place.ask(query)
    assert (result.hits, result.total, result.next_cursor) == ((), 0, None)


async def test_a_result_says_when_from_which_state_and_by_which_model(place):
    await place.put("a")
    result = await place.ask()
    assert result.index_position == result.log_position == await place.reviews.position()
    assert (result.as_of, result.model, result.request_id) == (place.clock.now(), "fake/1", "request-1")


async def test_each_search_is_reported_with_its_outcome(place):
    await place.put("a")
    await place.ask()
    with pytest.raises(Invalid):
        await place.search.images(SearchAsk(query=""), CALLER)
    assert [(each.analysis, each.outcome, each.reviews) for each in place.seen] == [
        ("search", "ok", 1),
        ("images", "invalid", 0),
    ]


async def test_a_query_that_praises_finds_praise_first_and_says_why(place):
    await place.put("rude", "직원 직원 직원이 무례해요")
    await place.put("kind", "직원이 상냥했어요")
    result = await place.ask("직원 상냥")
    assert result.asked == ("service+",)
    assert [(hit.review_id, hit.why.said) for hit in result.hits] == [("kind", ("service+",)), ("rude", ())]


async def test_a_query_that_blames_finds_blame_first(place):
    await place.put("kind", "직원 직원 직원이 상냥했어요")
    await place.put("rude", "직원이 무례해요")
    result = await place.ask("직원 무례")
    assert [(hit.review_id, hit.why.said, hit.why.against) for hit in result.hits] == [
        ("rude", ("service-",), ()),
        ("kind", (), ("service-",)),
    ]


async def test_polarity_can_be_switched_off(place):
    await place.put("kind", "직원 직원 직원이 상냥했어요")
    await place.put("rude", "직원이 무례해요")
    result = await place.ask("직원", polarity=False)
    assert (result.asked, result.hits[0].why.said) == ((), ())


def heard(query: str, target: str, opinion: str, aspect: str = "taste") -> dict[str, float]:
    end = query.index(opinion) + len(opinion)
    mention = Mention(
        aspect=aspect, polarity="positive", target=target, opinion=opinion, start=query.index(target), end=end
    )
    return asked_words(query, [mention])


def test_a_dish_counts_most_and_the_word_for_a_place_least():
    words = heard("파스타 맛있는 집", "파스타", "맛있는")
    assert words["파스타"] > 1 > words["맛있는"] > words["집"] > 0
    assert weights_of(words) == THING_WEIGHTS


@pytest.mark.parametrize(
    ("query", "target", "opinion", "aspect"),
    [("음식 맛있는", "음식", "맛있는", "taste"), ("직원 친절", "직원", "친절", "service")],
)
def test_the_name_of_a_whole_aspect_is_no_dish(query, target, opinion, aspect):
    words = heard(query, target, opinion, aspect)
    assert words[target] == 1
    assert weights_of(words) == WEIGHTS


def test_a_query_without_an_opinion_counts_its_words_alike():
    assert asked_words("뜨끈한 국물", []) == {"뜨끈한": 1, "국물": 1}


@pytest.fixture
async def bowls(place):
    """Three reviews, one of which means what two say."""
    for review_id, content in [("a", "매콤한 국물"), ("b", "매콤한 국물이 좋아요"), ("c", "얼큰한 국물")]:
        await place.put(review_id, content)
    await place.projector.catch_up()
    return place


async def test_while_whoever_embeds_is_away_words_are_searched_and_the_page_says_so(bowls):
    assert not (await bowls.ask("매콤한")).degraded
    bowls.embedder.is_away = True
    page = await bowls.ask("매콤한")
    assert (page.degraded, sorted(hit.review_id for hit in page.hits)) == (True, ["a", "b"])


async def test_a_query_that_nobody_has_read_is_unavailable_and_no_empty_page(bowls):
    bowls.embedder.is_away = True
    with pytest.raises(Unavailable, match="away") as error:
        await bowls.ask("주차장")
    assert error.value.retry_after_s == 7


async def test_a_search_that_began_by_words_goes_on_by_words(bowls):
    bowls.embedder.is_away = True
    first = await bowls.ask("매콤한", limit=1)
    bowls.embedder.is_away = False
    second = await bowls.ask("매콤한", limit=1, cursor=first.next_cursor)
    assert (second.degraded, second.next_cursor) == (True, None)
    assert {hit.review_id for hit in (*first.hits, *second.hits)} == {"a", "b"}


async def test_a_search_that_began_whole_does_not_go_on_by_words(bowls):
    first = await bowls.ask("매콤한", limit=1)
    bowls.embedder.is_away = True
    with pytest.raises(Unavailable):
        await bowls.ask("매콤한", limit=1, cursor=first.next_cursor)


async def test_what_was_written_while_whoever_embeds_is_away_is_found_later_and_the_page_tells(bowls):
    bowls.embedder.is_away = True
    await bowls.put("d", "매콤한 찌개")
    page = await bowls.ask("매콤한")
    assert (page.log_position - page.index_position, len(page.hits)) == (1, 2)
    bowls.embedder.is_away = False
    assert "d" in await bowls.ids("매콤한")
