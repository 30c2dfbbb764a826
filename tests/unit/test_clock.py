"""Time, ids and chance as arguments."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from matjip.clock import FakeClock, from_micros, new_dice, new_id, numbered_ids, to_iso, to_micros

MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_a_moment_survives_being_stored(moment: datetime):
    assert from_micros(to_micros(moment)) == moment


def test_a_moment_of_another_zone_is_stored_as_the_same_moment():
    seoul = timezone(timedelta(hours=9))
    assert to_micros(datetime(2026, 1, 1, 9, tzinfo=seoul)) == to_micros(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_time_is_shown_in_utc_with_a_z():
    assert to_iso(datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))) == "2026-01-01T00:00:00Z"


def test_new_ids_are_uuids_of_version_7_and_differ():
    made = [uuid.UUID(new_id()) for _ in range(1_000)]
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert len(set(made)) == 1_000


def test_an_id_made_later_sorts_later():
    first = new_id()
    milliseconds = int(first.replace("-", "")[:12], 16)
    assert abs(milliseconds - datetime.now(UTC).timestamp() * 1_000) < 60_000


async def test_sleeping_on_a_fake_clock_moves_it():
    clock = FakeClock()
    before = clock.now()
    await clock.sleep(90)
    assert (clock.now() - before, clock.monotonic()) == (timedelta(seconds=90), 90.0)


def test_numbered_ids_count_and_dice_repeat():
    ids = numbered_ids("run")
    assert [ids(), ids()] == ["run-1", "run-2"]
    assert new_dice(7).random() == new_dice(7).random()
