"""Where the KEK of a configuration comes from."""

from __future__ import annotations

from signward_server.config.schema import Envelope
from signward_server.custody.envelope import (
    CredentialKek,
    DescriptorPassphrase,
    HandedKek,
    KekProvider,
    LocalKeyFile,
    PassphraseKek,
    PassphraseSource,
    TerminalPassphrase,
)
from signward_server.custody.native.sodium import Sodium
from signward_server.home.kek_access import KekAccess

__all__ = ["kek_provider", "passphrase_source"]


def kek_provider(section: Envelope, sodium: Sodium, access: KekAccess) -> KekProvider:
    """Return what brings the KEK; nothing is read or asked yet."""
    if access.descriptor is not None:
        return HandedKek(access.descriptor, sodium)
    if section.kek_source == "passphrase":
        return PassphraseKek(section.kek, sodium, passphrase_source(access.passphrase))
    if section.kek_source == "credential":
        return CredentialKek(section.kek.name, access.environment, sodium)
    return LocalKeyFile(section.kek, sodium)


def passphrase_source(descriptor: int | None) -> PassphraseSource:
    """Return a descriptor as the source of a passphrase, the terminal where there is none."""
    return TerminalPassphrase() if descriptor is None else DescriptorPassphrase(descriptor)
