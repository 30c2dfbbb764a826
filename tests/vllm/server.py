"""A real vLLM on loopback that can be started, drained, killed and started again on the same port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

__all__ = ["KEY", "MODEL", "Vllm"]

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".vllm"
KEY, MODEL = "a key of the tests", "tiny"
CONTEXT_TOKENS, SEQUENCES = 2_048, 8
START_S = 240.0  # 18 s on a quiet machine
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}


COMPLETING = ["--structured-outputs-config", '{"backend": "guidance", "disable_any_whitespace": true}']
EMBEDDING = ["--runner", "pooling", "--convert", "embed"]


class Vllm:
    """One server and its log; with `embeds` it turns texts into vectors and completes nothing."""

    def __init__(self, folder: Path, *, embeds: bool = False) -> None:
        self._embeds = embeds
        self._log = folder / "vllm.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log where it does not."""
        command = [
            str(HOME / "bin" / "python"), "-m", "vllm.entrypoints.openai.api_server",
            "--model", str(HOME / "tiny"), "--served-model-name", MODEL, "--load-format", "dummy",
            "--host", "127.0.0.1", "--port", str(self.port), "--api-key", KEY,
            "--max-model-len", str(CONTEXT_TOKENS), "--max-num-seqs", str(SEQUENCES),
            "--dtype", "bfloat16", "--enforce-eager", "--scheduling-policy", "priority",
            *(EMBEDDING if self._embeds else COMPLETING),
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **QUIET}, start_new_session=True
            )
        until = time.monotonic() + START_S
        while not self.is_healthy():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"vLLM did not start: {self._log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.25)

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def metrics(self) -> str:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def terminate(self) -> None:
        """Ask it to end, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, and its engine with it."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # the engine is a process of its own
            self._process.wait(20)


if __name__ == "__main__":
    server = Vllm(Path(sys.argv[1]))
    began = time.monotonic()
    server.start()
    print(server.url, f"{time.monotonic() - began:.0f} s")
    server.terminate()
