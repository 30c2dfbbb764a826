"""What cannot wait is done at once; order holds whatever was cancelled before."""

import asyncio
import threading

import pytest

from matjip import sqlite_driver


@pytest.fixture
async def connection(tmp_path):
    opened = await sqlite_driver.connect(str(tmp_path / "f.db"), check_same_thread=False, isolation_level=None)
    await opened.create_function("thread", 0, lambda: threading.current_thread() is threading.main_thread())
    await opened.execute("CREATE TABLE t (n INTEGER)")
    yield opened
    await opened.close()


async def rows(connection, statement="SELECT n FROM t"):
    cursor = await connection.execute(statement)
    return [row[0] for row in await cursor.fetchall()]


async def test_statements_run_in_the_thread(connection):
    assert await rows(connection, "SELECT thread()") == [0]


async def test_a_written_transaction_is_undone_and_kept_as_ever(connection):
    for end in (connection.rollback, connection.commit):
        await connection.execute("BEGIN IMMEDIATE")
        await connection.execute("INSERT INTO t VALUES (1)")
        await end()
    assert await rows(connection) == [1]


async def test_a_transaction_that_only_reads_ends_at_once(connection):
    await connection.execute("BEGIN")
    await rows(connection)
    sent = connection._sent
    await connection.commit()
    assert (connection._sent, connection.in_transaction) == (sent, False)


async def test_the_rows_come_back_with_their_statement(connection):
    await connection.execute("INSERT INTO t VALUES (1), (2)")
    sent = connection._sent
    assert await rows(connection) == [1, 2]
    assert connection._sent == sent + 1


async def test_a_closed_cursor_leaves_no_rows_behind(connection):
    cursor = await connection.execute("SELECT 1")
    await cursor.close()
    assert connection._rows == {}


async def test_rows_one_by_one_are_refused(connection):
    cursor = await connection.execute("SELECT 1")
    with pytest.raises(NotImplementedError, match="fetchall"):
        await cursor.fetchone()


async def test_a_rollback_waits_behind_what_a_cancelled_caller_left_in_the_thread(connection):
    go = threading.Event()
    await connection.create_function("hold", 0, lambda: go.wait(5))
    await connection.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(connection.execute("INSERT INTO t SELECT hold()"))
    await asyncio.sleep(0.01)
    writing.cancel()
    undone = asyncio.create_task(connection.rollback())
    await asyncio.sleep(0.01)
    go.set()
    await undone
    assert await rows(connection) == []
