"""What the built-in models cost on one core: texts a second by question, over the same texts, and what loading takes."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.sentiment import SentimentModel

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "reviews.jsonl"
WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "matjip" / "inference" / "lite"
ROUNDS = 5
BARS = ("question", "texts_per_cpu_s")
LOADING = """
import json, time
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
began = time.process_time()
LiteJudge.load(), LiteEmbedder.load()
took = time.process_time() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(json.dumps([took, int(peak) / 1024]))
"""


def rows(quick: bool) -> list[dict[str, object]]:
    reviews = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    texts = [review["content"] for review in reviews if "content" in review] * (2 if quick else 20)
    model = SentimentModel.load(WEIGHTS / "sentiment.npz")
    finder = AspectFinder.load(WEIGHTS)
    embedder = LiteEmbedder.load(WEIGHTS / "embedding.npz")
    mentions = list(finder.find(texts))
    found = [
        measured("sentiment, words alone", model.logits, texts),
        measured("sentiment, with the aspects given", lambda given: list(model.judge(given, mentions)), texts),
        measured("aspects", lambda given: list(finder.find(given)), texts),
        measured("embedding", embedder.vectors, texts),
        measured("near-duplicates", near_duplicates, texts),
    ]
    load_s, rss_mb = json.loads(subprocess.run([sys.executable, "-c", LOADING], check=True, capture_output=True).stdout)
    return [
        *found,
        {
            "question": f"loading {LiteJudge.name} and the embedder",
            "cpu_s": round(load_s, 3),
            "peak_rss_mb": round(rss_mb),
        },
    ]


def measured(question: str, work: Callable[[Sequence[str]], object], texts: Sequence[str]) -> dict[str, object]:
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(texts)
        took.append(time.process_time() - began)
    median = statistics.median(took)
    return {
        "question": question,
        "texts": len(texts),
        "cpu_s": round(median, 3),
        "texts_per_cpu_s": round(len(texts) / median),
        "slowest_to_median": round(max(took) / median, 2),
    }
