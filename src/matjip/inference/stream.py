"""What a chat completion's stream of server-sent events said: bytes in, an answer out. No input or output here.

The bytes are joined and read once, at the end: to read each event as it comes costs a tenth more. Until the first token
they are looked at as they come, since whoever schedules waits for it.
"""

import re
from dataclasses import dataclass

from pydantic import BaseModel, TypeAdapter, ValidationError

from matjip.errors import Invalid
from matjip.inference.failure import ModelFailure
from matjip.inference.model import Finish, TokenUsage

__all__ = ["REFUSES_THE_PROMPT", "Answer", "Stream"]

MAX_BYTES = 16_000_000  # an event is some 250 bytes, so 60,000 tokens: more than any answer that is asked for
# A newline cannot stand inside an event's JSON, so no text of a review looks like this.
DONE = re.compile(rb"(?:^|\n)data: ?\[DONE\]\s*$")
LONGEST_DONE = 32  # bytes of it, with the newlines around
FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "repetition": "length"}
REFUSES_THE_PROMPT = frozenset((400, 413, 422))
FILTERED = "content_filter"
MAX_WORD = 30  # of a server's own, in a sentence of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    text: str
    finish: Finish
    model: str
    usage: TokenUsage | None  # None where the server did not say
    tokens: int  # events that held one


class Stream:
    """One answer on its way: give it the bytes as they come."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size_bytes = 0
        self._tail = b""
        self.has_token = False
        self.is_done = False

    def take(self, chunk: bytes) -> None:
        """The next bytes, cut anywhere. Raises ModelFailure where they are too many, or no stream of completions."""
        self._chunks.append(chunk)
        self._size_bytes += len(chunk)
        if self._size_bytes > MAX_BYTES:
            raise _malformed(f"more than {MAX_BYTES} bytes")
        if not self.has_token:
            whole_lines = b"".join(self._chunks).rpartition(b"\n")[0]
            self.has_token = any(_holds_token(event) for event in _events(whole_lines))
        self._tail = (self._tail + chunk[-LONGEST_DONE:])[-LONGEST_DONE:]
        self.is_done = b"[DONE]" in self._tail and DONE.search(self._tail) is not None

    def answer(self) -> Answer:
        """What was said. Raises ModelFailure where it broke off or says that it failed, Invalid where it refuses the prompt."""
        events = _events(b"".join(self._chunks))
        if failed := next((event for event in events if event.error or event.object == "error"), None):
            raise _told(failed)
        choices = [choice for event in events for choice in event.choices]
        finish = next((choice.finish_reason for choice in reversed(choices) if choice.finish_reason), None)
        if finish is None:
            raise _broke_off() if events else _malformed("no event of a completion")
        return Answer(
            text="".join(choice.delta.content or "" for choice in choices),
            finish=_finish(finish),
            model=next((event.model for event in events if event.model), ""),
            usage=next((_usage(event.usage) for event in reversed(events) if event.usage), None),
            tokens=sum(_holds_token(event) for event in events),
        )


class _Delta(BaseModel):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None  # the same, by an older name


class _Choice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int = 0  # vLLM leaves it out of an empty answer
    prompt_tokens_details: _PromptDetails | None = None


class _Error(BaseModel):
    code: int | str | None = None


class _Event(BaseModel):
    object: str | None = None
    model: str | None = None
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: _Error | str | None = None
    code: int | str | None = None  # of an error, by vLLM's older form


EVENTS = TypeAdapter(list[_Event])


def _events(data: bytes) -> list[_Event]:
    """Each event's JSON, which stands on one line; all are read at once, for a third of what each by itself would cost."""
    said = [line[5:].strip() for line in data.splitlines() if line.startswith(b"data:")]
    said = [each for each in said if each and each != b"[DONE]"]
    try:
        events = EVENTS.validate_json(b"[%s]" % b",".join(said))
    except ValidationError:
        raise _malformed("an event that is no completion") from None
    if len(events) != len(said):  # a line held several
        raise _malformed("an event that is no completion")
    return events


def _holds_token(event: _Event) -> bool:
    return any(
        choice.delta.content or choice.delta.reasoning or choice.delta.reasoning_content for choice in event.choices
    )


def _usage(said: _Usage) -> TokenUsage:
    cached = said.prompt_tokens_details.cached_tokens if said.prompt_tokens_details else 0
    return TokenUsage(prompt=said.prompt_tokens, completion=said.completion_tokens, cached=cached or 0)


def _finish(said: str) -> Finish:
    if finish := FINISHES.get(said):
        return finish
    if said == FILTERED:
        raise Invalid("The model server's filter refused this prompt or its answer.")
    raise ModelFailure(f"The model server ended its answer early ({said[:MAX_WORD]}).", reason="server_error")


def _told(event: _Event) -> ModelFailure | Invalid:
    code = event.error.code if isinstance(event.error, _Error) else event.code
    if code in REFUSES_THE_PROMPT:
        return Invalid(f"The model server refused this prompt ({code}).")
    return ModelFailure("The model server failed within its answer.", reason="server_error")


def _broke_off() -> ModelFailure:
    return ModelFailure("The model server's answer broke off.", reason="lost")


def _malformed(what: str) -> ModelFailure:
    return ModelFailure(f"The model server answered {what}.", reason="malformed")
