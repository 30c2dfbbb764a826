"""The configuration is read once, and a start that cannot work names every fault."""

from pathlib import Path

import pytest

from matjip.errors import Misconfigured
from matjip.settings import Settings, load


def faults(error: pytest.ExceptionInfo[Misconfigured]) -> str:
    return " | ".join(str(fault) for fault in error.value.faults)


def test_without_words_the_defaults_stand(tmp_path: Path):
    assert load({}, root=tmp_path) == Settings()


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("data_dir: from-file\napi: {max_body_bytes: 5}\n")
    environ = {"MATJIP_CONFIG": str(file), "MATJIP_DATA_DIR": "from-environment", "MATJIP_API__KEEP_ALIVE_S": "9"}
    settings = load(environ, root=tmp_path, data_dir=Path("from-command-line"))
    assert settings.data_dir == Path("from-command-line")
    assert (settings.api.max_body_bytes, settings.api.keep_alive_s) == (5, 9)


def test_an_empty_variable_is_an_empty_text():
    assert load({"MATJIP_DATABASE__URL": ""}).database.url == ""


def test_the_environment_chooses_its_own_file(tmp_path: Path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "staging.yaml").write_text("data_dir: staged\n")
    assert load({"MATJIP_ENVIRONMENT": "staging"}, root=tmp_path).data_dir == Path("staged")


def test_a_word_of_the_command_line_that_was_not_said_changes_nothing(tmp_path: Path):
    assert load({"MATJIP_DATA_DIR": "here"}, root=tmp_path, data_dir=None).data_dir == Path("here")


def test_every_fault_is_named_at_once(tmp_path: Path):
    environ = {"MATJIP_API__MAX_BODY_BYTES": "-1", "MATJIP_LOGS__LEVEL": "loud", "MATJIP_TYPO": "x"}
    with pytest.raises(Misconfigured) as error:
        load(environ, root=tmp_path)
    told = faults(error)
    assert "api.max_body_bytes is '-1'" in told
    assert "logs.level is 'loud'" in told
    assert "typo is not a setting" in told


def test_a_fault_in_a_secret_never_shows_its_value(tmp_path: Path):
    with pytest.raises(Misconfigured) as error:
        load({"MATJIP_ERASURE_KEY": "hunter2"}, root=tmp_path)
    assert "hunter2" not in faults(error)
    assert "MATJIP_ERASURE_KEY" in faults(error)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("- a\n- b\n", "holds a list"), ("a: [1\n", "is not YAML at line"), ("data_dir: {a: 1}\n", "data_dir is")],
)
def test_a_file_that_cannot_work_says_where(tmp_path: Path, text: str, wrong: str):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(Misconfigured, match="expected") as error:
        load({"MATJIP_CONFIG": str(file)}, root=tmp_path)
    assert wrong in faults(error)


def test_a_named_file_that_is_not_there_is_a_fault(tmp_path: Path):
    with pytest.raises(Misconfigured, match="cannot be read"):
        load({"MATJIP_CONFIG": str(tmp_path / "none.yaml")}, root=tmp_path)


@pytest.mark.parametrize("name", ["development", "staging", "production"])
def test_the_files_that_ship_can_work(name: str):
    assert load({"MATJIP_ENVIRONMENT": name}).environment == name
