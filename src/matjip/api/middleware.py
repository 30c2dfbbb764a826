"""What happens around every request: five small ASGI wrappers; their order is one list in `server.py`."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matjip.api.errors import EdgeError, problem_of, to_response
from matjip.clock import Clock, Ids
from matjip.errors import Fault, TooLarge
from matjip.telemetry.hooks import tell
from matjip.telemetry.logs import bound, logger
from matjip.telemetry.record import Hook, RequestFinished

__all__ = ["AccessLog", "BodyLimit", "ErrorBoundary", "Hardened", "RequestId"]

SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")  # what may stand in a log line and a header without escaping
UNMATCHED = "unmatched"  # the route of a path that nobody serves
QUIET = ("/health", "/metrics")  # asked every few seconds by machines: logged at debug while they succeed
LINGER_BYTES = 32 * 1_024 * 1_024  # read and thrown away of a body that is refused; beyond it the connection is cut
LINGER_S = 2.0
MAX_LENGTH_DIGITS = 18
NANOSECONDS = 1_000_000_000
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

Inner = Callable[[Scope, Receive, Send], Awaitable[None]]


class RequestId:
    """Every request has an id: the sender's if it is sane, else one of ours. It is on the answer and on every log line."""

    def __init__(self, app: ASGIApp, new_id: Ids) -> None:
        self.app = app
        self.new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        said = Headers(scope=scope).get("x-request-id", "")
        request_id = said if SANE_ID.fullmatch(said) else self.new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with bound(**{"http.request.id": request_id}):
            return await self.app(scope, receive, named)


class AccessLog:
    """One line and one record a request, with the route's template, when its last byte is handed over."""

    def __init__(self, app: ASGIApp, clock: Clock, hooks: Sequence[Hook]) -> None:
        self.app = app
        self.clock = clock
        self.hooks = hooks
        self.log = logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status = self.clock.monotonic(), 499  # 499: the client left before there was an answer

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            return await self.app(scope, receive, seen)
        finally:
            self._finish(scope, status, self.clock.monotonic() - start)

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        tell(self.hooks, RequestFinished(method=scope["method"], route=route, status=status, seconds=seconds))
        level = "error" if status >= 500 else "debug" if route.startswith(QUIET) else "info"
        fields = {
            "http.request.method": scope["method"],
            "http.response.status_code": status,
            "http.route": route,
            "url.path": scope["path"],
            "event.duration": round(seconds * NANOSECONDS),
            "client.ip": (scope.get("client") or (None,))[0],
        }
        getattr(self.log, level)("request", **fields)


class Hardened:
    """Every answer carries the security headers, unless its route set its own. HEAD is answered as GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        is_head = scope["method"] == "HEAD"

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        if not is_head:
            return await self.app(scope, receive, hardened)
        inner: MutableMapping[str, Any] = {**scope, "method": "GET"}
        try:
            return await self.app(inner, receive, hardened)
        finally:
            scope.update({key: inner[key] for key in ("route",) if key in inner})


class ErrorBoundary:
    """Whatever is not handled further in becomes a problem document; work over its time is stopped.

    The exception is logged in full and shown as one neutral sentence. After the first byte nothing can be mended:
    the exception goes on, and the server closes the connection.
    """

    def __init__(self, app: ASGIApp, clock: Clock, timeout_s: float | None) -> None:
        self.app = app
        self.clock = clock
        self.timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        failed: Exception
        try:
            async with asyncio.timeout(self.timeout_s) as limit:
                return await self.app(scope, receive, watched)
        except TimeoutError as error:
            failed = error
            if limit.expired():
                failed = EdgeError("timeout", f"The work took longer than {self.timeout_s:g} s and was stopped.")
        except Exception as error:  # noqa: BLE001 - the last place before the server
            failed = error
        problem = problem_of(failed)
        if problem.code == "internal":
            logger(__name__).error("a request failed", exc_info=failed, **{"url.path": scope["path"]})
        if started:
            raise failed
        answer = to_response(
            problem, instance=scope["path"], request_id=scope["state"]["request_id"], now=self.clock.now()
        )
        return await answer(scope, receive, send)


class BodyLimit:
    """A body is read before its route runs, and no further than the limit, whether or not its length was announced."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and (len(said) > MAX_LENGTH_DIGITS or int(said) > self.max_bytes):
            await self._linger(receive)
            raise self._too_large(f"is {said[:MAX_LENGTH_DIGITS]} bytes")
        body = await self._read(receive)
        if body is None:
            return None
        is_read = False

        async def replay() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        return await self.app(scope, replay, send)

    async def _linger(self, receive: Receive) -> None:
        """Let a client that is still sending finish, within bounds: most read the answer only then."""
        seen = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while seen < LINGER_BYTES:
                    message = await receive()
                    seen += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body; None when the client left."""
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > self.max_bytes:
                raise self._too_large(f"is over {self.max_bytes} bytes")
            if not message.get("more_body", False):
                return b"".join(pieces)

    def _too_large(self, wrong: str) -> TooLarge:
        fault = Fault(where="body", wrong=wrong, right=f"at most {self.max_bytes} bytes")
        return TooLarge(str(fault), faults=(fault,))
