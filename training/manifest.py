"""The manifest of the weights: the SHA-256 of each file, which the program checks before it loads them."""

from pathlib import Path

import orjson

from matjip.inference.lite.weights import MANIFEST, digests

__all__ = ["write"]


def write(folder: Path) -> dict[str, str]:
    """Write `manifest.json` for the weights that lie in the folder; returns what it holds. Last of the training steps."""
    found = digests(folder)
    (folder / MANIFEST).write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    return found
