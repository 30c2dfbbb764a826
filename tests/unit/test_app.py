"""What the program does to its surroundings before it serves."""

import socket
from pathlib import Path

import pytest

from matjip.app import erasure_key, listen, prepare_folder
from matjip.errors import Misconfigured
from matjip.settings import load


def test_the_erasure_key_is_made_once_and_kept_to_its_owner(tmp_path: Path):
    settings = load({}, root=tmp_path, data_dir=tmp_path)
    first = erasure_key(settings)
    assert (len(first), erasure_key(settings)) == (32, first)
    assert (tmp_path / "erasure.key").stat().st_mode & 0o077 == 0


def test_a_configured_erasure_key_wins_and_leaves_no_file(tmp_path: Path):
    settings = load({"MATJIP_ERASURE_KEY": "a secret of our own"}, root=tmp_path, data_dir=tmp_path)
    assert erasure_key(settings) == b"a secret of our own"
    assert list(tmp_path.iterdir()) == []


def test_a_listening_socket_is_named_tcp_so_that_answers_are_not_held_back():
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
        assert listening.getsockname()[1] > 0


def test_an_address_in_use_is_told_before_anything_is_served():
    with listen("127.0.0.1", 0) as taken, pytest.raises(Misconfigured, match="Address already in use"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_a_data_folder_under_a_file_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Misconfigured, match="cannot be made"):
        prepare_folder(tmp_path / "file" / "data")
