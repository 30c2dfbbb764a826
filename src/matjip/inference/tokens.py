"""How many tokens a text takes: counted with the tokenizer that serves, or by whoever serves, or estimated on the high side."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from matjip.clock import Clock
from matjip.errors import Misconfigured
from matjip.telemetry.record import Hook

if TYPE_CHECKING:
    from matjip.inference.open import ModelSettings

__all__ = ["Estimated", "TokenCounter", "Tokenizer", "counting", "open_counter"]

Tokenizer = Path | Literal["server"] | None

# Tokens a character of each kind takes, chosen so that a prompt of twenty real reviews is never thought too small; measured
# beside Qwen2.5's vocabulary by `scripts/bench tokens` (bench/reports/tokens.md).
SYLLABLE = 1.15  # a Hangul syllable of everyday text (KS X 1001)
JAMO = 1.2  # ㅋㅋ, ㅠㅠ
LETTER, CAPITAL, SPACE = 0.3, 0.7, 0.3
ASCII_SIGN = 1.0  # a digit, a mark, a line's end
MOST = 3.0  # any other: an emoji, a rare syllable, a Chinese character; a byte-level vocabulary takes its UTF-8 bytes at most


class TokenCounter(Protocol):
    """Whoever counts tokens."""

    @property
    def name(self) -> str:
        """Who counted, for people: "estimated/1"."""
        ...

    @property
    def is_estimate(self) -> bool:
        """Whether the server may count otherwise."""
        ...

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Of each text alone, in order, without what a chat template adds."""
        ...


class _Costs(dict[str, float]):
    """What each character costs, remembered as it is met."""

    def __missing__(self, character: str) -> float:
        self[character] = found = _cost(character)
        return found


class Estimated:
    """By the script of each character. It errs on the high side for real text, and says that it is an estimate.

    The wrong choice beside a tokenizer: prompts hold a fifth fewer reviews. Noise that no person writes (letters by chance)
    may take more than estimated; the server refuses such a prompt, and its reviews are answered otherwise.
    """

    is_estimate = True
    name = "estimated/1"

    def __init__(self) -> None:
        self._costs = _Costs()

    async def count(self, texts: Sequence[str]) -> list[int]:
        return [math.ceil(sum(map(self._costs.__getitem__, text))) for text in texts]


def open_counter(tokenizer: Path | None) -> TokenCounter:
    """By the named `tokenizer.json`, or estimated. Raises Misconfigured where the file cannot be read or counted with."""
    if tokenizer is None:
        return Estimated()
    try:
        from matjip.inference.tokenizer_file import Exact
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"Counting with {tokenizer} needs the library tokenizers: install matjip[tokens], or name no file to estimate."
        ) from error
    return Exact(tokenizer)


@asynccontextmanager
async def counting(
    tokenizer: Tokenizer, servers: "ModelSettings", *, clock: Clock, hooks: Sequence[Hook] = ()
) -> AsyncIterator[TokenCounter]:
    """By the named file, by the model's own servers ("server"), or estimated. Raises Misconfigured as `open_counter` does, and
    where such a server counts no tokens."""
    if tokenizer != "server":
        yield open_counter(tokenizer)
        return
    from matjip.inference.tokenizer_server import Served

    async with Served(servers, clock=clock, hooks=hooks) as served:
        await served.verify()
        yield served


def _cost(character: str) -> float:
    if "a" <= character <= "z":
        return LETTER
    if "A" <= character <= "Z":
        return CAPITAL
    if character == " ":
        return SPACE
    if character.isascii():
        return ASCII_SIGN
    if "\u3131" <= character <= "\u318e":
        return JAMO
    if "가" <= character <= "힣" and _is_everyday(character):
        return SYLLABLE
    return min(MOST, len(character.encode(errors="surrogatepass")))


def _is_everyday(syllable: str) -> bool:
    try:
        syllable.encode(
            "iso2022_kr"
        )  # holds KS X 1001 and nothing more: the 2,350 syllables that Korean is written with
    except UnicodeEncodeError:
        return False
    return True
