"""The sections of custody: where private halves live."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from signward_server.config.addresses import FilePath
from signward_server.config.quantities import Duration, Size
from signward_server.config.section import Section, contradiction, table

__all__ = ["Custody", "Envelope"]

_MIB = 2**20


class Envelope(Section):
    """Keys sealed in the store under a key-encryption key, opened on locked pages to sign."""

    kek_source: Literal["file", "passphrase", "credential"] = Field(
        "file",
        description=(
            "Where the key-encryption key comes from: a file, a passphrase that is asked for at "
            "start (or read from `--passphrase-fd`), or a credential of systemd."
        ),
    )
    kek: FilePath = Field(
        Path("kek"),
        description=(
            "File of the key-encryption key, or the file that belongs to its passphrase; mode "
            "0600, kept in no backup of the store. For a credential: its name."
        ),
    )
    default_unlock_ttl: Duration = Field(
        timedelta(minutes=15),
        ge=timedelta(0),
        le=timedelta(days=30),
        description=(
            "How long a private half stays in locked memory after a signature, where the key "
            "does not say; 0 wipes it at once."
        ),
    )
    max_unlock_ttl: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(0),
        le=timedelta(days=30),
        description="The longest that a key may ask for.",
    )
    locked_memory: Size = Field(
        4 * _MIB,
        ge=64 * 2**10,
        le=1024 * _MIB,
        description=(
            "Memory to lock for keys, in whole pages; the system allows 8 MiB by default."
        ),
    )
    allow_unlisted_libraries: bool = Field(
        False,
        description=(
            "Whether to take builds of libsodium and libsecp256k1 that are not from the pinned "
            "wheels, such as a distribution's."
        ),
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.default_unlock_ttl > self.max_unlock_ttl:
            raise contradiction(
                "default_unlock_ttl",
                "is above custody.envelope.max_unlock_ttl",
                "lower it, or raise that",
            )
        return self


class Custody(Section):
    """Where private halves live."""

    envelope: Envelope = table("Custody `envelope`.")
