"""An answer that may be long in coming: signs of life meanwhile, and no work for a caller that has left."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

__all__ = ["BEAT_S", "Awaited"]

BEAT_S = 1.0
BEAT = b"\n"  # JSON may begin with any number of them


class Awaited(Response):
    """What `work` answers. Where that takes longer than a beat it begins with 200 and blank lines, one a beat, and only its body
    tells how it ended. When the caller leaves, the work is cancelled.
    """

    def __init__(self, work: Callable[[], Awaitable[Response]]) -> None:
        super().__init__(media_type="application/json")
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        working, leaving = asyncio.ensure_future(self._work()), asyncio.create_task(_left(receive))
        has_begun = False
        try:
            while not (await _first_of(working, leaving) or leaving.done()):
                if not has_begun:
                    headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                    has_begun = True
                await send({"type": "http.response.body", "body": BEAT, "more_body": True})
            if not working.done():
                return
            answer = working.result()
            if has_begun:
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await answer(scope, receive, send)
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)


async def _first_of(working: asyncio.Future[Response], leaving: asyncio.Task[None]) -> bool:
    """Wait a beat at most. Whether the work is done."""
    await asyncio.wait((working, leaving), timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
    return working.done()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
