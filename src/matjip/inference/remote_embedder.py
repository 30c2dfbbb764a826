"""Texts to vectors by a model behind the OpenAI-compatible embeddings API, as vLLM and others serve it."""

import asyncio
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
import numpy as np
import orjson
from numpy.typing import NDArray

from matjip.clock import Clock
from matjip.errors import Fault, Invalid, MatjipError, Misconfigured
from matjip.inference.breaker import BreakerSettings, Gate
from matjip.inference.embedder import Vectors, unit_vectors
from matjip.inference.embedders import EmbedderSettings, Role
from matjip.inference.embeddings import read_rows, wrong_dimensions
from matjip.inference.failure import ModelFailure
from matjip.inference.openai import retry_after_s
from matjip.inference.packing import cut, pack
from matjip.inference.stream import REFUSES_THE_PROMPT
from matjip.inference.tokens import Estimated
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import logger
from matjip.telemetry.record import EmbeddingsEnded, Hook, ItemsDropped, ReviewCut

__all__ = ["EmbeddingServers", "RemoteEmbedder"]

SERVER = "The embedding server"  # as its faults begin
TASK = "embedding"  # as its metrics call it
KNOWN_TEXT = "국물이 진하고 맛있어요"  # whoever embeds none of this is not held up by the one text that was asked about
OK = 200
BUSY = 429
SERVER_ERROR = 500
NO_KEY = frozenset((401, 403))
HINTS = {401: ": set embedder.api_key", 403: ": set embedder.api_key", 404: ": it serves no embedder.name"}
RIGHT = {
    "embedder.api_key": "the server's key",
    "embedder.name": "the name of an embedding model, as the server's /v1/models has it",
}
REST_AFTER_FAILURES = 1  # a search must not find out again what the last one found out
SPECIAL_TOKENS = 8  # that a model puts around a text; the usual ones put 1 to 3
SHORTEST_CHARS = 32  # a text that is refused at this length is not refused for its length
NAMED_BYTES = 4  # of the digest of a prefix in an embedder's name
KEEP_IDLE_S = 3.0  # as to a model: vLLM's server closes an idle connection after 5 s
Rows = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class _Server:
    url: str
    gate: Gate
    in_flight: int = 0
    waits_until: float = 0.0  # it asked not to be asked before

    @contextmanager
    def working(self) -> Iterator[None]:
        self.in_flight += 1
        try:
            with self.gate.passing():
                yield
        finally:
            self.in_flight -= 1


class _Answer(NamedTuple):
    status: int
    body: bytes
    retry_after: str


