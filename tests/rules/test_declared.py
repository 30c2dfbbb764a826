"""What is declared is used, and what is used is documented: settings, metrics, error codes, exit codes."""

import re
import subprocess
import sys
from typing import get_args

import pytest

from matjip.api.errors import TABLE, AnyCode, EdgeCode
from matjip.cli import EXIT
from matjip.errors import Code, MatjipError
from matjip.settings import Settings
from tests.rules.source import PACKAGE, ROOT


def leaves(model, above=()):
    for name, info in model.model_fields.items():
        inner = info.annotation
        if hasattr(inner, "model_fields"):
            yield from leaves(inner, (*above, name))
        else:
            yield (*above, name), info


def error_classes(base=MatjipError):
    yield base
    for one in base.__subclasses__():
        yield from error_classes(one)


def test_every_error_class_has_a_code_a_status_and_an_exit_code():
    codes = {one.code for one in error_classes() if one.__module__.startswith("matjip")}
    assert codes <= set(get_args(Code))
    assert set(TABLE) == {*get_args(Code), *get_args(EdgeCode)}, AnyCode
    assert set(EXIT) == set(get_args(Code))


@pytest.mark.parametrize("path", [path for path, _ in leaves(Settings)], ids=".".join)
def test_every_setting_is_read_somewhere(path):
    if path == ("environment",):
        return
    used = re.compile(rf"\.{path[-1]}\b")
    assert any(used.search(file.read_text()) for file in PACKAGE.rglob("*.py")), f"nothing reads {'.'.join(path)}"


@pytest.mark.parametrize(("path", "info"), list(leaves(Settings)), ids=lambda value: str(value)[:40])
def test_every_setting_says_what_it_means(path, info):
    assert info.description
    assert info.description.endswith(".")


def test_generated_pages_are_current():
    check = [sys.executable, "scripts/reference.py", "--check"]
    checked = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
