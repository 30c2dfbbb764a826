"""The configuration, read once: defaults, then a YAML file, then the environment. Every fault is named at once.

`MATJIP_ENVIRONMENT=production` chooses `config/production.yaml`; `MATJIP_CONFIG=path` names another file;
`MATJIP_API__MAX_BODY_BYTES=100000` sets one field. A misspelt setting is a fault, never ignored.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from matjip.analysis.analyses import AnalysisSettings
from matjip.analysis.projection import ProjectionSettings
from matjip.analysis.refresher import FreshnessSettings
from matjip.api.server import ApiSettings, Role
from matjip.database import DatabaseSettings
from matjip.errors import Fault, Misconfigured
from matjip.index.open import IndexSettings
from matjip.inference.answers_open import AnswersSettings
from matjip.inference.asking import AskingSettings
from matjip.inference.cascade import CascadeSettings
from matjip.inference.embedders import EmbedderSettings
from matjip.inference.images import ImageSettings
from matjip.inference.open import ModelSettings, RemoteSettings
from matjip.inference.scheduled import SchedulingSettings
from matjip.telemetry.logs import LogSettings

__all__ = ["Settings", "load"]

PREFIX = "MATJIP_"
ABOUT_FILES = {"MATJIP_ENVIRONMENT", "MATJIP_CONFIG"}
SECRET_WORDS = ("url", "key", "secret", "password", "token")  # a fault in one of these never shows its value
Tree = dict[str, "Tree | object"]


class Settings(BaseModel):
    """Everything that can be configured, one slice a component."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["development", "staging", "production"] = Field(
        "development", description="Which config/*.yaml is read, and how strict the start is."
    )
    role: Role = Field(
        "api",
        description="What this process serves: api, the whole product; inference, the one queue before the GPU that it owns.",
    )
    data_dir: Path = Field(Path("var"), description="Folder of the embedded database, the index and import positions.")
    erasure_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="Secret of the hashes that prove an erasure; by default a file made in the data folder.",
    )
    database: DatabaseSettings = Field(default_factory=DatabaseSettings, description="Where the record is kept.")
    index: IndexSettings = Field(default_factory=IndexSettings, description="Where points are kept and found.")
    embedder: EmbedderSettings = Field(
        EmbedderSettings.model_validate({}), description="Who turns reviews and queries into vectors."
    )
    images: ImageSettings = Field(default_factory=ImageSettings, description="Who reads the reviews' images.")
    model: ModelSettings = Field(
        ModelSettings.model_validate({}), description="Who is asked what the built-in models are not sure of."
    )
    remote: RemoteSettings = Field(
        RemoteSettings.model_validate({}), description="What gateways and the owners of GPUs agree on."
    )
    asking: AskingSettings = Field(AskingSettings.model_validate({}), description="How the model is asked.")
    scheduling: SchedulingSettings = Field(
        SchedulingSettings.model_validate({}), description="Whose call the model answers next, and what is promised."
    )
    cascade: CascadeSettings = Field(
        CascadeSettings.model_validate({}), description="What the built-in models are sure enough of."
    )
    answers: AnswersSettings = Field(
        AnswersSettings.model_validate({}),
        description="How the model's answers and the embedding servers' vectors are remembered.",
    )
    projection: ProjectionSettings = Field(default_factory=ProjectionSettings, description="How the index follows.")
    analysis: AnalysisSettings = Field(
        default_factory=AnalysisSettings, description="Thresholds of the analyses, and the price of a machine."
    )
    freshness: FreshnessSettings = Field(
        default_factory=FreshnessSettings, description="How published results are kept fresh."
    )
    api: ApiSettings = Field(ApiSettings.model_validate({}), description="Limits of the HTTP edge.")
    logs: LogSettings = Field(LogSettings.model_validate({}), description="What is written to stdout.")


def load(environ: Mapping[str, str] | None = None, *, root: Path | None = None, **given: object) -> Settings:
    """The settings of this process; `given` (the command line's words, None: not said) win over all.

    Raises Misconfigured, which names every fault and where it came from.
    """
    environ = os.environ if environ is None else environ
    environment = environ.get("MATJIP_ENVIRONMENT", "development")
    file = _file(environ, environment, root or Path.cwd())
    tree: Tree = {"environment": environment}
    _merge(tree, _read(file) if file else {})
    _merge(tree, _from_environment(environ))
    _merge(tree, {key: value for key, value in given.items() if value is not None})
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        faults = tuple(_faults(error))
        raise Misconfigured(
            "The configuration cannot work: " + "; ".join(str(fault) for fault in faults), faults=faults
        ) from None


def _file(environ: Mapping[str, str], environment: str, root: Path) -> Path | None:
    if named := environ.get("MATJIP_CONFIG"):
        return Path(named)
    file = root / "config" / f"{environment}.yaml"
    return file if file.exists() else None


def _read(file: Path) -> Tree:
    try:
        tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(file, f"cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        place = getattr(error, "problem_mark", None)
        raise _unreadable(file, "is not YAML" + (f" at line {place.line + 1}" if place else "")) from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise _unreadable(file, f"holds a {type(tree).__name__}")
    return tree


def _unreadable(file: Path, wrong: str) -> Misconfigured:
    fault = Fault(where=str(file), wrong=wrong, right="a YAML mapping of settings; see docs/reference/settings.md")
    return Misconfigured(str(fault), faults=(fault,))


def _from_environment(environ: Mapping[str, str]) -> Tree:
    tree: Tree = {}
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or name in ABOUT_FILES:
            continue
        *sections, field = name.removeprefix(PREFIX).lower().split("__")
        branch = tree
        for section in sections:
            inner = branch.setdefault(section, {})
            branch = inner if isinstance(inner, dict) else {}
        branch[field] = yaml.safe_load(value) if value.strip().startswith(("[", "{")) else value
    return tree


def _merge(tree: Tree, over: Mapping[str, object]) -> None:
    for key, value in over.items():
        present = tree.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping):
            _merge(present, value)
        else:
            tree[key] = value


def _faults(error: ValidationError) -> Iterator[Fault]:
    for item in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in item["loc"])
        variable = PREFIX + "__".join(str(part) for part in item["loc"]).upper()
        if item["type"] == "extra_forbidden":
            yield Fault(
                where=where,
                wrong="is not a setting",
                right=f"a name from docs/reference/settings.md (or unset {variable})",
            )
        else:
            secret = any(word in where for word in SECRET_WORDS)
            wrong = "is not valid (its value is not shown)" if secret else f"is {item['input']!r}"
            yield Fault(where=where, wrong=wrong, right=f"{item['msg']} ({variable})")
