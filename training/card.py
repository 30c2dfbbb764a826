"""The model card: what the shipped weights are made of and how good they are, measured by the run that writes it."""

import asyncio
import csv
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matjip.analysis.sentiment import wilson
from matjip.evaluation.eval import Evaluation, Labelled, evaluate_sentiment
from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.sentiment import SentimentModel
from training.sentiment import figures
from training.sources import nsmc

__all__ = ["write"]

# Kor-SemEval's categories as ours. Its 음식 covers what we call taste, menu and portion; the rest is one to one.
CATEGORIES = {"음식": {"taste", "menu", "portion"}, "서비스": {"service"}, "가격": {"price"}, "분위기": {"atmosphere"}}
POLARITIES = {"긍정": "positive", "부정": "negative"}
SPOKEN_OF = {"긍정", "부정", "중립", "대립"}
SPEED_TEXTS = 20_000
WEIGHTS = ("sentiment.npz", "aspects.json", "embedding.npz")


@dataclass(frozen=True, slots=True)
class AspectFigures:
    """Detection over sentence × category, and polarity where the truth is one-sided."""

    precision: float
    recall: float
    f1: float
    polarity: float
    n: int


def write(card: Path, weights: Path, nsmc_path: Path, kor_semeval: Path | None) -> None:
    """Evaluate the weights in the folder and write the card."""
    judge = LiteJudge.load()
    development = nsmc(nsmc_path)["development"]
    words = figures(SentimentModel.load(weights / "sentiment.npz"), development)
    interval = wilson(round(words["accuracy"] * words["n"]), int(words["n"]))
    lines = [
        HEAD,
        "## How good\n",
        "| data | n | accuracy | 95 % interval | macro F1 | calibration error | decided | accuracy of the decided |",
        "|---|---|---|---|---|---|---|---|",
        f"| NSMC, subjects never trained on, words alone | {words['n']:,} | {words['accuracy']:.3f} | {interval.low:.3f}–{interval.high:.3f} "
        f"| — | {words['ece']:.3f} | — | — |",
        row("NSMC, the same, the whole judge", asyncio.run(evaluate_sentiment(judge, labelled(development)))),
    ]
    if kor_semeval is not None:
        sentences = read_kor_semeval(kor_semeval)
        found = asyncio.run(evaluate_sentiment(judge, list(one_sided(sentences))))
        lines.append(row("Kor-SemEval, sentences of one polarity", found))
        lines += ["", *aspect_lines(aspects_on(sentences))]
    lines += [
        "",
        "## Size and speed\n",
        *cost_lines(weights, [text for text, _ in development][:SPEED_TEXTS]),
        "",
        TAIL,
    ]
    card.write_text("\n".join(lines), encoding="utf-8")


def labelled(rows: list[tuple[str, int]]) -> list[Labelled]:
    return [Labelled(text, "positive" if label else "negative") for text, label in rows]


def row(name: str, found: Evaluation) -> str:
    return (
        f"| {name} | {found.n:,} | {found.accuracy:.3f} | {found.low:.3f}–{found.high:.3f} | {found.macro_f1:.3f} "
        f"| {found.calibration_error:.3f} | {found.decided:.2f} | {found.accuracy_decided:.3f} |"
    )


