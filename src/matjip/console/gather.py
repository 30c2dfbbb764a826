"""Collect what a report shows: every analysis of some restaurants, the reviews that they quote, some searches, the timings."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from matjip.analysis.analyses import Analyses
from matjip.analysis.ask import Ask, SearchAsk
from matjip.analysis.search import Search
from matjip.caller import Caller
from matjip.clock import Clock
from matjip.console.report import Report, RestaurantReport, Timing, quoted_ids
from matjip.reviews.store import Reviews

__all__ = ["gather"]

AT_ONCE = 8  # restaurants under way: while one waits for the disk others are worked out, and what ends together is written together
TITLES = {"ko": "리뷰가 말하는 것", "en": "What the reviews say"}


async def gather(
    reviews: Reviews,
    analyses: Analyses,
    search: Search,
    caller: Caller,
    *,
    asks: Sequence[Ask],
    queries: Sequence[str],
    clock: Clock,
    version: str,
    timings: Sequence[Timing] = (),
    on_progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Analyse each restaurant asked for, and search; `on_progress` hears each restaurant's id when it is done."""
    began = clock.monotonic()
    gate = asyncio.Semaphore(AT_ONCE)

    async def analysed(ask: Ask) -> RestaurantReport:
        async with gate:
            found = await _restaurant(reviews, analyses, ask, caller)
            on_progress(ask.restaurant_id)
            return found

    tasks = [asyncio.create_task(analysed(ask)) for ask in asks]
    try:
        found = await asyncio.gather(*tasks)
    finally:
        for task in tasks:  # the others, where one failed
            task.cancel()
    steps = [Timing("analyses", clock.monotonic() - began, sum(each.n for each in found))]
    began = clock.monotonic()
    searches = [await search.search(SearchAsk(query=query, limit=5), caller) for query in queries]
    if queries:
        steps.append(Timing("search", clock.monotonic() - began))
    first = found[0].sentiment.meta if found else None
    made_at: datetime = clock.now()
    languages = [each.summary.language for each in found]
    return Report(
        title=TITLES["en" if 2 * languages.count("en") > len(languages) else "ko"],
        made_at=made_at,
        version=version,
        engine=first.engine if first else "none",
        model=first.model if first else "none",
        restaurants=tuple(found),
        timings=(*timings, *steps),
        searches=tuple(searches),
    )


async def _restaurant(reviews: Reviews, analyses: Analyses, ask: Ask, caller: Caller) -> RestaurantReport:
    sentiment, summary, strengths = await analyses.every(ask, caller)
    keys = [(ask.restaurant_id, review_id) for review_id in quoted_ids(summary, strengths)]
    return RestaurantReport(
        restaurant=await reviews.restaurant(caller.tenant, ask.restaurant_id),
        sentiment=sentiment,
        summary=summary,
        strengths=strengths,
        reviews={review.id: review for review in await reviews.reviews_by_id(caller.tenant, keys)},
    )
