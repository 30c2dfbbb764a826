"""What work would take: by analysis and together, unknown where it is unknown."""

import io

from rich.console import Console

from matjip.api.examples import ESTIMATE
from matjip.console.estimate import estimates_view


def shown(*estimates) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=100).print(estimates_view(estimates))
    return buffer.getvalue()


def test_analyses_are_added_up():
    lines = shown(ESTIMATE, ESTIMATE.model_copy(update={"analysis": "summary"})).splitlines()
    assert lines[1].split() == ["sentiment", "1", "0", "210", "0", "0.11", "0.000006", "USD"]
    assert lines[3].split() == ["together", "2", "0", "420", "0", "0.22", "0.000012", "USD"]


def test_what_has_not_changed_is_counted_apart():
    lines = shown(ESTIMATE, ESTIMATE.model_copy(update={"would": "reuse"})).splitlines()
    assert lines[1].split()[1:4] == ["1", "1", "210"]


def test_an_unknown_time_and_price_say_what_is_missing():
    assert "five runs" in shown(ESTIMATE.model_copy(update={"time": None, "cost": None}))
    assert "machine_hour_price" in shown(ESTIMATE.model_copy(update={"cost": None}))
