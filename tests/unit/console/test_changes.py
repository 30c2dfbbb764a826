"""Changes as lines."""

import pytest

from matjip.api.examples import CHANGES
from matjip.console.changes import change_line

LINES = [
    "2026-11-23 12:00:00  review.created       mapo-noodles  r-1  v1  log:1500",
    "2026-11-23 12:00:00  result.refreshed     mapo-noodles  sentiment  ok  run:019300a1-8000-7000-8000-000000000001",
    "2026-11-23 12:00:00  negatives.spiked     mapo-noodles  11 of 16 negative  blamed: service  alert:1",
]


@pytest.mark.parametrize(("at", "line"), list(enumerate(LINES)))
def test_a_line_says_when_what_and_of_which(at, line):
    assert change_line(CHANGES.changes[at]).plain == line
