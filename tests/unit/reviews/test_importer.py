"""What an import takes, refuses, remembers and says."""

import gzip
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.errors import Invalid
from matjip.reviews.importer import ImportSummary, import_reviews
from matjip.reviews.memory import MemoryReviews
from matjip.reviews.review import Review

ROOT = Path(__file__).resolve().parents[3]
WHO = Caller(request_id="test")
HEADER = "restaurant_id,id,content,rating\n"


class Place:
    """A record in memory, a folder, and an import into them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reviews = MemoryReviews(FakeClock(), erasure_key=b"k" * 32)

    async def take(self, data: str | bytes, name: str = "reviews.csv", **words: object) -> ImportSummary:
        file = self.folder / name
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return await self.take_file(str(file), **words)

    async def take_file(self, source: str, **words: object) -> ImportSummary:
        return await import_reviews(
            source, self.reviews, WHO, clock=FakeClock(), folder=self.folder / "imports", **words
        )

    async def of(self, restaurant: str = "r") -> list[Review]:
        return await self.reviews.reviews("default", restaurant)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def lines(*rows: dict[str, object]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def rejected(summary: ImportSummary) -> list[dict[str, object]]:
    assert summary.rejects_file is not None
    return [json.loads(line) for line in Path(summary.rejects_file).read_text().splitlines()]


async def test_a_csv_keeps_quoted_line_breaks_and_commas_as_they_are(place):
    await place.take(HEADER + 'r,1,"맛있어요,\n또 갈게요 ""진짜로""",5\n')
    assert [review.content for review in await place.of()] == ['맛있어요,\n또 갈게요 "진짜로"']


async def test_a_tsv_has_no_quoting_so_a_quote_is_a_quote(place):
    await place.take('restaurant_id\tid\tcontent\nr\t1\t"혼자 남은 따옴표\n', "reviews.tsv")
    assert [review.content for review in await place.of()] == ['"혼자 남은 따옴표']


async def test_a_gzip_is_known_by_its_first_bytes_not_by_its_name(place):
    await place.take(gzip.compress((HEADER + "r,1,좋아요,4\n").encode()), "reviews.csv")
    assert len(await place.of()) == 1


async def test_a_parquet_file_is_read_by_its_own_types(place):
    table = pa.table({"store_id": [7], "review_id": [1], "text": ["담백해요"], "stars": [4.5]})
    pq.write_table(table, place.folder / "reviews.parquet")
    await place.take_file(str(place.folder / "reviews.parquet"))
    assert [(review.id, review.rating) for review in await place.of("7")] == [("1", 4.5)]


async def test_dates_and_decimals_of_a_parquet_file_are_read(place):
    table = pa.table({"store_id": ["r"], "text": ["x"], "date": [date(2026, 1, 2)], "stars": [Decimal("4.5")]})
    pq.write_table(table, place.folder / "reviews.parquet")
    summary = await place.take_file(str(place.folder / "reviews.parquet"))
    assert [(review.rating, review.created_at.isoformat()) for review in await place.of()] == [
        (4.5, "2026-01-02T00:00:00+00:00")
    ]
    assert summary.zoneless_times == 1


async def test_a_parquet_row_that_python_cannot_hold_is_refused_alone(place):
    nanoseconds = pa.array([1_767_323_040_123_456_789, 1_767_323_040_000_000_000], pa.timestamp("ns"))
    pq.write_table(
        pa.table({"store_id": ["r", "r"], "text": ["a", "b"], "date": nanoseconds}), place.folder / "r.parquet"
    )
    summary = await place.take_file(str(place.folder / "r.parquet"))
    assert (summary.created, [row["line"] for row in rejected(summary)]) == (1, [1])


async def test_a_parquet_file_with_a_damaged_page_says_after_which_row(place):
    file = place.folder / "r.parquet"
    pq.write_table(
        pa.table({"store_id": ["r"] * 5_000, "text": [f"{n}" for n in range(5_000)]}), file, row_group_size=1_000
    )
    whole = file.read_bytes()
    half = len(whole) // 2
    file.write_bytes(whole[:half] + bytes(byte ^ 0xA5 for byte in whole[half : half + 800]) + whole[half + 800 :])
    with pytest.raises(Invalid, match="after row 2000 the file breaks off"):
        await place.take_file(str(file))


async def test_a_byte_order_mark_and_windows_line_ends_change_nothing(place):
    await place.take(b"\xef\xbb\xbf" + (HEADER + "r,1,좋아요,4\n").replace("\n", "\r\n").encode())
    assert [review.content for review in await place.of()] == ["좋아요"]


