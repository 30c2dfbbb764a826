"""Stored results as rows."""

from matjip.analysis.export import RESULT_COLUMNS, result_rows
from matjip.api.examples import SENTIMENT, SUMMARY
from matjip.errors import NotFound

RESULTS = {("mapo-noodles", "sentiment"): SENTIMENT, ("mapo-noodles", "summary"): SUMMARY}


class Stored:
    async def latest(self, tenant: str, restaurant_id: str, analysis: str):
        try:
            return RESULTS[restaurant_id, analysis]
        except KeyError:
            raise NotFound("nothing stored") from None


async def test_a_restaurants_results_are_rows_and_what_it_lacks_is_left_out():
    pages = [rows async for rows in result_rows(Stored(), "t", ["mapo-noodles", "another"])]
    assert [[row["analysis"] for row in rows] for rows in pages] == [["sentiment", "summary"], []]
    assert pages[0][0]["result"] == SENTIMENT.model_dump(mode="json")


async def test_a_row_has_every_column():
    (row, *_), _ = [rows async for rows in result_rows(Stored(), "t", ["mapo-noodles", "another"])]
    assert list(row) == list(RESULT_COLUMNS)
    assert (row["status"], row["revision"], row["stale"], row["as_of"]) == ("ok", 42, False, SENTIMENT.meta.as_of)
