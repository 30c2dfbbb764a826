"""How well a judge reads, as measured on texts that people labelled: what its counts must be corrected by."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["QUALITY", "Detection", "Quality", "Rate", "read_quality"]

QUALITY = "quality.json"  # beside the weights that were measured


class Measured(BaseModel):
    """A frozen value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rate(Measured):
    """So many of so many labelled texts."""

    hits: int = Field(ge=0)
    total: int = Field(gt=0)

    @property
    def value(self) -> float:
        return self.hits / self.total


class Detection(Measured):
    """How often something is found where people say that it is (recall), and where they say that it is not."""

    rightly: Rate
    wrongly: Rate

    @property
    def power(self) -> float:
        """Youden's index: 1 finds everything and nothing else, 0 tells nothing."""
        return self.rightly.value - self.wrongly.value


class Quality(Measured):
    """Of one judge. What was not measured is not there."""

    measured_on: str = ""
    positive: Detection | None = None  # of the label "positive", not "negative", on texts that lean one way and were decided
    praise: Mapping[str, Detection] = {}  # by aspect, of a text that praises it


def read_quality(content: bytes) -> Quality:
    """What training measured and wrote."""
    return Quality.model_validate_json(content)
