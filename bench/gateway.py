"""What a gateway costs in front of a model: the processor time of one server process a request, 16 requests at once.

- `mock`: the model server itself, raw bytes on uvloop (`upstream.py`): what the others cost comes on top of it.
- `bare`: a FastAPI handler that makes the same call by aiohttp and reads the answer, and does nothing else (`bare.py`).
- `matjip`: `matjip serve` as it ships, to one judgement that nobody has asked for before. Each request is a review sent with the
  question, whose text is new and which the built-in models are not sure of: they look at it, the model is asked in its turn, its
  answer is held to the schema, remembered and counted, the run is written to the record (SQLite, on disk when the answer is
  sent), and a line is logged.
- `litellm`: LiteLLM's proxy, one worker, a master key, no database, from an environment of its own beside the project's.

`json`: the model answers with one document. `stream`: token by token, one each 5 ms as a GPU sends them; `bare` and `matjip`
read the stream and answer with one document, LiteLLM passes the stream on. Matjip always streams, since its scheduler waits
for first tokens and its time limits are between tokens: its row stands in `stream`, and beside `bare` of both modes.

Rounds of all servers follow each other; `cpu_us` and `rps` are medians over the rounds. In `stream` the answer takes 0.1 s, so
`rps` says that the loop is kept up with, not how much a server can take: 1,000,000 / `cpu_us` is near that. `bare_json` and
`bare_stream` are multiples of those rows; `of_litellm` is LiteLLM's cost in the same mode over the row's.

The goals, at most twice `bare` of each mode and a tenth of LiteLLM, are not reached. Where Matjip's time goes, by samples of
whoever held the interpreter (py-spy, 16 at once, one review a request): a quarter to the built-in models, whose NumPy steps
cost more than their sums where there is one text; a quarter to what `bare` has too (FastAPI, Starlette, uvicorn, aiohttp, the
event loop); nearly a quarter to the call (prompt, tokens, line, time limits, stream, answer); a tenth to the analysis and its
result;
an eighth to the record, the log and the metrics. Nothing stands out: what is left is many small steps.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import orjson
import psutil

from bench.upstream import MODEL

BARS = ("server mode", "cpu_us")
AT_ONCE = 16
ROUNDS, QUICK_ROUNDS = 7, 3
SECONDS, QUICK_SECONDS = 3.0, 1.0  # of a round of one server
WARMING_S = 1.5
STARTING_S = 60.0
INSTALLING_S = 600.0
ROOT = Path(__file__).resolve().parents[1]
LITELLM = "1.106.2"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "matjip" / f"litellm-{LITELLM}"
KEY = "sk-bench"
TEXT = "%d번째로 갔는데 국수는 맛있었지만 직원이 불친절하고 오래 기다렸어요."
REVIEW = orjson.dumps({"restaurant_id": "bench", "reviews": [{"content": TEXT}]}).decode()
CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "{url}/v1", api_key: none}}
general_settings: {{master_key: {key}}}
litellm_settings: {{telemetry: false}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server, and how it is asked in one mode."""

    name: str
    mode: str
    process: psutil.Process
    url: str
    wanted: str  # stands in every right answer
    body: str = REVIEW
    headers: str = "content-type: application/json\r\n"


class Missing(Exception):
    """Why a server cannot be measured."""


