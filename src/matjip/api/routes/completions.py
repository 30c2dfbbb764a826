"""What the owner of a GPU answers its gateways: prompts, each in its turn. Served by the role `inference` alone."""

from dataclasses import replace

from fastapi import APIRouter, Response

from matjip.api.awaited import Awaited
from matjip.api.errors import Problem, problem_of, responses, to_response
from matjip.api.service import Asker, InferenceService, Inferring
from matjip.api.strict import StrictRoute
from matjip.caller import Caller
from matjip.errors import Fault, MatjipError, NotFound
from matjip.inference.failure import ModelFailure
from matjip.inference.wire import COMPLETIONS_PATH, MODEL_PATH, ModelServed, PromptSent, write_completion

__all__ = ["router"]

COMPLETION = {
    "text": '{"items": []}',
    "finish": "stop",
    "model": "my-model",
    "usage": {"prompt": 812, "completion": 31, "cached": 512, "is_estimate": False},
    "timing": {"first_token_s": 0.21, "total_s": 0.9},
    "replica": "http://10.0.0.5:8000",
}
router = APIRouter(
    tags=["inference"],
    route_class=StrictRoute,
    responses=responses("malformed", "unauthenticated", "not_found", "too_large", "invalid", "unavailable"),
)


@router.post(
    COMPLETIONS_PATH,
    response_class=Response,
    responses={
        200: {
            "description": "The completion, after blank lines where it took long; or a problem, where it failed after one.",
            "content": {"application/json": {"schema": {"type": "object"}, "example": COMPLETION}},
        }
    },
)
async def complete(asked: PromptSent, service: Inferring, caller: Asker) -> Response:
    """Complete a prompt in its turn. A refusal tells its reason and when to come back; to leave ends the work."""
    return Awaited(lambda: _completed(asked, service, caller))


@router.get(MODEL_PATH)
async def get_model(service: Inferring) -> ModelServed:
    """Which model is served here."""
    return ModelServed(name=service.model.name)


async def _completed(asked: PromptSent, service: InferenceService, caller: Caller) -> Response:
    try:
        if asked.model != service.model.name:
            fault = Fault(where="model", wrong=f"is {asked.model!r}", right=service.model.name)
            raise NotFound(str(fault), faults=(fault,))
        completion = await service.model.complete(asked.prompt())
    except MatjipError as error:
        return to_response(
            _told(error), instance=COMPLETIONS_PATH, request_id=caller.request_id, now=service.clock.now()
        )
    return Response(write_completion(completion), media_type="application/json")


def _told(error: MatjipError) -> Problem:
    """With all that a gateway needs to fail as the model did here."""
    problem = problem_of(error)
    if isinstance(error, ModelFailure):
        return replace(problem, facts={"reason": error.reason, "retry_after_s": error.retry_after_s})
    return problem
