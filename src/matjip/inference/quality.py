"""How well a judge reads, as measured on texts that people labelled: what its counts must be corrected by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

__all__ = ["QUALITY", "Detection", "Quality", "Rate", "read_quality", "written"]

QUALITY = "quality.json"  # beside the weights that were measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many of so many labelled texts."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        return self.hits / self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How often something is found where people say that it is (recall), and where they say that it is not."""

    rightly: Rate
    wrongly: Rate

    @property
    def power(self) -> float:
        """Youden's index: 1 finds everything and nothing else, 0 tells nothing."""
        return self.rightly.value - self.wrongly.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Of one judge. What was not measured is not there."""

    measured_on: str = ""
    positive: Detection | None = None  # of "positive", not "negative", on texts that lean one way and were decided
    praise: Mapping[str, Detection] = field(default_factory=dict)  # by aspect, of a text that praises it


def read_quality(content: bytes) -> Quality:
    """What training measured and wrote."""
    found = orjson.loads(content)
    positive = found["positive"]
    return Quality(
        measured_on=found["measured_on"],
        positive=positive and _detection(positive),
        praise={aspect: _detection(each) for aspect, each in found["praise"].items()},
    )


def written(quality: Quality) -> bytes:
    """The same as `read_quality` reads it."""
    return orjson.dumps(quality, option=orjson.OPT_INDENT_2) + b"\n"


def _detection(found: Mapping[str, Mapping[str, int]]) -> Detection:
    return Detection(rightly=Rate(**found["rightly"]), wrongly=Rate(**found["wrongly"]))
