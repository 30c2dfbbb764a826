"""The index on a Qdrant server, by URL; ":memory:" or a folder runs the client's own stand-in, for tests.

Words are weighed by the tenant's own statistics (`idf` with a corpus), which a server knows from version 1.19 on.
The stand-in evaluates everything in Python without indexes: meant for up to some 20,000 points.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, Self

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from matjip.errors import Busy, Misconfigured, Unavailable
from matjip.index.fused import (
    DEPTH,
    EXACT_TOTAL,
    MIN_SIMILARITY,
    NAME,
    Conditions,
    FusedIndex,
    Leg,
    Listed,
    Payload,
    Store,
    Stored,
    alias_of,
)

__all__ = ["QdrantIndex", "QdrantStore"]

TIMEOUT_S = 10  # a search takes milliseconds; a batch of points under load a second
FULL_SCAN_KB = (
    100_000  # of vectors that pass a filter (400,000 of 64 dimensions): fewer are compared one by one, exactly
)
GRAPH_LINKS = 16  # of each point, Qdrant's own default; the same within a tenant
GRAPH_CANDIDATES = 100  # looked at when a point is linked, Qdrant's own default
NOT_ALLOWED = (401, 403)
NOT_FOUND = 404
INDEXES: dict[str, models.PayloadSchemaType | models.KeywordIndexParams | models.IntegerIndexParams] = {
    "tenant": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "restaurant_id": models.PayloadSchemaType.KEYWORD,
    "language": models.PayloadSchemaType.KEYWORD,
    "source": models.PayloadSchemaType.KEYWORD,
    "said": models.PayloadSchemaType.KEYWORD,
    "rating": models.PayloadSchemaType.FLOAT,
    "created_at": models.PayloadSchemaType.INTEGER,
    "tokens": models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=True, range=False),
    "has_image": models.PayloadSchemaType.INTEGER,
}


class QdrantIndex(FusedIndex):
    """See `FusedIndex`."""

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        embedder: str,
        dimensions: int,
        api_key: str | None = None,
        name: str = NAME,
        shards: int = 1,
        replicas: int = 1,
        on_disk: bool = False,
        timeout_s: int = TIMEOUT_S,
        min_similarity: float = MIN_SIMILARITY,
        depth: int = DEPTH,
        exact_total: int = EXACT_TOTAL,
        missing: Literal["refuse", "add"] = "refuse",
    ) -> Self:
        """Reach the server and find or make the collection for vectors of this embedder.

        Other embedders' collections alone are refused (Misconfigured), or an empty one is added to them.
        """
        store = QdrantStore(
            await _client(url, api_key=api_key, timeout_s=timeout_s),
            dimensions=dimensions,
            shards=shards,
            replicas=replicas,
            on_disk=on_disk,
            remote="://" in url,
        )
        index = cls(
            store,
            alias_of(embedder, dimensions, name=name),
            dimensions=dimensions,
            min_similarity=min_similarity,
            depth=depth,
            exact_total=exact_total,
        )
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(store.close)
            await index.prepare(missing)
            on_failure.pop_all()
        return index


class QdrantStore(Store):
    """Collections of a Qdrant server."""

    def __init__(
        self,
        client: AsyncQdrantClient,
        *,
        dimensions: int,
        shards: int = 1,
        replicas: int = 1,
        on_disk: bool = False,
        remote: bool = True,
    ) -> None:
        self._client = client
        self._dimensions = dimensions
        self._shards = shards
        self._replicas = replicas
        self._on_disk = on_disk
        self._remote = remote

    async def collections(self) -> list[str]:
        """See `Store`."""
        async with _our_errors():
            return [each.name for each in (await self._client.get_collections()).collections]

    async def aliases(self) -> dict[str, str]:
        """See `Store`."""
        async with _our_errors():
            return {each.alias_name: each.collection_name for each in (await self._client.get_aliases()).aliases}

    async def create(self, collection: str) -> None:
        """See `Store`."""
        async with _our_errors():
            await self._client.create_collection(
                collection,
                vectors_config={
                    "dense": models.VectorParams(
                        size=self._dimensions, distance=models.Distance.COSINE, on_disk=self._on_disk
                    )
                },
                sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
                hnsw_config=models.HnswConfigDiff(
                    m=GRAPH_LINKS,
                    payload_m=GRAPH_LINKS,
                    ef_construct=GRAPH_CANDIDATES,
                    full_scan_threshold=FULL_SCAN_KB,
                    on_disk=self._on_disk,
                ),
                shard_number=self._shards,
                replication_factor=self._replicas,
                on_disk_payload=True,
            )
            for key, schema in INDEXES.items() if self._remote else ():
                await self._client.create_payload_index(collection, key, field_schema=schema, wait=True)

    async def drop(self, collection: str) -> None:
        """See `Store`."""
        async with _our_errors():
            await self._client.delete_collection(collection)

    async def swap(self, alias: str, collection: str) -> None:
        """See `Store`. Both operations are one request, which the server applies as one."""
        removed = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        added = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=collection, alias_name=alias)
        )
        known = alias in await self.aliases()
        async with _our_errors():
            await self._client.update_collection_aliases([removed, added] if known else [added])

    async def settle(self, collection: str) -> None:
        """Nothing to do: the server builds its graph by itself."""

    async def lists(self, name: str, legs: Sequence[Leg]) -> list[list[Listed]]:
        """See `Store`."""
        async with _our_errors():
            found = await self._client.query_batch_points(name, [_request(leg) for leg in legs])
        return [[(str(each.id), each.score, each.payload or {}) for each in one.points] for one in found]

    async def count(self, name: str, wanted: Conditions, *, exact: bool = True) -> int:
        """See `Store`."""
        async with _our_errors():
            return (await self._client.count(name, count_filter=_filter(wanted), exact=exact)).count

    async def put(self, name: str, points: Sequence[Stored]) -> None:
        """See `Store`."""
        async with _our_errors():
            await self._client.upsert(name, [_point(each) for each in points], wait=True)

    async def remove(self, name: str, ids: Sequence[str]) -> None:
        """See `Store`."""
        async with _our_errors():
            await self._client.delete(name, models.PointIdsList(points=list(ids)), wait=True)

    async def read(self, name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Payload]:
        """See `Store`."""
        async with _our_errors():
            found = await self._client.retrieve(name, list(ids), with_payload=list(fields))
        return {str(each.id): each.payload or {} for each in found}

    async def scroll(
        self, name: str, wanted: Conditions, fields: Sequence[str], *, limit: int, start: str | None
    ) -> tuple[list[Payload], str | None]:
        """See `Store`."""
        async with _our_errors():
            found, following = await self._client.scroll(
                name, _filter(wanted), limit=limit, offset=start, with_payload=list(fields)
            )
        return [each.payload or {} for each in found], None if following is None else str(following)

    async def close(self) -> None:
        """See `Store`."""
        await self._client.close()


async def _client(url: str, *, api_key: str | None, timeout_s: int) -> AsyncQdrantClient:
    async with _our_errors():
        if url == ":memory:":
            return AsyncQdrantClient(":memory:")
        if "://" not in url:
            return await asyncio.to_thread(lambda: AsyncQdrantClient(path=url))
        return AsyncQdrantClient(url=url, api_key=api_key, timeout=timeout_s, check_compatibility=False)


def _filter(wanted: Conditions) -> models.Filter:
    return models.Filter.model_validate(wanted)


def _request(leg: Leg) -> models.QueryRequest:
    sparse = models.SparseVector(indices=leg.words.indices, values=leg.words.values) if leg.words else None
    corpus = models.IdfCorpusParams(corpus=_filter(leg.corpus)) if leg.corpus else None
    return models.QueryRequest(
        query=models.NearestQuery(nearest=sparse or leg.dense or []),
        using="words" if sparse else "dense",
        filter=_filter(leg.wanted),
        limit=leg.limit,
        score_threshold=leg.at_least,
        params=models.SearchParams(idf=corpus),
        with_payload=leg.fields or False,
    )


def _point(stored: Stored) -> models.PointStruct:
    vectors: dict[str, list[float] | models.SparseVector] = {}
    if stored.dense:
        vectors["dense"] = stored.dense
    if stored.words:
        vectors["words"] = models.SparseVector(indices=stored.words.indices, values=stored.words.values)
    return models.PointStruct(id=stored.id, vector=vectors, payload=dict(stored.payload))


@asynccontextmanager
async def _our_errors() -> AsyncIterator[None]:
    """The client's errors as ours."""
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code in NOT_ALLOWED:
            raise Misconfigured("The Qdrant server refuses the key: set index.api_key.") from error
        if error.status_code == NOT_FOUND:
            raise Misconfigured("The index holds no such collection any more: run `matjip rebuild-index`.") from error
        raise Unavailable(f"The Qdrant server answered {error.status_code}.") from error
    except (ResponseHandlingException, ApiException) as error:
        raise Unavailable("The Qdrant server does not answer.") from error
    except RuntimeError as error:  # of the client's stand-in
        if "already accessed" in str(error):
            raise Busy("Another process holds the index folder.", retry_after_s=1) from error
        raise Unavailable("The index is closed.") from error
    except ValueError as error:  # of the client's stand-in
        if "not found" in str(error):
            raise Misconfigured("The index holds no such collection any more: run `matjip rebuild-index`.") from error
        raise
