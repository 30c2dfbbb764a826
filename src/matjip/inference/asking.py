"""A judge that asks a model: packs the items into prompts, reads the answers, asks once more for what was wrong, and leaves
what is still undecided to another judge."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, Field

from matjip.errors import Invalid, Unavailable
from matjip.inference.answers import read_answers
from matjip.inference.failure import ModelFailure
from matjip.inference.judge import Judge
from matjip.inference.model import NOBODYS, Completion, Model, Prompt, Work
from matjip.inference.packing import Batches, cut, pack
from matjip.inference.prompts.aspects import ASPECTS_ASKED
from matjip.inference.prompts.data import line, neutral
from matjip.inference.prompts.query import QUERY
from matjip.inference.prompts.question import LANGUAGES, Question, Reason
from matjip.inference.prompts.sentiment import SENTIMENT
from matjip.inference.prompts.worded import CLAIM, SUMMARY
from matjip.inference.task import (
    ExpandQuery,
    FindAspects,
    JudgeSentiment,
    Language,
    Task,
    Verdict,
    WordClaim,
    WriteSummary,
)
from matjip.inference.tokens import TokenCounter, Tokenizer
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import Hook, ItemsAsked, ItemsDropped, ReviewCut

__all__ = ["ENGINE", "QUESTIONS", "AskingJudge", "AskingSettings"]

A = TypeVar("A")
ENGINE = "llm"
QUESTIONS: dict[type[Task[Any]], Question] = {
    JudgeSentiment: SENTIMENT,
    FindAspects: ASPECTS_ASKED,
    ExpandQuery: QUERY,
    WordClaim: CLAIM,
    WriteSummary: SUMMARY,
}
CONTEXT_TOKENS = 8_192  # of the model, where nothing else is said
TEMPLATE_TOKENS = 64  # what a chat template adds around two messages and before the answer; the usual ones add 10 to 40
FENCE_TOKENS = 16  # by how much two fences may differ from two others
ANSWER_TOKENS = 16  # of an answer besides its items: {"items": []}
CUT_MARK = " …"  # so that the model sees that the text goes on


class AskingSettings(BaseModel, frozen=True, extra="forbid"):
    """How a model is asked."""

    batch_tokens: int = Field(
        4_000,
        ge=500,
        description="Tokens of reviews and answers that one prompt holds at most, unless one review is longer.",
    )
    prompts_at_once: int = Field(20, ge=1, description="Prompts of one analysis that wait for an answer together.")
    interactive_budget_s: float = Field(
        12.0,
        gt=0,
        le=3_600,
        description="How long one analysis that somebody waits for may ask in all; the rest is the built-in judge's.",
    )
    wording: Literal["lite", "model"] = Field(
        "lite",
        description="Who words claims and summaries once all is counted: lite (rules, at no cost), or the model, whose text is "
        "taken only where it says the counted facts and nothing else.",
    )
    tokenizer: Tokenizer = Field(
        None,
        description='tokenizer.json of the served model, or "server": its servers count (vLLM\'s /tokenize). Without either '
        "tokens are estimated on the high side.",
    )


@dataclass(slots=True)
class _Sheet:
    """One task's items as they are asked about, and what has been decided of them."""

    question: Question
    items: tuple[str, ...]
    subjects: tuple[object, ...]
    language: Language | None
    shown: list[str]  # neutral, and cut where they had to be
    decided: dict[int, object] = field(default_factory=dict)
    tokens: list[int] = field(default_factory=list)
    repaired: int = 0
    dropped: Counter[Reason] = field(default_factory=Counter)
    no_room_s: dict[int, int] = field(default_factory=dict)  # which the model had no room for, and when it may have
    broken: set[int] = field(default_factory=set)  # whose answer was read and broke a rule

    def missed(self, place: int) -> bool:
        """Whether the model owes the item an answer: it was asked, and did not decide."""
        return bool(self.shown[place].strip()) and not (self.question.is_final and place in self.broken)


