"""Logs: one JSON object a line in ECS field names, or readable lines on a terminal. No review text and no secret, ever.

Everything goes through the standard library's logging, so that a library's lines look like ours.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, TextIO

import orjson
import structlog
from pydantic import BaseModel, Field
from structlog.contextvars import bound_contextvars
from structlog.dev import ConsoleRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from matjip.clock import to_iso

__all__ = ["MASK", "Level", "LogSettings", "bound", "configure", "logger", "mask", "set_level"]

Level = Literal["debug", "info", "warning", "error"]
Logger = structlog.stdlib.BoundLogger

ECS_VERSION = "8.17.0"
MASK = "[masked]"
MAX_VALUE_CHARS = 2_000  # a line stays readable, and a stack trace of some thirty frames fits
KEYS = 1_000  # whose meaning is remembered; the names of fields are few
MAX_DEPTH = 6  # deeper values are not for a log line
# Whatever a person wrote, and whatever opens a door. Compared in lower case with "-" read as "_".
SECRET = re.compile(r"password|passwd|secret|authorization|api_?key|cookie|credential|private_?key|(?<!max_)token(?!s)")
PERSONAL = frozenset(
    (
        "author_id",
        "body",
        "content",
        "contents",
        "email",
        "query",
        "quote",
        "quotes",
        "review",
        "reviews",
        "text",
        "texts",
    )
)
PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)")
BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)
SILENT = ("uvicorn.access", "alembic.runtime.migration")  # the access log is ours (api/middleware.py)


class LogSettings(BaseModel, frozen=True, extra="forbid"):
    """What is written to stdout."""

    level: Level = Field("info", description="The least serious lines that are written.")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description='"json", "console", or "auto": readable on a terminal, JSON everywhere else.'
    )


def configure(settings: LogSettings, *, version: str, service: str = "matjip", stream: TextIO | None = None) -> None:
    """Send every logger of the process, uvicorn's too, through one handler to `stream` (stdout)."""
    stream = stream or sys.stdout
    readable = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(_console(stream) if readable else _json(service, version)))
    logging.root.handlers = [handler]
    for name in list(logging.root.manager.loggerDict):
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = name not in SILENT
    for name in SILENT:
        logging.getLogger(name).propagate = False
        logging.getLogger(name).disabled = True
    set_level(settings.level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def set_level(level: Level) -> None:
    """Change the level of the running process."""
    logging.root.setLevel(level.upper())


def logger(name: str) -> Logger:
    """The logger of a module: `logger("matjip.api").info("request", status=200)`."""
    found: Logger = structlog.stdlib.get_logger(name)
    return found


@contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Every line written inside, by whoever, carries these fields."""
    with bound_contextvars(**fields):
        yield


def mask(value: object, *, depth: int = 0) -> object:
    """The value without secrets and review texts, at any depth that a line may show."""
    if isinstance(value, str):
        clean = PASSWORD_IN_URL.sub(rf"\1:{MASK}", value) if "@" in value else value
        clean = BEARER.sub(rf"\1 {MASK}", clean) if BEARER.search(clean) else clean
        return clean if len(clean) <= MAX_VALUE_CHARS else f"{clean[:MAX_VALUE_CHARS]}… ({len(clean)} characters)"
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            return "{…}"
        return {str(key): MASK if _hidden(str(key)) else mask(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [mask(item, depth=depth + 1) for item in value] if depth < MAX_DEPTH else "[…]"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return mask(repr(value), depth=depth)


@lru_cache(KEYS)
def _hidden(key: str) -> bool:
    word = key.lower().replace("-", "_")
    return word.rsplit(".", 1)[-1] in PERSONAL or SECRET.search(word) is not None


def _formatter(renderer: structlog.typing.Processor) -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars],
        processors=[_from_record, ProcessorFormatter.remove_processors_meta, _mask_all, renderer],
    )


def _from_record(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What the standard library knows of the line: when, how serious, from where, and after which exception."""
    record: logging.LogRecord = event["_record"]
    line: EventDict = {
        "@timestamp": to_iso(datetime.fromtimestamp(record.created, UTC)),
        "log.level": record.levelname.lower(),
        "message": str(event.pop("event")),
        "log.logger": record.name,
    }
    error = _raised(event.pop("exc_info", None)) or _raised(record.exc_info)
    if error is not None:
        line.update(_exception(error))
    line.update(event)
    return line


def _raised(told: object) -> BaseException | None:
    """The exception that a logging call meant: `True` is the one being handled now."""
    if told is True:
        return sys.exception()
    if isinstance(told, tuple):
        told = told[1]
    return told if isinstance(told, BaseException) else None


def _exception(error: BaseException) -> dict[str, str]:
    """Type, message and frames. Local variables are never shown."""
    return {
        "error.type": f"{type(error).__module__}.{type(error).__qualname__}",
        "error.message": str(error),
        "error.stack_trace": "".join(traceback.format_exception(error))[-MAX_VALUE_CHARS:],
    }


def _mask_all(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: MASK if _hidden(key) else mask(value) for key, value in event.items()}


def _json(service: str, version: str) -> structlog.typing.Processor:
    fixed = {"ecs.version": ECS_VERSION, "service.name": service, "service.version": version}

    def render(_: WrappedLogger, __: str, event: EventDict) -> str:
        # A lone surrogate cannot be UTF-8; it is shown as its escape rather than losing the line.
        try:
            return orjson.dumps({**event, **fixed}).decode()
        except (orjson.JSONEncodeError, UnicodeEncodeError):
            clean = {key: str(value).encode(errors="backslashreplace").decode() for key, value in event.items()}
            return orjson.dumps({**clean, **fixed}).decode()

    return render


def _console(stream: TextIO) -> structlog.typing.Processor:
    draw = ConsoleRenderer(colors=stream.isatty(), event_key="message", timestamp_key="@timestamp")

    def render(target: WrappedLogger, name: str, event: EventDict) -> str:
        trace = event.pop("error.stack_trace", None)
        event["level"], event["logger"] = event.pop("log.level"), event.pop("log.logger")
        return str(draw(target, name, event)) + (f"\n{trace}" if trace else "")

    return render
