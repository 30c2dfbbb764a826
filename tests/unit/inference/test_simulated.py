"""A model server's engine as arithmetic."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.simulated import GPUS, SimulatedEngine, Step

GPU = GPUS["a10"]


def run(engine: SimulatedEngine) -> list[Step]:
    steps = []
    while step := engine.step():
        steps.append(step)
    return steps


def test_an_idle_engine_does_nothing() -> None:
    assert SimulatedEngine(GPU).step() is None


def test_a_short_prompt_takes_one_step_to_its_first_token_and_one_for_each_after_it() -> None:
    engine = SimulatedEngine(GPU)
    engine.submit("a", 300, 40)
    steps = run(engine)
    assert (steps[0].first, steps[-1].finished, len(steps)) == (("a",), ("a",), 40)


def test_a_lone_prompt_takes_as_long_as_the_source_of_the_numbers_says() -> None:
    seconds = []
    for tokens in (300, 1_500, 8_000):
        engine = SimulatedEngine(GPU)
        engine.submit("a", tokens, 1)
        seconds.append(sum(step.seconds for step in run(engine)))
    assert seconds == [pytest.approx(0.060, abs=0.002), pytest.approx(0.248, abs=0.003), pytest.approx(1.52, abs=0.02)]


def test_a_long_prompt_is_cut_into_steps_and_a_short_one_behind_it_waits() -> None:
    engine = SimulatedEngine(GPU)
    engine.submit("long", 4_000, 1)
    engine.submit("short", 90, 1)
    assert [step.first for step in run(engine)] == [(), ("long", "short")]


def test_what_a_prefix_cache_holds_is_not_computed() -> None:
    engine = SimulatedEngine(GPU)
    engine.submit("a", 4_000, 1, cached=3_000)
    assert len(run(engine)) == 1


def test_no_more_run_at_once_than_there_are_places() -> None:
    engine = SimulatedEngine(GPU, places=2)
    for name in "abc":
        engine.submit(name, 10, 5)
    engine.step()
    assert (engine.running, engine.waiting) == (2, 1)


def test_when_room_runs_out_the_newest_gives_its_own_back_and_ends_later() -> None:
    engine = SimulatedEngine(replace(GPU, kv_tokens=1_000))
    engine.submit("old", 400, 300)
    engine.submit("new", 400, 300)
    steps = run(engine)
    assert engine.preempted > 0
    assert [name for step in steps for name in step.finished] == ["old", "new"]
    assert [name for step in steps for name in step.first].count("new") == 1


def test_by_priority_the_lowest_number_is_next() -> None:
    engine = SimulatedEngine(GPU, places=1, by_priority=True)
    engine.submit("late", 10, 1, priority=5)
    engine.submit("soon", 10, 1, priority=1)
    assert [step.first for step in run(engine)] == [("soon",), ("late",)]


def test_who_is_aborted_leaves_its_room_wherever_it_was() -> None:
    engine = SimulatedEngine(GPU, places=2)
    for name in ("decodes", "begun", "waits"):
        engine.submit(name, 3_000 if name == "begun" else 10, 50)
    engine.step()
    for name in ("decodes", "begun", "waits", "nobody"):
        engine.abort(name)
    assert (engine.running, engine.waiting, engine.kv_used) == (0, 0, 0)
    assert engine.step() is None


requests = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 60), st.booleans()), min_size=1, max_size=30)


@given(requests, st.booleans())
def test_everyone_gets_one_first_token_and_one_end_and_the_room_is_given_back(
    asked: list[tuple[int, int, bool]], by_priority: bool
) -> None:
    engine = SimulatedEngine(replace(GPU, kv_tokens=1_000), budget=256, places=8, by_priority=by_priority)
    steps = []
    for number, (prompt, output, waits) in enumerate(asked):
        engine.submit(str(number), prompt, output)
        if not waits and (step := engine.step()):
            steps.append(step)
    steps += run(engine)
    names = sorted(str(number) for number in range(len(asked)))
    assert sorted(name for step in steps for name in step.first) == names
    assert sorted(name for step in steps for name in step.finished) == names
    assert engine.kv_used == 0
