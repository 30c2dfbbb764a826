"""How a model server fails, typed: what a caller reads, what a metric counts and what a repetition depends on."""

from typing import Literal

from matjip.errors import Unavailable

__all__ = ["ModelFailure", "Reason"]

Reason = Literal[
    "refused",  # no connection came about
    "connect_timeout",
    "first_token_timeout",
    "between_tokens_timeout",
    "total_timeout",
    "lost",  # the connection broke, before an answer or in it
    "malformed",  # it answered with something else than a stream of completions
    "server_error",  # it said that it failed
    "busy",  # it said that it has too much to do (429)
    "not_allowed",  # a key, a name or an address is wrong: a repetition changes nothing
    "left_alone",  # it was not asked: its breaker is open, or it asked to wait
    "no_room",  # it was not asked: it could not have answered in time
]


class ModelFailure(Unavailable):
    """A model server that gave no answer. Its message names what happened and the setting that it hangs on."""

    def __init__(self, message: str, *, reason: Reason, retry_after_s: int | None = None) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.reason: Reason = reason
