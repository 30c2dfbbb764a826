"""Everything that can go wrong, as words; only `api/errors.py` and `cli.py` know numbers.

MatjipError
├── Invalid                 invalid                 the input breaks a rule; `faults` name each field
│   ├── TooLarge            too_large               the input is over a size limit
│   └── IdempotencyMismatch idempotency_mismatch    a used key came back with another payload
├── NotFound                not_found
├── Conflict                conflict
│   ├── StaleVersion        stale_version           somebody else wrote first; both versions are named
│   └── InFlight            in_flight               the same work is under way; come back later
├── Unavailable             unavailable             a dependency does not answer; come back later
│   ├── Busy                busy                    another process holds what this one needs
│   └── NotReady            not_ready               starting, or draining
├── Misconfigured           misconfigured           the configuration cannot work; `faults` name each setting
└── Internal                internal                a fault of ours: logged in full, shown as one neutral sentence
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

__all__ = [
    "Busy",
    "Code",
    "Conflict",
    "Fault",
    "IdempotencyMismatch",
    "InFlight",
    "Internal",
    "Invalid",
    "MatjipError",
    "Misconfigured",
    "NotFound",
    "NotReady",
    "StaleVersion",
    "TooLarge",
    "Unavailable",
]

Code = Literal[
    "invalid",
    "too_large",
    "idempotency_mismatch",
    "not_found",
    "conflict",
    "stale_version",
    "in_flight",
    "unavailable",
    "busy",
    "not_ready",
    "misconfigured",
    "internal",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, where it is, and what would be right."""

    where: str  # a path into the input: "reviews[3].rating", "line 17", "database.url"
    wrong: str  # "is 7"
    right: str  # "a number from 0 to 5"

    def __str__(self) -> str:
        return f"{self.where} {self.wrong}; expected {self.right}"


class MatjipError(Exception):
    """An error with a code word, a sentence that may be shown, and facts that may be shown."""

    code: ClassVar[Code] = "internal"

    def __init__(
        self,
        message: str,
        *,
        faults: Sequence[Fault] = (),
        facts: dict[str, str | int | None] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)
        self.facts = dict(facts or {})
        self.retry_after_s = retry_after_s


class Invalid(MatjipError):
    """The input breaks a rule."""

    code: ClassVar[Code] = "invalid"

    @classmethod
    def of(cls, *faults: Fault) -> "Invalid":
        """One error that names every fault."""
        return cls("; ".join(str(fault) for fault in faults), faults=faults)


class TooLarge(Invalid):
    """The input is over a size limit."""

    code: ClassVar[Code] = "too_large"


class IdempotencyMismatch(Invalid):
    """An idempotency key that was used came back with another payload."""

    code: ClassVar[Code] = "idempotency_mismatch"


class NotFound(MatjipError):
    """What was asked for does not exist, or not in this tenant."""

    code: ClassVar[Code] = "not_found"


class Conflict(MatjipError):
    """The request and the present state contradict each other."""

    code: ClassVar[Code] = "conflict"


class StaleVersion(Conflict):
    """The row has moved on since the caller read it."""

    code: ClassVar[Code] = "stale_version"

    def __init__(self, what: str, *, expected: int, actual: int) -> None:
        super().__init__(
            f"{what} is at version {actual}, not {expected}; read it again and repeat the change",
            facts={"expected_version": expected, "actual_version": actual},
        )


class InFlight(Conflict):
    """The same work is under way."""

    code: ClassVar[Code] = "in_flight"


class Unavailable(MatjipError):
    """A dependency does not answer."""

    code: ClassVar[Code] = "unavailable"


class Busy(Unavailable):
    """Another process holds what this one needs."""

    code: ClassVar[Code] = "busy"


class NotReady(Unavailable):
    """The service is starting or draining."""

    code: ClassVar[Code] = "not_ready"


class Misconfigured(MatjipError):
    """The configuration cannot work."""

    code: ClassVar[Code] = "misconfigured"


class Internal(MatjipError):
    """A fault of ours."""

    code: ClassVar[Code] = "internal"
