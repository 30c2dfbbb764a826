"""An index over a store of points that ranks by itself: what the Qdrant server and Qdrant Edge have in common.

The store gives two lists, by meaning and by words, each cut at `depth`; ranks, fusion, agreement and pages are made here,
so that a score is the documented sum whatever the store is. A point's id is made of its key, its vector stands in the
payload too (so that sums are exact), and the position is a point of the same collection, written after the others.
"""

import asyncio
import base64
import math
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self, TypeVar
from zlib import crc32

import numpy as np
import orjson
from numpy.typing import NDArray

from matjip.clock import to_micros
from matjip.errors import Conflict, Fault, Misconfigured
from matjip.index.index import RRF_K, Filter, Found, Point, PointKey, Query, check_vectors, opposite
from matjip.index.words import asked_tokens, runs, token_number, tokens

__all__ = [
    "DEPTH",
    "EXACT_TOTAL",
    "MIN_SIMILARITY",
    "NAME",
    "TYPICAL_TOKENS",
    "Conditions",
    "FusedIndex",
    "Leg",
    "Listed",
    "Payload",
    "Sparse",
    "Store",
    "Stored",
    "alias_of",
]

A = TypeVar("A")
Payload = Mapping[str, object]
Conditions = dict[str, list[dict[str, object]]]  # a filter as Qdrant's REST interface writes it

