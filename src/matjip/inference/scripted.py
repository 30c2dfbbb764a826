"""A model without a model: it reads the prompt as the instructions say, and a function answers each of the numbered texts."""

import json
import re
from collections.abc import Callable, Mapping

from matjip.inference.model import Completion, Prompt, Timing, TokenUsage
from matjip.inference.tokens import Estimated

__all__ = ["ScriptedModel"]

FENCED = re.compile(r"<<<(\w+)\n(.*)\n\1>>>", re.DOTALL)
LINE = re.compile(r"\[(\d+)\] (.*)")
Answer = Callable[[str], Mapping[str, object]]  # the fields of one item besides its number


class ScriptedModel:
    """A `Model` that answers at once. `asked` keeps its prompts; `spoil` may change what it says, `failing` is raised instead."""

    def __init__(self, answer: Answer, *, name: str = "scripted", spoil: Callable[[str], str] | None = None) -> None:
        self.name = name
        self.asked: list[Prompt] = []
        self.failing: Exception | None = None
        self._answer = answer
        self._spoil = spoil or str
        self._counter = Estimated()

    async def complete(self, prompt: Prompt) -> Completion:
        self.asked.append(prompt)
        if self.failing is not None:
            raise self.failing
        fence = FENCED.search(prompt.messages[-1].content)
        lines = [LINE.fullmatch(line) for line in (fence[2] if fence else "").split("\n")]
        items = [{"number": int(line[1]), **self._answer(line[2])} for line in lines if line]
        text = self._spoil(json.dumps({"items": items}, ensure_ascii=False))
        asked, answered = await self._counter.count(["".join(each.content for each in prompt.messages), text])
        return Completion(
            text=text,
            finish="stop",
            model=self.name,
            usage=TokenUsage(prompt=asked, completion=answered),
            timing=Timing(first_token_s=0.0, total_s=0.0),
        )
