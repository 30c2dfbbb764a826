"""What a site can teach: its own labels, its reviews' stars, what people corrected, and what another engine decided."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from matjip.errors import Fault, Invalid
from matjip.evaluation.rows import Row
from matjip.inference.judge import Judge
from matjip.inference.task import JudgeSentiment, Label
from matjip.reviews.review import Review
from matjip.reviews.store import Reviews

__all__ = ["TRUST", "Corrections", "Example", "Source", "corrected", "decided", "labelled", "rated"]

Source = Literal["labels", "corrections", "decisions", "ratings", "kept"]
# How much one example counts in learning. A person who read the text for its label is believed wholly; stars also speak of
# what the text leaves out; what nobody corrected was perhaps not read.
TRUST: Mapping[Source, float] = {"labels": 1.0, "corrections": 1.0, "decisions": 0.7, "ratings": 0.5, "kept": 0.5}
BLAME_TO_STARS, PRAISE_FROM_STARS = 2.0, 4.0
SURE = 0.9  # probability from which an answer that nobody corrected stands as right
KEPT_PER_CORRECTION = 10  # of them, at most: a correction says that somebody looked at the reviews around it


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text and which way it leans, as one source says."""

    text: str
    label: Label
    source: Source
    restaurant_id: str
    author: str | None = None  # of the text


class Corrections(Protocol):
    """Where people's corrections are kept."""

    def corrections(self, tenant: str) -> AsyncIterator[dict[str, str]]:
        """Those that stand, each with `text`, `restaurant_id`, `review_id`, and `label` where it is about the whole."""
        ...


def labelled(rows: Iterable[Row]) -> list[Example]:
    """The site's own labels. Raises Invalid where one does not name its restaurant."""
    return [*_of_rows(rows, "labels")]


def decided(rows: Iterable[Row]) -> list[Example]:
    """What another engine decided, in the same form. Raises as `labelled`."""
    return [*_of_rows(rows, "decisions")]


async def rated(reviews: Reviews, tenant: str) -> list[Example]:
    """Stored reviews that have stars, or a yes or no to "recommended"."""
    found = []
    for restaurant in await reviews.restaurants(tenant):
        for review in await reviews.reviews(tenant, restaurant.id):
            if (label := _leaning(review)) is not None and review.content.strip():
                found.append(
                    Example(
                        text=review.content,
                        label=label,
                        source="ratings",
                        restaurant_id=restaurant.id,
                        author=review.author_id,
                    )
                )
    return found


async def corrected(desk: Corrections, reviews: Reviews, judge: Judge, tenant: str) -> list[Example]:
    """Corrected labels, and among them what nobody corrected in the same restaurants where the judge is sure of it.

    Corrections alone would say that the judge is always wrong: it is the rest that says how often.
    """
    said: dict[str, dict[str, Label]] = {}
    async for row in desk.corrections(tenant):
        if (label := row.get("label")) in ("positive", "negative", "neutral"):
            said.setdefault(row["restaurant_id"], {})[row["review_id"]] = label  # type: ignore[assignment]
    found: list[Example] = []
    for restaurant_id, labels in sorted(said.items()):
        mine = [review for review in await reviews.reviews(tenant, restaurant_id) if review.content.strip()]
        for review in mine:
            if review.id in labels:
                found.append(_example(review, labels[review.id], "corrections"))
        found += await _kept(judge, mine, labels)
    return found


async def _kept(judge: Judge, reviews: Iterable[Review], labels: Collection[str]) -> list[Example]:
    rest = [review for review in reviews if review.id not in labels]
    answers = await judge.judge(JudgeSentiment(tuple(review.content for review in rest))) if rest else ()
    sure = [
        _example(review, answer.answer.label, "kept")
        for review, answer in zip(rest, answers, strict=True)
        if answer.answer.label != "neutral" and answer.answer.confidence >= SURE
    ]
    return sure[: KEPT_PER_CORRECTION * len(labels)]


def _example(review: Review, label: Label, source: Source) -> Example:
    return Example(
        text=review.content,
        label=label,
        source=source,
        restaurant_id=review.restaurant_id,
        author=review.author_id,
    )


def _of_rows(rows: Iterable[Row], source: Source) -> Iterator[Example]:
    for place, row in enumerate(rows, 1):
        if row.restaurant_id is None:
            right = "the restaurant of every row, so that whole restaurants can be set aside"
            raise Invalid.of(Fault(where=f"row {place}: restaurant_id", wrong="is missing", right=right))
        if row.label is not None:
            yield Example(
                text=row.text,
                label=row.label,
                source=source,
                restaurant_id=row.restaurant_id,
                author=row.author_id,
            )


def _leaning(review: Review) -> Label | None:
    if review.rating is None:
        return None if review.is_recommended is None else "positive" if review.is_recommended else "negative"
    if review.rating <= BLAME_TO_STARS:
        return "negative"
    return "positive" if review.rating >= PRAISE_FROM_STARS else "neutral"
