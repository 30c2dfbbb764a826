"""The weights are the ones that were trained: each file's SHA-256 stands in a manifest beside it."""

import hashlib
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import orjson

from matjip.errors import Fault, Misconfigured

__all__ = ["MANIFEST", "digests", "manifest", "verify"]

MANIFEST = "manifest.json"
KINDS = (".npz", ".json")  # what training writes
SHOWN = 12  # characters of a digest in a message: enough to tell two files apart
REPAIR = "Install matjip again; after training, `scripts/train --only manifest` writes the manifest anew."


def digests(folder: Traversable | Path) -> dict[str, str]:
    """File name → SHA-256 of every file of weights in the folder, in the order of names."""
    return {name: _digest(folder / name) for name in sorted(_names(folder))}


def manifest(folder: Traversable | Path) -> Mapping[str, str]:
    """What `training/manifest.py` wrote. Raises Misconfigured where it is missing or no manifest."""
    try:
        listed = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise _damaged([Fault(where=MANIFEST, wrong=f"cannot be read ({type(error).__name__})", right="it")]) from None
    if not isinstance(listed, dict):
        raise _damaged([Fault(where=MANIFEST, wrong="is no table of digests", right="file name → SHA-256")])
    return listed


def verify(folder: Traversable | Path, names: Iterable[str] | None = None) -> None:
    """Raise Misconfigured, naming each file, unless these files (by default all that lie or should lie there) are as trained."""
    listed = manifest(folder)
    faults = [
        fault
        for name in names or sorted({*listed, *_names(folder)})
        if (fault := _fault(folder / name, listed.get(name)))
    ]
    if faults:
        raise _damaged(faults)


def _names(folder: Traversable | Path) -> set[str]:
    return {item.name for item in folder.iterdir() if item.name.endswith(KINDS) and item.name != MANIFEST}


def _fault(file: Traversable | Path, right: str | None) -> Fault | None:
    if right is None:
        return Fault(where=file.name, wrong=f"is not in {MANIFEST}", right="its digest there")
    try:
        found = _digest(file)
    except OSError as error:
        return Fault(
            where=file.name, wrong=f"cannot be read ({type(error).__name__})", right=f"SHA-256 {right[:SHOWN]}…"
        )
    if found == right:
        return None
    return Fault(where=file.name, wrong=f"has SHA-256 {found[:SHOWN]}…", right=f"{right[:SHOWN]}…")


def _digest(file: Traversable | Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _damaged(faults: list[Fault]) -> Misconfigured:
    named = "; ".join(map(str, faults))
    return Misconfigured(f"The built-in weights are not the ones that were trained: {named}. {REPAIR}")
