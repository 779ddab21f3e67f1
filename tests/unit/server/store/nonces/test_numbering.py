"""Numbers of a lane, without a store or a clock."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.store.nonces.numbering import AHEAD_MS, Held, Numbering, TooFarAhead

NOW = 1_800_000_000_000
SIGNER, OTHER = b"s" * 32, b"o" * 32


def lane(number: int, lanes: int, start: int = NOW - 1_000) -> Numbering:
    return Numbering(Held(number, lanes, "holder", start, NOW + 1_000))


def exhaust(numbering: Numbering) -> list[int]:
    """Take all that can be taken at once."""
    taken: list[int] = []
    with suppress(TooFarAhead):
        taken.extend(take(numbering, NOW) for _ in range(2 * AHEAD_MS))
    return taken


def take(numbering: Numbering, now: int, signer: bytes = SIGNER) -> int:
    number = numbering.next(signer, now)
    numbering.keep(signer, number)
    return number


def test_the_first_number_is_now_where_there_is_one_lane() -> None:
    assert take(lane(0, 1), NOW) == NOW


@given(st.integers(1, 64), st.data())
def test_a_number_is_of_its_lane_and_less_than_a_round_from_now(
    lanes: int, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, lanes - 1))
    now = NOW + data.draw(st.integers(0, 1_000))
    taken = take(lane(number, lanes), now)
    assert taken % lanes == number
    assert now <= taken < now + lanes


def test_numbers_of_a_signer_rise_and_signers_do_not_wait_for_each_other() -> None:
    numbering = lane(3, 8)
    first = [take(numbering, NOW) for _ in range(4)]
    assert first == [first[0] + 8 * step for step in range(4)]
    assert take(numbering, NOW, OTHER) == first[0]


@pytest.mark.parametrize("lanes", [1, 2, 3, 8, 64])
def test_all_lanes_together_run_ahead_by_no_more_than_64(lanes: int) -> None:
    taken: list[int] = []
    for number in range(lanes):
        numbering = lane(number, lanes)
        taken += exhaust(numbering)
        with pytest.raises(TooFarAhead) as refused:
            numbering.next(SIGNER, NOW)
        later = NOW + refused.value.wait
        assert take(numbering, later) < later + AHEAD_MS
    assert sorted(taken) == list(range(NOW, NOW + AHEAD_MS))


def test_what_is_told_to_wait_is_the_least_that_helps() -> None:
    numbering = lane(0, 4)
    exhaust(numbering)
    with pytest.raises(TooFarAhead) as refused:
        numbering.next(SIGNER, NOW)
    with pytest.raises(TooFarAhead):
        numbering.next(SIGNER, NOW + refused.value.wait - 1)


def test_nothing_up_to_the_start_is_given() -> None:
    numbering = lane(0, 1, start=NOW + 50)
    assert take(numbering, NOW) == NOW + 51
    with pytest.raises(TooFarAhead):
        lane(0, 1, start=NOW + 1_000).next(SIGNER, NOW)


def test_a_floor_is_run_ahead_of_and_binds_its_signer_alone() -> None:
    numbering = lane(0, 1)
    numbering.raise_floor(SIGNER, NOW + 4_000)
    numbering.raise_floor(SIGNER, NOW + 3_000)
    taken = [take(numbering, NOW) for _ in range(AHEAD_MS)]
    assert taken == list(range(NOW + 4_001, NOW + 4_001 + AHEAD_MS))
    with pytest.raises(TooFarAhead):
        numbering.next(SIGNER, NOW)
    assert take(numbering, NOW, OTHER) == NOW


def test_a_floor_below_what_was_given_changes_nothing() -> None:
    numbering = lane(0, 1)
    take(numbering, NOW)
    numbering.raise_floor(SIGNER, NOW - 500)
    assert take(numbering, NOW) == NOW + 1


def test_a_clock_that_goes_back_a_little_repeats_nothing() -> None:
    numbering = lane(0, 1)
    given = [take(numbering, now) for now in (NOW, NOW - 20, NOW - 20, NOW + 1)]
    assert given == [NOW, NOW + 1, NOW + 2, NOW + 3]


def test_the_highest_is_that_of_all_signers_and_what_is_not_kept_does_not_count() -> None:
    numbering = lane(0, 1)
    assert numbering.highest == NOW - 1_000
    take(numbering, NOW + 7, OTHER)
    take(numbering, NOW)
    assert numbering.highest == NOW + 7
    assert numbering.next(SIGNER, NOW + 100) == numbering.next(SIGNER, NOW + 100)
    assert numbering.highest == NOW + 7
