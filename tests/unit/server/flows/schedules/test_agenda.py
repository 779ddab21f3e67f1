"""Dates of many keys, and the next of them."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st
from signward_server.flows.schedules.agenda import Agenda


def everything_due(agenda: Agenda, until: float) -> list[str]:
    due = []
    while agenda.announce(until):
        pass
    while (key_id := agenda.due(until)) is not None:
        due.append(key_id)
        agenda.set(key_id, None)
    return due


def test_dates_come_in_order_once_they_are_announced() -> None:
    agenda = Agenda()
    assert (agenda.first, agenda.announce(99), agenda.due(99)) == (None, None, None)
    for key_id, date in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
        agenda.set(key_id, date)
    assert (agenda.first, len(agenda)) == (1.0, 3)
    assert agenda.due(2.5) is None
    assert agenda.announce(2.5) == (1.0, "a")
    assert agenda.due(0.5) is None
    assert agenda.due(2.5) == "a"
    agenda.set("a", None)
    assert agenda.due(2.5) is None
    assert [agenda.announce(2.5), agenda.announce(2.5)] == [(2.0, "b"), None]
    assert everything_due(agenda, 9) == ["b", "c"]


def test_a_date_is_announced_once_and_a_new_one_again() -> None:
    agenda = Agenda()
    agenda.set("a", 1.0)
    assert agenda.announce(9) == (1.0, "a")
    agenda.set("a", 1.0)
    assert agenda.announce(9) is None
    agenda.set("a", 2.0)
    agenda.set("a", 1.0)
    assert [agenda.announce(9), agenda.announce(9)] == [(1.0, "a"), None]
    agenda.set("a", None)
    agenda.set("a", 1.0)
    assert agenda.announce(9) == (1.0, "a")


def test_what_is_postponed_needs_no_announcement() -> None:
    agenda = Agenda()
    agenda.set("a", 1.0)
    agenda.announce(1)
    agenda.postpone("a", 5.0)
    assert (agenda.due(4), agenda.first, agenda.announce(9)) == (None, 5.0, None)
    assert agenda.due(5) == "a"


_DATES = st.none() | st.integers(0, 20).map(float)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), _DATES)), st.integers(0, 20))
def test_it_is_what_a_dictionary_would_be(
    changes: list[tuple[str, float | None]], until: int
) -> None:
    agenda = Agenda()
    known: dict[str, float] = {}
    for key_id, date in changes:
        agenda.set(key_id, date)
        if date is None:
            known.pop(key_id, None)
        else:
            known[key_id] = date
        assert agenda.first == min(known.values(), default=None)
        assert len(agenda) == len(known)
    expected = sorted((date, key_id) for key_id, date in known.items() if date <= until)
    assert everything_due(agenda, until) == [key_id for _, key_id in expected]


def test_a_hundred_thousand_dates_cost_nothing_until_they_come() -> None:
    agenda = Agenda()
    for number in range(100_000):
        agenda.set(f"key-{number}", 1_000.0 + number)
    begun = time.perf_counter()
    for _ in range(1_000):
        assert (agenda.announce(999), agenda.due(999), agenda.first) == (None, None, 1_000.0)
    assert time.perf_counter() - begun < 0.5


def test_a_date_that_keeps_moving_leaves_nothing_behind() -> None:
    agenda = Agenda()
    for date in range(10_000):
        agenda.set("a", float(date))
    assert len(agenda._due) + len(agenda._near) < 200
