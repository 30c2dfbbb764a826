"""How far a sample of a restaurant's reviews is off: by chance, the nearest to the centre, and by strata.

Truth is the stars: the share of reviews with at most two of five. Each sampler estimates it, the strata by their weights;
"kept" is how large a share of the sample the unhappy are, beside their share of all; "aspects" is the share of what
the reviews praise and blame (in at least three of them) that the sample still says.
"As many by chance" draws what the strata before it drew: where strata are more than the size, they draw one of each.
NSMC has no dates; there age is the order of the file, and says nothing. The nearest are to the plain centre, without weights.
Restaurants are the sample data of this repository and, where NSMC is beside it, training films with at least 90 reviews,
judged and embedded by the built-in models. Each sampler but the nearest, which knows no chance, is drawn for several seeds.
"""

import asyncio
import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matjip.analysis.evidence import Judged, Snapshot, SnapshotReview
from matjip.analysis.projection import said
from matjip.analysis.result import Window
from matjip.analysis.sample import representative, stratified
from matjip.clock import new_dice
from matjip.inference.judge import Judge
from matjip.inference.lite.embedding import LiteEmbedder
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.task import FindAspects, JudgeSentiment

__all__ = ["rows", "snapshot_of"]

ROOT = Path(__file__).resolve().parents[1]
NSMC = ROOT.parent / "shared" / "data" / "nsmc_reviews.tsv.gz"
BARS = ("sampler", "rmse")
SIZES = (10, 20, 40)
SEEDS, QUICK_SEEDS = 20, 5
FILMS, QUICK_FILMS = 40, 8
FILM_REVIEWS = range(90, 2_001)  # the set holds at most a hundred of a film
HELD_OUT = (1, 2)  # of NSMC's subjects, by id % 25
UNHAPPY = 2.0  # stars at most
OFTEN = 3  # reviews that say something before its loss counts
START = datetime(2026, 1, 1, tzinfo=UTC)
Draw = Callable[[Judged, NDArray[np.int8], int, int], tuple[Sequence[int], Sequence[float]]]


def rows(quick: bool) -> list[dict[str, object]]:
    return asyncio.run(_rows(QUICK_SEEDS if quick else SEEDS, QUICK_FILMS if quick else FILMS))


async def _rows(seeds: int, films: int) -> list[dict[str, object]]:
    judge, embedder = LiteJudge.load(), LiteEmbedder.load()
    sources = {"sample data": list(_examples()), "NSMC": list(_films(films)) if NSMC.exists() else []}
    found = []
    for source, places in sources.items():
        judged = [await _judged(reviews, judge) for reviews in places]
        vectors = [embedder.vectors(each.snapshot.texts) for each in judged]
        for size in SIZES:
            for sampler, draw in SAMPLERS.items():
                measured = [
                    _measured(each, *draw(each, vector, size, seed))
                    for each, vector in zip(judged, vectors, strict=True)
                    if each.considered > size
                    for seed in range(1 if sampler == "nearest" else seeds)
                ]
                if measured:
                    found.append({"source": source, "size": size, "sampler": sampler} | _summed(measured))
    return found


def _chance(judged: Judged, _vectors: NDArray[np.int8], size: int, seed: int) -> tuple[Sequence[int], Sequence[float]]:
    chosen = new_dice(seed).sample(range(judged.considered), size)
    return chosen, [1.0] * size


def _nearest(
    _judged: Judged, vectors: NDArray[np.int8], size: int, _seed: int
) -> tuple[Sequence[int], Sequence[float]]:
    chosen = [review for review, _ in representative(vectors, weights=[1.0] * len(vectors), size=size)]
    return chosen, [1.0] * len(chosen)


def _strata(judged: Judged, _vectors: NDArray[np.int8], size: int, seed: int) -> tuple[Sequence[int], Sequence[float]]:
    sample = stratified(judged, size=size, seed=seed)
    return sample.reviews, sample.weights


def _clustered(
    judged: Judged, vectors: NDArray[np.int8], size: int, seed: int
) -> tuple[Sequence[int], Sequence[float]]:
    sample = stratified(judged, size=size, seed=seed, vectors=vectors)
    return sample.reviews, sample.weights


