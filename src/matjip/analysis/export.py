"""Stored results as rows, as a reader would be shown them now."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Protocol, get_args

from matjip.analysis.result import AnalysisName, Result
from matjip.errors import NotFound
from matjip.reviews.sheet import Column, Fields

__all__ = ["RESULT_COLUMNS", "Latest", "result_rows"]

RESULT_COLUMNS: Mapping[str, Column] = {
    "restaurant_id": "text",
    "analysis": "text",
    "status": "text",
    "as_of": "moment",
    "revision": "whole",
    "stale": "flag",
    "result": "json",
}


class Latest(Protocol):
    """Who has the newest results."""

    def latest(self, tenant: str, restaurant_id: str, analysis: AnalysisName) -> Awaitable[Result]:
        """The stored result. Raises NotFound."""
        ...


async def result_rows(analyses: Latest, tenant: str, restaurant_ids: Sequence[str]) -> AsyncIterator[list[Fields]]:
    """The newest results of each restaurant, those that it has; an empty list for one that was never analysed."""
    for restaurant_id in restaurant_ids:
        rows = []
        for analysis in get_args(AnalysisName):
            try:
                rows.append(_row(analysis, await analyses.latest(tenant, restaurant_id, analysis)))
            except NotFound:
                continue
        yield rows


def _row(analysis: AnalysisName, result: Result) -> Fields:
    meta = result.meta
    return {
        "restaurant_id": result.restaurant_id,
        "analysis": analysis,
        "status": result.status,
        "as_of": meta.as_of,
        "revision": meta.revision,
        "stale": meta.stale,
        "result": result.model_dump(mode="json"),
    }
