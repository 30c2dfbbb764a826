"""The reviews that were read and judged last: three analyses of one restaurant read and judge them once."""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from matjip.analysis.evidence import Judged, Snapshot
from matjip.analysis.result import Window

__all__ = ["Key", "Recent"]

REVIEWS = 5_000  # about 2 KB each with what was found in them
Key = tuple[str, str, Window]  # tenant, restaurant id, window


class Recent:
    """Snapshots by what was asked for, and their judgement once there is one; good for the revision that they were read at.

    They hold texts: `clear` after an erasure.
    """

    def __init__(self, *, reviews: int = REVIEWS) -> None:
        self._reviews = reviews
        self._known: OrderedDict[Key, tuple[Snapshot, Judged | None]] = OrderedDict()
        self._held = 0  # reviews in all of them

    def snapshot(self, key: Key, revision: int, *, as_of: datetime) -> Snapshot | None:
        """The reviews as they were read, if they have not changed since."""
        snapshot, _ = self._known.get(key, (None, None))
        if snapshot is None or snapshot.revision != revision:
            return None
        self._known.move_to_end(key)
        return replace(snapshot, as_of=as_of)

    def judged(self, snapshot: Snapshot) -> Judged | None:
        """What was found in the same reviews before."""
        known, judged = self._known.get(_key(snapshot), (None, None))
        if judged is None or known is None or known.fingerprint != snapshot.fingerprint:
            return None
        return replace(judged, snapshot=snapshot)

    def keep(self, snapshot: Snapshot, judged: Judged | None = None) -> None:
        """Remember them, but nothing that another judge stood in for; the least recently used go first, a restaurant larger than the bound alone stays until the next."""
        if snapshot.inline:
            return
        self._drop(_key(snapshot))
        again = None if judged is None or judged.is_degraded else replace(judged, tokens=0)
        self._known[_key(snapshot)] = (snapshot, again)
        self._held += len(snapshot.reviews)
        while self._held > self._reviews and len(self._known) > 1:
            self._drop(next(iter(self._known)))

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._held = 0

    def _drop(self, key: Key) -> None:
        if key in self._known:
            self._held -= len(self._known.pop(key)[0].reviews)


def _key(snapshot: Snapshot) -> Key:
    return snapshot.tenant, snapshot.restaurant_id, snapshot.window