FORMAT = 1  # of the payload and the token numbers; another format is another collection
DEPTH = 200  # points of a list that have a rank; the 201st would add at most 1/261 to a score, the first adds 1/61
EXACT_TOTAL = 2_000  # matches that are counted one by one, in a millisecond or two; more are estimated
MIN_SIMILARITY = 0.5  # as the exact index
TYPICAL_TOKENS = 25  # BM25's mean length: a stored weight cannot follow the true mean, which every change moves
BM25_K1 = 1.2  # how soon repeating a word stops to count; the usual value
BM25_B = 0.75  # how much a long text pays for its length; the usual value
SIMILARITY_DIGITS = 6  # float32 keeps so many; what differs below shares a rank
POINTS_PER_REQUEST = 500  # about 1 MB of JSON, far below a server's limit of 32 MB
POINTS_PER_PAGE = 1_000  # of a scroll
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "matjip:point")
POSITION_ID = str(uuid.uuid5(NAMESPACE, "position"))
NAME = "matjip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """Numbers of tokens and their weights."""

    indices: list[int]
    values: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A point as a store keeps it; a vector that is None is not stored."""

    id: str
    payload: Payload
    dense: list[float] | None = None
    words: Sparse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One list that is asked for: by a dense or by a sparse vector."""

    wanted: Conditions
    limit: int
    dense: list[float] | None = None
    words: Sparse | None = None
    at_least: float | None = None
    corpus: Conditions | None = None  # whose points tell how rare a word is
    fields: list[str] = field(default_factory=list)


Listed = tuple[str, float, Payload]  # id, score, the fields that were asked for


class Store(Protocol):
    """Collections of points, and aliases that name one each. Every change is in the store when the call returns."""

    async def collections(self) -> list[str]:
        """The names of all collections."""
        ...

    async def aliases(self) -> dict[str, str]:
        """Each alias and the collection that it names."""
        ...

    async def create(self, collection: str) -> None:
        """Make an empty collection."""
        ...

    async def drop(self, collection: str) -> None:
        """Remove a collection and the aliases that name it."""
        ...

    async def swap(self, alias: str, collection: str) -> None:
        """Let the alias name this collection from now on, at once."""
        ...

    async def settle(self, collection: str) -> None:
        """Do what makes searching it fast, now that it was filled."""
        ...

    async def lists(self, name: str, legs: Sequence[Leg]) -> list[list[Listed]]:
        """One list a leg, best first."""
        ...

    async def count(self, name: str, wanted: Conditions, *, exact: bool = True) -> int:
        """How many points pass, exactly or by what the store knows without looking at each."""
        ...

    async def put(self, name: str, points: Sequence[Stored]) -> None:
        """Store or replace points."""
        ...

    async def remove(self, name: str, ids: Sequence[str]) -> None:
        """Remove points; unknown ids are no fault."""
        ...

    async def read(self, name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Payload]:
        """The points that are there, by id."""
        ...

    async def scroll(
        self, name: str, wanted: Conditions, fields: Sequence[str], *, limit: int, start: str | None
    ) -> tuple[list[Payload], str | None]:
        """A page of points that pass and where the next begins, None after the last."""
        ...

    async def close(self) -> None:
        """Release what it holds."""
        ...


class FusedIndex:
    """See `Index`. It differs from the exact index in four things, all stated:

    - A list holds its first `depth` points. A deeper point that holds a word still counts in the total, and is still found
      where it says what is asked, but has no rank in that list; a deeper point that is only near is not counted.
    - The total is exact up to `exact_total` matches; a larger one is the store's estimate.
    - A word's rarity is the tenant's own, but a text's length is compared with a fixed typical one.
    - One process may apply changes at a time. A crash between points and position repeats the work and skips none.
    """

    def __init__(
        self,
        store: Store,
        alias: str,
        *,
        dimensions: int,
        min_similarity: float,
        depth: int,
        exact_total: int,
        begun: str | None = None,
    ) -> None:
        self._store = store
        self._alias = alias
        self._prefix = alias.partition("-")[0] + "-"  # of all collections of this installation
        self._dimensions = dimensions
        self._min_similarity = min_similarity
        self._depth = depth
        self._exact_total = exact_total
        self._begun = begun  # the collection's name while it stands beside the published one
        self._beside = begun is not None
        self._turn = asyncio.Lock()

    async def prepare(self, missing: Literal["refuse", "add"]) -> None:
        """Find the alias or, where nothing stands in its way, make an empty collection for it."""
        aliases = await self._store.aliases()
        if self._alias in aliases:
            return
        present = sorted(alias for alias in aliases if alias.startswith(self._prefix))
        if present and missing == "refuse":
            fault = Fault(
                where="the index",
                wrong="holds " + " and ".join(present),
                right=f"{self._alias}: run `matjip rebuild-index --new-embedder`",
            )
            raise Misconfigured(str(fault), faults=(fault,))
        collection = await self._next()
        await self._store.create(collection)
        await self._store.swap(self._alias, collection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Release the store; what was made beside another leaves that to it."""
        if not self._beside:
            await self._store.close()

    async def apply(
        self, upserts: Sequence[Point], deletes: Sequence[tuple[str, PointKey]], position: int, *, after: int = 0
    ) -> None:
        """See `Index.apply`. A key in both is removed, then stored; of a key twice in `upserts` the last stands."""
        check_vectors({f"points[{at}]": point.vector for at, point in enumerate(upserts)}, self._dimensions)
        stored = {_id(each.tenant, (each.restaurant_id, each.review_id)): each for each in upserts}
        removed = sorted({_id(tenant, key) for tenant, key in deletes} - stored.keys())
        async with self._turn:
            if not after <= await self.position() < position:
                return
            name = await self._name()
            for part in _parts(list(stored.items())):
                await self._store.put(name, await asyncio.to_thread(_all_stored, part))
            for ids in _parts(removed):
                await self._store.remove(name, ids)
            await self._store.put(name, [Stored(id=POSITION_ID, payload={"position": position})])

    async def position(self) -> int:
        """The log position that the collection has reached, whoever brought it there."""
        found = await self._store.read(await self._name(), [POSITION_ID], ["position"])
        return int(str(found[POSITION_ID]["position"])) if found else 0

    async def search(self, tenant: str, query: Query, *, offset: int = 0, limit: int = 10) -> tuple[list[Found], int]:
        """See `Index.search` and the class. What matches is what matches in the exact index."""
        check_vectors({"query": query.vector}, self._dimensions)
        if _nothing(query.wanted):
            return [], 0
        name = await self._name()
        asked = _Asked.of(tenant, query)
        near, held, sayers = await self._lists(name, asked)
        total = await self._total(name, asked, near, held)
        scores = _Scores.of(near, held, sayers, query)
        needed = offset + limit
        if limit < 1 or offset >= len(scores.by_id):
            return [], max(total, len(scores.by_id))
        best = scores.first(needed)
        about = await self._store.read(name, best, ["restaurant_id", "review_id", "vector", "said"])
        page = [scores.found(point_id, about[point_id], query) for point_id in best if point_id in about]
        page.sort(key=lambda hit: (-hit.score, hit.restaurant_id, hit.review_id))
        return page[offset:needed], max(total, len(scores.by_id))

    async def centroid(self, tenant: str, restaurant_id: str) -> tuple[NDArray[np.int64], int]:
        """The exact sum of a restaurant's vectors and how many they are, read point by point: none can be counted twice."""
        wanted = _conditions(tenant, Filter(restaurant_ids=frozenset({restaurant_id})))
        name = await self._name()
        total, count, start = np.zeros(self._dimensions, np.int64), 0, None
        while True:
            found, start = await self._store.scroll(name, wanted, ["vector"], limit=POINTS_PER_PAGE, start=start)
            for payload in found:
                total += _vector(payload)
            count += len(found)
            if start is None:
                return total, count

    async def count(self, tenant: str, wanted: Filter) -> int:
        """Points that pass the filter."""
        return 0 if _nothing(wanted) else await self._store.count(await self._name(), _conditions(tenant, wanted))

    async def beside(self) -> "FusedIndex":
        """See `Index.beside`. It uses this one's store, so it is closed before this one is."""
        return FusedIndex(
            self._store,
            self._alias,
            dimensions=self._dimensions,
            min_similarity=self._min_similarity,
            depth=self._depth,
            exact_total=self._exact_total,
            begun=await self._created(),
        )

    async def publish(self) -> None:
        """See `Index.publish`. Raises Conflict where another building began meanwhile and dropped this one."""
        if self._begun is None:
            return
        await self._name()
        await self._store.settle(self._begun)
        await self._replace(self._begun)
        self._begun = None

    async def forget(self, tenant: str, keys: Sequence[PointKey]) -> None:
        """See `Index.forget`."""
        ids = [_id(tenant, key) for key in keys]
        for collection in await self._store.collections():
            if collection.startswith(self._prefix):
                for part in _parts(ids):
                    await self._store.remove(collection, part)

    async def others(self) -> list[str]:
        """The aliases of other collections, as a former embedder leaves its own."""
        return sorted(
            each for each in await self._store.aliases() if each.startswith(self._prefix) and each != self._alias
        )

    async def drop_others(self) -> None:
        """Remove the other collections. A program that still searches one is told that it is gone."""
        for collection in await self._store.collections():
            if collection.startswith(self._prefix) and not self._is_mine(collection):
                await self._store.drop(collection)

    async def settle(self) -> None:
        """Do now what makes searching fast (Edge builds its graph only when told to; a server does so by itself)."""
        await self._store.settle(self._begun or (await self._store.aliases())[self._alias])

    async def _lists(self, name: str, asked: "_Asked") -> tuple[list[Listed], list[Listed], list[Listed]]:
        """What is near, what holds a word, and what of both says something asked, each to the depth."""
        legs = asked.legs(self._depth, self._min_similarity)
        if asked.said:
            legs += [asked.saying(leg) for leg in legs]
        found = iter(await self._store.lists(name, legs) if legs else [])
        near = self._near(next(found)) if asked.dense else []
        held = _rounded(next(found)) if asked.words else []
        sayers: list[Listed] = []
        if asked.said:
            sayers = self._near(next(found)) if asked.dense else []
            sayers += next(found) if asked.words else []
        return near, held, sayers

    def _near(self, found: Iterable[Listed]) -> list[Listed]:
        return [each for each in _rounded(found) if each[1] >= self._min_similarity]

    async def _total(self, name: str, asked: "_Asked", near: list[Listed], held: list[Listed]) -> int:
        if len(held) < self._depth:
            return len({point_id for point_id, _, _ in (*near, *held)})
        wanted = asked.holding()
        holders = await self._store.count(name, wanted, exact=False)
        if holders <= self._exact_total:
            holders = await self._store.count(name, wanted)
        if not near:
            return holders
        return holders + len(near) - await self._store.count(name, asked.holding([point_id for point_id, _, _ in near]))

    async def _name(self) -> str:
        """What to ask the store for: the alias, or the collection that stands beside it."""
        if self._begun is None:
            return self._alias
        if self._begun not in await self._store.collections():
            raise Conflict("Another rebuild of the index began; this one was dropped.")
        return self._begun

    async def _next(self) -> str:
        numbers = [int(each.rpartition("-")[2]) for each in await self._store.collections() if self._is_mine(each)]
        return f"{self._alias}-{max(numbers, default=0) + 1}"

    def _is_mine(self, collection: str) -> bool:
        return re.fullmatch(re.escape(self._alias) + r"-\d+", collection) is not None

    async def _created(self) -> str:
        """A new empty collection; those that were begun and never published are dropped."""
        collection = await self._next()
        published = (await self._store.aliases()).values()
        for each in await self._store.collections():
            if self._is_mine(each) and each not in published:
                await self._store.drop(each)
        await self._store.create(collection)
        return collection

    async def _replace(self, collection: str) -> None:
        before = (await self._store.aliases()).get(self._alias)
        await self._store.swap(self._alias, collection)
        if before is not None:
            await self._store.drop(before)


