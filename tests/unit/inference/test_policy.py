"""Who is asked next, who waits, and who is told that it will not be in time."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matjip.inference.model import Urgency
from matjip.inference.policy import Line, Pace, PolicySettings, Refusal, Start, Ticket

PACE = Pace(fixed_s=0.0, token_s=0.0001, decode_s=0.02, kv_tokens=40_000)  # 10,000 tokens a second


def ticket(name: str, tokens: int = 300, **about: object) -> Ticket:
    urgency = about.get("urgency", "interactive")
    arrived = float(str(about.get("arrived_s", 0.0)))
    deadline = {"interactive": arrived + 2, "batch": arrived + 60}.get(str(urgency))
    made = Ticket(
        id=name,
        tenant="a",
        kind="sentiment",
        urgency="interactive",
        arrived_s=arrived,
        deadline_s=deadline,
        prefill_tokens=tokens,
        context_tokens=tokens,
        output_tokens=40,
        bytes=tokens * 4,
    )
    return replace(made, **about)  # type: ignore[arg-type]


def line(pace: Pace = PACE, **limits: object) -> Line:
    return Line(PolicySettings.model_validate({"running_by_kind": {}, **limits}), lambda _: pace)


def taken(waiting: Line, now: float = 0.0) -> list[str]:
    """Who starts now, in order; refusals are marked."""
    found = []
    while decision := waiting.next(now):
        found.append(decision.ticket.id if isinstance(decision, Start) else f"-{decision.ticket.id}")
    return found


def served(waiting: Line, rounds: int) -> list[str]:
    """Who starts when each ends at once, that many times."""
    found = []
    for _ in range(rounds):
        names = taken(waiting)
        found += names
        for name in names:
            waiting.end(name)
    return found


def test_of_those_who_wait_the_shortest_is_next() -> None:
    waiting = line()
    for name, tokens in (("long", 1_500), ("short", 300), ("middle", 900)):
        waiting.join(ticket(name, tokens), 0)
    assert taken(waiting) == ["short", "middle", "long"]


def test_prompts_of_nearly_the_same_length_keep_the_order_in_which_they_came() -> None:
    waiting = line()
    for name, tokens in (("first", 315), ("second", 260), ("third", 300)):
        waiting.join(ticket(name, tokens), 0)
    assert taken(waiting) == ["first", "second", "third"]


def test_no_more_is_given_to_the_engine_than_its_window_until_a_first_token_comes() -> None:
    waiting = line(window_tokens=1_000)
    for name in "abc":
        waiting.join(ticket(name, 600), 0)
    assert taken(waiting) == ["a", "b"]
    waiting.first_token("a", 0.1)
    assert taken(waiting, 0.1) == ["c"]


def test_what_does_not_fit_beside_the_keys_and_values_of_others_waits_until_one_ends() -> None:
    waiting = line(replace(PACE, kv_tokens=1_300), window_tokens=9_000)
    for name in "abc":
        waiting.join(ticket(name, 400), 0)
    assert taken(waiting) == ["a", "b"]
    waiting.end("a")
    assert taken(waiting) == ["c"]


def test_what_a_running_call_has_put_out_takes_room_too() -> None:
    waiting = line(replace(PACE, kv_tokens=1_300), window_tokens=9_000)
    waiting.join(ticket("a", 400), 0)
    taken(waiting)
    waiting.first_token("a", 0.0)
    waiting.join(ticket("b", 400, arrived_s=10.0), 10.0)
    assert taken(waiting, 10.0) == []  # 10 s at .02 s a token are 500 tokens


def test_what_the_engine_says_is_taken_corrects_what_is_believed() -> None:
    waiting = line(replace(PACE, kv_tokens=1_300), window_tokens=9_000)
    waiting.join(ticket("a", 400), 0)
    taken(waiting)
    waiting.measured(900, 0)
    waiting.join(ticket("b", 400), 0)
    assert taken(waiting) == []
    waiting.measured(None, 0)  # it has not said so lately
    assert taken(waiting) == ["b"]


def test_who_would_be_late_behind_those_ahead_is_refused_at_its_turn() -> None:
    waiting = line(window_tokens=20_000)
    waiting.join(ticket("a", 10_000), 0)
    taken(waiting)
    waiting.join(ticket("b", 11_000), 0)  # 21,000 tokens take 2.1 s
    assert taken(waiting) == ["-b"]


def test_who_could_not_be_in_time_even_alone_is_refused_without_waiting_for_its_turn() -> None:
    waiting = line(window_tokens=1_000)
    waiting.join(ticket("a", 5_000), 0)
    taken(waiting)
    waiting.join(ticket("b", 9_000), 0)
    assert waiting.wakes_at() == pytest.approx(1.1)
    assert taken(waiting, 1.05) == []
    assert taken(waiting, 1.15) == ["-b"]


def test_an_idle_engine_tries_what_is_believed_to_be_late_every_five_seconds() -> None:
    waiting = line()
    for name, now in (("a", 0.0), ("b", 4.0), ("c", 6.0)):
        waiting.join(ticket(name, 21_000, arrived_s=now), now)
        assert taken(waiting, now) == ([f"-{name}"] if name == "b" else [name])
        waiting.end(name)


def test_what_has_no_deadline_is_never_refused_for_being_late() -> None:
    waiting = line(window_tokens=1_000)
    waiting.join(ticket("a", 15_000), 0)
    taken(waiting)
    waiting.join(ticket("b", 15_000, urgency="background", deadline_s=None), 0)
    assert taken(waiting, 10_000) == []
    waiting.end("a")
    assert taken(waiting, 10_000) == ["b"]


def test_a_refusal_says_when_the_backlog_before_it_will_be_gone() -> None:
    waiting = line(window_tokens=1_000, waiting=12)
    for number in range(12):
        waiting.join(ticket(str(number), 6_000, urgency="batch", tenant=str(number)), 0)
    refusal = waiting.join(ticket("late", 6_000, urgency="batch"), 0)
    assert refusal == Refusal(ticket=ticket("late", 6_000, urgency="batch"), reason="line_full", retry_after_s=8)


def test_a_prompt_that_never_fits_is_refused_when_it_comes() -> None:
    refusal = line().join(ticket("a", 39_500), 0)
    assert refusal is not None
    assert refusal.reason == "too_large"


def test_the_line_is_bounded_in_bytes() -> None:
    waiting = line(waiting_bytes=3_000, tenant_share=1)
    assert waiting.join(ticket("a", bytes=2_000), 0) is None
    refusal = waiting.join(ticket("b", bytes=2_000), 0)
    assert refusal is not None
    assert refusal.reason == "line_full"


def test_one_tenant_may_not_hold_the_whole_line() -> None:
    waiting = line(waiting=4)
    for name in "ab":
        assert waiting.join(ticket(name), 0) is None
    refusal = waiting.join(ticket("c"), 0)
    assert refusal is not None
    assert refusal.reason == "tenant_full"
    assert waiting.join(ticket("d", tenant="b"), 0) is None


def test_the_more_urgent_class_goes_first() -> None:
    waiting = line()
    waiting.join(ticket("job", 100, urgency="batch"), 0)
    waiting.join(ticket("person", 1_000), 0)
    assert taken(waiting) == ["person", "job"]


def test_a_class_that_is_late_goes_before_far_longer_calls_of_a_more_urgent_one() -> None:
    waiting = line(window_tokens=400)
    for number in range(600):  # 180,000 tokens: 18 s of the engine, 36 s at half its pace
        waiting.join(ticket(f"job{number}", urgency="batch", deadline_s=30.0), 0)
    waiting.join(ticket("long", 1_300), 0)
    waiting.join(ticket("short", 500), 0)
    assert taken(waiting) == ["short"]
    waiting.first_token("short", 0)
    assert taken(waiting) == ["job0", "job1"]


def test_a_class_below_keeps_a_share_while_a_more_urgent_one_waits() -> None:
    waiting = line(window_tokens=300, lower_share=0.1)
    waiting.join(ticket("job", urgency="background", deadline_s=None), 0)
    for number in range(30):
        waiting.join(ticket(f"p{number}"), 0)
    assert served(waiting, 31).index("job") == 10  # a tenth of the tokens before it


def test_a_tenant_that_floods_does_not_come_before_one_that_asks_little() -> None:
    waiting = line(window_tokens=600)
    for number in range(100):
        waiting.join(ticket(f"flood{number}", tenant="flood"), 0)
    served(waiting, 10)
    waiting.join(ticket("calm", 900, tenant="calm"), 0)
    assert "calm" in served(waiting, 3)


def test_twice_the_weight_is_twice_the_share() -> None:
    waiting = line(window_tokens=256, tenant_share=1)
    for number in range(200):
        waiting.join(ticket(f"x{number}", 1_000, tenant="x", weight=2.0), 0)
        waiting.join(ticket(f"y{number}", 1_000, tenant="y"), 0)
    tenants = [name[0] for name in served(waiting, 150)]
    assert 1.7 < tenants.count("x") / tenants.count("y") < 2.3


def test_a_tenant_gets_no_credit_for_the_time_in_which_it_asked_nothing() -> None:
    waiting = line(window_tokens=256, tenant_share=1)
    for number in range(100):
        waiting.join(ticket(f"x{number}", 1_000, tenant="x"), 0)
    served(waiting, 50)
    for number in range(100):
        waiting.join(ticket(f"y{number}", 1_000, tenant="y"), 0)
    assert 18 <= [name[0] for name in served(waiting, 40)].count("x") <= 22


def test_a_tenant_beyond_its_share_may_not_put_long_prompts_before_those_of_others() -> None:
    waiting = line(window_tokens=1_000, tenant_share=0.5)
    for number in range(20):
        waiting.join(ticket(f"loud{number}", tenant="loud"), 0)
    waiting.join(ticket("calm", tenant="calm"), 0)
    served(waiting, 10)
    waiting.join(ticket("short", 500, tenant="calm"), 0)
    assert taken(waiting) == ["short"]
    waiting.join(ticket("x", 13_000, tenant="loud"), 0)
    waiting.join(ticket("y", 13_500, tenant="calm"), 0)
    assert taken(waiting) == ["-x", "y"]


def test_a_tenant_that_is_alone_may_take_all() -> None:
    waiting = line(window_tokens=1_000)
    for number in range(20):
        waiting.join(ticket(f"only{number}", tenant="only"), 0)
    served(waiting, 10)
    for name, tokens in (("short", 500), ("long", 13_000)):
        waiting.join(ticket(name, tokens, tenant="only"), 0)
    assert taken(waiting) == ["short", "long"]


def test_calls_of_one_kind_run_up_to_its_cap() -> None:
    waiting = line(running_by_kind={"strengths": 2})
    for name in "abc":
        waiting.join(ticket(name, 100, kind="strengths"), 0)
    waiting.join(ticket("other", 900, kind="summary"), 0)
    assert taken(waiting) == ["a", "b", "other"]


def test_batches_run_up_to_theirs_and_single_reviews_pass_them() -> None:
    waiting = line(running_batches=1)
    for name in "ab":
        waiting.join(ticket(name, 100, items=10), 0)
    waiting.join(ticket("single", 900), 0)
    assert taken(waiting) == ["a", "single"]


def test_all_calls_run_up_to_the_cap_of_all() -> None:
    waiting = line(running=2)
    for name in "abc":
        waiting.join(ticket(name, 100), 0)
    assert taken(waiting) == ["a", "b"]


def test_who_went_away_is_passed_over() -> None:
    waiting = line()
    for name in "ab":
        waiting.join(ticket(name), 0)
    waiting.end("a")
    assert taken(waiting) == ["b"]


def test_a_first_token_tells_how_long_so_many_tokens_took() -> None:
    waiting = line()
    for name, tokens in (("a", 300), ("b", 500)):
        waiting.join(ticket(name, tokens), 0)
    taken(waiting)
    seen = waiting.first_token("b", 0.25)
    assert seen is not None
    assert (seen.tokens, seen.seconds) == (800, 0.25)
    assert waiting.first_token("b", 0.30) is None


calls = st.lists(
    st.tuples(
        st.integers(1, 9_000),
        st.sampled_from(("interactive", "batch", "background")),
        st.sampled_from("abc"),
        st.sampled_from(("start", "first", "end", "leave")),
        st.floats(0, 3),
    ),
    max_size=60,
)


@given(calls)
@settings(deadline=None)
def test_whatever_comes_and_goes_nothing_stays_behind_when_all_have_ended(
    events: list[tuple[int, Urgency, str, str, float]],
) -> None:
    waiting, now, known, running = line(replace(PACE, kv_tokens=12_000)), 0.0, [], []
    for number, (tokens, urgency, tenant, what, later) in enumerate(events):
        now += later
        made = ticket(str(number), tokens, urgency=urgency, tenant=tenant, arrived_s=now)
        if waiting.join(made, now) is None:
            known.append(made.id)
        running += [name for name in taken(waiting, now) if not name.startswith("-")]
        if running and what == "first":
            waiting.first_token(running[0], now)
        if running and what == "end":
            waiting.end(running.pop(0))
        if known and what == "leave":
            waiting.end(known[0])
        assert waiting.running <= 50
        assert waiting.view(now).kv_tokens >= -1
    for name in known:
        waiting.end(name)
    view = waiting.view(now)
    assert (view.waiting, view.running, view.ahead_tokens, view.waiting_bytes, view.tenants) == (0, 0, 0, 0, ())
    assert abs(view.kv_tokens) <= 1
    assert all(each.waiting_tokens == 0 for each in view.classes)


@given(calls)
@settings(deadline=None)
def test_everyone_who_waits_is_started_or_refused_in_the_end(
    events: list[tuple[int, Urgency, str, str, float]],
) -> None:
    waiting, now, left = line(), 0.0, set()
    for number, (tokens, urgency, tenant, _, later) in enumerate(events):
        now += later
        if waiting.join(ticket(str(number), tokens, urgency=urgency, tenant=tenant, arrived_s=now), now) is None:
            left.add(str(number))
    while names := taken(waiting, now):
        for name in names:
            left.discard(name.removeprefix("-"))
            waiting.end(name)
        now += 0.01
    assert not left
    assert len(waiting) == 0
