"""Looks which KEK a home has; nothing is asked for or written."""

from __future__ import annotations

from dataclasses import dataclass

from signward_server.config import Settings
from signward_server.core.ports import Clock
from signward_server.custody.envelope import read_parameters, sealing_kek
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native
from signward_server.home.kek import provider_at
from signward_server.home.kek_access import KekAccess
from signward_server.home.kek_places import KekPlace, place_of
from signward_server.home.store_place import store_place
from signward_server.store import Tally, open_store

__all__ = ["Seen", "look"]

_MEMORY = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen.

    Attributes:
        place: Where the KEK comes from.
        kek_id: Its id, 16 bytes.
        rotation: How far a rotation is that is not done, empty if there is none.
        tally: Which KEKs private halves name.
    """

    place: KekPlace
    kek_id: bytes
    rotation: str
    tally: Tally


def look(settings: Settings, clock: Clock, access: KekAccess) -> Seen:
    """Look, be the daemon running or not.

    Raises:
        KekFileError: The KEK cannot be used.
        CustodyUnavailable: There is no locked memory for it.
        StoreFileError: The store cannot be opened, or is of an older release.
        StoreUnavailable: It cannot be read.
    """
    place = place_of(settings.custody.envelope)
    kek_id = _id(settings, place, access)
    store = open_store(store_place(settings.store), clock, upgrade=False)
    try:
        rekeying = store.rekeying()
        state = rekeying.state()
        tally = rekeying.tally(sealing_kek)
    finally:
        store.close()
    return Seen(
        place=place, kek_id=kek_id, rotation="" if state is None else state.stage, tally=tally
    )


def _id(settings: Settings, place: KekPlace, access: KekAccess) -> bytes:
    if place.kind == "passphrase":
        return read_parameters(place.path).kek_id
    section = settings.custody.envelope
    native = load_native(allow_unlisted=section.allow_unlisted_libraries)
    memory = LockedMemory(native.sodium, _MEMORY)
    try:
        kek = provider_at(place, native.sodium, access).load(memory)
        kek.close()
        return kek.kek_id
    finally:
        memory.close()
