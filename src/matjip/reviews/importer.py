"""Import: rows into the record in batches, each committed whole, from where an interrupted import stopped.

A row is accepted when its batch has committed; after that the position is written down beside the data. Killed between
the two, the same command sends one batch again, which the record answers with "unchanged". Rows that the record
refuses go to a file with their line and reasons.
A row without an id is named by the file's name and its line ("reviews:17"): the same file again changes nothing, and a
file that has grown adds its new rows.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import orjson

from matjip.caller import Caller
from matjip.clock import Clock
from matjip.errors import Fault, Invalid, MatjipError
from matjip.reviews.columns import Columns
from matjip.reviews.rows import Row, Rows, open_rows
from matjip.reviews.store import Put, PutRestaurant, Reviews, Write

__all__ = ["ImportProgress", "ImportSummary", "import_reviews"]

BATCH_ROWS = 2_000  # a commit costs the same for 100 rows as for 2,000; more only holds writers of others up
MOST_REASONS = 50  # kinds of rejection that the summary counts by name


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """Where an import stands, after each batch."""

    rows: int
    bytes_read: int
    bytes_total: int | None  # None: a pipe
    rejected: int


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """What an import did; also, while it runs, the position that it resumes from."""

    source: str
    format: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    restaurants: int = 0  # restaurant rows stored, new or changed
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejects_file: str | None = None
    rejects_bytes: int = 0
    resumed_at: int = 0  # rows that an earlier run had done
    zoneless_times: int = 0  # read as UTC
    ignored_columns: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def rows_per_s(self) -> float:
        return (self.rows - self.resumed_at) / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self) | {"reasons": dict(self.reasons), "rows_per_s": round(self.rows_per_s, 1)}


async def import_reviews(
    source: str,
    reviews: Reviews,
    caller: Caller,
    *,
    clock: Clock,
    folder: Path,
    mapping: Sequence[str] = (),
    file_format: str | None = None,
    name: str | None = None,
    rejects: Path | None = None,
    batch_rows: int = BATCH_ROWS,
    on_progress: Callable[[ImportProgress], None] = lambda _: None,
    stdin: BinaryIO | None = None,
) -> ImportSummary:
    """Import a file, or with "-" a pipe. `folder` keeps positions and rejected rows; `name` stands for the file's in made ids.

    Raises Invalid before anything is stored when the file, its header or the mapping cannot work.
    """
    started = clock.monotonic()
    _demand_another(rejects, source)
    rows = open_rows(source, file_format, stdin=stdin)
    try:
        columns = Columns.of(mapping, rows.columns, name or (None if source == "-" else rows.name))
        _demand_ids(source, rows, columns)
        checkpoint = _Checkpoint.of(folder, rows, [*mapping, columns.prefix or ""], caller)
        summary = checkpoint.read(ImportSummary(source=source, format=rows.format), await reviews.position())
        columns.zoneless = summary.zoneless_times
        columns.ignored.update(summary.ignored_columns)
        with _Rejects.of(
            rejects or folder / f"{rows.fingerprint or caller.request_id}.rejects.jsonl", summary
        ) as refused:
            for batch in _batches(islice(rows, summary.resumed_at, None), batch_rows):
                position = await _import_batch(batch, columns, reviews, caller, summary, refused)
                summary.zoneless_times, summary.ignored_columns = columns.zoneless, tuple(sorted(columns.ignored))
                checkpoint.write(summary, position)
                on_progress(
                    ImportProgress(
                        rows=summary.rows,
                        bytes_read=rows.bytes_read(),
                        bytes_total=rows.size_bytes,
                        rejected=summary.rejected,
                    )
                )
        checkpoint.forget()
    finally:
        rows.close()
    summary.seconds = clock.monotonic() - started
    if not summary.rows:
        raise Invalid.of(Fault(where=source, wrong="holds no rows", right="at least one row below the header"))
    return summary


async def _import_batch(
    batch: list[Row], columns: Columns, reviews: Reviews, caller: Caller, summary: ImportSummary, refused: "_Rejects"
) -> int:
    """Store what can be stored of the batch; the log's position after it."""
    writes: list[Write] = []
    accepted: list[Row] = []
    refusals: list[tuple[Row, Sequence[Fault]]] = []
    for row in batch:
        made = [row.fault] if row.fault else columns.write_of(row)
        if isinstance(made, Put | PutRestaurant):
            writes.append(made)
            accepted.append(row)
        else:
            refusals.append((row, made))
    answer = await reviews.write(writes, caller, mode="partial")
    for row, write, item in zip(accepted, writes, answer.items, strict=True):
        if isinstance(item, MatjipError):
            refusals.append(
                (row, item.faults or [Fault(where=f"line {row.line}", wrong=item.message, right="another value")])
            )
        elif isinstance(write, PutRestaurant):
            summary.restaurants += item.outcome != "unchanged"
        else:
            setattr(summary, item.outcome, getattr(summary, item.outcome) + 1)
    for row, faults in sorted(refusals, key=lambda refusal: refusal[0].line):
        refused.add(row, faults, summary)
    summary.rows += len(batch)
    refused.flush(summary)
    return answer.position


