"""Finds out at start that the store belongs to another KEK than the one at hand."""

from __future__ import annotations

from collections.abc import Collection

from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope import sealing_kek
from signward_server.store import Rekeying

__all__ = ["refuse_foreign_kek", "refuse_unfinished_rotation"]


def refuse_foreign_kek(
    unreadable: Collection[str], readable: int, rekeying: Rekeying, kek_id: bytes
) -> None:
    """Return unless no key can be read and all envelopes name other KEKs.

    Without this the daemon would come up ready, sign nothing, and seal new keys under a KEK
    that belongs to another store. Single rows that were damaged do not stop it.

    Args:
        unreadable: Ids of the keys whose rows fail their MAC.
        readable: How many keys do not.
        rekeying: Reads which KEKs their envelopes name.
        kek_id: Public id of the KEK at hand, 16 bytes.

    Raises:
        CustodyRefused: The KEK is another one.
        StoreUnavailable: The store cannot be read.
    """
    if readable or not unreadable:
        return
    named = rekeying.tally(sealing_kek).named
    if named and kek_id not in named:
        raise CustodyRefused(
            "the keys of the store are sealed under another KEK than the one in "
            f"custody.envelope.kek: under {named.most_common(1)[0][0].hex()}, and this is "
            f"{kek_id.hex()}",
            "put the KEK of this store back; one that was retired opens no store any more",
        )


def refuse_unfinished_rotation(rekeying: Rekeying) -> None:
    """Return unless rows are on their way from one KEK to another.

    Raises:
        CustodyRefused: They are.
        StoreUnavailable: The store cannot be read.
    """
    state = rekeying.state()
    if state is not None and state.stage != "left":
        raise CustodyRefused(
            "a rotation of the KEK was interrupted, and the store's rows are under two KEKs",
            "run `signward kek rotate` again, which goes on with it",
        )
