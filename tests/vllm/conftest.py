"""One real vLLM for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vllm.server import Vllm


@pytest.fixture(scope="session")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    server = Vllm(Path(tmp_path_factory.mktemp("vllm")))
    server.start()
    yield server
    server.terminate()
