"""A process moves forward only, and says whether new work may start."""

from itertools import pairwise, product

import pytest

from matjip.errors import Conflict, NotReady
from matjip.lifecycle import NEXT, Lifecycle

ORDER = ("INIT", "WARMING", "READY", "DRAINING", "TERMINATED")


def at(state: str) -> Lifecycle:
    lifecycle = Lifecycle()
    for step in ORDER[1 : ORDER.index(state) + 1]:
        lifecycle.move(step)
    return lifecycle


def test_a_whole_life_is_told_to_observers_step_by_step():
    steps = []
    lifecycle = Lifecycle(lambda before, after: steps.append((before, after)))
    for step in ORDER[1:]:
        lifecycle.move(step)
    assert steps == list(pairwise(ORDER))


@pytest.mark.parametrize(("here", "there"), [(a, b) for a, b in product(ORDER, ORDER) if b not in (a, *NEXT[a])])
def test_an_illegal_step_is_refused_and_the_state_stays(here, there):
    lifecycle = at(here)
    with pytest.raises(Conflict, match=f"{here} cannot become {there}"):
        lifecycle.move(there)
    assert lifecycle.state == here


def test_no_step_leads_backwards():
    assert all(ORDER.index(there) > ORDER.index(here) for here, steps in NEXT.items() for there in steps)


def test_staying_is_no_step():
    steps = []
    lifecycle = Lifecycle(lambda before, after: steps.append(after))
    lifecycle.move("INIT")
    assert steps == []


@pytest.mark.parametrize("state", [state for state in ORDER if state != "READY"])
def test_work_is_refused_with_a_wait_unless_ready(state):
    with pytest.raises(NotReady) as refused:
        at(state).require_ready()
    assert refused.value.facts == {"state": state}
    assert refused.value.retry_after_s > 0


def test_work_is_admitted_when_ready():
    lifecycle = at("READY")
    lifecycle.require_ready()
    assert lifecycle.is_ready()
