"""Three questions, answered apart: does the loop turn (live), may work be sent (ready), what is the state of each part (health)."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from matjip.clock import Clock, to_iso
from matjip.errors import MatjipError
from matjip.index.index import Index
from matjip.inference.embedder import Embedder
from matjip.inference.guarded import GuardStatus
from matjip.inference.judge import Judge
from matjip.inference.task import FindAspects, JudgeSentiment, Label, Mention
from matjip.lifecycle import Lifecycle
from matjip.reviews.store import Reviews
from matjip.telemetry.logs import logger

if TYPE_CHECKING:
    from matjip.inference.served import ReplicaStatus  # whose package need not be installed

__all__ = [
    "GOLDEN",
    "GOLDEN_SEARCHES",
    "MEDIA_TYPE",
    "Check",
    "Finding",
    "Golden",
    "Status",
    "database_check",
    "disk_check",
    "embedder_check",
    "examine",
    "images_check",
    "index_check",
    "lifecycle_check",
    "memory_check",
    "models_check",
    "to_document",
    "vllm_check",
    "worst",
]

MEDIA_TYPE = "application/health+json"
Status = Literal["pass", "warn", "fail"]
ORDER: tuple[Status, ...] = ("pass", "warn", "fail")
BEHIND_WARN = 10_000  # events; the index takes some seconds for them, and searches miss them until then
MEMORY_INFO = Path("/proc/meminfo")
MOST_NAMED = 3  # sentences in a finding's output


class Golden(NamedTuple):
    """A sentence that everybody understands: which way it leans, and what it praises (+) or blames (-)."""

    text: str
    label: Label
    says: tuple[str, ...] = ()


# No model that is worth anything gets these wrong; one that does has swapped labels or was loaded from a damaged file.
# Those without an aspect ask the words' weights alone, which found aspects would otherwise outvote.
GOLDEN: tuple[Golden, ...] = (
    Golden("정말 맛있어요. 직원분도 친절하고 또 오고 싶어요!", "positive", ("taste+", "service+")),
    Golden("최악이에요. 음식은 식었고 불친절해서 다시는 안 가요.", "negative", ("service-",)),
    Golden("가격도 저렴하고 매장이 깨끗해요. 추천합니다.", "positive", ("price+", "cleanliness+")),
    Golden("너무 비싸고 시끄러워요. 돈이 아까워요.", "negative", ("price-", "atmosphere-")),
    Golden("부모님도 정말 만족하셨어요. 감사합니다!", "positive"),
    Golden("두 번 다시 안 갈 겁니다. 실망했어요.", "negative"),
    Golden("Delicious food and very friendly staff, we loved it.", "positive", ("taste+", "service+")),
    Golden("Terrible. Cold food, rude staff, never again.", "negative", ("service-",)),
    Golden("Great prices and a cozy atmosphere.", "positive", ("price+", "atmosphere+")),
    Golden("The place was dirty and overpriced. I want my money back.", "negative", ("cleanliness-", "price-")),
)
# What is asked for, what must be found first, and what must not.
GOLDEN_SEARCHES: tuple[tuple[str, str, str], ...] = (
    ("친절한 직원", "직원분들이 정말 친절해요", "주차장이 넓고 편해요"),
    ("주차하기 편한 곳", "주차장이 넓고 편해요", "직원분들이 정말 친절해요"),
    ("friendly staff", "Very friendly staff!", "The soup was cold and salty."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check saw. `output` is a sentence that may be shown; none when all is well."""

    status: Status
    observed: float | str | None = None
    unit: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One part and how it is asked. A needed part that fails makes the service not ready."""

    name: str
    measurement: str
    kind: Literal["component", "datastore", "system"]
    probe: Callable[[], Awaitable[Finding]]
    is_needed: bool = True


async def examine(checks: Sequence[Check], *, timeout_s: float) -> list[tuple[Check, Finding]]:
    """Ask all parts at once; one that fails or is too slow is a finding, never an exception."""
    found = await asyncio.gather(*(_ask(check, timeout_s) for check in checks), return_exceptions=True)
    return [(check, _finding(check, answer)) for check, answer in zip(checks, found, strict=True)]


async def _ask(check: Check, timeout_s: float) -> Finding:
    async with asyncio.timeout(timeout_s):
        return await check.probe()


def _finding(check: Check, answer: Finding | BaseException) -> Finding:
    if isinstance(answer, Finding):
        return answer
    if isinstance(answer, TimeoutError):
        return Finding(status="fail", output="It did not answer in time.")
    if isinstance(answer, MatjipError):
        return Finding(status="fail", output=answer.message)
    logger(__name__).error("a health check failed", check=check.name, exc_info=answer)
    return Finding(status="fail", output="It failed; the log says how.")


def worst(found: Sequence[tuple[Check, Finding]]) -> Status:
    return max((finding.status for _, finding in found), key=ORDER.index, default="pass")


def to_document(
    found: Sequence[tuple[Check, Finding]], *, state: str, version: str, now: datetime
) -> dict[str, object]:
    """The answer in the shape of health+json (draft-inadarei-api-health-check-06)."""
    return {
        "status": worst(found),
        "version": version.split(".")[0],
        "releaseId": version,
        "serviceId": "matjip",
        "state": state,
        "time": to_iso(now),
        "checks": {f"{check.name}:{check.measurement}": [_entry(check, finding, now)] for check, finding in found},
    }


def _entry(check: Check, finding: Finding, now: datetime) -> dict[str, object]:
    entry = {
        "componentType": check.kind,
        "status": finding.status,
        "observedValue": finding.observed,
        "observedUnit": finding.unit,
        "output": finding.output,
        "time": to_iso(now),
    }
    return {key: value for key, value in entry.items() if value is not None}


def lifecycle_check(lifecycle: Lifecycle) -> Check:
    """The process is READY: neither starting nor draining."""

    async def probe() -> Finding:
        if lifecycle.is_ready():
            return Finding(status="pass", observed=lifecycle.state)
        return Finding(status="fail", observed=lifecycle.state, output=f"The service is {lifecycle.state}.")

    return Check(name="lifecycle", measurement="state", kind="component", probe=probe)


def database_check(reviews: Reviews, clock: Clock) -> Check:
    """The record answers, and how fast."""

    async def probe() -> Finding:
        start = clock.monotonic()
        await reviews.position()
        return Finding(status="pass", observed=round((clock.monotonic() - start) * 1_000, 3), unit="ms")

    return Check(name="database", measurement="responseTime", kind="datastore", probe=probe)


def index_check(reviews: Reviews, index: Index) -> Check:
    """How many events the index has not seen yet. An index that is behind still answers."""

    async def probe() -> Finding:
        behind = await reviews.position() - await index.position()
        late = behind > BEHIND_WARN
        output = "Searches miss the newest reviews until it has caught up." if late else None
        return Finding(status="warn" if late else "pass", observed=behind, unit="events", output=output)

    return Check(name="index", measurement="behind", kind="datastore", probe=probe)


def images_check(reviews: Reviews, index: Index, embedder: Embedder) -> Check:
    """Whoever embeds images answers, and how many events the image index has not seen yet. Nothing else needs it."""

    async def probe() -> Finding:
        await embedder.embed(["soup"])
        return await index_check(reviews, index).probe()

    return Check(name="images", measurement="behind", kind="datastore", probe=probe, is_needed=False)


def vllm_check(
    probe_all: Callable[[], Awaitable[Sequence["ReplicaStatus"]]],
    guard: Callable[[], GuardStatus],
    *,
    is_needed: bool = False,
) -> Check:
    """The model servers are well and serve the model, and are not left alone. Where needed not, the built-in models answer without them."""

    async def probe() -> Finding:
        replicas = await probe_all()
        wrong = sorted({replica.wrong for replica in replicas if replica.wrong})
        well, wait_s = sum(replica.wrong is None for replica in replicas), guard().retry_in_s
        if wait_s is not None:
            wrong.append(f"It failed several times in a row and is left alone for {wait_s} s.")
        status: Status = "fail" if well == 0 else "warn" if wrong else "pass"
        return Finding(status=status, observed=well, unit="servers", output=" ".join(wrong) or None)

    return Check(name="vllm", measurement="well", kind="component", probe=probe, is_needed=is_needed)


def models_check(judge: Judge) -> Check:
    """The golden sentences come out right: the label, and every aspect that they speak of."""

    async def probe() -> Finding:
        texts = tuple(golden.text for golden in GOLDEN)
        labels = [verdict.answer.label for verdict in await judge.judge(JudgeSentiment(texts))]
        mentions = [verdict.answer for verdict in await judge.judge(FindAspects(texts))]
        wrong = [
            fault
            for golden, label, found in zip(GOLDEN, labels, mentions, strict=True)
            if (fault := _misread(golden, label, found))
        ]
        return _examined(len(GOLDEN), wrong, "sentences that everybody understands came out wrong")

    return Check(name="models", measurement="goldenSentences", kind="component", probe=probe)


def embedder_check(embedder: Embedder, *, is_needed: bool = True) -> Check:
    """The golden searches find what they ask for before what they do not."""

    async def probe() -> Finding:
        vectors = (await embedder.embed([text for search in GOLDEN_SEARCHES for text in search])).astype(int)
        wrong = [
            f"{query!r} is nearer to {other!r} than to {right!r}"
            for (query, right, other), (asked, near, far) in zip(
                GOLDEN_SEARCHES, vectors.reshape(len(GOLDEN_SEARCHES), 3, -1), strict=True
            )
            if asked @ near <= asked @ far
        ]
        return _examined(len(GOLDEN_SEARCHES), wrong, "searches that everybody understands came out wrong")

    return Check(name="embedder", measurement="goldenSearches", kind="component", probe=probe, is_needed=is_needed)


def _misread(golden: Golden, label: Label, found: Sequence[Mention]) -> str | None:
    said = {mention.aspect + ("+" if mention.polarity == "positive" else "-") for mention in found}
    if label != golden.label:
        return f"{golden.text!r} is {label}, expected {golden.label}"
    if missing := [aspect for aspect in golden.says if aspect not in said]:
        return f"{golden.text!r} says {' '.join(sorted(said)) or 'nothing'}, expected {' '.join(missing)}"
    return None


def _examined(asked: int, wrong: Sequence[str], sentence: str) -> Finding:
    if not wrong:
        return Finding(status="pass", observed=asked, unit="examples")
    more = f"; and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
    output = f"{len(wrong)} of {asked} {sentence}: {'; '.join(wrong[:MOST_NAMED])}{more}."
    return Finding(status="fail", observed=asked - len(wrong), unit="examples", output=output)


def disk_check(folder: Path, *, min_free_bytes: int) -> Check:
    """The data folder has room: a warning below twice the least, a failure below it."""

    async def probe() -> Finding:
        return _room(shutil.disk_usage(folder).free, min_free_bytes, "The disk of the data folder is nearly full.")

    return Check(name="disk", measurement="free", kind="system", probe=probe, is_needed=False)


def memory_check(*, min_free_bytes: int, source: Path = MEMORY_INFO) -> Check:
    """The machine has memory to give. Where the system does not say, the check says so and does not fail."""

    async def probe() -> Finding:
        free_bytes = _available(source)
        if free_bytes is None:
            return Finding(status="pass", output="This system does not tell its free memory.")
        return _room(free_bytes, min_free_bytes, "The machine is short of memory.")

    return Check(name="memory", measurement="available", kind="system", probe=probe, is_needed=False)


def _available(source: Path) -> int | None:
    """Bytes that Linux could give to a program; None where it does not say."""
    if not source.exists():
        return None
    lines = dict(line.split(":", 1) for line in source.read_text().splitlines() if ":" in line)
    return int(lines["MemAvailable"].split()[0]) * 1_024


def _room(free_bytes: int, least_bytes: int, sentence: str) -> Finding:
    status: Status = "fail" if free_bytes < least_bytes else "warn" if free_bytes < 2 * least_bytes else "pass"
    output = None if status == "pass" else sentence
    return Finding(status=status, observed=free_bytes, unit="bytes", output=output)
