"""What an analysis reads and cites: an immutable snapshot, what the judge said of it, and quotes that are exact substrings."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import orjson

from matjip.analysis.ask import InlineReview
from matjip.analysis.result import Counts, Quote, Window
from matjip.inference.task import Aspect, Mention, Polarity, Sentiment, Verdict
from matjip.reviews.review import Review

__all__ = [
    "Judged",
    "LanguageOf",
    "Mask",
    "NearDuplicates",
    "Place",
    "Snapshot",
    "SnapshotReview",
    "from_inline",
    "from_record",
    "quote_span",
    "units",
]

LanguageOf = Callable[[str], str]
Mask = Callable[[str], str]  # personal data replaced character by character: the length stays
NearDuplicates = Callable[[Sequence[str]], list[int | None]]  # the earlier text that each one almost repeats
Reviewer = tuple[str, ...]

HASH_BYTES = 16  # 128 bits: no two snapshots of one service will ever meet
SENTENCE_END = re.compile(r"[.!?。…~]+[\"'”’)]*(?=\s|$)|[\n\r]+|(?<=[ㅋㅎㅠㅜ])\s")
RECENT_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LEGIBLE = 0.7  # of a quote's letters and digits: with more of them masked it is not shown
GOOD_QUOTE_CHARS = (12, 60)  # shorter says little, longer is not read on a card


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReview:
    """One review as the analyses see it, wherever it came from."""

    id: str
    content: str
    author: str | None
    rating: float | None
    created_at: datetime | None
    language: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The reviews that one analysis reads; they do not change under it."""

    tenant: str
    restaurant_id: str
    reviews: tuple[SnapshotReview, ...]  # inside the window
    available: int  # before the window
    revision: int  # of the restaurant when they were read; 0 for inline reviews
    as_of: datetime
    window: Window
    inline: bool
    fingerprint: str  # of the reviews inside the window: equal for equal ones

    def hash(self, *also: str) -> str:
        """Equal for equal reviews, window and `also` (engine, language, version): the name of what an analysis would say."""
        window = self.window.model_dump(mode="json")
        head = [self.tenant, self.restaurant_id, window, self.available, self.fingerprint, *also]
        return hashlib.blake2b(orjson.dumps(head), digest_size=HASH_BYTES).hexdigest()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(review.content for review in self.reviews)


