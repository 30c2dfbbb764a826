"""Embedders that remember vectors, beyond this process, and ask once for what many want at the same time."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from matjip.clock import Clock
from matjip.inference.answers_store import AnswersStore
from matjip.inference.embedder import Embedder, Vectors
from matjip.inference.flights import Flights
from matjip.inference.remembered import KEY_BYTES, prefix_of
from matjip.telemetry.hooks import tell
from matjip.telemetry.record import EmbeddingsRemembered, Hook

__all__ = ["RememberedEmbedders"]

SECONDS = struct.Struct("<f")  # what asking took, before the vector's own bytes
Row = NDArray[np.int8]


class RememberedEmbedders:
    """An Embedder for each tenant, around one for all: the tenant is in every key, beside a digest of the text and of whatever
    else a vector depends on (`made_by`).

    Vectors are read before anybody is asked and written before anybody is told. An error is told to those who wait for it and
    to nobody after; a row of zeros, which stands for a text that was refused, is not remembered.
    """

    def __init__(
        self,
        inner: Embedder,
        store: AnswersStore,
        *,
        made_by: str,
        clock: Clock,
        ttl_s: float,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self.name = inner.name
        self.dimensions = inner.dimensions
        self._inner = inner
        self._store = store
        self._made_by = hashlib.blake2b(made_by.encode(), digest_size=KEY_BYTES).digest()
        self._clock = clock
        self._ttl_s = ttl_s
        self._hooks = hooks
        self._flights: Flights[Row] = Flights()

    def of(self, tenant: str) -> Embedder:
        """Who embeds for this tenant."""
        return _Tenants(self, tenant)

    async def embed(self, tenant: str, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        keys = [self._key(tenant, text) for text in texts]
        wanted = dict(zip(reversed(keys), reversed(texts), strict=True))
        kept = self._read(await self._store.get(list(wanted)))
        missing = [key for key in wanted if key not in kept]
        joined = self._flights.among(missing)
        record = EmbeddingsRemembered(
            hits=len(kept),
            joined=len(joined),
            misses=len(missing) - len(joined),
            seconds_saved=sum(seconds for seconds, _ in kept.values()),
        )
        tell(self._hooks, record)
        found = await self._flights.once(missing, partial(self._ask, tenant, wanted), name="ask for vectors")
        rows = {key: row for key, (_, row) in kept.items()} | found
        return np.array([rows[key] for key in keys], np.int8).reshape(len(keys), self.dimensions)

    async def _ask(self, tenant: str, texts: Mapping[str, str], keys: Sequence[str]) -> Mapping[str, Row]:
        since = await self._store.now(prefix_of(tenant))
        began = self._clock.monotonic()
        rows = dict(zip(keys, await self._inner.embed([texts[key] for key in keys]), strict=True))
        each = SECONDS.pack((self._clock.monotonic() - began) / len(keys))
        known = {key: each + row.tobytes() for key, row in rows.items() if row.any()}
        await self._store.put(known, ttl_s=self._ttl_s, since=since)  # an erasure meanwhile may have meant these texts
        return rows

    def _read(self, entries: Mapping[str, bytes]) -> dict[str, tuple[float, Row]]:
        whole = SECONDS.size + self.dimensions
        return {
            key: (SECONDS.unpack_from(entry)[0], np.frombuffer(entry, np.int8, offset=SECONDS.size))
            for key, entry in entries.items()
            if len(entry) == whole  # anything else was written by nobody that we know
        }

    def _key(self, tenant: str, text: str) -> str:
        content = text.encode(errors="surrogatepass")
        digest = hashlib.blake2b(content, digest_size=KEY_BYTES, key=self._made_by).hexdigest()
        return f"{prefix_of(tenant)}Embedding:{self.name}:{digest}"


class _Tenants:
    """An Embedder for one tenant."""

    def __init__(self, remembered: RememberedEmbedders, tenant: str) -> None:
        self.name = remembered.name
        self.dimensions = remembered.dimensions
        self._remembered = remembered
        self._tenant = tenant

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return await self._remembered.embed(self._tenant, texts)
