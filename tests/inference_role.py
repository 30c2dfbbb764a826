"""The role `inference` in this process and on a real port, before scripted model servers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from matjip.api.server import create_app, server_config
from matjip.api.service import InferenceService
from matjip.app import Inference, listen, open_inference
from matjip.settings import load
from tests.unit.inference.models import until

KEY = "a key of the fleet"


@dataclass(slots=True)
class Role:
    """A running role."""

    url: str
    inference: Inference
    server: uvicorn.Server
    listening: socket.socket


@asynccontextmanager
async def owning(*urls: str, key: str | None = KEY, port: int = 0, **sections: object) -> AsyncIterator[Role]:
    """Who owns the engines at these addresses, until the end of the block."""
    about = dict(sections.pop("model", {}))  # type: ignore[call-overload]
    model = {"urls": list(urls), "name": "fake/1"} | about
    settings = load({}, root=Path(), role="inference", model=model, remote={"key": key}, **sections)
    async with open_inference(settings) as inference:
        edge = InferenceService(
            model=inference.model,
            key=settings.remote.key,
            lifecycle=inference.lifecycle,
            checks=inference.checks,
            clock=inference.clock,
            new_id=inference.new_id,
            hooks=inference.hooks,
            metrics=inference.metrics,
            version="0.0.0",
        )
        listening = listen("127.0.0.1", port)
        app = create_app(edge, settings.api, role="inference")
        server = uvicorn.Server(server_config(app, settings.api, host="127.0.0.1", port=port))
        server.capture_signals = nullcontext  # type: ignore[method-assign]
        inference.lifecycle.move("WARMING")
        inference.lifecycle.move("READY")
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        try:
            yield Role(f"http://127.0.0.1:{listening.getsockname()[1]}", inference, server, listening)
        finally:
            server.should_exit = server.force_exit = True
            await serving
