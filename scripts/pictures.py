"""Make docs/images/ from a real run over the sample: the terminal and the report as PNG, through Chromium.

Usage: .venv/bin/python scripts/pictures.py (needs chromium on the PATH)
"""

import asyncio
import subprocess
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console, Group
from rich.terminal_theme import SVG_EXPORT_THEME

from matjip.cli import sample, whole_job
from matjip.console.report import render
from matjip.console.terminal import hits_view, overview, restaurant_view
from matjip.inference.lite.mask import mask
from matjip.settings import load

IMAGES = Path("docs/images")
# Hangul is two columns wide in a terminal; a font that draws it so keeps the columns straight.
TERMINAL = """<!doctype html><meta charset="utf-8"><style>{stylesheet}
@font-face {{ font-family: Blocks; src: local("DejaVu Sans Mono"); unicode-range: U+2010-2027, U+2500-25FF; size-adjust: 83%; }}
body {{ background: #16181d; color: #d6d8de; margin: 18px 22px; }}
pre {{ font: 14px/1.4 Blocks, "Noto Sans Mono CJK KR", monospace; margin: 0; }}</style><pre><code style="font-family:inherit">{code}</code></pre>"""
SHOWN = "r-nalssi-dabang"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1",
)  # fmt: skip


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = asyncio.run(whole_job(load(data_dir=Path(folder) / "data"), sample()))
        page = Path(folder) / "report.html"
        page.write_text(render(made, mask=mask), encoding="utf-8")
        picture(page, "", IMAGES / "report.png", "1280,1000")
        one = replace(
            made, restaurants=tuple(each for each in made.restaurants if each.restaurant.id == SHOWN), searches=()
        )
        page.write_text(render(one, mask=mask), encoding="utf-8")
        picture(page, "", IMAGES / "restaurant.png", "1280,1560")
        chosen = next(item for item in made.restaurants if item.restaurant.id == SHOWN)
        console = Console(record=True, width=106, force_terminal=True, file=StringIO())
        console.print("[bold green]$[/] make demo\n")
        console.print(Group(overview(made), restaurant_view(chosen, mask=mask), hits_view(made.searches[1], mask=mask)))
        page.write_text(console.export_html(theme=SVG_EXPORT_THEME, code_format=TERMINAL), encoding="utf-8")
        picture(page, "", IMAGES / "demo.png", "800,1000")


def picture(page: Path, anchor: str, out: Path, size: str) -> None:
    with tempfile.TemporaryDirectory() as profile:
        flags = [*FLAGS, f"--user-data-dir={profile}", f"--window-size={size}", f"--screenshot={out.resolve()}"]
        subprocess.run(["chromium", *flags, f"{page.as_uri()}{anchor}"], check=True, capture_output=True)


if __name__ == "__main__":
    main()
