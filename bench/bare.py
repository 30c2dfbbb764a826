"""The least that a FastAPI handler does to have a model judge one review: the same call as the product's, and its answer read.

`python -m bench.bare URL` serves until it is ended and prints its address. No validation, no log, no record, no middleware.
"""

import socket
import sys
from typing import Any

import aiohttp
import orjson
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response

from bench.upstream import MODEL
from matjip.inference.prompts.sentiment import SENTIMENT

FENCE = "bareword"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "sentiment", "schema": SENTIMENT.schema(1), "strict": True}}
DATA = b"data: "
DONE = b"[DONE]"


def create_app(url: str) -> FastAPI:
    app = FastAPI()
    address = f"{url}/v1/chat/completions"

    @app.post("/json")
    async def ask(request: Request) -> Response:
        async with app.state.session.post(address, data=_asked(await request.body())) as response:
            found = orjson.loads(await response.read())
        return _answered(found["choices"][0]["message"]["content"])

    @app.post("/stream")
    async def ask_streaming(request: Request) -> Response:
        asked = _asked(await request.body(), stream=True, stream_options={"include_usage": True})
        chunks, has_token = [], False
        async with app.state.session.post(address, data=asked) as response:
            async for chunk in response.content.iter_any():
                has_token = has_token or b'"content":"{' in chunk  # what is seen of a first token
                chunks.append(chunk)
        lines = (line[len(DATA) :] for line in b"".join(chunks).splitlines() if line.startswith(DATA))
        events = [orjson.loads(line) for line in lines if line != DONE]
        return _answered("".join(choice["delta"].get("content", "") for each in events for choice in each["choices"]))

    return app


def _asked(body: bytes, **said: object) -> bytes:
    review = orjson.loads(body)["reviews"][0]["content"]
    user = f"<<<{FENCE}\n[1] {review}\n{FENCE}>>>\n위 1개에 JSON으로 답하라."
    messages = [{"role": "system", "content": SENTIMENT.instructions["ko"]}, {"role": "user", "content": user}]
    return orjson.dumps(
        {"model": MODEL, "messages": messages, "max_tokens": 44, "temperature": 0, "response_format": SCHEMA, **said}
    )


def _answered(text: str) -> Response:
    item: dict[str, Any] = orjson.loads(text)["items"][0]
    return Response(orjson.dumps({"label": item["label"]}), media_type="application/json")


async def _serve(url: str) -> None:
    app = create_app(url)
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as session:
        app.state.session = session
        config = uvicorn.Config(app, http="httptools", log_config=None, access_log=False, lifespan="off")
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
