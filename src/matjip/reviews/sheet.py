"""Rows into files: JSONL, plain or gzip, and Parquet; a file is there whole or not at all."""

import gzip
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast

import orjson

from matjip.errors import Fault, Invalid, Misconfigured

__all__ = ["Column", "Fields", "Sheet", "demand_folder", "line_of", "open_sheet"]

Column = Literal["text", "number", "whole", "flag", "texts", "moment", "json"]
Fields = Mapping[
    str, object
]  # by column; a moment is an aware datetime, what is "json" may hold anything that JSON does
SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
ROW_GROUP_ROWS = 20_000  # of Parquet, held until they are written: about 20 MB of reviews
GZIP_LEVEL = 6  # higher ones take twice as long for a hundredth less


class Sheet(Protocol):
    """Where rows go, in order."""

    def write(self, rows: Sequence[Fields]) -> None:
        """Add the rows; each has every column."""
        ...


@contextmanager
def open_sheet(
    target: str, columns: Mapping[str, Column], *, run: str, force: bool = False, stdout: BinaryIO | None = None
) -> Iterator[Sheet]:
    """A sheet in a file that takes its name when all is written, or with "-" JSON lines on stdout.

    `run` names the file while it is written. Raises Invalid before anything is written: another ending than .jsonl,
    .jsonl.gz or .parquet, no such folder, or a file that is there already, unless `force`.
    """
    if target == "-":
        yield _Lines(stdout or sys.stdout.buffer)
        return
    path = Path(target)
    _check(path, force=force)
    with _beside(path, run) as file, ExitStack() as inner:
        if path.name.endswith(".parquet"):
            yield inner.enter_context(_parquet(file, columns))
        elif path.name.endswith(".gz"):
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0)
            yield _Lines(inner.enter_context(cast(BinaryIO, packed)))
        else:
            yield _Lines(file)


def demand_folder(path: Path) -> None:
    """Raise Invalid unless the folder that a file is to be written into is there."""
    if not path.parent.is_dir():
        wrong = f"is to go into {path.parent}, which is no folder"
        raise Invalid.of(Fault(where=str(path), wrong=wrong, right="a folder that is there"))


def line_of(row: Fields) -> bytes:
    """The row as a line of JSON."""
    return orjson.dumps(row, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _check(path: Path, *, force: bool) -> None:
    if not path.name.endswith(SUFFIXES) or path.name in SUFFIXES:
        right = f"a name that ends in {', '.join(SUFFIXES)}, or - for JSON lines on stdout"
        raise Invalid.of(Fault(where=str(path), wrong="does not say its format", right=right))
    demand_folder(path)
    if path.is_dir() or (path.exists() and not force):
        right = "another name" if path.is_dir() else "another name, or --force to replace it"
        raise Invalid.of(Fault(where=str(path), wrong="is there already", right=right))


@contextmanager
def _beside(path: Path, run: str) -> Iterator[BinaryIO]:
    """A file of another name that is renamed when all is well, and removed when it is not."""
    scratch = path.with_name(f".{path.name}.{run}.new")
    try:
        file = scratch.open("xb")
    except OSError as error:
        wrong = f"cannot be written ({error.strerror})"
        raise Invalid.of(Fault(where=str(path), wrong=wrong, right="a file that can")) from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a name must not outlive its content, should the power fail
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


class _Lines:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, rows: Sequence[Fields]) -> None:
        self._stream.write(b"".join(map(line_of, rows)))


class _Groups:
    """Rows gathered into groups of one size, whatever sizes they come in."""

    def __init__(self, store: Callable[[list[Fields]], None]) -> None:
        self._store = store
        self._waiting: list[Fields] = []

    def write(self, rows: Sequence[Fields]) -> None:
        self._waiting.extend(rows)
        while len(self._waiting) >= ROW_GROUP_ROWS:
            self._store(self._waiting[:ROW_GROUP_ROWS])
            del self._waiting[:ROW_GROUP_ROWS]

    def finish(self) -> None:
        if self._waiting:
            self._store(self._waiting)


@contextmanager
def _parquet(file: BinaryIO, columns: Mapping[str, Column]) -> Iterator[Sheet]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Misconfigured("Parquet needs the extra: pip install 'matjip[parquet]'") from None
    kinds = {
        "text": pyarrow.string(),
        "number": pyarrow.float64(),
        "whole": pyarrow.int64(),
        "flag": pyarrow.bool_(),
        "texts": pyarrow.list_(pyarrow.string()),
        "moment": pyarrow.timestamp("us", tz="UTC"),
        "json": pyarrow.string(),
    }
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    nested = [name for name, kind in columns.items() if kind == "json"]
    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:

        def store(rows: list[Fields]) -> None:
            flat: list[dict[str, Any]] = [{**row, **{name: _json(row[name]) for name in nested}} for row in rows]
            writer.write_table(pyarrow.Table.from_pylist(flat, schema=schema))

        groups = _Groups(store)
        yield groups
        groups.finish()


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
