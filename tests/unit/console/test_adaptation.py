"""What an adaptation came to and the list of versions, on a terminal of 80 columns."""

import io
from dataclasses import replace

from rich.console import Console

from matjip.clock import FakeClock
from matjip.console.adaptation import adapted_view, versions_view
from matjip.evaluation.versions import Version
from tests.unit.evaluation.sites import adapted


def shown(view) -> str:
    out = io.StringIO()
    Console(file=out, width=80).print(view)
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert "…" not in out.getvalue()
    return out.getvalue()


def version(**about) -> Version:
    now = FakeClock().now()
    fields = {"tenant": "t", "kind": "lite", "version": "1a2b3c4d", "status": "shadow", "base": "lite/3", "report": {}}
    return Version(**(fields | {"actor": "me", "changed_by": "me", "made_at": now, "changed_at": now} | about))


async def test_what_is_kept_is_shown_with_its_name_its_gain_and_what_it_costs_on_the_products_own_sentences():
    made = await adapted()
    text = shown(adapted_view(made, status="shadow"))
    assert f"kept: {made.version} (shadow)" in text
    assert f"{made.aside.gain.value * 100:+.1f} ({made.aside.gain.low * 100:+.1f} to" in text
    assert f"{made.guard.accuracy_before:.3f} → {made.guard.accuracy_after:.3f}" in text


async def test_what_is_not_kept_says_why():
    made = replace(await adapted(), reason="no_gain", sentence="It may be nothing.")
    assert "not kept: It may be nothing." in shown(adapted_view(made, status=None))


async def test_a_dry_run_says_that_nothing_was_stored():
    assert "(nothing was stored)" in shown(adapted_view(await adapted(), status=None))


async def test_versions_are_rows_with_gain_and_what_the_shadow_saw():
    text = shown(versions_view([version(report=(await adapted()).report(), agreed=9, disagreed=1)]))
    row = text.splitlines()[-1]
    assert row.startswith("1a2b3c4d shadow")
    assert "1 of 10" in row
    assert f"{(await adapted()).aside.gain.value * 100:+.1f}" in row


def test_a_version_without_figures_shows_none():
    assert shown(versions_view([version()])).splitlines()[-1].count("—") == 3


def test_without_versions_the_shipped_weights_are_named():
    assert "shipped weights answer" in shown(versions_view([]))
