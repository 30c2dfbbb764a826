"""The labelled suites of this folder, and how well they are answered. `python -m tests.unit.inference.suites` prints it.

`personal_data.jsonl`: every row has a kind, a text and the spans to hide; a row without spans only looks like one.
`near_duplicates.jsonl`: two texts and whether one is a copy of the other.
All sentences and numbers are invented. One hand wrote rows and code; how odd rows fail was not looked at while the code changed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.mask import HIDDEN, mask

HERE = Path(__file__).parent


class Secret(TypedDict):
    kind: str
    text: str
    spans: list[tuple[int, int]]


class Pair(TypedDict):
    first: str
    second: str
    copy: bool


@dataclass(frozen=True, slots=True)
class Score:
    found: int
    missed: int
    wrong: int  # rows where something else is hidden, pairs that are no copies

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed)

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong)


def secrets() -> list[Secret]:
    return [json.loads(line) for line in (HERE / "personal_data.jsonl").read_text(encoding="utf-8").splitlines()]


def pairs() -> list[Pair]:
    return [json.loads(line) for line in (HERE / "near_duplicates.jsonl").read_text(encoding="utf-8").splitlines()]


def score_mask(rows: Iterable[Secret]) -> Score:
    found = missed = wrong = 0
    for row in rows:
        masked = mask(row["text"], names=True)
        secret = {place for start, end in row["spans"] for place in range(start, end)}
        open_ = {place for place in secret if masked[place] != HIDDEN and not masked[place].isspace()}
        hits = sum(open_.isdisjoint(range(start, end)) for start, end in row["spans"])
        found, missed = found + hits, missed + len(row["spans"]) - hits
        wrong += any(
            new != old for place, (old, new) in enumerate(zip(row["text"], masked, strict=True)) if place not in secret
        )
    return Score(found, missed, wrong)


def score_duplicates(rows: Sequence[Pair]) -> Score:
    told = [(near_duplicates([row["first"], row["second"]])[1] is not None, row["copy"]) for row in rows]
    return Score(told.count((True, True)), told.count((False, True)), told.count((True, False)))


def main() -> None:
    for half, name in enumerate(("even rows", "odd rows")):
        kinds = dict.fromkeys(row["kind"] for row in secrets())
        scores = {kind: score_mask([row for row in secrets()[half::2] if row["kind"] == kind]) for kind in kinds}
        scores["near-duplicates"] = score_duplicates(pairs()[half::2])
        for kind, score in scores.items():
            print(f"{name:9}  {kind:15}  precision {score.precision:.3f}  recall {score.recall:.3f}  {score}")


if __name__ == "__main__":
    main()
