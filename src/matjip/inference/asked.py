"""Who answers a tenant where a model may be asked: the built-in judge, and the model for what that one is not sure of."""

from collections import OrderedDict
from collections.abc import Callable

from matjip.inference.answers_store import AnswersStore
from matjip.inference.cascade import Cascade, CascadeSettings
from matjip.inference.judge import Judge, JudgeOf
from matjip.inference.remembered import prefix_of

__all__ = ["Asked"]

TENANTS = 1_000  # whose judges are kept; of each a few objects
Asking = Callable[[str, Judge], Judge]  # of a tenant and the judge to fall back on: one that asks, and remembers


class Asked:
    """The cascade of each tenant, made anew when another judge answers the tenant first."""

    def __init__(
        self, first_of: JudgeOf, asking: Asking, store: AnswersStore, *, settings: CascadeSettings | None = None
    ) -> None:
        self._first_of = first_of
        self._asking = asking
        self._store = store
        self._settings = settings
        self._known: OrderedDict[str, tuple[Judge, Cascade]] = OrderedDict()

    async def of(self, tenant: str) -> Judge:
        """Who answers this tenant. The same object until that changes: who asks the same at once shares one question."""
        first = await self._first_of(tenant)
        known = self._known.get(tenant)
        if known is None or known[0] is not first:
            known = first, Cascade(first, self._asking(tenant, first), settings=self._settings)
            self._known[tenant] = known
        self._known.move_to_end(tenant)
        while len(self._known) > TENANTS:
            self._known.popitem(last=False)
        return known[1]

    async def forget(self, tenant: str) -> None:
        """Remove what is remembered of the tenant, as an erasure must. Raises Unavailable where that cannot be done now."""
        await self._store.forget(prefix_of(tenant))
