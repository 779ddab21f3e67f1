"""Ids in order, whatever comes and goes."""

from __future__ import annotations

import string
from itertools import islice
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from signward_server.store import sorted_ids
from signward_server.store.sorted_ids import SortedIds

IDS = st.text(string.ascii_lowercase, min_size=1, max_size=3)


@given(st.sets(IDS), st.lists(st.tuples(st.booleans(), IDS)), IDS, st.integers(0, 60))
def test_it_is_what_a_sorted_list_is(
    first: set[str], changes: list[tuple[bool, str]], after: str, skip: int
) -> None:
    with patch.object(sorted_ids, "_PART", 4):
        known, ids = set(first), SortedIds(first)
        for comes, name in changes:
            before, kept = list(ids), ids
            if comes and name not in known:
                ids = ids.with_([name])
                known.add(name)
            elif not comes:
                ids = ids.without(name)
                known.discard(name)
            assert list(kept) == before, "nobody changes what is here"
        ordered = sorted(known)
        assert list(ids) == ordered
        assert len(ids) == len(ordered)
        above = [each for each in ordered if each > after]
        assert list(ids.after(after, skip)) == above[skip:]
        assert list(islice(ids.after("", skip), 3)) == ordered[skip : skip + 3]


@given(st.sets(IDS), st.sets(IDS))
def test_many_can_come_at_once(first: set[str], new: set[str]) -> None:
    ids = SortedIds(first).with_(sorted(new - first))
    assert list(ids) == sorted(first | new)


def test_a_copy_with_one_more_shares_what_did_not_change() -> None:
    ids = SortedIds(f"k{number:05}" for number in range(10_000))
    more = ids.with_(["k05000a"])
    shared = [part for part in more._parts if any(part is other for other in ids._parts)]
    assert len(shared) == len(ids._parts) - 1
