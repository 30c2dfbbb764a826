"""Planted strengths: what is found of them, and what is claimed where nothing was planted, through the product's own detection.

BENCH_DATA names the folder of `planted/` (40 restaurants of 200 real sentences, half with one strength planted, and their
truth) and of `kor_semeval14_train.csv`, whose sentences they are made of; both are read and never copied.
"as given": `matjip import` and `matjip analyze` in processes of their own over the given restaurants.
"drawn again": 20 more such groups from the same sentences, each restaurant with as many sentences that praise its planted
aspect as its given model, all else by chance without repetition; judged by the built-in judge and taken through the steps
A to H. `found` is the share of planted service and atmosphere strengths that are reported as distinct (`found_price`: of
price, which is detected less), `false` the share of restaurants with nothing planted that have any distinct claim.
"simulated" draws the labels themselves instead, 200 groups a line with one to three times the share: `found` is the power
of the statistics alone, `wrong` the share of wrong claims among all of a group.
"""

import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.sampling import snapshot_of
from matjip.analysis.analyses import AnalysisSettings
from matjip.analysis.distinct import against_group
from matjip.analysis.evidence import Judged, SnapshotReview, units
from matjip.analysis.profiles import Profile, profile_of
from matjip.analysis.strengths import Working, find_strengths
from matjip.clock import new_dice
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.quality import Quality
from matjip.inference.task import FindAspects, JudgeSentiment, Mention, Sentiment, Verdict
from matjip.reviews.review import Restaurant

__all__ = ["rows"]

BARS = ("set", "found")
PLANTED, SENTENCES = "planted", "kor_semeval14_train.csv"  # under BENCH_DATA
COUNTED = ("service", "atmosphere")
CATEGORIES = {"service": "서비스", "atmosphere": "분위기", "price": "가격"}
PRAISED = "긍정"
RESAMPLINGS, QUICK_RESAMPLINGS = 20, 3
SIMULATED, QUICK_SIMULATED = 200, 20
RESTAURANTS, REVIEWS = 40, 200  # of a simulated group, as of the given one
SHARES = {"taste": 0.4, "service": 0.11, "atmosphere": 0.09, "price": 0.06, "portion": 0.03, "waiting": 0.02}
AT = datetime(2026, 1, 1, tzinfo=UTC)
Truth = Mapping[str, tuple[str | None, int]]  # restaurant → planted aspect, sentences that praise it
Read = tuple[Verdict[Sentiment], tuple[Mention, ...]]


def rows(quick: bool) -> list[dict[str, object]]:
    folder = Path(os.environ.get("BENCH_DATA", ""))
    found = []
    if (folder / PLANTED).is_dir() and (folder / SENTENCES).exists():
        truth = _truth(folder / PLANTED / "truth.json")
        found.append({"set": "as given", "groups": 1} | _scored([_as_given(folder / PLANTED / "reviews.jsonl")], truth))
        groups = asyncio.run(_drawn_again(folder / SENTENCES, truth, QUICK_RESAMPLINGS if quick else RESAMPLINGS))
        found.append({"set": "drawn again", "groups": len(groups)} | _scored(groups, truth))
    else:
        print(f"set BENCH_DATA to the folder that holds {PLANTED}/ and {SENTENCES}", file=sys.stderr)
    for strong, times in ((0, 1.0), (5, 2.0), (5, 3.0), (20, 2.0), (20, 3.0)):
        found.append(_simulated(strong, times, QUICK_SIMULATED if quick else SIMULATED))
    return found


def _truth(file: Path) -> Truth:
    return {
        each["restaurant_id"]: (
            each["planted"],
            each["aspect_counts"][each["planted"]]["positive"] if each["planted"] else 0,
        )
        for each in json.loads(file.read_text(encoding="utf-8"))["restaurants"]
    }


def _as_given(file: Path) -> dict[str, set[str]]:
    """Restaurant → aspects that the command line calls distinct."""
    matjip = [sys.executable, "-m", "matjip"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*matjip, "import", str(file), "--data-dir", folder], check=True, capture_output=True)
        command = [*matjip, "analyze", "--all", "--json", "--data-dir", folder]
        answers = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {
        answer["restaurant_id"]: {
            one["aspect"] for one in answer["strengths"]["strengths"] if one["type"] == "distinct"
        }
        for answer in answers
    }


async def _drawn_again(file: Path, truth: Truth, resamplings: int) -> list[dict[str, set[str]]]:
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    with file.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            labels[line["original_sentence"]][line["auxiliary_sentence"]] = line["label"]
    judge, texts = LiteJudge.load(), tuple(labels)
    sentiments = await judge.judge(JudgeSentiment(texts))
    mentions = await judge.judge(FindAspects(texts))
    read: dict[str, Read] = {
        text: (sentiment, found.answer) for text, sentiment, found in zip(texts, sentiments, mentions, strict=True)
    }
    praising = {
        aspect: [text for text in texts if labels[text].get(category) == PRAISED]
        for aspect, category in CATEGORIES.items()
    }
    return [_group(texts, praising, read, truth, seed) for seed in range(resamplings)]