@dataclass(frozen=True, slots=True)
class Place:
    """One mention and the review, by its number in the snapshot, that holds it."""

    review: int
    mention: Mention


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A snapshot and what was found in each of its reviews, in the reviews' order."""

    snapshot: Snapshot
    sentiments: tuple[Verdict[Sentiment], ...]
    mentions: tuple[tuple[Mention, ...], ...]
    duplicates: tuple[int | None, ...]
    units: tuple[int, ...]  # reviews of one author, or that almost repeat each other, share a number
    judge: str = ""  # the name of whoever was asked
    tokens: int = 0  # of a language model, spent on this judging

    @property
    def considered(self) -> int:
        return len(self.snapshot.reviews)

    @property
    def is_degraded(self) -> bool:
        """Whether another judge stood in for one that was asked and did not answer."""
        return any(verdict.instead_of is not None for verdict in self.sentiments)

    @property
    def no_room_s(self) -> int | None:
        """Seconds until the model may have the room that it had not; None where that is not why another stood in."""
        return max((verdict.no_room_s for verdict in self.sentiments if verdict.no_room_s is not None), default=None)

    def support(self, reviews: Iterable[int]) -> int:
        """How many independent voices these reviews are: distinct authors where known, near-duplicates once."""
        return len({self.units[review] for review in reviews})

    def places(self, aspect: Aspect | None = None, polarity: Polarity | None = None) -> Sequence[Place]:
        """Where the aspect is praised or blamed, in the reviews' order."""
        return self._places.get((aspect, polarity), ())

    @cached_property
    def _places(self) -> dict[tuple[Aspect | None, Polarity | None], list[Place]]:
        found: dict[tuple[Aspect | None, Polarity | None], list[Place]] = {}
        for review, mentions in enumerate(self.mentions):
            for mention in mentions:
                place = Place(review, mention)
                for aspect in (None, mention.aspect):
                    for polarity in (None, mention.polarity):
                        found.setdefault((aspect, polarity), []).append(place)
        return found

    def counts(self) -> Counts:
        authors = {review.author for review in self.snapshot.reviews} - {None}
        return Counts(
            available=self.snapshot.available,
            considered=self.considered,
            authors=len(authors) or None,
            near_duplicates=sum(original is not None for original in self.duplicates),
        )

    def quotes(
        self, places: Iterable[Place], *, mask: Mask, limit: int, max_chars: int, spent: set[int] | None = None
    ) -> tuple[Quote, ...]:
        """The best words behind a statement: one quote a voice, the readable and recent first, none said twice.

        Reviews in `spent` were quoted before and come last; those quoted here are added to it.
        """
        spent = set() if spent is None else spent
        chosen: list[Quote] = []
        voices: set[int] = set()
        texts: set[str] = set()
        bare: tuple[Quote, ...] = ()
        for place, span in self._ranked(places, max_chars, spent):
            text = self.snapshot.reviews[place.review].content[slice(*span)]
            said = "".join(filter(str.isalnum, text)) or text
            if self.units[place.review] in voices or said in texts or (chosen and self._is_doubtful(place, span)):
                continue
            quote = _quote(self.snapshot.reviews[place.review], span, mask)
            if sum(map(str.isalnum, quote.text)) < LEGIBLE * sum(map(str.isalnum, text)):
                bare = bare or (quote,)  # what the mask leaves of it says little: shown only where nothing else is
                continue
            voices.add(self.units[place.review])
            texts.add(said)
            spent.add(place.review)
            chosen.append(quote)
            if len(chosen) == limit:
                break
        return tuple(chosen) or bare

    def _is_doubtful(self, place: Place, span: tuple[int, int]) -> bool:
        """Whether the quote also says the opposite, or its review as a whole does: shown only where nothing else is."""
        start, end = span
        opposite = "negative" if place.mention.polarity == "positive" else "positive"
        return self.sentiments[place.review].answer.label == opposite or any(
            other.polarity != place.mention.polarity and other.start < end and other.end > start
            for other in self.mentions[place.review]
        )

    def _ranked(self, places: Iterable[Place], max_chars: int, spent: set[int]) -> list[tuple[Place, tuple[int, int]]]:
        def rank(item: tuple[Place, tuple[int, int]]) -> tuple[bool, bool, bool, bool, bool, float, int]:
            place, (start, end) = item
            review = self.snapshot.reviews[place.review]
            doubtful = self._is_doubtful(place, (start, end))
            readable = GOOD_QUOTE_CHARS[0] <= end - start <= GOOD_QUOTE_CHARS[1]
            age = -(review.created_at or RECENT_FIRST).timestamp()
            unnamed = place.mention.target is None
            guessed = place.mention.opinion is None  # no word says it: shown only where nothing else is
            return guessed, doubtful, place.review in spent, unnamed, not readable, age, place.review

        spans = (
            (place, quote_span(self.snapshot.reviews[place.review].content, place.mention, max_chars=max_chars))
            for place in places
        )
        return sorted(spans, key=rank)


def from_record(
    reviews: Sequence[Review],
    *,
    tenant: str,
    restaurant_id: str,
    revision: int,
    as_of: datetime,
    window: Window,
    language_of: LanguageOf,
) -> Snapshot:
    """The stored reviews inside the window."""
    seen = [
        SnapshotReview(
            id=review.id,
            content=review.content,
            author=review.author_id,
            rating=review.rating,
            created_at=review.created_at,
            language=review.language or language_of(review.content),
            source=review.source,
        )
        for review in reviews
    ]
    return _snapshot(
        seen, tenant=tenant, restaurant_id=restaurant_id, revision=revision, as_of=as_of, window=window, inline=False
    )


