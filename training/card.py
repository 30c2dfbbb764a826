"""The model card: what the shipped weights are made of and how good they are, measured by the run that writes it."""

import asyncio
import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matjip.analysis.proportions import wilson
from matjip.evaluation.eval import Evaluation, Labelled, evaluate_sentiment
from matjip.inference.lite.aspects import AspectFinder
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.sentiment import SentimentModel
from training.sentiment import figures
from training.sources import KOREAN_CATEGORIES, KOREAN_POLARITIES, SPOKEN_OF, kor_semeval, mams_windows, nsmc
from training.terms import figures as term_figures
from training.terms import marked

__all__ = ["write"]

SPEED_TEXTS = 20_000
OWN = Path("src/matjip/evaluation/guard.tsv")  # label, text: written by us, no sentence of the grammar among them
WEIGHTS = (
    "sentiment.npz",
    "network.npz",
    "categories.npz",
    "terms.npz",
    "korean.json",
    "english.json",
    "embedding.npz",
)


@dataclass(frozen=True, slots=True)
class AspectFigures:
    """Detection of one category over sentences, and polarity where the truth is one-sided."""

    found: int = 0
    true: int = 0
    both: int = 0
    sided: int = 0
    sided_right: int = 0

    def __add__(self, other: "AspectFigures") -> "AspectFigures":
        return AspectFigures(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def row(self, name: str) -> str:
        precision, recall = self.both / self.found, self.both / self.true
        f1 = 2 * precision * recall / (precision + recall)
        return (
            f"| {name} | {self.true:,} | {precision:.3f} | {recall:.3f} | {f1:.3f} "
            f"| {self.sided_right / self.sided:.3f} of {self.sided:,} |"
        )


def write(card: Path, weights: Path, nsmc_path: Path, mams_folder: Path, kor_semeval_path: Path | None) -> None:
    """Evaluate the weights in the folder and write the card."""
    finder = AspectFinder.load(weights)
    model = SentimentModel.load(weights)
    judge = LiteJudge(model, finder)
    development = nsmc(nsmc_path)["development"]
    words = figures(model, development)
    interval = wilson(round(words["accuracy"] * words["n"]), int(words["n"]))
    lines = [
        HEAD,
        "## How good\n",
        "| data | n | accuracy | 95 % interval | macro F1 | calibration error | decided | accuracy of the decided | majority | list of words |",
        "|---|---|---|---|---|---|---|---|---|---|",
        f"| NSMC, subjects never trained on, words alone | {words['n']:,} | {words['accuracy']:.3f} | {interval.low:.3f}–{interval.high:.3f} "
        f"| — | {words['ece']:.3f} | — | — | — | — |",
        row("NSMC, the same, the whole judge", asyncio.run(evaluate_sentiment(judge, labelled(development)))),
        row("our own hard short reviews, Korean and English", asyncio.run(evaluate_sentiment(judge, own_rows()))),
    ]
    if kor_semeval_path is not None:
        sentences = kor_semeval(kor_semeval_path)
        found = asyncio.run(evaluate_sentiment(judge, list(one_sided(sentences))))
        lines.append(row("Kor-SemEval, sentences of one polarity", found))
        lines += ["", COLUMNS, "", *aspect_lines(aspects_on(finder, sentences))]
    lines += ["", *mams_lines(finder, mams_folder / "val.xml")]
    lines += [
        "",
        "## Size and speed\n",
        *cost_lines(weights, [text for text, _ in development][:SPEED_TEXTS]),
        "",
        TAIL,
    ]
    card.write_text("\n".join(lines), encoding="utf-8")


def own_rows() -> list[Labelled]:
    return [Labelled(text, label) for label, text in (line.split("\t") for line in OWN.read_text("utf-8").splitlines())]  # type: ignore[arg-type]


def labelled(rows: list[tuple[str, int]]) -> list[Labelled]:
    return [Labelled(text, "positive" if label else "negative") for text, label in rows]


def row(name: str, found: Evaluation) -> str:
    return (
        f"| {name} | {found.n:,} | {found.accuracy:.3f} | {found.low:.3f}–{found.high:.3f} | {found.macro_f1:.3f} "
        f"| {found.calibration_error:.3f} | {found.decided:.2f} | {found.accuracy_decided:.3f} "
        f"| {found.majority_accuracy:.3f} | {found.lexicon_accuracy:.3f} |"
    )


def one_sided(sentences: dict[str, dict[str, str]]) -> Iterator[Labelled]:
    for text, labels in sentences.items():
        spoken = set(labels.values()) & SPOKEN_OF
        if spoken in ({"긍정"}, {"부정"}):
            yield Labelled(text, "positive" if spoken == {"긍정"} else "negative")


def aspects_on(finder: AspectFinder, sentences: dict[str, dict[str, str]]) -> dict[str, AspectFigures]:
    found = dict.fromkeys(KOREAN_CATEGORIES, AspectFigures())
    for (_, labels), mentions in zip(sentences.items(), finder.find(list(sentences)), strict=True):
        for category, ours in KOREAN_CATEGORIES.items():
            said = [mention.polarity for mention in mentions if mention.aspect in ours]
            true = labels.get(category) in SPOKEN_OF
            sided = bool(said) and labels.get(category) in KOREAN_POLARITIES
            majority = "positive" if 2 * said.count("positive") >= len(said) else "negative"
            right = sided and majority == KOREAN_POLARITIES[labels[category]]
            found[category] += AspectFigures(bool(said), true, bool(said) and true, sided, right)
    return found


def aspect_lines(found: dict[str, AspectFigures]) -> Iterator[str]:
    yield "Aspects on all of Kor-SemEval, 분위기 with cleanliness and 음식 with menu and portion (detection is sentence by category):\n"
    yield "| category | true | precision | recall | F1 | polarity right, where it leans one way |"
    yield "|---|---|---|---|---|---|"
    yield from (figures.row(category) for category, figures in found.items())
    yield sum(found.values(), AspectFigures()).row("all")


def mams_lines(finder: AspectFinder, path: Path) -> Iterator[str]:
    """The polarity of mentions whose thing is a term that people marked."""
    tally: Counter[str] = Counter()
    sentences = list(ElementTree.parse(path).getroot().iter("sentence"))
    for sentence, mentions in zip(
        sentences, finder.find([one.findtext("text") or "" for one in sentences]), strict=True
    ):
        for term in sentence.iter("aspectTerm"):
            start, end, polarity = int(term.get("from", 0)), int(term.get("to", 0)), term.get("polarity")
            said = [
                mention.polarity
                for mention in mentions
                if mention.target
                and mention.start < end
                and start < mention.end
                and mention.target in (sentence.findtext("text") or "")[start:end]
            ]
            tally[f"true {polarity}"] += 1
            if said:
                tally[f"said {polarity}"] += 1
                tally["right"] += said[0] == polarity
    sided = tally["said positive"] + tally["said negative"]
    true = tally["true positive"] + tally["true negative"]
    yield f"MAMS, validation part, English sentences with several terms that people marked: of {true:,} praised or blamed terms"
    yield f"{sided:,} have a mention, with the right polarity in {tally['right'] / sided:.3f}"
    yield f"(always the more frequent polarity: {max(tally['said positive'], tally['said negative']) / sided:.3f});"
    yield f"of {tally['true neutral']:,} neutral terms {tally['said neutral']:,} have one, wrongly."
    windows = list(mams_windows(path))
    logits = finder.sentiment.logits([text for text, _ in windows])
    right = np.mean((logits > 0) == np.array([label == 1 for _, label in windows]))
    yield f"The polarity of all {len(windows):,} by the words of the clause around each: {right:.3f} right."
    terms = term_figures(finder.english.terms, marked(path))
    yield f"The reader of terms finds {terms['n']:,} terms of any polarity, exactly from first to last letter, with precision"
    yield f"{terms['precision']:.3f} and recall {terms['recall']:.3f} (F1 {terms['f1']:.3f}); where the place of a term is given, it tells"
    yield f"praised, blamed and only named apart in {terms['leaning']:.3f}, and praised from blamed in {terms['sided_right']:.3f} of {terms['sided']:,}."


def cost_lines(weights: Path, texts: list[str]) -> Iterator[str]:
    sizes = ", ".join(f"`{name}` {(weights / name).stat().st_size / 1e6:.2f} MB" for name in WEIGHTS)
    probe = "import time; t = time.process_time(); from matjip.inference.lite.judge import LiteJudge; "
    probe += "from matjip.inference.lite.embedding import LiteEmbedder; u = time.process_time(); LiteJudge.load(); LiteEmbedder.load(); "
    probe += "import json; peak = next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]; "
    probe += "print(json.dumps([time.process_time() - u, int(peak) / 1024]))"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    load_s, rss_mb = json.loads(loaded)
    model = SentimentModel.load(weights)
    finder = AspectFinder.load(weights)
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
| `sentiment.npz` | log odds of praise for a whole review or a clause | logistic regression over hashed character n-grams (1 to 4), words and pairs; int8 on a square-root scale |
| `network.npz` | the same, from n-grams in their order | a convolution over three neighbours, each the sum of its one-, two- and three-character rows; maximum and sum over the text; int8 tables. How far each of the two is trusted is one logistic regression on held-out subjects, which also calibrates |
| `terms.npz` | the things that an English text speaks of, and whether each is praised, blamed or only named | a convolution over words (themselves, beginnings, endings, shapes), the best path of begin, inside and outside; int8 table |
| `categories.npz` | which aspects a clause speaks of, where the tables found nothing | a logistic regression an aspect over the same n-grams; threshold at 0.95 precision on held-out sentences of our grammar |
| `korean.json`, `english.json` | surface forms of opinions and nouns by aspect | our lexicon (`training/lexicon_ko.py`, `lexicon_en.py`), conjugated with Kiwi |
| `embedding.npz` | 64 integers a text | rows of n-grams learned by contrast: texts of one aspect and polarity together, Korean and English mixed; two cuts of one review together; int8 |
| `quality.json` | how often the judge is right and wrong, by which the analyses widen and correct what they count | measured, not trained: on Kor-SemEval and our own short reviews, at the step `quality` |

## Sources

| source | licence | used for |
|---|---|---|
| NSMC, raw: Korean film reviews with ratings 1 to 10 | CC0 | sentiment (rating ≤ 4 blames, ≥ 9 praises, between by a chance of its own at less weight; subjects with id % 25 in {1, 2} held out whole), categories (as texts of no aspect), embedding |
| sentences of our own grammar (`training/grammar_ko.py`, `formal_ko.py`, `grammar_en.py`) | Apache-2.0, ours | sentiment, categories, embedding |
| MAMS: English restaurant sentences with aspect terms (training part) | Apache-2.0 | sentiment (the clause around a term), terms, categories, embedding |
| VADER's lexicon, words with a mean valence of at least 0.8 | MIT | sentiment, terms (where one channel starts) |

Kor-SemEval (Korean translations of SemEval-2014 restaurant sentences) is used for evaluation only: no weight is trained on it. How much each list of a
search counts was chosen on half of our queries over its sentences (`bench/reports/retrieval.md`).
"""
COLUMNS = (
    '"decided": the share that is not left neutral; "majority" and "list of words": the accuracy of always giving the more frequent label, '
    "and of counting about forty words of praise and blame. The judge's macro F1 and accuracy take a neutral answer by its probability."
)
TAIL = """## Use and limits

- A review is positive from probability 0.70, negative up to 0.25, and neutral between: neutral means "not sure", not "average".
- The words were learned from film reviews. Long Korean narratives without an opinion lean negative; a prior towards praise and the aspects found correct part of it. The prior (0.65, Korean only) and the weight of a mention were chosen on the sample in `examples/`.
- "Calibration error" of the whole judge is measured on balanced film reviews, where the restaurant prior is wrong by design; the words alone are calibrated there.
- Aspects are found by tables first, then by the category head, whose mentions span a clause and name neither thing nor opinion. Precision comes before recall. Exceptions in the tables were read off the sample in `examples/`. Sarcasm, comparisons and what is only implied are missed.
- Film reviews and short restaurant reviews only were measured; how good it is on long reviews of one particular site is not known.
- Indirect blame without a word of blame ("물 달라고 세 번 말했습니다") is often read as praise or left neutral; so is English understatement.
- The embedding knows aspects, polarity and words that stand together, and little of other meaning: `bench/reports/retrieval.md` compares it with words alone.
- Languages other than Korean and English get a label from the words alone; how good it is was not measured.
- A site may adapt the sentiment to its own labels and stars (`matjip adapt`, `docs/adapt.md`): what that gains, and loses elsewhere, is in `bench/reports/adapt.md`. None of the figures above is of an adapted judge.
- No personal data was used beyond what the public review texts themselves hold; no text is stored in the weights.
"""
