"""What the documents tell people to type works."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md"), *ROOT.glob("examples/*.md")])


def typed(page: Path) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_every_command_of_the_start_page_works(tmp_path: Path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environ = os.environ | {"COLUMNS": "100"}
    commands = typed(ROOT / "docs" / "start.md")
    assert len(commands) >= 10
    for command in commands:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, env=environ, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_every_command_that_a_page_names_exists():
    known = set(re.findall(r"^## matjip (\S+)", (ROOT / "docs/reference/commands.md").read_text(), re.MULTILINE))
    named = {
        word for page in PAGES for word in re.findall(r"(?:`|^|\$ )matjip ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert named - known == set()
