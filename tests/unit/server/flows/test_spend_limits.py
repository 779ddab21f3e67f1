"""When a spend limit lets something through again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.flows.spend_limits import allowed_after


class Falling:
    """Implements ``core.ports.Reservation``: totals that fall, one by one."""

    totals: Mapping[str, int] = {"day": 100}
    before = totals

    def __init__(self, *totals: int) -> None:
        self._totals = totals

    def ahead(self) -> Iterator[tuple[float, Mapping[str, int]]]:
        for number, total in enumerate(self._totals):
            yield number * 2.5, {"day": total}

    def release(self) -> None:
        raise AssertionError("it is not asked for")


@pytest.mark.parametrize(
    ("limit", "seconds"), [(90, 0), (89, 2.5), (50, 5.0), (10, 7.5), (9, None)]
)
def test_it_is_the_first_time_at_which_it_is_allowed(limit, seconds):
    falling = Falling(90, 60, 50, 10)
    assert allowed_after(falling, lambda totals: totals["day"] <= limit) == seconds


def test_what_never_falls_is_never_allowed():
    assert allowed_after(Falling(), lambda _: True) is None


@given(st.lists(st.integers(0, 1000), max_size=200), st.integers(-1, 1000))
def test_it_is_found_with_few_questions(totals, limit):
    totals.sort(reverse=True)
    asked = []

    def allows(known: Mapping[str, int]) -> bool:
        asked.append(known)
        return known["day"] <= limit

    expected = next((n * 2.5 for n, total in enumerate(totals) if total <= limit), None)
    assert allowed_after(Falling(*totals), allows) == expected
    assert len(asked) <= 8
