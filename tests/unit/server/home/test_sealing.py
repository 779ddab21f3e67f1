"""A store of another KEK is found out at start."""

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope.format import SealedKey
from signward_server.home.sealing import refuse_foreign_kek

OURS, OTHER = b"o" * 16, b"x" * 16


def envelope(kek_id: bytes) -> bytes:
    return SealedKey(kek_id, b"n" * 12, b"w" * 48, b"n" * 12, b"s" * 48).encode()


class Materials:
    def __init__(self, **blobs: bytes) -> None:
        self.blobs = blobs

    def read_material(self, key_id: str, version: int) -> bytes:
        if version != 1 or key_id not in self.blobs:
            raise EnvelopeCorrupt
        return self.blobs[key_id]


def test_an_empty_store_takes_any_kek():
    assert refuse_foreign_kek([], 0, Materials(), OURS) is None


def test_no_readable_key_and_another_kek_is_refused():
    materials = Materials(b=b"garbage", c=envelope(OTHER))
    with pytest.raises(CustodyRefused, match="sealed under another KEK"):
        refuse_foreign_kek(["c", "b", "a"], 0, materials, OURS)


@pytest.mark.parametrize(
    ("readable", "kek_id"), [(0, OURS), (1, OTHER)], ids=["damaged rows", "one foreign row"]
)
def test_single_rows_do_not_stop_the_daemon(readable, kek_id):
    assert refuse_foreign_kek(["a"], readable, Materials(a=envelope(kek_id)), OURS) is None
