"""Where the KEK of a configuration comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

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

__all__ = ["KekAccess", "kek_provider", "passphrase_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KekAccess:
    """What this process was given to come to its KEK.

    Attributes:
        descriptor: Of the pipe that the KEK itself was handed over through, ``None`` if it
            was not.
        passphrase: Of what holds the passphrase, ``None`` to ask for it on the terminal.
        environment: Says where credentials are.
    """

    descriptor: int | None = None
    passphrase: int | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)


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
