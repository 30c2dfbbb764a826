"""What a model server says of its engine in Prometheus' text format, by the names that vLLM has used for it."""

import math
from collections import defaultdict
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["EngineMetrics", "read_metrics"]

# The newest name first; the others are of vLLM before 0.11.
RUNNING = ("vllm:num_requests_running",)
WAITING = ("vllm:num_requests_waiting",)
KV_SHARE = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
PREFIX_QUERIES = ("vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total")
PREFIX_HITS = ("vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total")
PREEMPTIONS = ("vllm:num_preemptions_total",)
CACHE = "vllm:cache_config_info"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMetrics:
    """One server's engines together. None: it does not say."""

    running: int | None = None
    waiting: int | None = None
    kv_share: float | None = None  # of the room for keys and values that is taken, 0 to 1; the mean of its engines
    kv_tokens: int | None = None  # that fit
    prefix_queries: int | None = None  # tokens looked up in the prefix cache since it started
    prefix_hits: int | None = None  # and found
    preemptions: int | None = None  # since it started

    @property
    def kv_taken(self) -> float | None:
        """Tokens whose keys and values are kept."""
        return None if self.kv_share is None or self.kv_tokens is None else self.kv_share * self.kv_tokens


def read_metrics(text: str) -> EngineMetrics:
    """Never raises: what cannot be read is not said."""
    values: dict[str, list[float]] = defaultdict(list)
    kv_tokens: list[int] = []
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == CACHE:
                    kv_tokens += _kv_tokens(sample.labels)
                else:
                    values[sample.name].append(sample.value)
    except (ValueError, TypeError, KeyError, IndexError):
        return EngineMetrics()
    shares = _first(values, KV_SHARE)
    return EngineMetrics(
        running=_sum(values, RUNNING),
        waiting=_sum(values, WAITING),
        kv_share=min(max(sum(shares) / len(shares), 0.0), 1.0) if shares else None,
        kv_tokens=sum(kv_tokens) or None,
        prefix_queries=_sum(values, PREFIX_QUERIES),
        prefix_hits=_sum(values, PREFIX_HITS),
        preemptions=_sum(values, PREEMPTIONS),
    )


def _kv_tokens(labels: dict[str, str]) -> list[int]:
    """An engine's room: said as such by a new vLLM, as blocks by any."""
    for parts in (("kv_cache_size_tokens",), ("num_gpu_blocks", "block_size")):
        numbers = [labels.get(part, "") for part in parts]
        if all(number.isdigit() for number in numbers):
            product = 1
            for number in numbers:
                product *= int(number)
            return [product]
    return []


def _first(values: dict[str, list[float]], names: tuple[str, ...]) -> list[float]:
    return next((found for name in names if (found := [v for v in values.get(name, ()) if not math.isnan(v)])), [])


def _sum(values: dict[str, list[float]], names: tuple[str, ...]) -> int | None:
    found = _first(values, names)
    return round(sum(found)) if found and all(math.isfinite(value) for value in found) else None