def rows(quick: bool) -> list[dict[str, object]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream, url = stack.enter_context(_telling("bench.upstream"))
        bare, bare_url = stack.enter_context(_telling("bench.bare", url))
        matjip, matjip_url = stack.enter_context(_matjip(url, folder))
        servers = [
            Server(name="mock", mode="json", process=upstream, url=f"{url}/v1", wanted="negative", body=_asked("json")),
            Server(name="mock", mode="stream", process=upstream, url=f"{url}/v1", wanted="DONE", body=_asked("stream")),
            Server(name="bare", mode="json", process=bare, url=f"{bare_url}/json", wanted="negative"),
            Server(name="bare", mode="stream", process=bare, url=f"{bare_url}/stream", wanted="negative"),
            Server(
                name="matjip",
                mode="stream",
                process=matjip,
                url=f"{matjip_url}/api/v1/sentiment/analyze",
                wanted='"decided_by":"llm"',
            ),
        ]
        left_out: list[dict[str, object]] = []
        try:
            litellm, litellm_url = stack.enter_context(_litellm(url, folder, may_install=not quick))
        except Missing as why:
            left_out = [{"server": "litellm", "mode": f"not measured: {why}"}]
        else:
            servers += [_asked_litellm(litellm, litellm_url, mode) for mode in ("json", "stream")]
        measured = _measured(servers, QUICK_ROUNDS if quick else ROUNDS, QUICK_SECONDS if quick else SECONDS)
    return [*_compared(measured), *left_out]


def _measured(servers: Sequence[Server], rounds: int, seconds: float) -> list[dict[str, object]]:
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    first = 1
    for server in servers:
        first = _loop(server, WARMING_S, first)[0]
    for _ in range(rounds):
        for server in servers:
            first, cpu_us, rps = _loop(server, seconds, first)
            found[server.name, server.mode].append((cpu_us, rps))
    return [
        {
            "server": name,
            "mode": mode,
            "cpu_us": round(statistics.median(cpu_us for cpu_us, _ in each)),
            "rps": round(statistics.median(rps for _, rps in each)),
        }
        for (name, mode), each in found.items()
    ]


def _loop(server: Server, seconds: float, first: int) -> tuple[int, float, float]:
    """The next free number, processor microseconds a request, requests a second. Raises where an answer is wrong."""
    about = (server.url, seconds, AT_ONCE, server.wanted, first, server.headers, server.body)
    before = _cpu_s(server.process)
    run = subprocess.run(
        [sys.executable, "-m", "bench.load", *map(str, about)], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    used_s = _cpu_s(server.process) - before
    said = orjson.loads(run.stdout)
    if said["wrong"] or not said["done"]:
        raise RuntimeError(f"{server.name} ({server.mode}) answered {said['wrong']} of {said['done']} wrongly")
    return said["next"], 1e6 * used_s / said["answered"], said["done"] / said["seconds"]


def _cpu_s(process: psutil.Process) -> float:
    """Of the process, its ended threads and its children."""
    each = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(times.user + times.system for times in each)


def _compared(measured: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    costs = {(str(row["server"]), str(row["mode"])): float(str(row["cpu_us"])) for row in measured}
    return [dict(row) | _ratios(costs, str(row["server"]), str(row["mode"])) for row in measured]


def _ratios(costs: Mapping[tuple[str, str], float], server: str, mode: str) -> dict[str, object]:
    cost, found = costs[server, mode], dict[str, object]()
    if server in ("matjip", "litellm"):
        found = {f"bare_{each}": round(cost / costs["bare", each], 1) for each in ("json", "stream")}
    if server in ("bare", "matjip") and ("litellm", mode) in costs:
        found["of_litellm"] = round(costs["litellm", mode] / cost, 1)
    return found


@contextmanager
def _telling(module: str, *about: str) -> Iterator[tuple[psutil.Process, str]]:
    """A server of ours, which prints its address."""
    process = subprocess.Popen([sys.executable, "-m", module, *about], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with _ended(process):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        _wait(f"{url}/v1/models", process)
        yield psutil.Process(process.pid), url


@contextmanager
def _matjip(upstream: str, folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    port, about = _port(), {"MATJIP_MODEL__URLS": upstream, "MATJIP_MODEL__NAME": MODEL}
    asked = [sys.executable, "-m", "matjip", "serve", "--port", str(port), "--data-dir", str(folder / "data")]
    with open(folder / "matjip.log", "wb") as log:
        process = subprocess.Popen(asked, cwd=folder, env={**_clean(), **about}, stdout=log, stderr=log)
    with _ended(process):
        _wait(f"http://127.0.0.1:{port}/health/ready", process)
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"


@contextmanager
def _litellm(upstream: str, folder: Path, *, may_install: bool) -> Iterator[tuple[psutil.Process, str]]:
    """Raises Missing where it cannot be installed or does not start."""
    program = _installed(may_install)
    port, config = _port(), folder / "litellm.yaml"
    config.write_text(CONFIG.format(model=MODEL, url=upstream, key=KEY), encoding="utf-8")
    asked = [str(program), "--config", str(config), "--port", str(port), "--host", "127.0.0.1", "--telemetry", "False"]
    # Where its prices are fetched from the network at the start, it falls back on those in the package; here at once.
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with open(folder / "litellm.log", "wb") as log:
        process = subprocess.Popen(asked, cwd=folder, env={**_clean(), **quiet}, stdout=log, stderr=log)
    with _ended(process):
        try:
            _wait(f"http://127.0.0.1:{port}/health/liveliness", process)
        except RuntimeError as error:
            raise Missing(str(error)) from error
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"


def _installed(may_install: bool) -> Path:
    program = CACHE / "bin" / "litellm"
    if program.exists():
        return program
    if not may_install:
        raise Missing(f"--quick installs nothing, and {CACHE} is empty")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=True, capture_output=True, timeout=STARTING_S)
        asked = [str(CACHE / "bin" / "python"), "-m", "pip", "install", "--quiet", f"litellm[proxy]=={LITELLM}"]
        subprocess.run(asked, check=True, capture_output=True, timeout=INSTALLING_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"litellm[proxy]=={LITELLM} does not install ({error})") from error
    return program


def _asked_litellm(process: psutil.Process, url: str, mode: str) -> Server:
    return Server(
        name="litellm",
        mode=mode,
        process=process,
        url=f"{url}/v1/chat/completions",
        wanted="DONE" if mode == "stream" else "negative",
        body=_asked(mode),
        headers=f"content-type: application/json\r\nauthorization: Bearer {KEY}\r\n",
    )


def _asked(mode: str) -> str:
    """The chat completion that whoever passes it on is asked for."""
    asked = {"model": MODEL, "messages": [{"role": "user", "content": TEXT}], "max_tokens": 44}
    return orjson.dumps({**asked, "stream": True} if mode == "stream" else asked).decode()


def _clean() -> dict[str, str]:
    """The environment without our own settings, which are given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MATJIP_")}


def _port() -> int:
    with create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait(url: str, process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    until = time.monotonic() + STARTING_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError as error:
            if error.code == 404:  # it answers
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{Path(process.args[0]).name} does not answer at {url}")  # type: ignore[index]


@contextmanager
def _ended(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
