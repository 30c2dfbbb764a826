"""How fast an engine is, learned from the first tokens and answers that it brings; a belief to begin with where it is new."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from matjip.inference.policy import Pace, Seen
from matjip.inference.simulated import GPUS, Gpu

__all__ = ["Calibration", "Expected", "prior"]

HALF_LIFE_S = 60.0  # after which what was seen counts half: an engine's pace follows its load
# How much the belief weighs, in first tokens seen: enough that equal prompts do not make a line through one point.
PRIOR_CALLS = 4.0
PRIOR_TOKENS = 2_000.0  # such a call's tokens, give or take as many
# Times what was expected: beyond, a first token counts as that. One bad moment is no new pace; many in a row become one.
OUTLIER = 3.0
SLOWEST, FASTEST = 100.0, 0.01  # times the belief: beyond, it is the measurement that is wrong
SOLVED_FOR_S = 10.0  # without a new first token
TASKS = 256  # whose answers' lengths are remembered
FIRST_OUTPUT = 100.0  # tokens expected of an answer before any was seen
SHARE = 0.05  # of each new answer in what is expected of the next
STEP_TOKENS = 2_048  # of one step: vLLM's usual budget


def prior(gpu: Gpu) -> Pace:
    """What is believed of a card before it is seen working: full steps, no decoding beside them."""
    step_s = gpu.step_s + gpu.host_s
    return Pace(
        fixed_s=step_s,
        token_s=gpu.token_s + step_s / STEP_TOKENS,
        decode_s=gpu.weights_s + gpu.host_s,
        kv_tokens=gpu.kv_tokens,
    )


@dataclass(slots=True)
class Expected:
    """What one task's calls take, as an average that follows them."""

    output_tokens: float = FIRST_OUTPUT
    cached_tokens: float = 0.0  # of the prompt, found in the server's prefix cache: none until one was seen


@dataclass(slots=True, eq=False)
class Calibration:
    """A Pace that follows what is seen: least squares of seconds on tokens, what is older counting less, the belief as four calls.

    What is not seen for long is forgotten in favour of the belief, so that a line that refuses everything after a bad moment
    comes back by itself.
    """

    belief: Pace = field(default_factory=lambda: prior(GPUS["a10"]))
    error_s: float = 0.0  # mean distance between expected and seen first tokens, the latest counting most
    bias_s: float = 0.0  # the same with its sign: above 0 the engine is slower than expected
    seen: int = 0
    decode_s: float = 0.0  # 0: none was seen
    kv_tokens: int = 0  # 0: the engine has not said
    _at: float = 0.0
    _sums: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)  # 1, x, x², y, xy
    _pace: Pace | None = None
    _solved_at: float = 0.0
    _tasks: OrderedDict[str, Expected] = field(default_factory=OrderedDict)

    def pace(self, now: float) -> Pace:
        """What is believed now."""
        if self._pace is None or now - self._solved_at > SOLVED_FOR_S:
            self._pace, self._solved_at = self._solved(now), now
        return self._pace

    def first_token(self, seen: Seen, now: float) -> None:
        """Learn from one first token."""
        expected_s = self.pace(now).first_token_s(seen.tokens)
        missed = seen.seconds - expected_s
        self.error_s += SHARE * (abs(missed) - self.error_s)
        self.bias_s += SHARE * (missed - self.bias_s)
        self.seen += 1
        kept = self._kept(now)
        self._at = now
        x, y = float(seen.tokens), min(seen.seconds, OUTLIER * expected_s)
        self._sums = tuple(  # type: ignore[assignment]  # five of five
            kept * old + new for old, new in zip(self._sums, (1.0, x, x * x, y, x * y), strict=True)
        )
        self._pace = None

    def answer(self, task: str, output_tokens: int, decode_s: float, cached_tokens: int) -> None:
        """Learn from a whole answer: how long such answers are, how fast they come, what of their prompts was there."""
        expected = self._tasks.setdefault(
            task, Expected(output_tokens=float(output_tokens), cached_tokens=cached_tokens)
        )
        self._tasks.move_to_end(task)
        if len(self._tasks) > TASKS:
            self._tasks.popitem(last=False)
        expected.output_tokens += SHARE * (output_tokens - expected.output_tokens)
        expected.cached_tokens += SHARE * (cached_tokens - expected.cached_tokens)
        if output_tokens > 1:
            each = decode_s / (output_tokens - 1)
            self.decode_s = self.decode_s + SHARE * (each - self.decode_s) if self.decode_s else each
            self._pace = None

    def capacity(self, kv_tokens: int) -> None:
        """The room for keys and values, as the engine says."""
        self.kv_tokens = kv_tokens
        self._pace = None

    def expected(self, task: str) -> Expected:
        """What such a call will take."""
        return self._tasks.get(task) or Expected()

    def _kept(self, now: float) -> float:
        """How much of what was seen counts still."""
        return float(0.5 ** (max(now - self._at, 0.0) / HALF_LIFE_S))

    def _solved(self, now: float) -> Pace:
        belief, kept = self.belief, self._kept(now)
        n, x, xx, y, xy = (kept * each for each in self._sums)
        n0, spread = PRIOR_CALLS, PRIOR_CALLS * PRIOR_TOKENS**2
        n, x, xx = n + n0, x + n0 * PRIOR_TOKENS, xx + 2 * spread
        y += n0 * belief.first_token_s(int(PRIOR_TOKENS))
        xy += n0 * PRIOR_TOKENS * belief.fixed_s + 2 * spread * belief.token_s
        token_s = (n * xy - x * y) / (n * xx - x * x)
        token_s = min(max(token_s, belief.token_s * FASTEST), belief.token_s * SLOWEST)
        fixed_s = max((y - token_s * x) / n, 0.0)
        decode_s = self.decode_s or belief.decode_s
        if not math.isfinite(fixed_s + token_s + decode_s):
            return belief
        return Pace(
            fixed_s=fixed_s,
            token_s=token_s,
            decode_s=max(decode_s, belief.decode_s * FASTEST),
            kv_tokens=self.kv_tokens or belief.kv_tokens,
        )