def alias_of(embedder: str, dimensions: int, *, name: str = NAME) -> str:
    """The name of an embedder's collection: readable, and another for every installation, embedder, size and format."""
    slug = re.sub(r"[^a-z0-9]+", "-", embedder.lower()).strip("-")[:40]
    return f"{name}-{slug}-{dimensions}-f{FORMAT}-{crc32(embedder.encode(errors='surrogatepass')):08x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A query in the store's words."""

    tenant: str
    wanted: Filter
    dense: list[float] | None
    words: Sparse | None
    stems: list[int]
    said: list[str]

    @classmethod
    def of(cls, tenant: str, query: Query) -> "_Asked":
        heaviest: dict[str, float] = {}
        for word, weight in query.words:
            for run in runs(word):
                heaviest[run.text] = max(weight, heaviest.get(run.text, 0.0))
        weights: dict[int, float] = {}
        stems = []
        for text, weight in heaviest.items():
            numbers = [token_number(token) for token in asked_tokens(text)]
            stems += numbers[:1]
            for number in numbers:
                weights[number] = weights.get(number, 0.0) + weight / len(numbers)
        return cls(
            tenant=tenant,
            wanted=query.wanted,
            dense=_direction(query.vector),
            words=Sparse(indices=list(weights), values=list(weights.values())) if weights else None,
            stems=sorted(set(stems)),
            said=list(query.said),
        )

    def legs(self, depth: int, min_similarity: float) -> list[Leg]:
        """By meaning and by words, where the query has them."""
        found = []
        fields = ["said"] if self.said else []
        if self.dense:
            wanted, floor = _conditions(self.tenant, self.wanted), min_similarity - 10**-SIMILARITY_DIGITS
            found.append(Leg(dense=self.dense, wanted=wanted, limit=depth, at_least=floor, fields=fields))
        if self.words:
            corpus = _conditions(self.tenant, Filter())
            found.append(Leg(words=self.words, wanted=self.holding(), limit=depth, corpus=corpus, fields=fields))
        return found

    def holding(self, among: Sequence[str] | None = None) -> Conditions:
        """Points that pass the filter and hold a stem; or those of these ids that hold one."""
        chosen = [{"has_id": list(among)}] if among else _conditions(self.tenant, self.wanted)["must"]
        return {"must": [*chosen, _any("tokens", self.stems)]}

    def saying(self, leg: Leg) -> Leg:
        """The same list of those that say something asked."""
        wanted: Conditions = {"must": [*leg.wanted["must"], _any("said", self.said)]}
        return Leg(
            dense=leg.dense,
            words=leg.words,
            wanted=wanted,
            limit=leg.limit,
            at_least=leg.at_least,
            corpus=leg.corpus,
            fields=leg.fields,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scores:
    """The ranks of both lists and the sum that orders the hits."""

    dense_rank: dict[str, int]
    word_rank: dict[str, int]
    similarity: dict[str, float]
    by_id: dict[str, float]

    @classmethod
    def of(cls, near: list[Listed], held: list[Listed], sayers: list[Listed], query: Query) -> "_Scores":
        dense_rank, word_rank = _ranks(near), _ranks(held)
        weights = query.weights
        by_id = {}
        for point_id, _, payload in (*near, *held, *sayers):
            if point_id in by_id:
                continue
            score = weights.dense / (RRF_K + dense_rank[point_id]) if point_id in dense_rank else 0.0
            score += weights.words / (RRF_K + word_rank[point_id]) if point_id in word_rank else 0.0
            if query.said:
                said, against = _said(payload, query)
                score += weights.said * (len(said) - len(against)) / len(query.said) / (RRF_K + 1)
            by_id[point_id] = score
        similarity = {point_id: score for point_id, score, _ in near}
        return cls(dense_rank=dense_rank, word_rank=word_rank, similarity=similarity, by_id=by_id)

    def first(self, needed: int) -> list[str]:
        """The ids of the first so many, and all that equal the last of them."""
        if len(self.by_id) <= needed:
            return list(self.by_id)
        last = sorted(self.by_id.values(), reverse=True)[needed - 1]
        return [point_id for point_id, score in self.by_id.items() if score >= last]

    def found(self, point_id: str, payload: Payload, query: Query) -> Found:
        """One hit and why."""
        said, against = _said(payload, query)
        return Found(
            restaurant_id=str(payload["restaurant_id"]),
            review_id=str(payload["review_id"]),
            score=self.by_id[point_id],
            dense_rank=self.dense_rank.get(point_id),
            dense_similarity=self.similarity.get(point_id) or _cosine(_vector(payload), query.vector),
            word_rank=self.word_rank.get(point_id),
            said=said,
            against=against,
        )


def _ranks(listed: Iterable[Listed]) -> dict[str, int]:
    """The rank of each, from 1; equals share one."""
    ranks: dict[str, int] = {}
    rank, last = 1, math.inf
    for place, (point_id, score, _) in enumerate(sorted(listed, key=lambda each: -each[1]), start=1):
        if score != last:
            rank, last = place, score
        ranks[point_id] = rank
    return ranks


def _rounded(found: Iterable[Listed]) -> list[Listed]:
    return [(point_id, round(score, SIMILARITY_DIGITS), payload) for point_id, score, payload in found]


def _said(payload: Payload, query: Query) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What it says of the asked, and of what it says the opposite alone."""
    says = payload.get("said") or ()
    assert isinstance(says, Sequence)
    said = tuple(each for each in query.said if each in says)
    return said, tuple(each for each in query.said if each not in says and opposite(each) in says)


def _stored(point_id: str, point: Point) -> Stored:
    held = Counter(map(token_number, tokens(point.text)))
    length = 1 - BM25_B + BM25_B * held.total() / TYPICAL_TOKENS
    weights = [times * (BM25_K1 + 1) / (times + BM25_K1 * length) for times in held.values()]
    payload: dict[str, object] = {
        "tenant": point.tenant,
        "restaurant_id": point.restaurant_id,
        "review_id": point.review_id,
        "vector": base64.b64encode(point.vector.tobytes()).decode(),
        "tokens": list(held),
        "rating": point.rating,
        "language": point.language,
        "source": point.source,
        "created_at": to_micros(point.created_at),
        "has_image": int(point.has_image),  # Edge's binding reads a bool as a number
        "said": sorted(point.said),
    }
    return Stored(
        id=point_id,
        payload={key: value for key, value in payload.items() if value is not None},
        dense=_direction(point.vector),
        words=Sparse(indices=list(held), values=weights) if held else None,
    )


def _all_stored(points: Iterable[tuple[str, Point]]) -> list[Stored]:
    return [_stored(point_id, point) for point_id, point in points]


def _id(tenant: str, key: PointKey) -> str:
    return str(uuid.uuid5(NAMESPACE, orjson.dumps([tenant, *key]).decode()))


def _direction(vector: NDArray[np.int8]) -> list[float] | None:
    """The vector at length 1; None of zeros, which are near nothing."""
    numbers = vector.astype(np.float32)
    length = np.linalg.norm(numbers)
    return [float(number) for number in numbers / length] if length else None


def _vector(payload: Payload) -> NDArray[np.int8]:
    return np.frombuffer(base64.b64decode(str(payload["vector"])), np.int8)


def _cosine(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    first, second = one.astype(np.float64), other.astype(np.float64)
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return round(float(first @ second) / lengths, SIMILARITY_DIGITS) if lengths else 0.0


def _nothing(wanted: Filter) -> bool:
    """Whether an empty choice lets nothing through; a store need not be asked."""
    choices = (wanted.restaurant_ids, wanted.languages, wanted.sources)
    return any(each is not None and not each for each in choices)


def _conditions(tenant: str, wanted: Filter) -> Conditions:
    must: list[dict[str, object]] = [{"key": "tenant", "match": {"value": tenant}}]
    for key, chosen in (
        ("restaurant_id", wanted.restaurant_ids),
        ("language", wanted.languages),
        ("source", wanted.sources),
    ):
        if chosen is not None:
            must.append(_any(key, sorted(chosen)))
    rating = {"gte": wanted.rating_min, "lte": wanted.rating_max}
    created_at = {
        "gte": to_micros(wanted.since) if wanted.since else None,
        "lt": to_micros(wanted.until) if wanted.until else None,
    }
    for key, bounds in (("rating", rating), ("created_at", created_at)):
        if any(bound is not None for bound in bounds.values()):
            must.append({"key": key, "range": {name: bound for name, bound in bounds.items() if bound is not None}})
    if wanted.has_image is not None:
        must.append({"key": "has_image", "match": {"value": int(wanted.has_image)}})
    return {"must": must}


def _any(key: str, values: Sequence[str] | Sequence[int]) -> dict[str, object]:
    return {"key": key, "match": {"any": list(values)}}


def _parts(items: Sequence[A]) -> list[Sequence[A]]:
    return [items[at : at + POINTS_PER_REQUEST] for at in range(0, len(items), POINTS_PER_REQUEST)]
