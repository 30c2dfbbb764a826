"""The repository speaks of the project alone, and what is generated is current."""

import re
import subprocess

from tests.rules.source import ROOT

FOREIGN_PATHS = re.compile(r"(?<![\w.])/(?:home|Users|root)/\w")  # of whoever wrote it
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9]{32,}")
HERE = "tests/rules/test_repository.py"


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and name != HERE and (ROOT / name).exists()]


def offences(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for name in tracked():
        text = (ROOT / name).read_bytes().decode(errors="replace")
        found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]
    return found


def test_no_file_speaks_of_the_place_it_was_written_in():
    assert offences(FOREIGN_PATHS) == []


def test_no_secret_is_in_the_repository():
    assert offences(SECRET) == []


def test_every_locked_package_carries_its_hash():
    lock = (ROOT / "uv.lock").read_text()
    assert re.findall(r"\{ url = [^}]*\}", lock)
    assert [entry for entry in re.findall(r"\{ url = [^}]*\}", lock) if 'hash = "sha256:' not in entry] == []
