"""Quotes and the reviews they stand in: what is shown, where it is marked, and what is hidden first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from matjip.analysis.result import Quote, Span
from matjip.errors import Internal
from matjip.reviews.review import Review

__all__ = ["Card", "Mask", "Passage", "Passages", "excerpt", "masked", "merged", "pieces"]

Mask = Callable[[str], str]  # hides personal data character by character, so that offsets stay true
LEAD_CHARS = 40  # shown before the first highlight of an excerpt: enough to see whom a sentence speaks of


@dataclass(frozen=True, slots=True)
class Card:
    """A cited review as a page shows it: masked text, the spans that are quoted from it, an anchor in the page."""

    anchor: str
    review: Review
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A quote as a page shows it. Without a card there is nothing to open; without a span, nothing to mark there."""

    text: str
    quote: Quote
    card: Card | None
    span: Span | None


def masked(text: str, mask: Mask) -> str:
    """The masked text; a mask that changes the length would mark the wrong words, so it is refused."""
    hidden = mask(text)
    if len(hidden) != len(text):
        raise Internal(f"the mask turned {len(text)} characters into {len(hidden)}; it must keep the length")
    return hidden


def merged(spans: Iterable[Span], length: int) -> tuple[Span, ...]:
    """The same places as spans that are in order, inside the text and apart from each other."""
    out: list[Span] = []
    inside = (Span(start=max(span.start, 0), end=min(span.end, length)) for span in spans)
    for span in sorted((span for span in inside if span.start < span.end), key=lambda span: (span.start, span.end)):
        if out and span.start <= out[-1].end:
            out[-1] = Span(start=out[-1].start, end=max(out[-1].end, span.end))
        else:
            out.append(span)
    return tuple(out)


def pieces(text: str, spans: Iterable[Span]) -> list[tuple[str, bool]]:
    """The text cut at the spans: each piece and whether it is marked; joined, they are the text."""
    out: list[tuple[str, bool]] = []
    at = 0
    for span in merged(spans, len(text)):
        out += [(text[at : span.start], False), (text[span.start : span.end], True)]
        at = span.end
    return [piece for piece in [*out, (text[at:], False)] if piece[0]]


def excerpt(text: str, spans: Iterable[Span], *, chars: int) -> list[tuple[str, bool]]:
    """At most so many characters around the first span, cut into pieces, with an ellipsis where text was left out."""
    kept = merged(spans, len(text))
    start = max(0, min(kept[0].start - LEAD_CHARS if kept else 0, len(text) - chars))
    end = min(len(text), start + chars)
    shifted = [Span(start=span.start - start, end=span.end - start) for span in kept]
    head = [("… ", False)] if start else []
    tail = [(" …", False)] if end < len(text) else []
    return [*head, *pieces(text[start:end], shifted), *tail]


class Passages:
    """The quotes of one section of a page. Only reviews that are quoted become cards."""

    def __init__(self, prefix: str, reviews: Mapping[str, Review], *, quotes: Iterable[Quote], mask: Mask) -> None:
        self._mask = mask
        self._reviews = reviews
        spans: dict[str, list[Span]] = {}
        for quote in quotes:
            if quote.review_id in reviews:
                found = spans.setdefault(quote.review_id, [])
                if self._stands(quote):
                    found.append(Span(start=quote.start, end=quote.end))
        self._cards = {
            review_id: self._card(f"{prefix}{number}", review_id, spans=found)
            for number, (review_id, found) in enumerate(spans.items(), 1)
        }

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cited reviews in the order in which they are first quoted."""
        return tuple(self._cards.values())

    def show(self, quote: Quote) -> Passage:
        """The quote as it may be seen: cut from the masked review where it still stands there."""
        card = self._cards.get(quote.review_id)
        if card is not None and self._stands(quote):
            return Passage(card.text[quote.start : quote.end], quote, card, Span(start=quote.start, end=quote.end))
        return Passage(masked(quote.text, self._mask), quote, card, None)

    def _card(self, anchor: str, review_id: str, *, spans: list[Span]) -> Card:
        review = self._reviews[review_id]
        return Card(anchor, review, masked(review.content, self._mask), merged(spans, len(review.content)))

    def _stands(self, quote: Quote) -> bool:
        """Whether the review still reads at these offsets as it was quoted."""
        there = self._reviews[quote.review_id].content[quote.start : quote.end]
        return bool(there) and (there == quote.text or (quote.masked and len(there) == len(quote.text)))