def from_inline(
    reviews: Sequence[InlineReview],
    *,
    tenant: str,
    restaurant_id: str,
    as_of: datetime,
    window: Window,
    language_of: LanguageOf,
) -> Snapshot:
    """The reviews that came with the question, inside the window."""
    seen = [
        SnapshotReview(
            id=review.id,
            content=review.content,
            author=review.author_id,
            rating=review.rating,
            created_at=review.created_at,
            language=review.language or language_of(review.content),
            source=review.source,
        )
        for review in reviews
    ]
    return _snapshot(
        seen, tenant=tenant, restaurant_id=restaurant_id, revision=0, as_of=as_of, window=window, inline=True
    )


def units(authors: Sequence[str | None], duplicates: Sequence[int | None]) -> tuple[int, ...]:
    """Which reviews are one voice: the same known author, or a text that almost repeats an earlier one."""
    voice = list(range(len(authors)))

    def first(review: int) -> int:
        while voice[review] != review:
            voice[review] = voice[voice[review]]
            review = voice[review]
        return review

    by_author: dict[str, int] = {}
    for review, (author, original) in enumerate(zip(authors, duplicates, strict=True)):
        if author is not None:
            voice[first(review)] = first(by_author.setdefault(author, review))
        if original is not None:
            voice[first(review)] = first(original)
    return tuple(first(review) for review in range(len(voice)))


def quote_span(text: str, mention: Mention, *, max_chars: int) -> tuple[int, int]:
    """The sentence around a mention, or as many whole words around it as fit."""
    start, end = _sentence(text, mention.start, mention.end)
    if end - start > max_chars:
        start, end = _words_around(text, (mention.start, mention.end), (start, end), max_chars)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    low, high = 0, len(text)
    for match in SENTENCE_END.finditer(text):
        if match.end() <= start:
            low = match.end()
        elif match.end() >= end:
            high = match.end()
            break
    return low, high


def _words_around(text: str, mention: tuple[int, int], sentence: tuple[int, int], max_chars: int) -> tuple[int, int]:
    """Grow from the mention, word by word, first to the right (a Korean sentence ends with what it says)."""
    start, end = mention
    if end - start >= max_chars:
        return start, start + max_chars
    words = [match.span() for match in re.finditer(r"\S+", text[sentence[0] : sentence[1]])]
    spans = [(low + sentence[0], high + sentence[0]) for low, high in words]
    for low, high in spans:  # the words that the mention cuts
        if low < start < high and end - low <= max_chars:
            start = low
        if low < end < high and high - start <= max_chars:
            end = high
    for _, high in spans:
        if high > end and high - start <= max_chars * 3 // 4:
            end = high
    for low, _ in reversed(spans):
        if low < start and end - low <= max_chars:
            start = low
    return start, end


def _quote(review: SnapshotReview, span: tuple[int, int], mask: Mask) -> Quote:
    start, end = span
    masked = mask(review.content)  # of the whole text: a number that the span cuts is masked too
    assert len(masked) == len(review.content), "a mask keeps the length"
    return Quote(
        review_id=review.id,
        text=masked[start:end],
        start=start,
        end=end,
        created_at=review.created_at,
        rating=review.rating,
        language=review.language,
        masked=masked[start:end] != review.content[start:end],
    )


def _snapshot(
    seen: Sequence[SnapshotReview],
    *,
    tenant: str,
    restaurant_id: str,
    revision: int,
    as_of: datetime,
    window: Window,
    inline: bool,
) -> Snapshot:
    inside = tuple(review for review in seen if _is_inside(review, window))
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for review in inside:
        digest.update(repr(review).encode(errors="surrogatepass"))
    return Snapshot(
        tenant=tenant,
        restaurant_id=restaurant_id,
        reviews=inside,
        available=len(seen),
        revision=revision,
        as_of=as_of,
        window=window,
        inline=inline,
        fingerprint=digest.hexdigest(),
    )


def _is_inside(review: SnapshotReview, window: Window) -> bool:
    dated = window.since is not None or window.until is not None
    if dated and review.created_at is None:
        return False  # a review without a date is in no span of time
    at = review.created_at or RECENT_FIRST
    return (
        (window.since is None or at >= window.since)
        and (window.until is None or at < window.until)
        and (not window.languages or review.language in window.languages)
        and (not window.sources or review.source in window.sources)
    )
