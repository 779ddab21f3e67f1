"""The key that signs checkpoints: Ed25519 in a file of its own, outside of the log (S36)."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signward.audit.checkpoints import sign_checkpoint
from signward.audit.log_list import LogList, sign_log_list
from signward.audit.verifier_keys import KeyType, VerifierKey

from signward_server.core.plain_files import FileRefused, read_plain
from signward_server.core.startup import AuditRefused

__all__ = ["CheckpointKey", "new_origin", "new_private_key"]

_LARGEST = 4096  # bytes of the file
_OTHERS = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP
_INIT = "run `signward audit init`, or give audit.checkpoint_key the file that it made"


def new_origin() -> str:
    """Return a name for a new log that no other log has."""
    return f"signward/{secrets.token_hex(8)}"


def new_private_key() -> bytes:
    """Return a new private key as PKCS#8 in PEM, not encrypted."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@dataclass(frozen=True, slots=True)
class CheckpointKey:
    """The key, under the name of its log.

    Attributes:
        verifier: Its public half.
    """

    verifier: VerifierKey
    _private: Ed25519PrivateKey

    @classmethod
    def of(cls, origin: str, pem: bytes) -> Self:
        """Return the key in a PEM file.

        Raises:
            ValueError: There is no Ed25519 key in it, or it is encrypted.
        """
        try:
            private = serialization.load_pem_private_key(pem, None)
        except (TypeError, UnsupportedAlgorithm) as exc:
            raise ValueError("it is no private key that can be used") from exc
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError("it is not of Ed25519")  # noqa: TRY004  # content of a file
        public = private.public_key().public_bytes_raw()
        return cls(VerifierKey(origin, KeyType.ED25519, public), private)

    @classmethod
    def load(cls, origin: str, path: Path) -> Self:
        """Read the key.

        Raises:
            AuditRefused: It is missing, no key, or open to others.
        """
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            pem = read_plain(path, _LARGEST, guarded=True)
        except FileRefused as exc:
            raise AuditRefused(f"{path} {exc.text}", exc.fix) from exc
        except OSError as exc:
            reason = os.strerror(exc.errno or 0)
            raise AuditRefused(
                f"the key of the audit log, {path}, cannot be read ({reason})", _INIT
            ) from exc
        if mode & _OTHERS:
            raise AuditRefused(
                f"{path} has mode {mode:04o}, so that others can reach the key of the audit log",
                f"run: chmod 600 {path}",
            )
        try:
            return cls.of(origin, pem)
        except ValueError as exc:
            raise AuditRefused(f"{path} holds no Ed25519 key in PEM", _INIT) from exc

    def under(self, verifier: VerifierKey) -> Self:
        """Return the same key under the name of another log of the home."""
        return replace(self, verifier=verifier)

    def log_list(self, folders: Sequence[str]) -> LogList:
        """Return the signed list of the logs of the home; see ``signward.audit.log_list``."""
        return sign_log_list(self.verifier, self._private.sign, folders)

    def checkpoint(self, size: int, root: bytes) -> bytes:
        """Return a signed note on a tree."""
        return sign_checkpoint(self.verifier, self._private.sign, size, root)
