"""Alerts at a glance."""

import io

from rich.console import Console

from matjip.api.examples import ALERT
from matjip.console.alerts import alerts_view


def shown(*alerts) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=120).print(alerts_view(alerts))
    return buffer.getvalue()


def test_a_spike_stands_beside_the_year_before():
    text = shown(ALERT)
    assert "11 of 16" in text
    assert "31 of 240" in text
    assert "service" in text


def test_where_there_is_none_it_says_so():
    assert "No spike" in shown()
