"""A result in another's words: the texts alone are replaced, each only where it says the facts that were counted for it.

Ids, counts, evidence and the order of it all were decided before, and stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, cast

from matjip.analysis.evidence import Mask
from matjip.analysis.result import Result, Statement, Strength, StrengthsResult, SummaryResult
from matjip.analysis.summary import OVERALL
from matjip.inference.judge import Judge
from matjip.inference.prompts.faithful import fault
from matjip.inference.task import Facts, Task, Verdict, WordClaim, WriteSummary
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import Hook, ItemsDropped

__all__ = ["worded"]

R = TypeVar("R", bound=Result)
C = TypeVar("C", Statement, Strength)
Texts = Mapping[str, tuple[str, str]]  # name of the facts → text, and the engine that worded it


async def worded(
    result: R, facts: Mapping[str, Facts], judge: Judge, *, mask: Mask, hooks: Sequence[Hook] = ()
) -> tuple[R, tuple[Verdict[str], ...]]:
    """The result in the judge's words, and what the judge answered.

    Every text is held to its facts once more, wherever the judge has it from; the text by rules stands where it fails, where the
    judge could not say it better, and where two would read alike.
    """
    if not facts:
        return result, ()
    is_claim = isinstance(result, StrengthsResult)
    task: Task[str] = (WordClaim if is_claim else WriteSummary)(tuple(facts.values()))
    verdicts = await judge.judge(task)
    texts: dict[str, tuple[str, str]] = {}
    taken = {one.text for one in facts.values()}
    for (name, one), verdict in zip(facts.items(), verdicts, strict=True):
        if verdict.answer in taken:
            continue
        text = verdict.answer
        reason = fault(text, one, is_claim=is_claim) or ("masked" if mask(text) != text else None)
        if reason is not None:
            tell(hooks, ItemsDropped(task="claim" if is_claim else "summary", reason=reason, items=1))
            continue
        taken.add(text)
        texts[name] = (text, verdict.engine)
    return _with_texts(result, texts), verdicts


def _with_texts(result: R, texts: Texts) -> R:
    said: Result = result
    if isinstance(result, StrengthsResult):
        said = result.model_copy(update={"strengths": _each(result.strengths, texts)})
    elif isinstance(result, SummaryResult):
        aspects = tuple(
            each.model_copy(update={"statements": _each(each.statements, texts)}) for each in result.aspects
        )
        overall, worded_by = texts.get(OVERALL, (result.overall, result.overall_worded_by))
        said = result.model_copy(
            update={
                "overall": overall,
                "overall_worded_by": worded_by,
                "positive": _each(result.positive, texts),
                "negative": _each(result.negative, texts),
                "aspects": aspects,
            }
        )
    return cast(R, said)


def _each(claims: Iterable[C], texts: Texts) -> tuple[C, ...]:
    return tuple(_one(claim, texts) for claim in claims)


def _one(claim: C, texts: Texts) -> C:
    if claim.claim_id not in texts:
        return claim
    text, worded_by = texts[claim.claim_id]
    return claim.model_copy(update={"claim" if isinstance(claim, Strength) else "text": text, "worded_by": worded_by})
