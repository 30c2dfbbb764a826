"""What a model server says of its engine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.engine_metrics import EngineMetrics, read_metrics

RECORDED = (
    Path(__file__).parent / "vllm_metrics.txt"
).read_text()  # of vLLM 0.32, after two equal prompts of 352 tokens
OLD = """
vllm:num_requests_running{model_name="m"} 3.0
vllm:gpu_cache_usage_perc{model_name="m"} 0.25
vllm:gpu_prefix_cache_queries_total{model_name="m"} 100.0
vllm:gpu_prefix_cache_hits_total{model_name="m"} 40.0
vllm:cache_config_info{block_size="16",num_gpu_blocks="2500"} 1.0
"""


def test_what_a_real_vllm_says_is_read() -> None:
    assert read_metrics(RECORDED) == EngineMetrics(
        running=0, waiting=0, kv_share=0.0, kv_tokens=1_048_576, prefix_queries=704, prefix_hits=256, preemptions=0
    )


def test_the_names_of_an_old_vllm_are_read() -> None:
    found = read_metrics(OLD)
    assert (found.running, found.kv_taken, found.prefix_hits) == (3, 10_000.0, 40)


def test_engines_of_one_server_are_added_up_and_their_shares_averaged() -> None:
    two = "".join(
        f'vllm:num_requests_running{{engine="{n}"}} 2\nvllm:kv_cache_usage_perc{{engine="{n}"}} {share}\n'
        f'vllm:cache_config_info{{engine="{n}",kv_cache_size_tokens="1000"}} 1\n'
        for n, share in ((0, 0.2), (1, 0.6))
    )
    found = read_metrics(two)
    assert (found.running, found.kv_share, found.kv_tokens, found.kv_taken) == (4, 0.4, 2_000, 800.0)


@pytest.mark.parametrize("text", ["", "# nothing\n", "<html>no metrics</html>", "vllm:kv_cache_usage_perc NaN\n"])
def test_who_says_nothing_is_not_believed_to_say_nought(text: str) -> None:
    assert read_metrics(text) == EngineMetrics()


def test_a_room_in_words_is_not_a_room() -> None:
    assert read_metrics('vllm:cache_config_info{block_size="16",num_gpu_blocks="None"} 1.0\n').kv_tokens is None


@given(st.text())
def test_whatever_comes_nothing_is_raised(text: str) -> None:
    read_metrics(text)
    read_metrics(RECORDED[: len(text) * 7] + text)
