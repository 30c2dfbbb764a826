"""Where feedback is handed in, read and taken away as training data."""

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from typing import get_args

from matjip.analysis import wording
from matjip.analysis.evidence import LanguageOf
from matjip.analysis.feedback import Feedback, FeedbackStore, Kind
from matjip.analysis.result import StrengthsResult, SummaryResult
from matjip.analysis.results import Results
from matjip.analysis.standing import NOT_SAID, content_hash, read_standings, written_in
from matjip.caller import Caller
from matjip.clock import Clock, to_iso
from matjip.errors import Fault, Invalid, NotFound
from matjip.inference.task import ASPECTS, Label
from matjip.reviews.store import Reviews
from matjip.reviews.validate import is_id, is_storable

__all__ = ["MAX_CORRECTION_CHARS", "MAX_REASON_CHARS", "Desk", "FeedbackAsk"]

MAX_REASON_CHARS = 500  # a few sentences
MAX_CORRECTION_CHARS = 200  # of a statement of a summary: three lines of a card on a telephone
LABELS: tuple[str, ...] = get_args(Label)
SAYINGS = ("positive", "negative", NOT_SAID)
SCRIPTS: dict[str, str] = {"ko": "Korean", "en": "English"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackAsk:
    """What somebody says of a claim, of a review's label, or with `aspect` of what the review says of it."""

    restaurant_id: str
    kind: Kind
    claim_id: str | None = None
    review_id: str | None = None
    aspect: str | None = None
    correction: str | None = None
    reason: str | None = None


class Desk:
    """Takes feedback on what exists, and no other; gives back what was said."""

    def __init__(
        self, store: FeedbackStore, reviews: Reviews, results: Results, *, clock: Clock, language_of: LanguageOf
    ) -> None:
        self._store = store
        self._reviews = reviews
        self._results = results
        self._clock = clock
        self._language_of = language_of

    async def give(self, ask: FeedbackAsk, caller: Caller) -> Feedback:
        """Record it; every answer from now on heeds it.

        Raises Invalid with every fault, and NotFound for a restaurant, a review or a claim that is not there.
        """
        if faults := [*_faults(ask)]:
            raise Invalid.of(*faults)
        await self._reviews.restaurant(caller.tenant, ask.restaurant_id)
        content = None
        if ask.review_id is not None:
            content = (await self._reviews.review(caller.tenant, ask.restaurant_id, ask.review_id)).content
        if ask.claim_id is not None:
            await self._check_claim(ask, caller.tenant, ask.claim_id)
        return await self._store.add(
            Feedback(
                position=0,
                tenant=caller.tenant,
                restaurant_id=ask.restaurant_id,
                kind=ask.kind,
                claim_id=ask.claim_id,
                review_id=ask.review_id,
                aspect=ask.aspect,
                correction=ask.correction,
                reason=ask.reason,
                content_hash=None if content is None else content_hash(content),
                actor=caller.actor,
                request_id=caller.request_id,
                at=self._clock.now(),
            )
        )

    async def _check_claim(self, ask: FeedbackAsk, tenant: str, claim_id: str) -> None:
        made_in = await self._results.with_claim(tenant, ask.restaurant_id, claim_id)
        if made_in is None:
            rows = await self._store.of(tenant, ask.restaurant_id)
            if ask.kind == "restore" and any(row.claim_id == claim_id for row in rows):
                return
            raise NotFound(
                f"No stored result of restaurant {ask.restaurant_id} makes the claim {claim_id[:40]!r}; "
                "claim_id stands beside each statement of its summary and each of its strengths."
            )
        assert isinstance(made_in, SummaryResult | StrengthsResult)
        if ask.correction is not None and (faults := [*_claim_faults(ask.correction, made_in)]):
            raise Invalid.of(*faults)

    async def page(self, tenant: str, restaurant_id: str, *, before: int | None, limit: int) -> list[Feedback]:
        """What was said of a restaurant, newest first; `before` is the last position of the page before. Raises NotFound."""
        await self._reviews.restaurant(tenant, restaurant_id)
        return await self._store.of(tenant, restaurant_id, before=before, limit=limit)

    async def corrections(self, tenant: str) -> AsyncIterator[dict[str, str]]:
        """The labels and mentions that people corrected and that stand, each with its review's text: training data."""
        for restaurant_id in await self._store.restaurants(tenant):
            standing = (await read_standings(self._store, self._reviews, tenant, restaurant_id)).of
            about = sorted({review_id for _, review_id, _ in standing if review_id is not None})
            found = await self._reviews.reviews_by_id(tenant, [(restaurant_id, review_id) for review_id in about])
            living = {review.id: review for review in found}
            for (_, review_id, aspect), each in sorted(standing.items(), key=lambda item: str(item[0])):
                if review_id not in living or each.correction is None or each.at is None:
                    continue
                review = living[review_id]
                said = {"aspect": aspect, "polarity": each.correction} if aspect else {"label": each.correction}
                yield {
                    "text": review.content,
                    **said,
                    "language": review.language or self._language_of(review.content),
                    "restaurant_id": restaurant_id,
                    "review_id": review.id,
                    "at": to_iso(each.at),
                }

    async def forget(self, tenant: str, keys: Collection[tuple[str, str]]) -> int:
        """Remove what was said of these reviews (restaurant id, review id), whose author was erased. How many went."""
        return await self._store.forget(tenant, keys)


def _faults(ask: FeedbackAsk) -> Iterator[Fault]:
    """Everything that is wrong with it whatever is stored."""
    if (ask.claim_id is None) == (ask.review_id is None):
        wrong = "and review_id are both missing" if ask.claim_id is None else "and review_id are both given"
        yield Fault(where="claim_id", wrong=wrong, right="one of them, which says what the feedback is about")
    for where, text in (("claim_id", ask.claim_id), ("review_id", ask.review_id)):
        if text is not None and not is_id(text):
            yield Fault(
                where=where, wrong="could be nobody's id", right="1 to 200 characters without control characters"
            )
    if ask.aspect is not None and ask.claim_id is not None:
        yield Fault(where="aspect", wrong="is given for a claim", right="none: a claim has its own")
    if ask.aspect is not None and ask.aspect not in ASPECTS:
        yield Fault(where="aspect", wrong=f"is {ask.aspect[:40]!r}", right="one of " + ", ".join(ASPECTS))
    if ask.kind == "hide" and ask.aspect is not None:
        yield Fault(where="kind", wrong="is hide for an aspect", right=f"correct, with the correction {NOT_SAID}")
    yield from _correction_faults(ask)
    if ask.reason is not None and not (is_storable(ask.reason) and len(ask.reason) <= MAX_REASON_CHARS):
        right = f"at most {MAX_REASON_CHARS} characters without NUL and half surrogate pairs"
        yield Fault(where="reason", wrong=f"has {len(ask.reason):,} characters or cannot be stored", right=right)


def _correction_faults(ask: FeedbackAsk) -> Iterator[Fault]:
    choices = () if ask.review_id is None else LABELS if ask.aspect is None else SAYINGS
    if ask.kind != "correct":
        if ask.correction is not None:
            yield Fault(where="correction", wrong=f"is given to {ask.kind}", right="none, or the kind correct")
    elif ask.correction is None:
        yield Fault(where="correction", wrong="is missing", right=" or ".join(choices) or "the claim's new text")
    elif choices and ask.correction not in choices:
        yield Fault(where="correction", wrong=f"is {ask.correction[:40]!r}", right=" or ".join(choices))
    elif not choices and not _is_one_line(ask.correction):
        yield Fault(
            where="correction", wrong="is no line of text", right="one line that neither begins nor ends in spaces"
        )


def _is_one_line(text: str) -> bool:
    return bool(text) and text.strip() == text and text.isprintable()


def _claim_faults(text: str, made_in: SummaryResult | StrengthsResult) -> Iterator[Fault]:
    """What keeps a text from standing where the claim stands: its language, and for a strength a card's length."""
    if written_in(text) != made_in.language:
        wrong = f"is in {SCRIPTS[written_in(text)]}"
        yield Fault(where="correction", wrong=wrong, right=f"{SCRIPTS[made_in.language]}, as the claim is")
    elif any(char.isdigit() for char in text):
        right = "words without figures: the counts stand beside the claim, and change with the reviews"
        yield Fault(where="correction", wrong="holds a figure", right=right)
    elif len(text) > MAX_CORRECTION_CHARS:
        wrong = f"has {len(text):,} characters"
        yield Fault(where="correction", wrong=wrong, right=f"at most {MAX_CORRECTION_CHARS}")
    elif isinstance(made_in, StrengthsResult):
        least, most = wording.KO_CLAIM_CHARS
        words = len(text.split())
        if made_in.language == "ko" and not least <= len(text) <= most:
            yield Fault(where="correction", wrong=f"has {len(text)} characters", right=f"{least} to {most}")
        if made_in.language == "en" and words > wording.EN_CLAIM_WORDS:
            yield Fault(where="correction", wrong=f"has {words} words", right=f"at most {wording.EN_CLAIM_WORDS}")