class EmbeddingServers:
    """Servers of one model; use it as a context manager, which holds the connections.

    The one with the fewest requests in flight is asked, and another where that one fails. One that failed is not asked until
    it has rested or its Retry-After is over, then by a single request. Fails closed: while all rest, a call is refused at once, with when to come back.
    """

    def __init__(self, settings: EmbedderSettings, *, clock: Clock, hooks: Sequence[Hook] = ()) -> None:
        rest = BreakerSettings(failures=REST_AFTER_FAILURES, pause_s=settings.rest_s)
        self._settings = settings
        self._clock = clock
        self._hooks = hooks
        self._servers = tuple(_Server(url, Gate(rest, clock)) for url in settings.urls)

    async def __aenter__(self) -> Self:
        key = self._settings.api_key
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_IDLE_S),  # whoever embeds bounds itself
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def verify(self) -> None:
        """Ask every server for one vector. Raises Misconfigured where one answers, but not as the settings have it."""
        await asyncio.gather(*(self._verify(server) for server in self._servers))

    async def rows(self, texts: Sequence[str], *, timeout_s: float) -> Rows:
        """One row a text. Raises ModelFailure where no server gives them, and Invalid where one refuses these texts."""
        now = self._clock.monotonic()
        servers = [each for each in self._servers if each.gate.admits() and each.waits_until <= now]
        if not servers:
            wait_s = min(max(each.gate.wait_s(), math.ceil(each.waits_until - now)) for each in self._servers)
            raise ModelFailure(
                f"{SERVER} failed and is left alone for {wait_s} s.", reason="left_alone", retry_after_s=wait_s
            )
        servers.sort(key=lambda server: server.in_flight)
        for server in servers[:-1]:
            try:
                return await self._seen(server, texts, timeout_s)
            except ModelFailure:
                continue
        return await self._seen(servers[-1], texts, timeout_s)

    async def _seen(self, server: _Server, texts: Sequence[str], timeout_s: float) -> Rows:
        """One request, which is recorded when it ends."""
        began, outcome = self._clock.monotonic(), "cancelled"
        try:
            with server.working():
                rows = self._read(await self._post(server, texts, timeout_s), len(texts))
            outcome = "ok"
        except ModelFailure as failure:
            outcome = failure.reason
            server.waits_until = self._clock.monotonic() + (failure.retry_after_s or 0)
            raise
        except MatjipError as error:
            outcome = error.code
            raise
        finally:
            seconds = self._clock.monotonic() - began
            tell(self._hooks, EmbeddingsEnded(outcome=outcome, texts=len(texts), seconds=seconds))
        return rows

    async def _post(self, server: _Server, texts: Sequence[str], timeout_s: float) -> _Answer:
        asked = {"model": self._settings.name, "input": list(texts), "encoding_format": "float"}
        try:
            async with self._session.post(
                f"{server.url}/v1/embeddings",
                data=orjson.dumps(asked),
                headers={"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=self._settings.connect_timeout_s),
                allow_redirects=False,
            ) as answer:
                return _Answer(answer.status, await answer.read(), answer.headers.get("Retry-After", ""))
        except TimeoutError as error:
            raise ModelFailure(f"{SERVER} did not answer within {timeout_s:g} s.", reason="total_timeout") from error
        except aiohttp.ClientConnectorError as error:
            raise ModelFailure(f"{SERVER} does not accept connections.", reason="refused") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelFailure("The connection to the embedding server broke.", reason="lost") from error

    def _read(self, answer: _Answer, count: int) -> Rows:
        status, right = answer.status, self._settings.dimensions or 0
        if status == OK:
            rows = read_rows(answer.body, count, server=SERVER)
            if rows.shape[1] != right:
                raise wrong_dimensions(rows.shape[1], right, server=SERVER, setting="embedder.dimensions")
            return rows
        if status in REFUSES_THE_PROMPT:
            raise Invalid(f"{SERVER} refused a text ({status}).")
        told = f"{SERVER} answered {status}"
        wait_s = retry_after_s(answer.retry_after, self._clock.now())
        if status == BUSY:
            raise ModelFailure(f"{told}.", reason="busy", retry_after_s=wait_s)
        if status >= SERVER_ERROR:
            raise ModelFailure(f"{told}.", reason="server_error", retry_after_s=wait_s)
        raise ModelFailure(f"{told}{HINTS.get(status, '')}.", reason="not_allowed")

    async def _verify(self, server: _Server) -> None:
        try:
            answer = await self._post(server, [KNOWN_TEXT], self._settings.query_timeout_s)
            fault = self._fault(answer, server.url)
        except ModelFailure as failure:
            logger(__name__).warning(
                "an embedding server is not well at the start", url=server.url, reason=failure.message
            )
            return
        if fault:
            raise Misconfigured(str(fault), faults=(fault,))

    def _fault(self, answer: _Answer, url: str) -> Fault | None:
        """What of the settings is not as the server has it. Raises ModelFailure where the server is to blame."""
        if answer.status in REFUSES_THE_PROMPT | HINTS.keys():
            where = "embedder.api_key" if answer.status in NO_KEY else "embedder.name"
            return Fault(
                where=where, wrong=f"is not what {url} takes (it answered {answer.status})", right=RIGHT[where]
            )
        if answer.status != OK:
            self._read(answer, 1)
        found, right = read_rows(answer.body, 1, server=SERVER).shape[1], self._settings.dimensions
        wrong = f"is {right}, while {self._settings.name} at {url} answers vectors of {found}"
        return None if found == right else Fault(where="embedder.dimensions", wrong=wrong, right=str(found))


class RemoteEmbedder:
    """An Embedder over embedding servers, of documents or of queries: some models want another prefix before each.

    A text that is longer than the model reads is cut at a sentence's end, by an estimate of its tokens that errs on the high
    side; where a server refuses a text all the same, shorter and shorter beginnings are asked for, and what is refused whatever
    its length gets a row of zeros. Both are told to the hooks.
    """

    def __init__(
        self, servers: EmbeddingServers, settings: EmbedderSettings, *, role: Role, hooks: Sequence[Hook] = ()
    ) -> None:
        is_query = role == "query"
        self._servers = servers
        self._settings = settings
        self._prefix = settings.query_prefix if is_query else settings.document_prefix
        self._timeout_s = settings.query_timeout_s if is_query else settings.timeout_s
        self._hooks = hooks
        self._counter = Estimated()
        self._turns = asyncio.Semaphore(settings.at_once)

    @property
    def name(self) -> str:
        """The model's, with a sign of the documents' prefix: whatever an index's vectors depend on."""
        prefix = self._settings.document_prefix
        sign = blake2b(prefix.encode(), digest_size=NAMED_BYTES).hexdigest() if prefix else ""
        return f"{self._settings.name}+{sign}" if sign else self._settings.name

    @property
    def dimensions(self) -> int:
        return self._settings.dimensions or 0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. Raises ModelFailure, which is Unavailable, where no server answers."""
        vectors = np.zeros((len(texts), self.dimensions), np.int8)
        places = [place for place, text in enumerate(texts) if text.strip()]
        shown = [await self._shown(texts[place]) for place in places]
        packs = pack(
            await self._counter.count(shown), room=self._settings.batch_tokens, most=self._settings.batch_texts
        )
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._rows(shown[each.start : each.stop])) for each in packs]
        except ExceptionGroup as errors:  # the first failure cancelled the others
            raise errors.exceptions[0] from None
        for each, one in zip(packs, asked, strict=True):
            vectors[[places[at] for at in each]] = unit_vectors(one.result())
        return vectors

    async def _shown(self, text: str) -> str:
        """What the model reads: the prefix, and as much of the text as fits."""
        whole = text.encode(errors="replace").decode()  # half a surrogate pair has no bytes to send
        taken, size = await self._counter.count([self._prefix, whole])
        room = self._settings.max_tokens - SPECIAL_TOKENS - taken
        if size <= room:
            return self._prefix + whole
        kept = await cut(whole, self._counter, room=room)
        tell(self._hooks, ReviewCut(task=TASK, chars=len(whole), kept_chars=len(kept)))
        return self._prefix + kept

    async def _rows(self, texts: Sequence[str]) -> Rows:
        try:
            async with self._turns:
                return await self._servers.rows(texts, timeout_s=self._timeout_s)
        except Invalid:
            if len(texts) == 1:
                return await self._shorter(texts[0])
        half = len(texts) // 2
        return np.concatenate([await self._rows(texts[:half]), await self._rows(texts[half:])])

    async def _shorter(self, text: str) -> Rows:
        """The row of a beginning of a text that was refused; zeros where nothing of it is taken.

        Raises ModelFailure where the servers refuse a text that nothing is wrong with.
        """
        try:
            await self._servers.rows([KNOWN_TEXT], timeout_s=self._timeout_s)
        except Invalid as error:
            raise ModelFailure(
                f"{SERVER} refuses every text: does embedder.name embed any?", reason="not_allowed"
            ) from error
        kept = text[: len(text) // 2]
        while len(kept) >= SHORTEST_CHARS:
            try:
                rows = await self._servers.rows([kept], timeout_s=self._timeout_s)
            except Invalid:
                kept = kept[: len(kept) // 2]
            else:
                tell(self._hooks, ReviewCut(task=TASK, chars=len(text), kept_chars=len(kept)))
                return rows
        tell(self._hooks, ItemsDropped(task=TASK, reason="refused", items=1))
        return np.zeros((1, self.dimensions))