async def test_a_line_that_is_not_utf8_is_refused_and_the_next_one_taken(place):
    summary = await place.take(HEADER.encode() + b"r,1,\xff\xfe,4\n" + "r,2,좋아요,4\n".encode())
    assert (summary.rejected, summary.created) == (1, 1)
    assert rejected(summary)[0]["line"] == 2
    assert "UTF-8" in str(rejected(summary)[0]["reasons"])


async def test_a_refused_row_behind_a_quoted_line_break_is_named_by_its_own_line(place):
    summary = await place.take(HEADER + 'r,1,"둘\n줄",5\nr,2,좋아요,9\n')
    assert [row["line"] for row in rejected(summary)] == [4]


async def test_a_row_with_too_few_columns_says_how_many_it_has(place):
    summary = await place.take(HEADER + "r,1,좋아요\n")
    assert "has 3 columns; expected the header's 4" in str(rejected(summary)[0]["reasons"])


async def test_a_line_without_end_is_refused_and_never_held_whole(place):
    summary = await place.take(
        lines({"restaurant_id": "r", "id": "1", "content": "가" * 2_000_000})
        + lines({"restaurant_id": "r", "id": "2", "content": "좋아요"}),
        "r.jsonl",
    )
    assert (summary.rejected, summary.created) == (1, 1)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "1", "content": "좋아요"}, "restaurant_id is missing"),
        ({"restaurant_id": "r", "id": "1"}, "content is missing"),
        ({"restaurant_id": "r", "id": "1", "content": " "}, "content"),
        ({"restaurant_id": "r", "id": "1", "content": "a\0b"}, "content"),
        ({"restaurant_id": "r", "id": "1", "content": "가" * 5_001}, "content"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "rating": "다섯"}, "rating is '다섯'"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "rating": 5.5}, "rating is 5.5"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "rating": True}, "rating is True"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "rating": "nan"}, "rating"),
        ({"restaurant_id": ["r"], "id": "1", "content": "x"}, "restaurant_id is ['r']"),
        ({"restaurant_id": "r", "id": True, "content": "x"}, "id is True"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "created_at": "어제"}, "created_at is '어제'"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "created_at": 1e300}, "created_at"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "images": ["ftp://a/b"]}, "images"),
        ({"restaurant_id": "r", "id": "1", "content": "x", "is_recommended": "maybe"}, "is_recommended is 'maybe'"),
    ],
)
async def test_a_row_that_cannot_be_a_review_is_refused_with_its_reason(place, row, told):
    summary = await place.take(lines(row, {"restaurant_id": "r", "id": "ok", "content": "좋아요"}), "r.jsonl")
    assert (summary.rejected, summary.created) == (1, 1)
    assert told in str(rejected(summary)[0]["reasons"])


@pytest.mark.parametrize("price", ["nan", "inf", 2.5, True, [2]])
async def test_a_restaurant_with_a_price_that_is_no_whole_number_is_refused_alone(place, price):
    summary = await place.take(
        lines({"kind": "restaurant", "id": "r", "price_band": price}, {"kind": "restaurant", "id": "s"}), "r.jsonl"
    )
    assert (summary.rejected, summary.restaurants) == (1, 1)


async def test_a_quote_that_stays_open_says_which_lines_it_took(place):
    summary = await place.take(HEADER + "r,1,좋아요,4\n" + 'r,2,"열림,4\n' + "r,3,좋아요,4\n" * 3)
    assert (summary.created, rejected(summary)[0]["line"]) == (1, 3)
    assert "lines up to 6" in str(rejected(summary)[0]["reasons"])
    assert rejected(summary)[0]["row"] == 'r,2,"열림,4\n'


async def test_a_csv_line_that_is_too_long_ends_with_itself(place):
    summary = await place.take(HEADER + 'r,1,"' + "가" * 1_000_000 + '",4\nr,2,좋아요,4\n')
    assert (summary.created, rejected(summary)[0]["line"]) == (1, 2)
    assert "is longer than 1,000,000 bytes" in str(rejected(summary)[0]["reasons"])


async def test_a_json_array_is_refused_with_what_makes_lines_of_it(place):
    with pytest.raises(Invalid, match="jq -c"):
        await place.take('[\n{"restaurant_id": "r", "id": "1", "content": "x"}\n]', "r.json")


