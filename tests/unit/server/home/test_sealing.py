"""A store of another KEK is found out at start."""

from collections import Counter
from collections.abc import Callable

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope.format import SealedKey
from signward_server.home.sealing import refuse_foreign_kek, refuse_unfinished_rotation
from signward_server.store import RekeyingState, Tally

OURS, OTHER = b"o" * 16, b"x" * 16


def envelope(kek_id: bytes) -> bytes:
    return SealedKey(kek_id, b"n" * 12, b"w" * 48, b"n" * 12, b"s" * 48).encode()


class Sealed:
    """Stands in for ``store.Rekeying``."""

    def __init__(self, *blobs: bytes) -> None:
        self.blobs = blobs

    def tally(self, kek_of: Callable[[bytes], bytes]) -> Tally:
        named, unknown = Counter(), 0
        for blob in self.blobs:
            try:
                named[kek_of(blob)] += 1
            except EnvelopeCorrupt:
                unknown += 1
        return Tally(named, unknown)


class At:
    def __init__(self, stage: str | None) -> None:
        self.stage = stage

    def state(self) -> RekeyingState | None:
        return None if self.stage is None else RekeyingState(OTHER, OURS, self.stage)


def test_an_empty_store_takes_any_kek():
    assert refuse_foreign_kek([], 0, Sealed(), OURS) is None


def test_no_readable_key_and_another_kek_is_refused():
    sealed = Sealed(b"garbage", envelope(OTHER))
    with pytest.raises(CustodyRefused, match=f"under another KEK .* under {OTHER.hex()}, and this"):
        refuse_foreign_kek(["c", "b", "a"], 0, sealed, OURS)


def test_versions_that_were_destroyed_hide_no_other_kek():
    with pytest.raises(CustodyRefused, match="under another KEK"):
        refuse_foreign_kek([f"k{n}" for n in range(100)], 0, Sealed(envelope(OTHER)), OURS)


@pytest.mark.parametrize(
    ("readable", "kek_id"), [(0, OURS), (1, OTHER)], ids=["damaged rows", "one foreign row"]
)
def test_single_rows_do_not_stop_the_daemon(readable, kek_id):
    assert refuse_foreign_kek(["a"], readable, Sealed(envelope(kek_id)), OURS) is None


def test_damaged_rows_that_an_older_kek_left_do_not_stop_the_daemon():
    assert refuse_foreign_kek(["a"], 0, Sealed(envelope(OTHER), envelope(OURS)), OURS) is None


@pytest.mark.parametrize("stage", ["moving", "moved"])
def test_s22_nothing_is_served_while_rows_are_under_two_keks(stage):
    with pytest.raises(CustodyRefused, match="run `signward kek rotate` again"):
        refuse_unfinished_rotation(At(stage))


@pytest.mark.parametrize("stage", [None, "left"])
def test_a_rotation_that_is_done_stops_nothing(stage):
    assert refuse_unfinished_rotation(At(stage)) is None
