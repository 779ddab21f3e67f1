"""What lies where in a home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signward_server.home.lock import FileLock

__all__ = ["AUTHORITY_KEY", "Home", "authority_folder"]

AUTHORITY_KEY = "ca.key"
"""Name of the development CA's private key, in its folder."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one daemon, mode 0700.

    Attributes:
        path: The folder, absolute.
    """

    path: Path

    @property
    def configuration(self) -> Path:
        """``signward.toml``, 0600."""
        return self.path / "signward.toml"

    @property
    def policies(self) -> Path:
        """The policies, 0600 in a 0700 folder."""
        return self.path / "policies"

    @property
    def kek(self) -> Path:
        """The key-encryption key, 0600."""
        return self.path / "kek"

    @property
    def store(self) -> Path:
        """The database, 0600 in a 0700 folder."""
        return self.path / "store" / "signward.db"

    @property
    def tls(self) -> Path:
        """The daemon's certificate and key, and the CA certificate of its clients; 0700."""
        return self.path / "tls"

    @property
    def clients(self) -> Path:
        """Certificates, keys and profiles of the clients that ``init`` makes; 0700."""
        return self.path / "clients"

    @property
    def audit(self) -> Path:
        """The audit log, 0700."""
        return self.path / "audit"

    @property
    def audit_key(self) -> Path:
        """The key of its checkpoints, 0600; its public half ends in ``.pub``."""
        return self.path / "audit.key"

    @property
    def instance(self) -> Path:
        """What tells the home from a copy of it, 0600; made at its first start."""
        return self.path / "instance"

    @property
    def socket(self) -> Path:
        """The Unix socket, 0660 in a 0750 folder."""
        return self.path / "run" / "signward.sock"

    def lock(self) -> FileLock:
        """Return the lock that whoever writes to the home holds (S41)."""
        return FileLock(self.path / "lock", f"the home {self.path}")


def authority_folder(home: Path) -> Path:
    """Return where the development CA of a home lies: beside it, never in it (S22)."""
    return home.with_name(f"{home.name}-ca")
