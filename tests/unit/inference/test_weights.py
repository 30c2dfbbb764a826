"""Damaged weights are refused before anything is answered with them."""

import shutil
from pathlib import Path

import pytest
from training import manifest

from matjip.errors import Misconfigured
from matjip.inference.lite import weights
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge

SHIPPED = Path(weights.__file__).parent
RETRAINED = "the weights are new: write their manifest with `scripts/train --only manifest`"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*weights.manifest(SHIPPED), weights.MANIFEST):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def flip_a_bit(file: Path) -> None:
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)


def test_the_manifest_is_of_the_shipped_files():
    assert dict(weights.manifest(SHIPPED)) == weights.digests(SHIPPED), RETRAINED


@pytest.mark.parametrize("name", sorted(weights.digests(SHIPPED)))
def test_one_flipped_bit_in_any_file_is_named_and_told_how_to_repair(folder, name):
    flip_a_bit(folder / name)
    with pytest.raises(Misconfigured, match=rf"{name} has SHA-256 .*scripts/train --only manifest"):
        LiteJudge.load(folder)


def test_the_embedder_refuses_a_damaged_file(folder):
    flip_a_bit(folder / "embedding.npz")
    with pytest.raises(Misconfigured, match=r"embedding\.npz has SHA-256"):
        LiteEmbedder.load(folder / "embedding.npz")


def test_a_file_that_was_cut_short_is_refused(folder):
    file = folder / "sentiment.npz"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(Misconfigured, match=r"sentiment\.npz has SHA-256"):
        LiteJudge.load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "korean.json").unlink()
    with pytest.raises(Misconfigured, match=r"korean\.json cannot be read"):
        LiteJudge.load(folder)


@pytest.mark.parametrize("held", [None, b"{", b"[]", b"{}"])
def test_a_manifest_that_lists_nothing_is_no_proof(folder, held):
    (folder / weights.MANIFEST).unlink() if held is None else (folder / weights.MANIFEST).write_bytes(held)
    with pytest.raises(Misconfigured, match=r"manifest\.json"):
        LiteJudge.load(folder)


def test_new_weights_load_once_their_manifest_is_written(folder):
    table = folder / "korean.json"
    table.write_bytes(table.read_bytes() + b"\n")
    manifest.write(folder)
    assert LiteJudge.load(folder).name
