"""Where the KEK of a configuration comes from."""

from __future__ import annotations

from signward_server.config.schema import Envelope
from signward_server.custody.envelope import (
    CredentialKek,
    DescriptorPassphrase,
    HandedKek,
    Kek,
    KekProvider,
    LocalKeyFile,
    PassphraseKek,
    PassphraseSource,
    TerminalPassphrase,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native.sodium import Sodium
from signward_server.home.kek_access import KekAccess
from signward_server.home.kek_places import KekPlace, place_of

__all__ = ["kek_provider", "new_kek", "passphrase_source", "provider_at"]


def kek_provider(section: Envelope, sodium: Sodium, access: KekAccess) -> KekProvider:
    """Return what brings the KEK; nothing is read or asked yet."""
    if access.descriptor is not None:
        return HandedKek(access.descriptor, sodium)
    return provider_at(place_of(section), sodium, access)


def provider_at(
    place: KekPlace, sodium: Sodium, access: KekAccess, called: str = "the KEK"
) -> KekProvider:
    """Return what brings the KEK of a place; nothing is read or asked yet.

    Args:
        place: Where it is.
        sodium: libsodium.
        access: How this process comes to it.
        called: What people are asked for the passphrase of.
    """
    if place.kind == "passphrase":
        source = passphrase_source(access.passphrase)
        return PassphraseKek(place.path, sodium, source, called=called)
    if place.kind == "credential":
        return CredentialKek(place.path.name, access.environment, sodium)
    return LocalKeyFile(place.path, sodium)


def new_kek(place: KekPlace, sodium: Sodium, memory: LockedMemory, access: KekAccess) -> Kek:
    """Make a KEK in a place; of a credential, take the one that is there.

    Raises:
        KekFileError: It cannot be made, or is not there.
        CustodyUnavailable: There is no locked memory for it.
    """
    if place.kind == "passphrase":
        source = passphrase_source(access.passphrase)
        return PassphraseKek(place.path, sodium, source, called="the new KEK").create(memory)
    if place.kind == "credential":
        return CredentialKek(place.path.name, access.environment, sodium).load(memory)
    return LocalKeyFile(place.path, sodium).create(memory)


def passphrase_source(descriptor: int | None) -> PassphraseSource:
    """Return a descriptor as the source of a passphrase, the terminal where there is none."""
    return TerminalPassphrase() if descriptor is None else DescriptorPassphrase(descriptor)
