"""What was read in one text, whatever its language."""

from typing import NamedTuple

from matjip.inference.task import Mention

__all__ = ["OTHER", "Read"]

OTHER = "other"  # the aspect of a noun that is none of ours: what is said of it is left alone


class Read(NamedTuple):
    """What was read in a text: its mentions, and the spans of words that were recognised and say nothing."""

    mentions: list[Mention]
    silent: list[tuple[int, int]]
