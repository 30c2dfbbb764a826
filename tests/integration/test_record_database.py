"""The database's edges: what cannot be opened, what is locked, what does not answer, and what is told afterwards."""

import sqlite3

import pytest

from matjip import database as database_module
from matjip.caller import Caller
from matjip.clock import FakeClock
from matjip.database import DatabaseSettings, open_database
from matjip.errors import Busy, Misconfigured, Unavailable
from matjip.reviews.review import ReviewDraft
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Put
from matjip.telemetry.record import ReviewsWritten

PUT = Put(review=ReviewDraft(restaurant_id="s", id="r", content="맛있다"))
CALLER = Caller(request_id="r")


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_work_stops_the_start(url, tmp_path):
    with pytest.raises(Misconfigured, match=r"database\.url"):
        open_database(DatabaseSettings(url=url), data_dir=tmp_path)


def test_a_driver_that_is_not_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(database_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Misconfigured, match="needs the driver asyncpg"):
        open_database(DatabaseSettings(url="postgresql://host/name"), data_dir=tmp_path)


def test_a_password_is_in_no_error(tmp_path):
    with pytest.raises(Misconfigured) as refusal:
        open_database(DatabaseSettings(url="mysql://kim:hunter2@host/name"), data_dir=tmp_path)
    assert "hunter2" not in refusal.value.message


async def test_a_server_that_is_not_there_is_unavailable():
    settings = DatabaseSettings(url="postgresql://nobody@127.0.0.1:1/name")
    database = open_database(settings, data_dir=None)
    with pytest.raises(Unavailable, match="does not answer"):
        await database.ping()
    await database.close()


async def test_a_file_that_another_process_holds_is_busy(tmp_path):
    database = open_database(DatabaseSettings(busy_timeout_s=0.2), data_dir=tmp_path)
    await database.migrate()
    other = sqlite3.connect(tmp_path / "matjip.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy) as refusal:
        await SqlReviews(database, FakeClock(), erasure_key=b"k").write([PUT], CALLER)
    assert refusal.value.retry_after_s == 2
    other.close()
    await database.close()


async def test_a_committed_write_is_told_to_every_hook(tmp_path):
    database, told = open_database(DatabaseSettings(), data_dir=tmp_path), []
    await database.migrate()
    reviews = SqlReviews(database, FakeClock(), erasure_key=b"k", hooks=[told.append])
    await reviews.write([PUT, PUT], CALLER)
    await database.close()
    assert told == [ReviewsWritten(created=1, updated=0, unchanged=1, deleted=0, seconds=0.0)]