def _demand_another(rejects: Path | None, source: str) -> None:
    if rejects is not None and source != "-" and rejects.resolve() == Path(source).resolve():
        raise Invalid.of(Fault(where="--rejects", wrong="is the file that is imported", right="another file"))


def _demand_ids(source: str, rows: Rows, columns: Columns) -> None:
    named = (
        columns.names_of(rows.columns) if rows.columns is not None else {"id": ""}
    )  # JSON lines are asked one by one
    if columns.prefix is None and "id" not in named and "id" not in columns.constants:
        right = "a column of ids, --map id=COLUMN, or --name NAME, which names each row NAME:line"
        raise Invalid.of(Fault(where=source, wrong="is a pipe whose rows have no ids", right=right))


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """Where an import of one file with one mapping stands; a pipe has none, since it cannot be found again."""

    file: Path | None
    run: str  # whose scratch file it is, should two import one file at once

    @classmethod
    def of(cls, folder: Path, rows: Rows, choices: Sequence[str], caller: Caller) -> "_Checkpoint":
        if rows.fingerprint is None:
            return cls(None, caller.request_id)
        folder.mkdir(parents=True, exist_ok=True)
        same = "\0".join([rows.fingerprint, rows.format, caller.tenant, *sorted(choices)])
        digest = hashlib.sha256(same.encode()).hexdigest()[:24]
        return cls(folder / f"{digest}.json", caller.request_id)

    def read(self, fresh: ImportSummary, position: int) -> ImportSummary:
        """The summary to go on with. A position that the record has not reached belongs to a record that was put back."""
        if self.file is None or not self.file.exists():
            return fresh
        try:
            kept = orjson.loads(self.file.read_bytes())
            if kept.pop("position") > position:
                return fresh
            kept["reasons"] = Counter(kept["reasons"])
            summary = ImportSummary(**(asdict(fresh) | kept))
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            return fresh  # of another version: from the beginning, which changes nothing that is there
        summary.resumed_at = summary.rows
        return summary

    def write(self, summary: ImportSummary, position: int) -> None:
        if self.file is None:
            return
        kept = asdict(summary) | {"reasons": dict(summary.reasons), "position": position}
        for word in ("source", "format", "seconds", "resumed_at"):
            kept.pop(word)
        scratch = self.file.with_suffix(f".{self.run}.new")
        scratch.write_bytes(orjson.dumps(kept))
        scratch.replace(self.file)  # atomic: a reader sees the old position or the new one

    def forget(self) -> None:
        if self.file is not None:
            self.file.unlink(missing_ok=True)


class _Rejects:
    """The file of rejected rows; made when the first one comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    @classmethod
    def of(cls, path: Path, summary: ImportSummary) -> "_Rejects":
        rejects = cls(path)
        if summary.rejects_bytes and path.exists():  # what a killed run wrote after its last position is written again
            rejects._file = path.open("r+b")
            rejects._file.truncate(summary.rejects_bytes)
            rejects._file.seek(0, 2)
        return rejects

    def add(self, row: Row, faults: Sequence[Fault], summary: ImportSummary) -> None:
        if self._file is None:
            self._file = self._opened()
        reasons = [_reason(fault) for fault in faults]
        shown = row.raw or orjson.dumps(row.fields, default=str).decode(errors="replace")[:500]
        self._file.write(orjson.dumps({"line": row.line, "reasons": reasons, "row": shown}) + b"\n")
        summary.rejected += 1
        summary.rejects_file = str(self._path)
        for fault in faults:
            kind = f"{_field(fault)} {fault.right}".strip()
            summary.reasons[kind if kind in summary.reasons or len(summary.reasons) < MOST_REASONS else "other"] += 1

    def _opened(self) -> BinaryIO:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return self._path.open("wb")
        except OSError as error:
            wrong = f"cannot be written ({error.strerror})"
            raise Invalid.of(Fault(where=str(self._path), wrong=wrong, right="--rejects FILE that can")) from None

    def flush(self, summary: ImportSummary) -> None:
        if self._file is not None:
            self._file.flush()
            summary.rejects_bytes = self._file.tell()

    def __enter__(self) -> "_Rejects":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _field(fault: Fault) -> str:
    """What is wrong with a field, without the line that makes each one another: "rating: expected"."""
    name = fault.where.rpartition(", ")[2] if fault.where.startswith("line") else fault.where.rpartition(".")[2]
    return f"{'row' if name.startswith('line') else name}: expected"


def _reason(fault: Fault) -> str:
    name = fault.where.rpartition(", ")[2] if fault.where.startswith("line") else fault.where.rpartition(".")[2]
    return f"{name} {fault.wrong}; expected {fault.right}"
