"""A judge against labelled rows: sentiment, aspects and spans, each figure with its interval, baselines on the same rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from matjip.errors import Fault, Invalid
from matjip.evaluation.eval import lexicon_answer
from matjip.evaluation.measures import BINS
from matjip.evaluation.resampling import ROUNDS, Figure, Sums, figure, ratio, resampled
from matjip.evaluation.rows import Row, Said
from matjip.inference.judge import Judge
from matjip.inference.task import FindAspects, JudgeSentiment, Label, Mention, Polarity, Sentiment

__all__ = [
    "AspectReport",
    "Bin",
    "ClassReport",
    "DetectionReport",
    "Report",
    "SentimentReport",
    "SpanReport",
    "evaluate",
]

LABELS: tuple[Label, ...] = get_args(Label)
SIDES: tuple[Polarity, ...] = get_args(Polarity)
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassReport:
    """One label: how many rows have it, how many were given it, and how well the two agree."""

    true: int
    answered: int
    precision: Figure
    recall: Figure
    f1: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows that were given about the same probability of praise: what was said, and what was true."""

    low: float
    high: float
    n: int
    said: float
    true: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentReport:
    """Which way whole texts lean. Forced: the likelier of positive and negative, on rows that are either."""

    n: int
    n_sided: int  # of them positive or negative
    accuracy: Figure  # forced
    macro_f1: Figure  # forced
    calibration_error: Figure  # of the probability of praise, on the same rows
    decided: Figure  # share of the same rows that the judge did not leave neutral
    accuracy_decided: Figure
    majority_accuracy: Figure  # baseline: always the more frequent of the two
    lexicon_accuracy: Figure  # baseline: a list of words
    forced: Mapping[Polarity, ClassReport]
    shown: Mapping[Label, ClassReport]  # the label as it is shown, neutral among them, on all rows
    accuracy_shown: Figure
    macro_f1_shown: Figure
    confusion: Mapping[Label, Mapping[Label, int]]  # truth → shown → rows
    calibration: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionReport:
    """One aspect, text by text: is it spoken of, and where it was found and leans one way, which."""

    true: int
    found: int
    precision: Figure
    recall: Figure
    f1: Figure
    sided: int  # texts in which it was found and truly leans one way
    polarity_accuracy: Figure  # of these
    polarity_majority: Figure  # baseline on these: always the polarity that is more frequent among them


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectReport:
    """Aspects that the file names; those that it never names are not held against the judge."""

    n: int
    all: DetectionReport  # micro average
    each: Mapping[str, DetectionReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanReport:
    """The things spoken of, by their exact place."""

    n: int
    true: int
    found: int
    precision: Figure
    recall: Figure
    f1: Figure
    true_sided: int  # of `true`, those praised or blamed
    precision_sided: Figure  # a span that is praised or blamed in truth by a span that was found
    recall_sided: Figure
    f1_sided: Figure
    polarity_accuracy: Figure  # where the place is exact and the truth one-sided


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the rows allow to measure; None where no row is labelled for it."""

    judge: str
    rows: int
    seed: int
    resamples: int
    sentiment: SentimentReport | None
    aspects: AspectReport | None
    spans: SpanReport | None


async def evaluate(judge: Judge, rows: Sequence[Row], *, seed: int = 0) -> Report:
    """Judge every row and measure what its labels allow. Raises Invalid where they allow nothing."""
    labelled = [row for row in rows if row.label is not None]
    spoken = [row for row in rows if row.aspects is not None]
    opinions = [one.answer for one in await judge.judge(JudgeSentiment(tuple(row.text for row in labelled)))]
    mentions = [one.answer for one in await judge.judge(FindAspects(tuple(row.text for row in spoken)))]
    report = Report(
        judge=judge.name,
        rows=len(rows),
        seed=seed,
        resamples=ROUNDS,
        sentiment=_sentiment(labelled, opinions, seed) if labelled else None,
        aspects=_aspects(spoken, mentions, seed),
        spans=_spans(spoken, mentions, seed),
    )
    if not (report.sentiment or report.aspects or report.spans):
        right = "a label, or at least one aspect in the file"
        raise Invalid.of(Fault(where="the file", wrong="holds nothing to measure", right=right))
    return report


def _sentiment(rows: Sequence[Row], answers: Sequence[Sentiment], seed: int) -> SentimentReport:
    weight = np.array([row.weight for row in rows])
    truth = np.array([row.label for row in rows])
    shown = np.array([answer.label for answer in answers])
    chance = np.array([answer.p_positive for answer in answers])
    forced = np.where(chance >= 0.5, "positive", "negative")
    sided = truth != "neutral"
    majority = max(SIDES, key=lambda side: float(weight[truth == side].sum()))
    lexicon = np.array([lexicon_answer(row.text, default=majority) for row in rows])
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    columns = {
        "all": np.ones(len(rows)),
        "shown right": shown == truth,
        "sided": sided,
        "right": sided & (forced == truth),
        "decided": sided & (shown != "neutral"),
        "decided right": sided & (shown != "neutral") & (shown == truth),
        "majority": truth == majority,
        "lexicon": sided & (lexicon == truth),
        **{f"bin {place}": sided * (bins == place) * (chance - (truth == "positive")) for place in range(BINS)},
        **_agreement("forced", SIDES, truth, forced, sided),
        **_agreement("shown", LABELS, truth, shown, np.ones(len(rows), dtype=bool)),
    }
    sums = resampled({name: column * weight for name, column in columns.items()}, seed=seed)
    gap = np.abs(np.stack([sums[f"bin {place}"] for place in range(BINS)])).sum(axis=0)
    return SentimentReport(
        n=len(rows),
        n_sided=int(sided.sum()),
        accuracy=figure(ratio(sums["right"], sums["sided"])),
        macro_f1=_macro_f1(sums, "forced", [side for side in SIDES if side in truth]),
        calibration_error=figure(ratio(gap, sums["sided"])),
        decided=figure(ratio(sums["decided"], sums["sided"])),
        accuracy_decided=figure(ratio(sums["decided right"], sums["decided"])),
        majority_accuracy=figure(ratio(sums["majority"], sums["sided"])),
        lexicon_accuracy=figure(ratio(sums["lexicon"], sums["sided"])),
        forced={side: _class(sums, "forced", side, truth[sided], forced[sided]) for side in SIDES},
        shown={label: _class(sums, "shown", label, truth, shown) for label in LABELS},
        accuracy_shown=figure(ratio(sums["shown right"], sums["all"])),
        macro_f1_shown=_macro_f1(sums, "shown", [label for label in LABELS if label in truth]),
        confusion={true: {said: int(((truth == true) & (shown == said)).sum()) for said in LABELS} for true in LABELS},
        calibration=tuple(_bins(bins[sided], chance[sided], truth[sided] == "positive")),
    )


def _agreement(
    kind: str, labels: Iterable[str], truth: NDArray[np.str_], answers: NDArray[np.str_], among: NDArray[np.bool_]
) -> dict[str, NDArray[np.bool_]]:
    columns = {}
    for label in labels:
        columns[f"{kind} {label} true"] = among & (truth == label)
        columns[f"{kind} {label} found"] = among & (answers == label)
        columns[f"{kind} {label} both"] = among & (truth == label) & (answers == label)
    return columns


def _class(
    sums: Mapping[str, Sums], kind: str, label: str, truth: NDArray[np.str_], answers: NDArray[np.str_]
) -> ClassReport:
    name = f"{kind} {label}"
    return ClassReport(
        true=int((truth == label).sum()),
        answered=int((answers == label).sum()),
        precision=figure(ratio(sums[f"{name} both"], sums[f"{name} found"])),
        recall=figure(ratio(sums[f"{name} both"], sums[f"{name} true"])),
        f1=figure(_f1(sums, name)),
    )


def _f1(sums: Mapping[str, Sums], name: str) -> Sums:
    return ratio(2 * sums[f"{name} both"], sums[f"{name} found"] + sums[f"{name} true"])


def _macro_f1(sums: Mapping[str, Sums], kind: str, labels: Sequence[str]) -> Figure:
    if not labels:
        return Figure(None, None, None)
    scores = np.stack([_f1(sums, f"{kind} {label}") for label in labels])
    known = ~np.isnan(scores)  # a resample may hold no row of a rare label
    return figure(ratio(np.nansum(scores, axis=0), known.sum(axis=0).astype(np.float64)))


def _bins(bins: NDArray[np.int_], chance: Column, praised: NDArray[np.bool_]) -> Iterable[Bin]:
    for place in sorted(set(bins.tolist())):
        held = bins == place
        yield Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            n=int(held.sum()),
            said=float(chance[held].mean()),
            true=float(praised[held].mean()),
        )


def _aspects(rows: Sequence[Row], mentions: Sequence[Sequence[Mention]], seed: int) -> AspectReport | None:
    names = sorted({said.aspect for row in rows for said in row.aspects or () if said.aspect})
    if not names:
        return None
    weight = np.array([row.weight for row in rows])
    counts: dict[str, Column] = {}
    for name in names:
        counts |= _detection(name, rows, mentions)
    for what in ("true", "found", "both", "sided", "sided right", "sided positive"):
        counts[f"all {what}"] = np.sum([counts[f"{name} {what}"] for name in names], axis=0)
    sums = resampled({name: column * weight for name, column in counts.items()}, seed=seed)
    each = {name: _detected(name, counts, sums) for name in names}
    return AspectReport(n=len(rows), all=_detected("all", counts, sums), each=each)


def _detection(name: str, rows: Sequence[Row], mentions: Sequence[Sequence[Mention]]) -> dict[str, Column]:
    """Text by text. Several labels of one aspect lean one way only where all of them lean so."""
    ours = set(name.split("|"))
    table = np.zeros((6, len(rows)))
    for place, (row, found) in enumerate(zip(rows, mentions, strict=True)):
        said = [mention.polarity for mention in found if mention.aspect in ours]
        labels = {one.polarity for one in row.aspects or () if one.aspect == name}
        sided = bool(said) and len(labels) == 1 and labels <= set(SIDES)
        leaning = "positive" if 2 * said.count("positive") >= len(said) else "negative"
        both = bool(labels) and bool(said)
        table[:, place] = (
            bool(labels),
            bool(said),
            both,
            sided,
            sided and leaning in labels,
            sided and "positive" in labels,
        )
    whats = ("true", "found", "both", "sided", "sided right", "sided positive")
    return {f"{name} {what}": column for what, column in zip(whats, table, strict=True)}


def _detected(name: str, counts: Mapping[str, Column], sums: Mapping[str, Sums]) -> DetectionReport:
    praised = sums[f"{name} sided positive"]
    sided = sums[f"{name} sided"]
    more = praised if 2 * praised[0] >= sided[0] else sided - praised
    return DetectionReport(
        true=int(counts[f"{name} true"].sum()),
        found=int(counts[f"{name} found"].sum()),
        precision=figure(ratio(sums[f"{name} both"], sums[f"{name} found"])),
        recall=figure(ratio(sums[f"{name} both"], sums[f"{name} true"])),
        f1=figure(_f1(sums, name)),
        sided=int(counts[f"{name} sided"].sum()),
        polarity_accuracy=figure(ratio(sums[f"{name} sided right"], sided)),
        polarity_majority=figure(ratio(more, sided)),
    )


def _spans(rows: Sequence[Row], mentions: Sequence[Sequence[Mention]], seed: int) -> SpanReport | None:
    """Rows of which each label has its place; a row with an aspect that has none cannot say what is missing."""
    placed = [(row, found) for row, found in zip(rows, mentions, strict=True) if _is_placed(row.aspects or ())]
    if not any(row.aspects for row, _ in placed):
        return None
    whats = ("true", "found", "both", "sided true", "sided both", "sided right")
    table = np.zeros((len(whats), len(placed)))
    for place, (row, found) in enumerate(placed):
        truth = {said.span: said.polarity for said in row.aspects or () if said.span}
        said = {span: mention.polarity for mention in found if (span := _target(row.text, mention))}
        both = truth.keys() & said.keys()
        sided = {span for span, polarity in truth.items() if polarity in SIDES}
        right = {span for span in sided & both if truth[span] == said[span]}
        table[:, place] = [len(one) for one in (truth, said, both, sided, sided & both, right)]
    counts = dict(zip(whats, table, strict=True))
    weight = np.array([row.weight for row, _ in placed])
    sums = resampled({name: column * weight for name, column in counts.items()}, seed=seed)
    return SpanReport(
        n=len(placed),
        true=int(counts["true"].sum()),
        found=int(counts["found"].sum()),
        precision=figure(ratio(sums["both"], sums["found"])),
        recall=figure(ratio(sums["both"], sums["true"])),
        f1=figure(ratio(2 * sums["both"], sums["found"] + sums["true"])),
        true_sided=int(counts["sided true"].sum()),
        precision_sided=figure(ratio(sums["sided both"], sums["found"])),
        recall_sided=figure(ratio(sums["sided both"], sums["sided true"])),
        f1_sided=figure(ratio(2 * sums["sided both"], sums["found"] + sums["sided true"])),
        polarity_accuracy=figure(ratio(sums["sided right"], sums["sided both"])),
    )


def _is_placed(aspects: Sequence[Said]) -> bool:
    return all(said.span for said in aspects)


def _target(text: str, mention: Mention) -> tuple[int, int] | None:
    """Where the thing stands that a mention speaks of; None where the opinion alone implies it."""
    if mention.target is None:
        return None
    start = text.find(mention.target, mention.start, mention.end)
    return (start, start + len(mention.target)) if start >= 0 else None
