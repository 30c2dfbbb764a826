"""A model server's engine as arithmetic: which tokens it computes in each step, and how long that step takes.

It has vLLM's shape: continuous batching with chunked prefill. Of each step's token budget every decoding request takes one;
prompts begun come next; then waiting ones join while there is a place and room for their keys and values. When that room runs
out, the request that joined last gives its own back and is computed again later.

Measured by what it is made from, not on the card: `GPUS` says of each number where it is from.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

__all__ = ["GPUS", "Gpu", "SimulatedEngine", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """Seconds that a step takes: max(weights, step + token·tokens) + context·contexts + attention·pairs + host."""

    weights_s: float  # reading the weights once
    step_s: float  # the linear layers, whatever their input
    token_s: float  # the linear layers, for each token
    context_s: float  # reading one token's keys and values for one that is decoded
    attention_s: float  # for each pair of a prompt's token and one before it
    host_s: float  # the engine's own work between two steps
    kv_tokens: int  # tokens whose keys and values fit


# A model of 7 to 8 billion parameters in 16 bits. Linear layers: sums over 32 layers of the operator medians that Vidur measured
# for Llama-2-7B (github.com/microsoft/vidur, data/profiling/compute), of the A40 and the A100. The A10 is the A40 scaled by the
# vendor's peaks (150/125 TFLOPS, 696/600 GB/s): derived. Context: 131,072 bytes of keys and values a token (grouped queries) over
# 80 % of the memory's bandwidth. Attention: 4·4,096·32 operations a pair at half of the peak. Host: assumed.
KV_BYTES, PAIR_OPERATIONS = 131_072, 4 * 4_096 * 32
GPUS: dict[str, Gpu] = {
    "a10": Gpu(
        weights_s=0.0278,
        step_s=0.012,
        token_s=149e-6,
        context_s=KV_BYTES / (600e9 * 0.8),
        attention_s=PAIR_OPERATIONS / (125e12 * 0.5),
        host_s=0.003,
        kv_tokens=43_000,
    ),
    "a40": Gpu(
        weights_s=0.0240,
        step_s=0.010,
        token_s=124e-6,
        context_s=KV_BYTES / (696e9 * 0.8),
        attention_s=PAIR_OPERATIONS / (150e12 * 0.5),
        host_s=0.003,
        kv_tokens=200_000,
    ),
    "a100": Gpu(
        weights_s=0.0091,
        step_s=0.0022,
        token_s=64.6e-6,
        context_s=KV_BYTES / (2_039e9 * 0.8),
        attention_s=PAIR_OPERATIONS / (312e12 * 0.5),
        host_s=0.003,
        kv_tokens=420_000,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step did."""

    seconds: float
    first: tuple[str, ...]  # whose first token it brought
    finished: tuple[str, ...]  # whose last
    preempted: int = 0


@dataclass(slots=True, eq=False)
class _Request:
    id: str
    prompt: int
    output: int
    cached: int  # of the prompt, computed for somebody before
    left: int = 0  # tokens to compute before it decodes
    done: int = 0  # tokens that it has put out, up to the moment it last stopped decoding
    ends_at: int = 0  # the step that brings its last token, while it decodes
    has_begun: bool = False  # its first token came

    @property
    def length(self) -> int:
        return self.prompt + self.done