@pytest.mark.parametrize("line", ["{broken", "[1]", '"text"', '{"content": "\\ud800"}', "{}" + "}" * 5])
async def test_a_line_that_is_no_json_object_is_refused(place, line):
    summary = await place.take(line + "\n" + lines({"restaurant_id": "r", "id": "1", "content": "좋아요"}), "r.jsonl")
    assert (summary.rejected, summary.created) == (1, 1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("", "is empty"),
        (HEADER, "holds no rows"),
        ("name,stars\nx,1\n", "has no column for restaurant_id"),
        ("name,stars\nx,1\n", "found: name, stars"),
        ("restaurant_id,content,content\nr,x,y\n", "has content more than once"),
        ("restaurant_id,content\rr,x\r", "is not CSV"),
        ("가게,내용\n1,좋아요\n".encode("cp949"), "is not UTF-8"),
        ("restaurant_id,content\n1,x\n".encode("utf-16"), "is not UTF-8"),
        ("x" * 1_000_001, "is longer than"),
    ],
)
async def test_a_file_that_cannot_work_is_refused_before_anything_is_stored(place, data, told):
    with pytest.raises(Invalid, match=told):
        await place.take(data)
    assert await place.reviews.position() == 0


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        (["taste=text"], "names the field 'taste'"),
        (["content"], "expected field=column"),
        (["content=nothing"], "names a column that is not there"),
        (["content=text/2"], "a division of rating alone"),
        (["rating=score/0"], "by more than 0"),
        (["rating:=seven"], "is 'seven'; expected a number"),
        (["content=text", "content=score"], "maps content twice"),
    ],
)
async def test_a_mapping_that_cannot_work_says_what_would(place, mapping, told):
    with pytest.raises(Invalid, match=told):
        await place.take("restaurant_id,id,text,score\nr,1,x,8\n", mapping=mapping)


async def test_columns_are_mapped_scaled_and_filled_in(place):
    mapping = ["content=본문", "rating=점수/2", "restaurant_id:=우리집"]
    await place.take("번호,본문,점수,id\n1,좋아요,9,a\n", mapping=mapping)
    assert [(review.content, review.rating) for review in await place.of("우리집")] == [("좋아요", 4.5)]


@pytest.mark.parametrize(
    ("data", "name"),
    [("id,text\nr,하나\nr,둘\n", "a.csv"), ('{"id":"r","text":"하나"}\n{"id":"r","text":"둘"}\n', "a.jsonl")],
)
async def test_a_column_that_was_mapped_is_not_taken_for_another_field_as_well(place, data, name):
    await place.take(data, name, mapping=["restaurant_id=id"])
    assert [review.content for review in await place.of()] == ["하나", "둘"]


async def test_columns_that_no_field_needs_are_listed_once(place):
    rows = [{"restaurant_id": "r", "id": n, "content": "x", "kind": "review", "likes": n} for n in range(3)]
    assert (await place.take(lines(*rows, {"memo": 1}), "r.jsonl")).ignored_columns == ("likes", "memo")
    assert (await place.take("restaurant_id,content,views\nr,x,1\n")).ignored_columns == ("views",)


@pytest.mark.parametrize("at", ["2026-01-02T03:04:00Z", "1767323040", "1767323040.0", "1767323040000"])
async def test_a_table_holds_times_as_text_or_as_seconds(place, at):
    await place.take(f"restaurant_id,content,date\nr,x,{at}\n")
    assert [review.created_at.isoformat() for review in await place.of()] == ["2026-01-02T03:04:00+00:00"]


async def test_times_without_a_zone_are_utc_and_counted(place):
    rows = [
        {"restaurant_id": "r", "id": str(n), "content": "x", "created_at": at}
        for n, at in enumerate(["2026-01-02 03:04", 1_767_323_040, 1_767_323_040_000, "2026-01-02T12:04:00+09:00"])
    ]
    summary = await place.take(lines(*rows), "r.jsonl")
    assert summary.zoneless_times == 1
    assert {review.created_at.isoformat() for review in await place.of()} == {"2026-01-02T03:04:00+00:00"}


async def test_a_restaurant_line_names_the_restaurant(place):
    await place.take(
        lines(
            {"kind": "restaurant", "id": 7, "name": "반죽하는집", "categories": ["한식"], "price_band": 2},
            {"restaurant_id": 7, "id": 1, "content": "좋아요"},
        ),
        "r.jsonl",
    )
    assert (await place.reviews.restaurant("default", "7")).name == "반죽하는집"


async def test_of_two_rows_with_one_id_the_last_one_stands(place):
    summary = await place.take(HEADER + "r,1,처음,3\nr,1,나중,4\n")
    assert (summary.created, summary.updated) == (1, 1)
    assert [review.content for review in await place.of()] == ["나중"]


async def test_rows_without_ids_are_named_by_file_and_line_so_a_second_import_changes_nothing(place):
    data = "restaurant_id,content\nr,굿\nr,굿\n"
    await place.take(data, "mine.csv")
    again = await place.take(data + "r,새로운\n", "mine.csv")
    assert [review.id for review in await place.of()] == ["mine:2", "mine:3", "mine:4"]
    assert (again.unchanged, again.created) == (2, 1)


async def test_a_pipe_whose_rows_have_no_ids_says_what_to_do(place):
    with pytest.raises(Invalid, match="--name NAME"):
        await place.take_file("-", stdin=io.BytesIO(b"restaurant_id,content\nr,x\n"))
    await place.take_file("-", stdin=io.BytesIO(b"restaurant_id,content\nr,x\n"), name="evening")
    assert [review.id for review in await place.of()] == ["evening:2"]