def read_kor_semeval(path: Path) -> dict[str, dict[str, str]]:
    """Sentence → category → label."""
    sentences: dict[str, dict[str, str]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            sentences[line["original_sentence"]][line["auxiliary_sentence"]] = line["label"]
    return sentences


def one_sided(sentences: dict[str, dict[str, str]]) -> Iterator[Labelled]:
    for text, labels in sentences.items():
        spoken = set(labels.values()) & SPOKEN_OF
        if spoken in ({"긍정"}, {"부정"}):
            yield Labelled(text, "positive" if spoken == {"긍정"} else "negative")


def aspects_on(sentences: dict[str, dict[str, str]]) -> AspectFigures:
    finder = AspectFinder.load(Path("src/matjip/inference/lite/aspects.json"))
    tally: Counter[str] = Counter()
    for (_, labels), mentions in zip(sentences.items(), finder.find(list(sentences)), strict=True):
        for category, ours in CATEGORIES.items():
            said = [mention.polarity for mention in mentions if mention.aspect in ours]
            true = labels.get(category) in SPOKEN_OF
            tally["found"] += bool(said)
            tally["true"] += true
            tally["both"] += bool(said) and true
            if said and labels.get(category) in POLARITIES:
                tally["sided"] += 1
                majority = "positive" if 2 * said.count("positive") >= len(said) else "negative"
                tally["sided_right"] += majority == POLARITIES[labels[category]]
    precision, recall = tally["both"] / tally["found"], tally["both"] / tally["true"]
    f1 = 2 * precision * recall / (precision + recall)
    return AspectFigures(precision, recall, f1, tally["sided_right"] / tally["sided"], tally["true"])


def aspect_lines(found: AspectFigures) -> Iterator[str]:
    yield "Aspects on Kor-SemEval (taste with menu and portion, service, price, atmosphere; sentence by category):"
    yield f"precision {found.precision:.3f}, recall {found.recall:.3f}, micro F1 {found.f1:.3f} over {found.n:,} true pairs;"
    yield f"polarity right on {found.polarity:.3f} of the detected that lean one way."


def cost_lines(weights: Path, texts: list[str]) -> Iterator[str]:
    sizes = ", ".join(f"`{name}` {(weights / name).stat().st_size / 1e6:.2f} MB" for name in WEIGHTS)
    probe = "import time; t = time.process_time(); from matjip.inference.lite.judge import LiteJudge; "
    probe += "from matjip.inference.lite.embedding import LiteEmbedder; u = time.process_time(); LiteJudge.load(); LiteEmbedder.load(); "
    probe += "import json; peak = next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]; "
    probe += "print(json.dumps([time.process_time() - u, int(peak) / 1024]))"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    load_s, rss_mb = json.loads(loaded)
    model = SentimentModel.load(weights / "sentiment.npz")
    finder = AspectFinder.load(weights / "aspects.json")
    embedder = LiteEmbedder.load(weights / "embedding.npz")
    yield f"{sizes}. Loading all takes {load_s:.2f} s of CPU; a process that has loaded them takes {rss_mb:.0f} MB."
    yield f"On one core, over {len(texts):,} film reviews (compare within this line only; machines differ): "
    yield f"words {rate(lambda: model.logits(texts), texts):,.0f}, aspects {rate(lambda: list(finder.find(texts)), texts):,.0f}, "
    yield f"embedding {rate(lambda: embedder.vectors(texts), texts):,.0f} reviews a second."


def rate(work: object, texts: list[str]) -> float:
    began = time.process_time()
    work()  # type: ignore[operator]
    return len(texts) / (time.process_time() - began)


HEAD = """# Model card: the built-in models ("lite")

Written by `scripts/train`; the figures are from that run.

| weights | what they do | how they were made |
|---|---|---|
| `sentiment.npz` | log odds of praise for a whole review | logistic regression over hashed character n-grams (1 to 4), words and pairs; int8 on a square-root scale; temperature fitted on held-out subjects |
| `aspects.json` | surface forms of opinions and nouns by aspect | our lexicon (`training/lexicon_ko.py`, `lexicon_en.py`), conjugated with Kiwi |
| `embedding.npz` | 64 integers a text | truncated SVD of weighed n-gram counts, first direction dropped; int8 |

## Sources

| source | licence | used for |
|---|---|---|
| NSMC, raw: Korean film reviews with ratings 1 to 10 | CC0 | sentiment (rating ≤ 4 blames, ≥ 9 praises; subjects with id % 25 in {1, 2} held out whole), embedding |
| sentences of our own grammar (`training/grammar_ko.py`, `grammar_en.py`) | Apache-2.0, ours | sentiment, embedding |
| MAMS: English restaurant sentences with aspect terms (training part) | Apache-2.0 | sentiment (the clause around a term), embedding |
| VADER's lexicon, words with a mean valence of at least 0.8 | MIT | sentiment |

Kor-SemEval (Korean translations of SemEval-2014 restaurant sentences) is used for evaluation only: nothing is trained or tuned on it.
"""
TAIL = """## Use and limits

- A review is positive from probability 0.70, negative up to 0.25, and neutral between: neutral means "not sure", not "average".
- The words were learned from film reviews. Long Korean narratives without an opinion lean negative; a prior towards praise and the aspects found correct part of it. The prior (0.65, Korean only) and the weight of a mention were chosen on the sample in `examples/`.
- "Calibration error" of the whole judge is measured on balanced film reviews, where the restaurant prior is wrong by design; the words alone are calibrated there.
- Aspects are found by tables: precision before recall. Sarcasm, comparisons and what is only implied are missed.
- Languages other than Korean and English get a label from the words alone, which is close to chance.
- No personal data was used beyond what the public review texts themselves hold; no text is stored in the weights.
"""
