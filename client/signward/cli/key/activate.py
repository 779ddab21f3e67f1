"""``signward key activate``."""

from __future__ import annotations

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import GraceOption, KeyArgument, VersionArgument
from signward.cli.key.show import show_key

__all__ = ["activate"]


@connected
def activate(
    session: Session,
    key_id: KeyArgument,
    version: VersionArgument,
    grace_period: GraceOption = None,
) -> None:
    """Make a pending version primary, once its ledger knows it."""
    grace = read_duration(grace_period)
    with session.client() as client:
        key = client.activate_key_version(key_id, version, grace_period=grace)
    show_key(session.output, key)