async def test_a_gzip_that_breaks_off_keeps_what_came_before_and_says_where(place):
    whole = gzip.compress((HEADER + "".join(f"r,{n},좋아요 {n},4\n" for n in range(20_000))).encode())
    with pytest.raises(Invalid, match="breaks off"):
        await place.take(whole[: len(whole) // 2], batch_rows=100)
    assert len(await place.of()) > 0


class Interrupted(Exception):
    """What stands for a kill between two batches."""


async def test_an_interrupted_import_goes_on_where_it_stopped(place):
    data = HEADER + "".join(f"r,{n},{'좋아요' if n % 10 else ''},4\n" for n in range(1, 101))

    def stop(progress):
        if progress.rows == 60:
            raise Interrupted

    with pytest.raises(Interrupted):
        await place.take(data, batch_rows=20, on_progress=stop)
    summary = await place.take_file(str(place.folder / "reviews.csv"), batch_rows=20)
    assert (summary.resumed_at, summary.rows, summary.created, summary.rejected) == (60, 100, 90, 10)
    assert [row["line"] for row in rejected(summary)] == list(range(11, 102, 10))


def stop_at_once(_):
    raise Interrupted


async def test_times_read_as_utc_are_counted_over_an_interruption(place):
    with pytest.raises(Interrupted):
        await place.take(
            "restaurant_id,content,date\n" + "r,x,2026-01-02\n" * 4, batch_rows=3, on_progress=stop_at_once
        )
    assert (await place.take_file(str(place.folder / "reviews.csv"))).zoneless_times == 4


async def test_another_name_of_the_same_file_starts_from_its_beginning(place):
    with pytest.raises(Interrupted):
        await place.take("restaurant_id,content\nr,x\nr,y\n", name="a.csv", batch_rows=1, on_progress=stop_at_once)
    summary = await import_reviews(
        str(place.folder / "a.csv"), place.reviews, WHO, clock=FakeClock(), folder=place.folder / "imports", name="b"
    )
    assert (summary.resumed_at, summary.created) == (0, 2)


async def test_a_position_that_the_record_has_not_reached_is_not_believed(place):
    with pytest.raises(Interrupted):
        await place.take("restaurant_id,content\nr,x\nr,y\n", batch_rows=1, on_progress=stop_at_once)
    place.reviews = MemoryReviews(FakeClock(), erasure_key=b"k" * 32)  # as if put back from an older backup
    summary = await place.take_file(str(place.folder / "reviews.csv"))
    assert (summary.resumed_at, summary.created) == (0, 2)


@pytest.mark.parametrize("left", [b"", b"[]", b"{}", b'{"position": 0, "reasons": {}, "gone": 1}'])
async def test_a_position_that_another_version_wrote_is_not_believed(place, left):
    with pytest.raises(Interrupted):
        await place.take("restaurant_id,content\nr,x\nr,y\n", batch_rows=1, on_progress=stop_at_once)
    (kept,) = (place.folder / "imports").glob("*.json")
    kept.write_bytes(left)
    assert (await place.take_file(str(place.folder / "reviews.csv"))).resumed_at == 0


async def test_rejected_rows_never_overwrite_the_file_they_come_from(place):
    file = place.folder / "reviews.csv"
    with pytest.raises(Invalid, match="is the file that is imported"):
        await place.take("restaurant_id,content\nr,\n", rejects=file)
    assert file.read_text() == "restaurant_id,content\nr,\n"


async def test_a_file_of_rejected_rows_that_cannot_be_written_is_named(place):
    with pytest.raises(Invalid, match="cannot be written"):
        await place.take("restaurant_id,content\nr,\n", rejects=place.folder)


async def test_another_mapping_of_the_same_file_starts_from_its_beginning(place):
    data = "restaurant_id,id,a,b\nr,1,하나,둘\nr,2,셋,넷\n"
    with pytest.raises(Interrupted):
        await place.take(data, batch_rows=1, mapping=["content=a"], on_progress=stop_at_once)
    summary = await place.take_file(str(place.folder / "reviews.csv"), mapping=["content=b"])
    assert (summary.resumed_at, summary.rows) == (0, 2)


async def test_the_samples_are_taken_whole_and_the_bad_rows_refused_whole(place):
    good = await place.take_file(str(ROOT / "examples" / "reviews.jsonl"))
    bad = await place.take_file(str(ROOT / "examples" / "bad_rows.jsonl"))
    assert (good.created, good.restaurants, good.rejected) == (770, 15, 0)
    assert (bad.rejected, bad.created, bad.restaurants) == (14, 0, 0)