@dataclass(slots=True, eq=False)
class SimulatedEngine:
    """One engine on one GPU. Whoever drives it keeps the time: each `step` says how long it took.

    `by_priority` takes who waits by the lowest number first, as vLLM's `--scheduling-policy priority` does.
    """

    gpu: Gpu
    budget: int = 2_048  # tokens of one step, vLLM's max_num_batched_tokens
    places: int = 128  # requests that run at once, vLLM's max_num_seqs
    by_priority: bool = False
    preempted: int = 0
    _steps: int = 0
    _order: int = 0
    _waiting: deque[_Request] = field(default_factory=deque)
    _by_priority: list[tuple[float, int, _Request]] = field(default_factory=list)
    _running: dict[str, _Request] = field(default_factory=dict)  # in the order they joined
    _partial: dict[str, _Request] = field(default_factory=dict)  # whose prompt is not computed yet
    _decoding: dict[str, _Request] = field(default_factory=dict)
    _ends: list[tuple[int, int, _Request]] = field(
        default_factory=list
    )  # a heap; entries of those who stopped are stale
    _contexts: int = 0  # tokens that the decoding ones look back on
    _kv: int = 0  # tokens whose keys and values are kept

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._by_priority)

    @property
    def kv_used(self) -> float:
        """Of the room for keys and values, 0 to 1."""
        return min(self._kv / self.gpu.kv_tokens, 1.0)

    def submit(self, request_id: str, prompt: int, output: int, *, cached: int = 0, priority: float = 0.0) -> None:
        """Let a request wait: tokens of its prompt, and how many it will put out."""
        request = _Request(request_id, max(prompt, 1), max(output, 1), min(cached, max(prompt, 1) - 1))
        self._order += 1
        if self.by_priority:
            heappush(self._by_priority, (priority, self._order, request))
        else:
            self._waiting.append(request)

    def abort(self, request_id: str) -> None:
        """Forget a request, wherever it is. Nothing happens where it is not known."""
        if request := self._running.get(request_id):
            self._stop(request)
            return
        self._waiting = deque(each for each in self._waiting if each.id != request_id)
        self._by_priority = [entry for entry in self._by_priority if entry[2].id != request_id]
        heapify(self._by_priority)

    def step(self) -> Step | None:
        """Compute one step; None where there is nothing to compute."""
        preempted = self._make_room()
        tokens, pairs, done = self._prefill()
        decoded = len(self._decoding)
        if tokens + decoded == 0:
            return None
        gpu = self.gpu
        seconds = max(gpu.weights_s, gpu.step_s + gpu.token_s * (tokens + decoded)) + gpu.host_s
        seconds += gpu.context_s * self._contexts + gpu.attention_s * pairs
        self._steps += 1
        self._contexts += decoded
        self._kv += decoded
        finished = [*self._ended()]
        first: list[str] = []
        for request in done:
            del self._partial[request.id]
            if not request.has_begun:
                request.has_begun = True
                first.append(request.id)
            if self._is_over(request):
                finished.append(request.id)
        return Step(seconds=seconds, first=tuple(first), finished=tuple(finished), preempted=preempted)

    def _make_room(self) -> int:
        """Take back the newest until everyone who decodes has room for one more token."""
        preempted = 0
        while self._decoding and self._kv + len(self._decoding) > self.gpu.kv_tokens and len(self._running) > 1:
            last = self._running[next(reversed(self._running))]
            self._stop(last)
            if self.by_priority:
                heappush(self._by_priority, (-1.0, -self._order, last))
                self._order += 1
            else:
                self._waiting.appendleft(last)
            preempted += 1
        self.preempted += preempted
        return preempted

    def _prefill(self) -> tuple[int, float, list[_Request]]:
        """Hand out what the decoding ones leave of the budget: tokens, pairs of tokens, and whose prompt is done with that."""
        left = self.budget - len(self._decoding)
        tokens, pairs = 0, 0.0
        done: list[_Request] = []
        for request in self._to_compute(left):
            chunk = min(left - tokens, request.left)
            before = request.length - request.left
            pairs += chunk * (before + chunk / 2)
            request.left -= chunk
            tokens += chunk
            if not request.left:
                done.append(request)
            if tokens >= left:
                break
        return tokens, pairs, done

    def _to_compute(self, budget: int) -> Iterator[_Request]:
        if budget <= 0:
            return
        yield from list(self._partial.values())
        while self.waiting and len(self._running) < self.places:
            request = self._by_priority[0][2] if self.by_priority else self._waiting[0]
            if self._running and self._kv + request.length + len(self._decoding) > self.gpu.kv_tokens:
                return
            if self.by_priority:
                heappop(self._by_priority)
            else:
                self._waiting.popleft()
            request.left = request.length - request.cached
            self._kv += request.length
            self._running[request.id] = self._partial[request.id] = request
            yield request

    def _ended(self) -> Iterator[str]:
        while self._ends and self._ends[0][0] <= self._steps:
            step, _, request = heappop(self._ends)
            if self._decoding.get(request.id) is request and request.ends_at == step:
                self._stop(request)
                yield request.id

    def _is_over(self, request: _Request) -> bool:
        """Let a computed prompt decode: this step brought one token. Says whether that was its last."""
        more = request.output - request.done - 1
        if more <= 0:
            del self._running[request.id]
            self._kv -= request.length
            return True
        request.ends_at = self._steps + more
        self._order += 1
        heappush(self._ends, (request.ends_at, self._order, request))
        self._decoding[request.id] = request
        self._contexts += request.length + 1
        self._kv += 1
        return False

    def _stop(self, request: _Request) -> None:
        """Take it off the engine, with what it holds."""
        del self._running[request.id]
        if request.id in self._decoding:
            del self._decoding[request.id]
            request.done = request.output - max(request.ends_at - self._steps, 0)
            self._contexts -= request.length
        else:
            del self._partial[request.id]
        self._kv -= request.length