def _group(
    texts: Sequence[str], praising: Mapping[str, list[str]], read: Mapping[str, Read], truth: Truth, seed: int
) -> dict[str, set[str]]:
    dice = new_dice(seed)
    drawn: dict[str, list[str]] = {}
    for restaurant, (aspect, number) in truth.items():
        chosen = dice.sample(praising[aspect], number) if aspect else []
        barred = set(praising[aspect]) if aspect else set()
        rest = [text for text in dice.sample(texts, len(texts)) if text not in barred]
        drawn[restaurant] = [*chosen, *rest][:200]
    judged = {restaurant: _judged(restaurant, chosen, read) for restaurant, chosen in drawn.items()}
    profiles = {restaurant: profile_of(each) for restaurant, each in judged.items()}
    return {
        restaurant: {one.aspect for one in _working(restaurant, each, profiles).strengths if one.type == "distinct"}
        for restaurant, each in judged.items()
    }


def _judged(restaurant: str, texts: Sequence[str], read: Mapping[str, Read]) -> Judged:
    reviews = tuple(
        SnapshotReview(id=str(at), content=text, author=None, rating=None, created_at=AT, language="ko", source=None)
        for at, text in enumerate(texts)
    )
    snapshot = snapshot_of(reviews, as_of=AT, restaurant_id=restaurant)
    return Judged(
        snapshot=snapshot,
        sentiments=tuple(read[text][0] for text in texts),
        mentions=tuple(read[text][1] for text in texts),
        duplicates=(None,) * len(texts),
        units=units([None] * len(texts), [None] * len(texts)),
    )


def _working(restaurant: str, judged: Judged, profiles: Mapping[str, Profile]) -> Working:
    peers = {name: profile for name, profile in profiles.items() if name != restaurant}
    return find_strengths(
        Working(
            judged=judged,
            language="ko",
            rules=AnalysisSettings().rules(judged.considered),
            mask=lambda text: text,
            here=None,
            others=tuple(_restaurant(name) for name in peers),
            review_counts={name: profile.reviews for name, profile in peers.items()},
            profiles=peers,
            alike=(),
            compared_language="ko",
            counted_to=1,
            quality=Quality(),  # corrects the figures shown, decides nothing
        )
    )


def _restaurant(name: str) -> Restaurant:
    return Restaurant(
        tenant="default",
        id=name,
        version=1,
        name=None,
        categories=(),
        region=None,
        price_band=None,
        address=None,
        created_at=AT,
        updated_at=AT,
    )


def _scored(groups: Sequence[Mapping[str, set[str]]], truth: Truth) -> dict[str, object]:
    pairs = [(truth[name][0], aspects) for group in groups for name, aspects in group.items()]
    counted = [planted in aspects for planted, aspects in pairs if planted in COUNTED]
    price = [planted in aspects for planted, aspects in pairs if planted == "price"]
    invented = [bool(aspects) for planted, aspects in pairs if planted is None]
    others = sum(len(aspects - {planted}) for planted, aspects in pairs)
    return {
        "found": round(sum(counted) / len(counted), 3),
        "found_price": round(sum(price) / len(price), 3),
        "false": round(sum(invented) / len(invented), 3),
        "wrong": round(others / max(1, sum(len(aspects) for _, aspects in pairs)), 3),
    }


def _simulated(strong: int, times: float, groups: int) -> dict[str, object]:
    claims = [claim for seed in range(groups) for claim in _claims(strong, times, seed)]
    found = [aspects for is_strong, aspects in claims if is_strong]
    null = [aspects for is_strong, aspects in claims if not is_strong]
    shares = []
    for at in range(groups):
        mine = claims[at * RESTAURANTS : (at + 1) * RESTAURANTS]
        wrong = sum(len(aspects - ({"service"} if is_strong else set())) for is_strong, aspects in mine)
        shares.append(wrong / max(1, sum(len(aspects) for _, aspects in mine)))
    return {
        "set": f"simulated, {strong} of {RESTAURANTS} at {times:g} times",
        "groups": groups,
        "found": round(sum("service" in aspects for aspects in found) / len(found), 3) if found else "",
        "found_price": "",
        "false": round(sum(map(bool, null)) / len(null), 3),
        "wrong": round(float(np.mean(shares)), 3),
    }


def _claims(strong: int, times: float, seed: int) -> Iterator[tuple[bool, set[str]]]:
    """Of every restaurant of one simulated group: whether its service stands out, and the aspects that are claimed."""
    dice = np.random.default_rng(seed)
    rules = AnalysisSettings().rules(REVIEWS)
    group = {
        str(at): Profile(
            reviews=REVIEWS,
            praise={
                aspect: int(dice.binomial(REVIEWS, share * (times if aspect == "service" and at < strong else 1)))
                for aspect, share in SHARES.items()
            },
        )
        for at in range(RESTAURANTS)
    }
    for name, here in group.items():
        peers = {other: profile for other, profile in group.items() if other != name}
        found = against_group(here, peers, min_expected=rules.min_support)
        yield int(name) < strong, {a for a, test in found.items() if test.q_value <= rules.false_discovery_rate}
