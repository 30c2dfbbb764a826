"""What the tables read in one text, whatever its language."""

from typing import NamedTuple

from matjip.inference.task import Mention

__all__ = ["Read"]


class Read(NamedTuple):
    """What was read in a text: its mentions, and the spans of words that were recognised and say nothing."""

    mentions: list[Mention]
    silent: list[tuple[int, int]]
