"""Rows out of files: JSONL, CSV, TSV and Parquet, plain or gzip, from a path or a pipe; one bad line never ends the rest."""

import csv
import gzip
import hashlib
import io
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast, get_args

import orjson

from matjip.errors import Fault, Invalid, Misconfigured

__all__ = ["Format", "Row", "Rows", "open_rows"]

Format = Literal["jsonl", "csv", "tsv", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet",
}  # fmt: skip
MAX_LINE_BYTES = 1_000_000  # a review holds 5,000 characters; a longer line is no review, and is never held whole
HEAD_BYTES = 65_536  # what the format and the fingerprint are read from
GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
BOM = b"\xef\xbb\xbf"
PARQUET_ROWS = 2_000
JSON_ARRAY = re.compile(rb"\s*\[\s*\{")  # how a file begins that is one JSON value instead of one a line
UTF_8 = "UTF-8 text (in a spreadsheet: save as CSV UTF-8; elsewhere: iconv -f cp949 -t utf-8)"
TOO_LONG = f"is longer than {MAX_LINE_BYTES:,} bytes"
csv.field_size_limit(MAX_LINE_BYTES)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, or why it is none."""

    line: int  # where it starts, from 1; for Parquet the row's number
    fields: dict[str, object]
    fault: Fault | None = None
    raw: str = ""  # of a row with a fault, as far as it can be shown


@dataclass(slots=True)
class Rows:
    """A file that was opened, told apart and looked into; iterate it once."""

    name: str
    format: Format
    columns: tuple[str, ...] | None  # None: each JSON line has its own
    size_bytes: int | None  # None: a pipe
    fingerprint: str | None  # of path, size, time and beginning; None: a pipe cannot be found again
    _raw: BinaryIO
    _stream: BinaryIO
    _lines: "Lines" = field(repr=False)
    _open: ExitStack = field(repr=False)

    def bytes_read(self) -> int:
        """How far into the file, compressed as it is."""
        return self._raw.tell() if self.size_bytes is not None else 0

    def __iter__(self) -> Iterator[Row]:
        if self.format == "parquet":
            return _parquet_rows(self._stream)
        if self.format == "jsonl":
            return _json_rows(self._lines)
        return _table_rows(self._lines, self.columns or (), self.format)

    def close(self) -> None:
        self._open.close()


@dataclass(slots=True)
class Lines:
    """Lines of bytes, numbered, none longer than the limit."""

    stream: BinaryIO
    number: int = 0
    first: bytes = b""  # the line where the row at hand begins
    is_cut: bool = False
    is_utf8: bool = True  # so far in the row at hand

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        try:
            line = self.stream.readline(MAX_LINE_BYTES)
            self.is_cut = len(line) == MAX_LINE_BYTES and not line.endswith(b"\n")
            if self.is_cut:
                while (rest := self.stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
        except (EOFError, OSError, zlib.error) as error:
            where = f"after line {self.number}"
            raise Invalid.of(Fault(where=where, wrong=f"the file breaks off ({error})", right="a whole file")) from None
        if not line:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            line = line.removeprefix(BOM)
        self.first = self.first or line
        return line

    def begin_row(self) -> int:
        """The line of the next row."""
        self.first, self.is_utf8 = b"", True
        return self.number + 1

    def text(self, line: bytes) -> str:
        """The line for the CSV reader, which a csv.Error brings back to the beginning of a row."""
        if self.is_cut:
            raise csv.Error(TOO_LONG)
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.is_utf8 = False
            return line.decode(errors="replace")


def open_rows(source: str, file_format: str | None = None, *, stdin: BinaryIO | None = None) -> Rows:
    """Open a path, or "-" for a pipe. Raises Invalid: no such file, empty, unknown format, no header; nothing is imported then."""
    if file_format is not None and file_format not in get_args(Format):
        raise Invalid.of(
            Fault(where="--format", wrong=f"is {file_format!r}", right=f"one of {', '.join(get_args(Format))}")
        )
    path = Path(source)
    with ExitStack() as on_failure:
        raw = on_failure.enter_context(_open(source, stdin))
        head = _head(raw, source)
        stream: BinaryIO = raw
        if head.startswith(GZIP_MAGIC):
            stream = on_failure.enter_context(cast(BinaryIO, gzip.GzipFile(fileobj=raw)))
        inside = _head(stream, source)
        found = cast(Format, file_format) if file_format else _format_of(path, inside, source)
        if found == "jsonl" and JSON_ARRAY.match(inside.removeprefix(BOM)):
            right = "one object a line (jq -c '.[]' makes it so)"
            raise Invalid.of(Fault(where=source, wrong="is one JSON array", right=right))
        lines = Lines(stream)
        columns = _columns(lines, found, stream, source)
        return Rows(
            name="stdin" if source == "-" else path.name.split(".")[0],
            format=found,
            columns=columns,
            size_bytes=None if source == "-" else path.stat().st_size,
            fingerprint=None if source == "-" else _fingerprint(path, head),
            _raw=raw,
            _stream=stream,
            _lines=lines,
            _open=on_failure.pop_all(),
        )


def _open(source: str, stdin: BinaryIO | None) -> BinaryIO:
    try:
        if source != "-":
            return Path(source).open("rb")
        piped = stdin or sys.stdin.buffer
        return (
            piped
            if isinstance(piped, io.BufferedReader)
            else cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, piped), HEAD_BYTES))
        )
    except OSError as error:
        right = "the path of a file, or - for a pipe"
        raise Invalid.of(Fault(where=source, wrong=f"cannot be read ({error.strerror})", right=right)) from None


def _head(stream: BinaryIO, source: str) -> bytes:
    try:
        head = cast(io.BufferedReader, stream).peek(HEAD_BYTES)[:HEAD_BYTES]
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid.of(Fault(where=source, wrong=f"cannot be read ({error})", right="a whole file")) from None
    if not head:
        raise Invalid.of(Fault(where=source, wrong="is empty", right="at least one row"))
    return head


def _format_of(path: Path, head: bytes, source: str) -> Format:
    for suffix in reversed(path.suffixes):
        if suffix.lower() in SUFFIXES:
            return SUFFIXES[suffix.lower()]
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    first = head.removeprefix(BOM).lstrip().split(b"\n", 1)[0]
    if first.startswith(b"{"):
        return "jsonl"
    if b"\t" in first:
        return "tsv"
    if b"," in first:
        return "csv"
    raise Invalid.of(Fault(where=source, wrong="does not show its format", right="--format jsonl, csv, tsv or parquet"))


def _fingerprint(path: Path, head: bytes) -> str:
    status = path.stat()
    facts = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\0".encode()
    return hashlib.sha256(facts + head).hexdigest()[:24]


def _columns(lines: Lines, found: Format, stream: BinaryIO, source: str) -> tuple[str, ...] | None:
    if found == "jsonl":
        return None
    if found == "parquet":
        return tuple(_parquet(stream).schema_arrow.names)
    where = f"{source}, line {lines.begin_row()}"
    try:
        header = next(_csv(lines, found), None)
    except csv.Error as error:
        raise Invalid.of(Fault(where=where, wrong=f"is not {found.upper()} ({error})", right="a header line")) from None
    if not lines.is_utf8:
        raise Invalid.of(Fault(where=where, wrong="is not UTF-8", right=UTF_8))
    names = tuple(name.strip() for name in header or ())
    if not any(names):
        raise Invalid.of(Fault(where=where, wrong="holds no column names", right="a header line"))
    return names


def _json_rows(lines: Lines) -> Iterator[Row]:
    for line in lines:
        if lines.is_cut:
            yield _refused(lines.number, line, TOO_LONG, "one review a line")
        elif not line.isspace():
            try:
                fields = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                wrong = "is not UTF-8" if not _is_utf8(line) else f"is not JSON ({error.msg} at column {error.colno})"
                yield _refused(lines.number, line, wrong, "a JSON object")
                continue
            if isinstance(fields, dict):
                yield Row(lines.number, fields)
            else:
                yield _refused(lines.number, line, f"is a JSON {type(fields).__name__}", "a JSON object")


def _table_rows(lines: Lines, columns: tuple[str, ...], found: Format) -> Iterator[Row]:
    reader = _csv(lines, found)
    while True:
        start = lines.begin_row()
        try:
            values = next(reader, None)
        except csv.Error as error:
            told = f"is not {found.upper()} ({error})" if lines.number == start else _swallowed(found, lines, error)
            wrong, right = (TOO_LONG, "one review a row") if lines.is_cut else (told, "a row")
            yield _refused(start, lines.first, wrong, right)
            continue
        if values is None:
            return
        if not values or values == [""]:
            continue
        if not lines.is_utf8:
            yield _refused(start, lines.first, "is not UTF-8", UTF_8)
        elif len(values) != len(columns):
            yield _refused(start, lines.first, f"has {len(values)} columns", f"the header's {len(columns)}")
        else:
            yield Row(start, dict(zip(columns, values, strict=True)))


def _swallowed(found: Format, lines: Lines, error: csv.Error) -> str:
    return f"is not {found.upper()} ({error}) and, as a quote stays open, takes the lines up to {lines.number} with it"


def _csv(lines: Lines, found: Format) -> Iterator[list[str]]:
    text = map(lines.text, lines)
    if found == "tsv":  # tab-separated files have no quoting: a quote is a quote
        return csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    return csv.reader(text, strict=True)


def _parquet_rows(stream: BinaryIO) -> Iterator[Row]:
    line = 0
    try:
        for batch in _parquet(stream).iter_batches(batch_size=PARQUET_ROWS):
            for fields in _fields_of(batch):
                line += 1
                if fields is None:
                    yield _refused(
                        line, b"", "holds text that is not UTF-8, or a time finer than microseconds", "values"
                    )
                else:
                    yield Row(line, fields)
    except (OSError, ValueError) as error:  # what pyarrow says of a damaged page
        wrong = f"the file breaks off ({str(error).splitlines()[0]})"
        raise Invalid.of(Fault(where=f"after row {line}", wrong=wrong, right="a whole file")) from None


def _fields_of(batch: Any) -> list[dict[str, object] | None]:
    try:
        return cast(list[dict[str, object] | None], batch.to_pylist())
    except ValueError:  # of which UnicodeDecodeError is one
        return [_row_of(batch, index) for index in range(batch.num_rows)]


def _row_of(batch: Any, index: int) -> dict[str, object] | None:
    try:
        return cast(dict[str, object], batch.slice(index, 1).to_pylist()[0])
    except ValueError:
        return None


def _parquet(stream: BinaryIO) -> "pyarrow.parquet.ParquetFile":  # type: ignore[name-defined]  # noqa: F821
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Misconfigured("Parquet needs the extra: pip install 'matjip[parquet]'") from None
    try:
        return pyarrow.parquet.ParquetFile(stream)
    except (pyarrow.ArrowException, OSError) as error:
        wrong = f"is not Parquet ({str(error).splitlines()[0]})"
        raise Invalid.of(Fault(where="the file", wrong=wrong, right="a whole Parquet file (not a pipe)")) from None


def _refused(line: int, raw: bytes, wrong: str, right: str) -> Row:
    return Row(line, {}, Fault(where=f"line {line}", wrong=wrong, right=right), raw[:500].decode(errors="replace"))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
