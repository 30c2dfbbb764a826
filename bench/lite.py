"""What the built-in models cost on one core: reviews a second by part, memory and loading, beside scikit-learn's own pipeline.

scikit-learn reads the same texts: hashed character n-grams of 1–4 into 2^18 buckets, then logistic regression's `predict_proba`.
`times_scikit_learn` divides by its row, whose times alternate with the others' in one run.
It is in the `training` group, for which `scripts/bench` makes an environment of its own; where that cannot be made the row says so.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module, util
from itertools import cycle, islice
from pathlib import Path

from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.mask import mask
from matjip.inference.lite.sentiment import SentimentModel

Work = Callable[[Sequence[str]], object]

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "reviews.jsonl"
WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "matjip" / "inference" / "lite"
ROUNDS = 5
BARS = ("part", "reviews_per_cpu_s")
BASELINE = "scikit-learn"
LOADING = """
import asyncio, json, sys, time
from pathlib import Path
def rss(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import FindAspects, JudgeSentiment
before, began = rss("VmRSS"), time.process_time()
judge, embedder = LiteJudge.load(), LiteEmbedder.load()
took, loaded = time.process_time() - began, rss("VmHWM")
texts = tuple(json.load(sys.stdin))
for task in (JudgeSentiment(texts), FindAspects(texts)):
    asyncio.run(judge.judge(task))
embedder.vectors(texts)
print(json.dumps([took, before, loaded, rss("VmHWM")]))
"""


def rows(quick: bool) -> list[dict[str, object]]:
    texts = sample(copies=2 if quick else 10)
    parts = lite(texts) | baseline(texts)
    times: dict[str, list[float]] = {part: [] for part in parts}
    for _ in range(ROUNDS):
        for part, work in parts.items():
            began = time.process_time()
            work(texts)
            times[part].append(time.process_time() - began)
    found = [row(part, took, len(texts), times.get(BASELINE)) for part, took in times.items()]
    if BASELINE not in parts:
        found.append({"part": "scikit-learn: not measured, its environment could not be made"})
    return [*found, *loading(sample(copies=1))]


def sample(copies: int) -> list[str]:
    """The example's reviews, repeated with another visit each, so that no two are alike to the letter."""
    reviews = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    texts = [review["content"] for review in reviews if "content" in review]
    return [f"{text} {number}번째 방문" for number in range(copies) for text in texts]


def lite(texts: Sequence[str]) -> dict[str, Work]:
    sentiment, finder = SentimentModel.load(WEIGHTS), AspectFinder.load(WEIGHTS)
    embedder, mentions = LiteEmbedder.load(WEIGHTS / "embedding.npz"), list(AspectFinder.load(WEIGHTS).find(texts))
    return {
        "sentiment, words alone": sentiment.logits,
        "sentiment, with the aspects given": lambda given: list(sentiment.judge(given, mentions)),
        "aspects": lambda given: list(finder.find(given)),
        "embedding": embedder.vectors,
        "near-duplicates": near_duplicates,
        "mask": lambda given: [mask(text) for text in given],
        "mask, with names": lambda given: [mask(text, names=True) for text in given],
    }


def baseline(texts: Sequence[str]) -> dict[str, Work]:
    """scikit-learn's pipeline with weights of the shape that training would give; its speed does not depend on their values."""
    if util.find_spec("sklearn") is None:
        return {}
    vectorizer = import_module("sklearn.feature_extraction.text").HashingVectorizer
    regression = import_module("sklearn.linear_model").LogisticRegression(max_iter=20)
    join = import_module("sklearn.pipeline").make_pipeline
    model = join(vectorizer(analyzer="char_wb", ngram_range=(1, 4), n_features=1 << 18), regression)
    some = list(islice(texts, 200))
    model.fit(some, list(islice(cycle((0, 1)), len(some))))
    return {BASELINE: partial(model.predict_proba)}


def row(part: str, times: Sequence[float], texts: int, against: Sequence[float] | None) -> dict[str, object]:
    median = statistics.median(times)
    found: dict[str, object] = {
        "part": part,
        "reviews": texts,
        "cpu_s": round(median, 3),
        "reviews_per_cpu_s": round(texts / median),
        "slowest_to_median": round(max(times) / median, 2),
    }
    if against:
        found["times_scikit_learn"] = round(statistics.median(against) / median, 1)
    return found


def loading(texts: Sequence[str]) -> list[dict[str, object]]:
    """Fresh processes that load judge and embedder, then judge and embed: the medians of their CPU time and memory."""
    command, given = [sys.executable, "-c", LOADING], json.dumps(texts).encode()
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, input=given).stdout) for _ in range(ROUNDS)
    ]
    took, before, loaded, judged = (statistics.median(column) for column in zip(*runs, strict=True))
    weights_mb = sum(file.stat().st_size for file in WEIGHTS.iterdir() if file.suffix in (".npz", ".json")) / 2**20
    return [
        {"part": "imported, nothing loaded", "peak_rss_mb": round(before)},
        {
            "part": f"loading {LiteJudge.name} and the embedder",
            "cpu_s": round(took, 3),
            "peak_rss_mb": round(loaded),
            "weights_mb": round(weights_mb, 1),
        },
        {"part": "the same after judging and embedding", "reviews": len(texts), "peak_rss_mb": round(judged)},
    ]