def _as_many(judged: Judged, vectors: NDArray[np.int8], size: int, seed: int) -> tuple[Sequence[int], Sequence[float]]:
    return _chance(judged, vectors, len(_clustered(judged, vectors, size, seed)[0]), seed)


SAMPLERS: dict[str, Draw] = {
    "chance": _chance,
    "nearest": _nearest,
    "strata: label, age": _strata,
    "strata: label, age, cluster": _clustered,
    "as many by chance": _as_many,
}


def _measured(judged: Judged, chosen: Sequence[int], weights: Sequence[float]) -> dict[str, float]:
    unhappy = np.array([(review.rating or 0) <= UNHAPPY for review in judged.snapshot.reviews])
    says = [said(mentions) for mentions in judged.mentions]
    often = {each for each, times in Counter(each for one in says for each in one).items() if times >= OFTEN}
    kept = {each for review in chosen for each in says[review]} & often
    inside = unhappy[list(chosen)]
    return {
        "error": float(np.average(inside, weights=weights) - unhappy.mean()),
        "drawn": len(chosen),
        "kept": float(inside.mean()),
        "unhappy": float(unhappy.mean()),
        "aspects": len(kept) / len(often) if often else 1.0,
    }


def _summed(measured: Sequence[dict[str, float]]) -> dict[str, object]:
    errors = np.array([each["error"] for each in measured])
    return {
        "draws": len(measured),
        "drawn": round(float(np.median([each["drawn"] for each in measured]))),
        "rmse": round(float(np.sqrt(np.mean(errors**2))), 4),
        "bias": round(float(errors.mean()), 4),
        "unhappy_of_all": round(float(np.mean([each["unhappy"] for each in measured])), 3),
        "unhappy_kept": round(float(np.mean([each["kept"] for each in measured])), 3),
        "aspects": round(float(np.mean([each["aspects"] for each in measured])), 3),
    }


def snapshot_of(reviews: Sequence[SnapshotReview], *, as_of: datetime, restaurant_id: str = "r") -> Snapshot:
    """The reviews as an analysis reads them."""
    return Snapshot(
        tenant="bench",
        restaurant_id=restaurant_id,
        reviews=tuple(reviews),
        available=len(reviews),
        revision=0,
        as_of=as_of,
        window=Window(),
        inline=True,
        fingerprint="",
    )


async def _judged(reviews: Sequence[SnapshotReview], judge: Judge) -> Judged:
    snapshot = snapshot_of(reviews, as_of=START)
    return Judged(
        snapshot=snapshot,
        sentiments=await judge.judge(JudgeSentiment(snapshot.texts)),
        mentions=tuple(verdict.answer for verdict in await judge.judge(FindAspects(snapshot.texts))),
        duplicates=(None,) * len(reviews),
        units=tuple(range(len(reviews))),
    )


def _examples() -> Iterator[list[SnapshotReview]]:
    places: dict[str, list[SnapshotReview]] = defaultdict(list)
    for line in (ROOT / "examples" / "reviews.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("rating") is not None and "content" in row:
            places[row["restaurant_id"]].append(_review(row["id"], row["content"], row["rating"], row["created_at"]))
    yield from places.values()


def _films(most: int) -> Iterator[list[SnapshotReview]]:
    films: dict[int, list[SnapshotReview]] = defaultdict(list)
    with gzip.open(NSMC, "rt", encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)):
            film, rating, text = row.values()
            if int(film) % 25 not in HELD_OUT:
                when = (START + timedelta(minutes=number)).isoformat()
                films[int(film)].append(_review(str(number), text, int(rating) / 2, when))
    large = sorted(film for film, reviews in films.items() if len(reviews) in FILM_REVIEWS)
    yield from (films[film] for film in new_dice(0).sample(large, min(most, len(large))))


def _review(review_id: str, text: str, rating: float, when: str) -> SnapshotReview:
    return SnapshotReview(
        id=review_id,
        content=text,
        author=None,
        rating=float(rating),
        created_at=datetime.fromisoformat(when),
        language="ko",
        source=None,
    )
