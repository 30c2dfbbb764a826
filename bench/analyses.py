"""The three analyses: 1,000 restaurants of 60 reviews, and one restaurant of 1,000, on one core.

Reviews are put together from the sentences of this repository's sample reviews, so that hardly two are alike and no answer
is remembered from another. A process of its own that is held to one core imports them, brings index and counters to the end
of the log, and then works out sentiment, summary and strengths of each restaurant, as `matjip analyze --all` does; once
more where nothing has changed; and again with `refresh`, where the judge remembers its answers. Times are CPU seconds of
the analysing alone; `ms_a_restaurant` is of all three analyses together.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from matjip.analysis.ask import Ask
from matjip.app import Service, open_service
from matjip.caller import Caller
from matjip.clock import new_dice
from matjip.console.gather import gather
from matjip.reviews.importer import import_reviews
from matjip.settings import load

__all__ = ["rows"]

BARS = ("work", "restaurants_per_cpu_s")
ROOT = Path(__file__).resolve().parents[1]
SIZES = {"1,000 restaurants of 60 reviews": (1_000, 60), "1 restaurant of 1,000 reviews, beside 200 of 60": (201, 60)}
QUICK = {"60 restaurants of 60 reviews": (60, 60), "1 restaurant of 1,000 reviews, beside 20 of 60": (21, 60)}
LARGE, LARGE_REVIEWS = "r0000", 1_000
ROUNDS, QUICK_ROUNDS = 3, 1
CATEGORIES = ("korean", "noodles", "cafe", "grill", "sushi")
REGIONS = ("mapo", "hongdae", "gangnam", "jongno")
SENTENCE_END = re.compile(r"(?<=[.!?。…~])\s+")


def rows(quick: bool) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (restaurants, reviews) in (QUICK if quick else SIZES).items():
            has_large = name.startswith("1 ")
            source = Path(folder) / f"{len(found)}.jsonl"
            write(source, restaurants, reviews, large=has_large)
            runs = [run(source, has_large) for _ in range(QUICK_ROUNDS if quick else ROUNDS)]
            for work in runs[0]:
                measured = sorted(float(each[work]["cpu_s"]) for each in runs)
                cpu_s, count = measured[len(measured) // 2], int(runs[0][work]["restaurants"])
                found.append(
                    {
                        "reviews": name,
                        "work": work,
                        "rounds": len(runs),
                        "cpu_s": round(cpu_s, 2),
                        "ms_a_restaurant": round(1_000 * cpu_s / count, 1),
                        "restaurants_per_cpu_s": round(count / cpu_s, 1),
                        "peak_rss_mb": round(float(runs[0][work]["rss_mb"])),
                    }
                )
    return found


def write(file: Path, restaurants: int, reviews: int, *, large: bool) -> None:
    """Restaurants with their reviews, as `matjip import` reads them; the first is large where asked."""
    dice = new_dice(7)
    said = list(sentences())
    with file.open("w", encoding="utf-8") as lines:
        for at in range(restaurants):
            restaurant = f"r{at:04}"
            about = {"categories": [dice.choice(CATEGORIES)], "region": dice.choice(REGIONS), "price_band": 2}
            lines.write(json.dumps({"kind": "restaurant", "id": restaurant, "name": restaurant} | about) + "\n")
            for number in range(LARGE_REVIEWS if large and restaurant == LARGE else reviews):
                row = {
                    "id": str(number),
                    "restaurant_id": restaurant,
                    "content": " ".join(dice.sample(said, dice.randint(1, 4))),
                    "author_id": f"a{dice.randrange(40 * restaurants)}",
                    "created_at": f"2026-{dice.randint(1, 9):02}-{dice.randint(1, 28):02}T12:00:00Z",
                }
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def sentences() -> Iterator[str]:
    """Of the sample reviews; those of one language in a row, as a review is of one."""
    for line in (ROOT / "examples" / "reviews.jsonl").read_text("utf-8").splitlines():
        content = json.loads(line).get("content", "")
        if re.search("[가-힣]", content):
            yield from filter(None, SENTENCE_END.split(content))


def run(source: Path, has_large: bool) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        asked = LARGE if has_large else "all"
        command = [sys.executable, "-m", "bench.analyses", str(source), folder, asked]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


async def child(source: Path, folder: Path, asked: str) -> dict[str, dict[str, float]]:
    settings = load(data_dir=folder)
    who = Caller(request_id="bench")
    found = {}
    async with open_service(settings) as service:
        await import_reviews(str(source), service.reviews, who, clock=service.clock, folder=folder / "imports")
        await service.projector.catch_up()
        ids = [each.id for each in await service.reviews.restaurants(who.tenant)] if asked == "all" else [asked]
        for work, refresh in (("first", False), ("nothing changed", False), ("refresh, judged before", True)):
            found[work] = await measured(service, ids, who, refresh=refresh)
    return found


async def measured(service: Service, ids: Sequence[str], who: Caller, *, refresh: bool) -> dict[str, float]:
    began = time.process_time()
    await gather(
        service.reviews,
        service.analyses,
        service.search,
        who,
        asks=[Ask(restaurant_id=each, refresh=refresh) for each in ids],
        queries=(),
        clock=service.clock,
        version="bench",
    )
    return {"cpu_s": time.process_time() - began, "restaurants": len(ids), "rss_mb": peak_mb()}


def peak_mb() -> float:
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def main() -> None:
    source, folder, asked = sys.argv[1:]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(asyncio.run(child(Path(source), Path(folder), asked))))


if __name__ == "__main__":
    main()
