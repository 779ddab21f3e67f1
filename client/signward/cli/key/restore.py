"""``signward key restore``."""

from __future__ import annotations

from signward.cli.connection import Session, connected
from signward.cli.key.options import KeyArgument, VersionArgument
from signward.cli.key.show import show_version

__all__ = ["restore"]


@connected
def restore(session: Session, key_id: KeyArgument, version: VersionArgument) -> None:
    """Take a planned destruction back; the version stays, and is retired."""
    with session.client() as client:
        kept = client.restore_key_version(key_id, version)
    show_version(session.output, kept)