class AskingJudge:
    """A Judge over a Model, for one piece of work. It answers whatever happens: what the model does not decide, the fallback
    does, and its verdict says whom it stands in for (`instead_of`). Where somebody waits, that is when the budget has run out
    too, which begins with the first question.

    Each prompt fits the context by the counter's tokens. `prompts_at_once` bounds one call alone; how many run at all is the
    business of whoever schedules the model.
    """

    def __init__(
        self,
        model: Model,
        fallback: Judge,
        *,
        counter: TokenCounter,
        dice: Random,
        context_tokens: int = CONTEXT_TOKENS,
        settings: AskingSettings | None = None,
        work: Work = NOBODYS,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._model = model
        self._fallback = fallback
        self._counter = counter
        self._dice = dice
        self._context_tokens = context_tokens  # that prompt and answer may take together
        self._settings = settings or AskingSettings()
        self._work = work
        self._until: float | None = None  # on the loop's time: the end of the budget, where there is one
        self._hooks = hooks

    @property
    def name(self) -> str:
        """Engine, model and the wording of every prompt, in one word: what an answer depends on."""
        versions = "+".join(question.version.replace("/", ".") for question in QUESTIONS.values())
        return f"{ENGINE}/{'-'.join(self._model.name.split())}/{versions}"

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        question = QUESTIONS.get(type(task))
        if question is None:
            return await self._fallback.judge(task)
        if self._until is None and self._work.urgency == "interactive":
            self._until = asyncio.get_running_loop().time() + self._settings.interactive_budget_s
        items = task.items
        shown = [neutral(item) for item in items]
        sheet = _Sheet(question, items, task.subjects, task.language, shown, tokens=[0] * len(items))
        packs = await self._packs(sheet, [place for place, text in enumerate(sheet.shown) if text.strip()])
        running = asyncio.Semaphore(self._settings.prompts_at_once)
        async with asyncio.TaskGroup() as group:
            for places in packs:
                group.create_task(self._ask(sheet, places, running), name=f"ask about {question.task}")
        verdicts = await self._verdicts(task, sheet)
        self._tell(sheet)
        return verdicts

    async def _verdicts(self, task: Task[A], sheet: _Sheet) -> tuple[Verdict[A], ...]:
        left = [place for place in range(len(sheet.items)) if place not in sheet.decided]
        others = await self._fallback.judge(task.among(left)) if left else ()
        stood_in = {
            place: replace(
                verdict,
                tokens=sheet.tokens[place],
                instead_of=ENGINE if sheet.missed(place) else None,
                no_room_s=sheet.no_room_s.get(place),
            )
            for place, verdict in zip(left, others, strict=True)
        }
        return tuple(
            stood_in[place]
            if place in stood_in
            else Verdict(answer=cast(A, sheet.decided[place]), engine=ENGINE, model=self.name, tokens=tokens)
            for place, tokens in enumerate(sheet.tokens)
        )

    async def _packs(self, sheet: _Sheet, places: Sequence[int]) -> list[list[int]]:
        """Which places share a prompt. Cuts what is too long for a prompt of its own."""
        most = Batches.calculate_dynamic_batch_size([sheet.shown[place] for place in places])
        room = await self._room(sheet.question)
        sizes = [
            tokens + sheet.question.answer_tokens
            for tokens in await self._counter.count([line(most, sheet.shown[place]) for place in places])
        ]
        for at, place in enumerate(places):
            if sizes[at] > room:
                text_room = room - sheet.question.answer_tokens
                [around] = await self._counter.count([line(most, CUT_MARK)])
                await self._cut(sheet, place, text_room - around)
                sizes[at] = room
        packs = pack(sizes, room=min(room, self._settings.batch_tokens), most=most)
        return [[places[at] for at in each] for each in packs]

    async def _room(self, question: Question) -> int:
        """Tokens that items and their answers may take in one prompt."""
        empty = [await self._prompt(question, [], language=language, is_repair=True) for language in LANGUAGES]
        return self._context_tokens - max(each.tokens + each.max_tokens for each in empty) - FENCE_TOKENS

    async def _cut(self, sheet: _Sheet, place: int, room: int) -> None:
        whole = sheet.shown[place]
        kept = await cut(whole, self._counter, room=room)
        sheet.shown[place] = kept + CUT_MARK
        tell(self._hooks, ReviewCut(task=sheet.question.task, chars=len(whole), kept_chars=len(kept)))

    async def _ask(
        self, sheet: _Sheet, places: Sequence[int], running: asyncio.Semaphore, *, is_repair: bool = False
    ) -> None:
        shown = [sheet.shown[place] for place in places]
        prompt = await self._prompt(sheet.question, shown, is_repair=is_repair, language=sheet.language)
        if prompt.tokens + prompt.max_tokens > self._context_tokens:  # parts may take more together than alone
            if len(places) == 1:
                sheet.dropped["too_long"] += 1
                return
            half = len(places) // 2
            for part in (places[:half], places[half:]):
                await self._ask(sheet, part, running, is_repair=is_repair)
            return
        try:
            async with asyncio.timeout_at(self._until), running:
                await asyncio.sleep(0)  # nothing is sent once the time is over
                completion = await self._model.complete(prompt)
        except TimeoutError:
            sheet.dropped["out_of_time"] += len(places)
            return
        except Unavailable as failure:
            if isinstance(failure, ModelFailure) and failure.reason == "no_room":
                sheet.dropped["no_room"] += len(places)
                sheet.no_room_s |= dict.fromkeys(places, failure.retry_after_s or 1)
            else:
                sheet.dropped["unavailable"] += len(places)
            return
        except Invalid:
            sheet.dropped["refused"] += len(places)
            return
        self._read(sheet, places, completion, is_repair=is_repair)
        left = [place for place in places if place not in sheet.decided]
        if left and not is_repair:
            await self._ask(sheet, left, running, is_repair=True)

    def _read(self, sheet: _Sheet, places: Sequence[int], completion: Completion, *, is_repair: bool) -> None:
        answers = read_answers(sheet.question, completion.text, [sheet.subjects[place] for place in places])
        for at, answer in answers.by_place.items():
            sheet.decided[places[at]] = answer
        sheet.dropped += answers.dropped
        sheet.broken |= {places[at] for at in answers.broken}
        sheet.repaired += len(answers.by_place) if is_repair else 0
        each, rest = divmod(completion.usage.prompt + completion.usage.completion, len(places))
        for at, place in enumerate(places):
            sheet.tokens[place] += each + (at < rest)

    async def _prompt(
        self, question: Question, texts: Sequence[str], *, is_repair: bool, language: Language | None = None
    ) -> Prompt:
        messages = question.messages(texts, self._dice, language=language, is_repair=is_repair)
        counted = await self._counter.count([message.content for message in messages])
        return Prompt(
            task=question.task,
            version=question.version,
            messages=messages,
            schema=question.schema(len(texts)),
            max_tokens=ANSWER_TOKENS + question.answer_tokens * len(texts),
            tokens=TEMPLATE_TOKENS + sum(counted),
            work=self._work,
            items=max(len(texts), 1),
        )

    def _tell(self, sheet: _Sheet) -> None:
        asked = sum(bool(text.strip()) for text in sheet.shown)
        record = ItemsAsked(
            task=sheet.question.task,
            answered=len(sheet.decided) - sheet.repaired,
            repaired=sheet.repaired,
            undecided=asked - len(sheet.decided),
        )
        tell(self._hooks, record)
        for reason, items in sheet.dropped.items():
            tell(self._hooks, ItemsDropped(task=sheet.question.task, reason=reason, items=items))
