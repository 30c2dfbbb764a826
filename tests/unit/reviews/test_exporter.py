"""What an export writes, refuses, and gives back when it is imported."""

import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import Invalid, NotFound
from matjip.reviews import exporter, sheet
from matjip.reviews.dump import dump, state_at
from matjip.reviews.exporter import RESTAURANT_COLUMNS, REVIEW_COLUMNS, restaurant_rows, review_rows
from matjip.reviews.importer import import_reviews
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import RestaurantDraft, ReviewDraft
from matjip.reviews.sheet import demand_folder, open_sheet
from matjip.reviews.store import Delete, Put, PutRestaurant

WHO = Caller(request_id="test")
FORMATS = ("jsonl", "jsonl.gz", "parquet")


def record() -> MemoryReviews:
    return MemoryReviews(FakeClock(), erasure_key=b"k" * 32)


def review(number: int, **about) -> Put:
    fields = {"restaurant_id": "r", "id": str(number), "content": f"리뷰 {number} 😋\n둘째 줄"}
    return Put(review=ReviewDraft(**(fields | about)))


@pytest.fixture
async def reviews() -> MemoryReviews:
    made = record()
    full = {"author_id": "a", "group_id": "g", "subgroup_id": "s", "rating": 4.5, "is_recommended": False}
    full |= {"images": ("https://x/1.jpg", "https://x/2.jpg"), "source": "app", "language": "ko"}
    full |= {"created_at": datetime(2020, 2, 29, 1, 2, 3, 456789, tzinfo=UTC)}
    described = RestaurantDraft(id="r", name="국수집", categories=("korean", "noodles"), region="mapo", price_band=2)
    await made.write([PutRestaurant(restaurant=described), PutRestaurant(restaurant=RestaurantDraft(id="s"))], WHO)
    await made.write([review(1), review(2, **full), review(3), review(4, restaurant_id="s")], WHO)
    return made


async def write(reviews: MemoryReviews, file: Path, **about) -> None:
    with open_sheet(str(file), REVIEW_COLUMNS, run="run", **about) as out:
        async for rows in review_rows(reviews, "default"):
            out.write(rows)


async def exported(reviews: MemoryReviews, **about) -> list[tuple[object, object]]:
    pages = [rows async for rows in review_rows(reviews, "default", **about)]
    return [(row["restaurant_id"], row["id"]) for rows in pages for row in rows]


@pytest.mark.parametrize("ending", FORMATS)
async def test_what_was_exported_is_imported_to_the_same_record(reviews, tmp_path, ending):
    await write(reviews, tmp_path / f"reviews.{ending}")
    with open_sheet(str(tmp_path / f"restaurants.{ending}"), RESTAURANT_COLUMNS, run="run") as out:
        async for rows in restaurant_rows(reviews, "default"):
            out.write(rows)
    again = record()
    for name in ("restaurants", "reviews"):
        source = str(tmp_path / f"{name}.{ending}")
        summary = await import_reviews(source, again, WHO, clock=FakeClock(), folder=tmp_path / "imports")
        assert summary.rejected == 0
    assert list(dump(await state_at(again))) == list(dump(await state_at(reviews)))


async def test_rows_come_by_restaurant_and_id_however_small_the_pages(reviews, monkeypatch):
    monkeypatch.setattr(exporter, "PAGE_ROWS", 2)
    assert await exported(reviews) == [("r", "1"), ("r", "2"), ("r", "3"), ("s", "4")]
    pages = [len(rows) async for rows in restaurant_rows(reviews, "default")]
    assert pages == [2]


async def test_an_export_may_be_of_some_restaurants_or_of_a_time_or_go_on_after_a_restaurant(reviews):
    assert await exported(reviews, restaurant_ids=["s"]) == [("s", "4")]
    assert await exported(reviews, until=datetime(2021, 1, 1, tzinfo=UTC)) == [("r", "2")]
    assert await exported(reviews, after="r") == [("s", "4")]


async def test_what_was_deleted_is_not_exported(reviews):
    await reviews.write([Delete(restaurant_id="r", review_id="2"), Delete(restaurant_id="s", review_id=None)], WHO)
    assert await exported(reviews) == [("r", "1"), ("r", "3")]


async def test_a_restaurant_that_is_not_there_is_not_found(reviews):
    with pytest.raises(NotFound, match="nowhere"):
        await exported(reviews, restaurant_ids=["r", "nowhere"])


async def test_another_tenant_exports_nothing(reviews):
    assert [rows async for rows in review_rows(reviews, "another")] == []


def test_json_lines_go_to_stdout_where_no_file_is_named():
    pipe = io.BytesIO()
    with open_sheet("-", {}, run="run", stdout=pipe) as out:
        out.write([{"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"text": "말"}])
    assert pipe.getvalue().decode() == '{"at":"2026-01-01T00:00:00Z"}\n{"text":"말"}\n'


async def test_an_export_that_fails_leaves_nothing_and_keeps_the_file_before(reviews, tmp_path):
    file = tmp_path / "reviews.jsonl"
    file.write_text("before")

    def broken() -> None:
        with open_sheet(str(file), {}, run="run", force=True) as out:
            out.write([{"id": "1"}])
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        broken()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("reviews.jsonl", "before")]


@pytest.mark.parametrize("ending", FORMATS)
async def test_a_file_that_is_there_is_replaced_only_when_asked(reviews, tmp_path, ending):
    file = tmp_path / f"reviews.{ending}"
    await write(reviews, file)
    with pytest.raises(Invalid, match="--force"):
        await write(reviews, file)
    await write(reviews, file, force=True)


@pytest.mark.parametrize(
    ("name", "says"), [("reviews.csv", r"\.parquet"), (".jsonl", "a name"), ("none/reviews.jsonl", "no folder")]
)
async def test_a_target_that_cannot_be_is_refused_and_nothing_is_made(reviews, tmp_path, name, says):
    with pytest.raises(Invalid, match=says):
        await write(reviews, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_demanded_and_not_made(tmp_path):
    demand_folder(tmp_path / "file")
    with pytest.raises(Invalid, match="no folder"):
        demand_folder(tmp_path / "none" / "file")
    assert list(tmp_path.iterdir()) == []


async def test_packed_lines_are_the_same_bytes_each_time(reviews, tmp_path):
    await write(reviews, tmp_path / "one.jsonl.gz")
    await write(reviews, tmp_path / "two.jsonl.gz")
    packed = (tmp_path / "one.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "two.jsonl.gz").read_bytes()
    assert [json.loads(line)["id"] for line in gzip.decompress(packed).splitlines()] == ["1", "2", "3", "4"]


def test_parquet_gathers_small_pages_into_groups_of_one_size(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "ROW_GROUP_ROWS", 3)
    with open_sheet(str(tmp_path / "x.parquet"), {"id": "text", "body": "json"}, run="run") as out:
        for number in range(7):
            out.write([{"id": str(number), "body": {"n": number}}])
    found = pq.ParquetFile(tmp_path / "x.parquet")
    assert [found.metadata.row_group(at).num_rows for at in range(found.num_row_groups)] == [3, 3, 1]
    assert found.read().to_pylist()[6] == {"id": "6", "body": '{"n":6}'}
