"""Tokens counted by the servers that serve the model: vLLM's `/tokenize`. Each text is asked about once."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aiohttp
import orjson
from pydantic import BaseModel, ValidationError

from matjip.clock import Clock
from matjip.errors import Fault, Misconfigured
from matjip.inference.breaker import BreakerSettings, Gate
from matjip.inference.failure import ModelFailure
from matjip.inference.open import ModelSettings
from matjip.inference.tokens import Estimated
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import logger
from matjip.telemetry.record import Hook, TokensCounted

__all__ = ["Served"]

KEY_BYTES = 16  # 128 bits: two texts do not meet
ENTRIES = 50_000  # about 200 bytes each: 10 MB at most
AT_ONCE = 16  # texts that are asked about at the same time: the API counts one a request
TIMEOUT_S = (
    2.0  # a server counts a review in a millisecond; one that takes longer has other troubles, and we an estimate
)
REST_S = 10.0  # after a failure it is not asked for so long: no prompt must wait for what the last one waited for
OK = 200
NO_SUCH_ADDRESS = frozenset((404, 405))


class Served:
    """A `TokenCounter` that counts as the server does; use it as a context manager, which holds the connections.

    While no server answers, an estimate that errs on the high side stands in: `is_estimate` and the hooks say so. An estimate
    is not remembered. Of a text only a digest is kept, beside its count.
    """

    def __init__(
        self, settings: ModelSettings, *, clock: Clock, hooks: Sequence[Hook] = (), entries: int = ENTRIES
    ) -> None:
        rest = BreakerSettings(failures=1, pause_s=REST_S)
        self._settings = settings
        self._gates = {url: Gate(rest, clock) for url in settings.urls}
        self._hooks = hooks
        self._entries = entries
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._estimated = Estimated()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.is_estimate = False  # the last count, or a part of it

    @property
    def name(self) -> str:
        return self._estimated.name if self.is_estimate else f"served/{self._settings.name}"

    async def __aenter__(self) -> Self:
        key = self._settings.api_key
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else None,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=self._settings.connect_timeout_s),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def verify(self) -> None:
        """Raises Misconfigured where a server answers that cannot count. One that is away may come, and is no fault."""
        for url in self._gates:
            try:
                status, _ = await self._post(url, "")
            except ModelFailure as failure:
                logger(__name__).warning("tokens are estimated until a server counts them", reason=failure.message)
                continue
            if status in NO_SUCH_ADDRESS:
                wrong = f"is server, while {url} knows no /tokenize, or no model {self._settings.name}"
                fault = Fault(
                    where="asking.tokenizer", wrong=wrong, right="a tokenizer.json's path, or nothing for an estimate"
                )
                raise Misconfigured(str(fault), faults=(fault,))

    async def count(self, texts: Sequence[str]) -> list[int]:
        """See `TokenCounter.count`. Never fails."""
        asked = {_digest(text): text for text in texts}
        counts = {key: self._known[key] for key in asked if key in self._known}
        missing = [key for key in asked if key not in counts]
        found = dict(zip(missing, await asyncio.gather(*(self._count(asked[key]) for key in missing)), strict=True))
        served = {key: tokens for key, tokens in found.items() if tokens is not None}
        left = [key for key in missing if key not in served]
        self.is_estimate = bool(left)
        for by, items in (("server", len(served)), ("memory", len(counts)), ("estimate", len(left))):
            if items:
                tell(self._hooks, TokensCounted(by=by, texts=items))
        estimated = dict(zip(left, await self._estimated.count([asked[key] for key in left]), strict=True))
        counts |= served
        self._remember(counts)
        counts |= estimated
        return [counts[_digest(text)] for text in texts]

    async def _count(self, text: str) -> int | None:
        """None where no server says."""
        if not text:
            return 0
        async with self._turns:
            for url, gate in self._gates.items():
                if gate.admits():
                    try:
                        with gate.passing():
                            return self._read(*await self._post(url, text))
                    except ModelFailure:
                        continue
        return None

    async def _post(self, url: str, text: str) -> tuple[int, bytes]:
        clean = text.encode(errors="replace").decode()  # half a surrogate pair has no bytes to send
        asked = {"model": self._settings.name, "prompt": clean, "add_special_tokens": False}
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(
                f"{url}/tokenize", data=orjson.dumps(asked), headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except TimeoutError as error:
            raise ModelFailure(
                f"The model server did not count within {TIMEOUT_S:g} s.", reason="total_timeout"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelFailure("The model server does not answer.", reason="lost") from error

    def _read(self, status: int, body: bytes) -> int:
        if status != OK:
            raise ModelFailure(f"The model server answered {status} where it was to count.", reason="server_error")
        try:
            return _Counted.model_validate_json(body).count
        except ValidationError:
            raise ModelFailure(
                "The model server answered with something else than a count.", reason="malformed"
            ) from None

    def _remember(self, counts: dict[bytes, int]) -> None:
        for key, tokens in counts.items():
            self._known[key] = tokens
            self._known.move_to_end(key)
        while len(self._known) > self._entries:
            self._known.popitem(last=False)


class _Counted(BaseModel):
    count: int


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()
