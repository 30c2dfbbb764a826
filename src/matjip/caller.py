"""Who asks: the tenant, the actor and the request that every event, result and log line carries."""

from dataclasses import dataclass

__all__ = ["DEFAULT_TENANT", "Caller"]

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One request's author."""

    tenant: str = DEFAULT_TENANT
    actor: str = "anonymous"
    request_id: str
