"""Finding reviews by meaning and by words."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, StrictBool

from matjip.analysis.ask import SearchAsk
from matjip.analysis.result import SearchResult
from matjip.analysis.search import MAX_LIMIT
from matjip.api.errors import responses
from matjip.api.examples import SEARCH, example
from matjip.api.fields import NO_NUL, Cursor, Id, Language, Moment, Rating, RequestShape, Word, window_of
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.errors import Fault, Invalid

__all__ = ["SearchRequest", "router"]

MAX_QUERY_CHARS = 1_000  # a situation takes a paragraph; more is a review, not a query
MAX_NAMED = 100  # restaurants, categories, regions in one filter

router = APIRouter(
    prefix="/api/v1/search",
    tags=["search"],
    route_class=StrictRoute,
    responses=responses("malformed", "invalid", "not_ready") | example(SEARCH),
)
POSTED = responses("too_large", "unsupported_media_type")
Hits = Annotated[int, Field(strict=True, ge=1, le=MAX_LIMIT, description="Hits on a page.")]
Asked = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS), NO_NUL]


class SearchRequest(RequestShape):
    """What to look for, and among which reviews. Filters apply before the limit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": "비 오는 날 뜨끈한 국물", "regions": ["mapo"], "rating_min": 3, "limit": 10}]
        }
    )

    query: Asked
    restaurant_ids: Annotated[tuple[Id, ...], Field(max_length=MAX_NAMED)] = ()
    categories: Annotated[tuple[Word, ...], Field(max_length=MAX_NAMED)] = ()
    regions: Annotated[tuple[Word, ...], Field(max_length=MAX_NAMED)] = ()
    languages: Annotated[tuple[Language, ...], Field(max_length=20)] = ()
    sources: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    rating_min: Rating | None = None
    rating_max: Rating | None = None
    has_image: StrictBool | None = None
    since: Moment | None = None
    until: Moment | None = None
    expand: StrictBool = Field(default=True, description="Add words that a reviewer would use for what is described.")
    polarity: StrictBool = Field(
        default=True, description="Put reviews first that praise what the query praises and blame what it blames."
    )
    limit: Hits = 10
    cursor: Cursor | None = None

    def ask(self) -> SearchAsk:
        """The question. Raises Invalid for a range that ends before it begins."""
        if self.rating_min is not None and self.rating_max is not None and self.rating_min > self.rating_max:
            raise Invalid.of(Fault(where="rating_min", wrong="is above rating_max", right="rating_min <= rating_max"))
        return SearchAsk(
            query=self.query,
            restaurant_ids=self.restaurant_ids,
            categories=self.categories,
            regions=self.regions,
            rating_min=self.rating_min,
            rating_max=self.rating_max,
            has_image=self.has_image,
            window=window_of(self.since, self.until, self.languages, self.sources),
            expand=self.expand,
            polarity=self.polarity,
            limit=self.limit,
            cursor=self.cursor,
        )


@router.post("/reviews", responses=POSTED)
async def search_reviews(body: SearchRequest, service: Working, caller: Asker) -> SearchResult:
    """Reviews that match the query by meaning and by words, best first, with the reason for each."""
    return await service.search.search(body.ask(), caller)


@router.get("/reviews")
async def find_reviews(
    service: Working,
    caller: Asker,
    *,
    query: Annotated[Asked, Query()],
    restaurant_id: Annotated[list[Id] | None, Query(max_length=MAX_NAMED)] = None,
    expand: Annotated[bool, Query()] = True,
    polarity: Annotated[bool, Query()] = True,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 10,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> SearchResult:
    """The same by a link: query, restaurants, what is added and what comes first, page."""
    ask = SearchAsk(
        query=query,
        restaurant_ids=tuple(restaurant_id or ()),
        expand=expand,
        polarity=polarity,
        limit=limit,
        cursor=cursor,
    )
    return await service.search.search(ask, caller)


@router.post("/images", responses=POSTED)
async def search_images(body: SearchRequest, service: Working, caller: Asker) -> SearchResult:
    """Reviews that have images; the others are left out before the limit is applied."""
    return await service.search.images(body.ask(), caller)
