"""Finds out at start that the store belongs to another KEK than the one at hand."""

from __future__ import annotations

from collections.abc import Collection

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.ports import MaterialReader
from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope import sealing_kek

__all__ = ["refuse_foreign_kek"]

_SAMPLE = 16
_FIRST_VERSION = 1


def refuse_foreign_kek(
    unreadable: Collection[str], readable: int, materials: MaterialReader, kek_id: bytes
) -> None:
    """Return unless no key can be read and an envelope names another KEK.

    Without this the daemon would come up ready, sign nothing, and seal new keys under a KEK
    that belongs to another store. Single rows that were damaged do not stop it.

    Args:
        unreadable: Ids of the keys whose rows fail their MAC.
        readable: How many keys do not.
        materials: Reads their envelopes.
        kek_id: Public id of the KEK at hand, 16 bytes.

    Raises:
        CustodyRefused: The KEK is another one.
        StoreUnavailable: The store cannot be read.
    """
    if readable:
        return
    for key_id in sorted(unreadable)[:_SAMPLE]:
        try:
            sealed_under = sealing_kek(materials.read_material(key_id, _FIRST_VERSION))
        except EnvelopeCorrupt:
            continue
        if sealed_under != kek_id:
            raise CustodyRefused(
                "the keys of the store are sealed under another KEK than the one in "
                "custody.envelope.kek",
                "put the KEK file of this store back",
            )
