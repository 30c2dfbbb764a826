"""Adaptations of the built-in judge: listed with what was measured, let answer, dropped, taken back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StringConstraints

from matjip.api.errors import responses
from matjip.api.service import Asker, Working
from matjip.api.strict import StrictRoute
from matjip.evaluation.versions import ModelKind, Status, Version

__all__ = ["ModelList", "ModelShape", "Published", "router"]

router = APIRouter(
    prefix="/api/v1/models",
    tags=["models"],
    route_class=StrictRoute,
    responses=responses("malformed", "not_found", "conflict", "invalid", "not_ready"),
)
VersionName = Annotated[
    str,
    Path(description="As the list names it."),
    StringConstraints(pattern=r"^[0-9a-f]{8}$"),
]


class ModelShape(BaseModel):
    """One version, whatever became of it."""

    version: str = Field(examples=["1a2b3c4d"])
    kind: ModelKind = Field(examples=["lite"])
    status: Status = Field(
        description="shadow: answers nobody, beside what does. published: answers. retired: answered before the published "
        "one, and may come back. dropped: answers nobody any more.",
        examples=["shadow"],
    )
    base: str = Field(description="The judge that it was made for.", examples=["lite/3"])
    report: dict[str, Any] = Field(
        description="What was measured when it was made: `aside` on the restaurants set aside, with the `gain` of accuracy and its "
        "95 % interval; `guard` on the product's own sentences; `disagreement`, on stored reviews.",
        examples=[{"compared_with": "lite/3", "aside": {"gain": {"value": 0.03, "low": 0.01, "high": 0.05}}}],
    )
    agreed: int = Field(description="Answers in shadow that were like those given.", examples=[940])
    disagreed: int = Field(description="Answers in shadow that were not.", examples=[60])
    actor: str = Field(description="Who made it.", examples=["cli"])
    changed_by: str = Field(description="Who gave it its status.", examples=["cli"])
    made_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, version: Version) -> "ModelShape":
        return cls.model_validate(version, from_attributes=True)


class ModelList(BaseModel):
    """Every version of this tenant, newest first."""

    models: list[ModelShape]


class Published(BaseModel):
    """What answers after something was taken back."""

    published: ModelShape | None = Field(description="The version that came back; null: the shipped weights answer.")


@router.get("")
async def list_models(service: Working, caller: Asker) -> ModelList:
    """Every adaptation, with its status and what was measured."""
    return ModelList(models=[ModelShape.of(each) for each in await service.gate.all(caller.tenant)])


@router.post("/{version}/publish")
async def publish_model(version: VersionName, service: Working, caller: Asker) -> ModelShape:
    """Let a version answer, in the place of what answers now. Stored results are out of date from then on."""
    return ModelShape.of(await service.gate.publish(version, caller))


@router.post("/{version}/drop")
async def drop_model(version: VersionName, service: Working, caller: Asker) -> ModelShape:
    """Let a version go that does not answer."""
    return ModelShape.of(await service.gate.drop(version, caller))


@router.post("/rollback")
async def roll_back_model(service: Working, caller: Asker) -> Published:
    """Drop the version that answers; the one before it comes back, or the shipped weights."""
    back = await service.gate.roll_back(caller)
    return Published(published=back and ModelShape.of(back))
