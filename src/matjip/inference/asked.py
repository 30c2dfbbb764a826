"""Who answers a tenant where a model may be asked: the built-in judge, and the model for what that one is not sure of."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from matjip.inference.answers_store import AnswersStore
from matjip.inference.cascade import Cascade, CascadeSettings
from matjip.inference.judge import Judge
from matjip.inference.model import Work
from matjip.inference.remembered import Asking, nobody_asking, prefix_of

__all__ = ["Asked"]

TENANTS = 1_000  # whose judges are kept; of each a few objects
FirstOf = Callable[[str], Awaitable[Judge]]  # of a tenant: who answers before a model is asked
# Of some work, the judge to fall back on and what is being asked for: a judge that asks, and remembers.
AskingFor = Callable[[Work, Judge, Asking], Judge]


class Asked:
    """A cascade for each piece of a tenant's work. Whatever their urgency, they share what is being asked for, until another
    judge answers the tenant first."""

    def __init__(
        self, first_of: FirstOf, asking_for: AskingFor, store: AnswersStore, *, settings: CascadeSettings | None = None
    ) -> None:
        self._first_of = first_of
        self._asking_for = asking_for
        self._store = store
        self._settings = settings
        self._known: OrderedDict[str, tuple[Judge, Asking]] = OrderedDict()

    async def of(self, work: Work) -> Judge:
        """Who answers this work. Whoever asks the same at once, in any judge that this gives, shares one question."""
        first, second = await self._both(work)
        return Cascade(first, second, settings=self._settings)

    async def writer(self, work: Work) -> Judge:
        """Who words texts for this work: the model, with the rules' own text to fall back on."""
        _, second = await self._both(work)
        return second

    async def _both(self, work: Work) -> tuple[Judge, Judge]:
        first = await self._first_of(work.tenant)
        known = self._known.get(work.tenant)
        if known is None or known[0] is not first:
            known = self._known[work.tenant] = first, nobody_asking()
        self._known.move_to_end(work.tenant)
        while len(self._known) > TENANTS:
            self._known.popitem(last=False)
        return first, self._asking_for(work, first, known[1])

    async def forget(self, tenant: str) -> None:
        """Remove what is remembered of the tenant, as an erasure must. Raises Unavailable where that cannot be done now."""
        await self._store.forget(prefix_of(tenant))
