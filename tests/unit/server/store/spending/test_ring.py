"""The arithmetic of windows, compared with a list of everything that was spent."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.store.spending.ring import PARTS, Ring

SECOND = 1_000_000
START = 1_800_000_000 * SECOND
WINDOW = 60 * SECOND

windows = st.sampled_from([SECOND, 1_000_003, WINDOW, 24 * 3600 * SECOND])
amounts = st.one_of(st.integers(0, 100), st.just(2**63 - 1))


@dataclass
class Ledger:
    """Everything that was spent, and when; adds up what lies within a window."""

    window: int
    entries: list[tuple[int, int]] = field(default_factory=list)

    def spent(self, now: int, window: int | None = None) -> int:
        reach = now - (self.window if window is None else window)
        return sum(amount for time, amount in self.entries if time > reach)


@given(windows, st.lists(st.tuples(st.floats(0, 1.5), amounts), max_size=60))
def test_s12_the_sum_is_never_below_the_window_and_at_most_a_part_above(window, steps):
    ring, ledger, now = Ring(window), Ledger(window), START
    for fraction, amount in steps:
        now += round(fraction * window / 4)
        ring = ring.at(now, window)
        assert ledger.spent(now) <= ring.total <= ledger.spent(now, window + ring.part)
        ring = ring.with_spent(amount)
        ledger.entries.append((now, amount))
        assert ring.total >= ledger.spent(now)
    assert len(ring.spent) <= PARTS + 1


@given(windows, st.lists(st.tuples(st.floats(0, 0.5), amounts), min_size=1, max_size=30))
def test_falls_say_what_the_total_will_be(window, steps):
    ring, now = Ring(window), START
    for fraction, amount in steps:
        now += round(fraction * window)
        ring = ring.at(now, window).with_spent(amount)
    before = ring.total
    for time, total in ring.falls():
        assert time > now
        assert ring.at(time - 1, window).total == before
        assert ring.at(time, window).total == total < before
        before = total
    assert before == 0


def test_s13_time_never_goes_back_and_frees_nothing():
    ring = Ring(WINDOW).at(START, WINDOW).with_spent(5)
    back = ring.at(START - 10 * WINDOW, WINDOW).with_spent(3)
    assert back.latest == START
    assert back.total == 8
    assert back.at(START + WINDOW - 1, WINDOW).total == 8
    assert back.at(START + WINDOW + back.part, WINDOW).total == 0


@given(st.lists(st.tuples(st.integers(0, WINDOW // 2), st.integers(1, 9)), max_size=20))
def test_what_is_given_back_is_as_if_it_had_not_been_spent(steps):
    ring, now = Ring(WINDOW), START
    for passed, amount in steps:
        now += passed
        ring = ring.at(now, WINDOW).with_spent(amount)
    added = ring.with_spent(7)
    given_back = added.without(added.current, 7)
    assert given_back.spent == ring.spent
    assert given_back.revision == ring.revision + 2


def test_nothing_below_zero_and_nothing_that_has_left_is_given_back():
    ring = Ring(WINDOW).at(START, WINDOW).with_spent(5)
    number = ring.current
    later = ring.at(START + 2 * WINDOW, WINDOW)
    assert later.without(number, 5).total == 0
    assert later.without(number, 5).with_spent(1).total == 1
    assert ring.without(number, 9).total == 0


@given(windows, windows, st.lists(st.tuples(st.floats(0, 0.3), amounts), max_size=20))
def test_another_window_frees_nothing_that_lies_in_both(window, other, steps):
    ring, ledger, now = Ring(window), Ledger(min(window, other)), START
    for fraction, amount in steps:
        now += round(fraction * window)
        ring = ring.at(now, window).with_spent(amount)
        ledger.entries.append((now, amount))
    changed = ring.at(now, other)
    assert changed.total >= ledger.spent(now)
    longest = max(ring.part, changed.part)
    assert changed.total <= ledger.spent(now, window + other + 2 * longest)
    assert changed.at(now + other + ring.part + changed.part, other).total == 0


def test_sums_go_beyond_64_bits():
    ring = Ring(WINDOW).at(START, WINDOW)
    for _ in range(5):
        ring = ring.with_spent(2**63 - 1)
    assert ring.total == 5 * (2**63 - 1)
    assert ring.without(ring.current, 2**63 - 1).total == 4 * (2**63 - 1)


@pytest.mark.parametrize("newer", [False, True])
def test_of_two_states_the_more_that_either_has_counted_counts(newer):
    common = Ring(WINDOW).at(START, WINDOW).with_spent(5)
    one = common.at(START + WINDOW // 4, WINDOW).with_spent(3)
    other = common.at(START + WINDOW // 2, WINDOW).with_spent(2)
    merged = one.merged(other) if newer else other.merged(one)
    assert merged.total == 10
    assert merged.latest == START + WINDOW // 2
    assert merged.revision == 2
    assert Ring(WINDOW).merged(one).total == one.total
