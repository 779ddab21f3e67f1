"""Puts caps together from their section."""

from __future__ import annotations

from pathlib import Path

from signward_server.config import Settings
from signward_server.core.ports import AccountOf, Caps, Meter, RowAuthenticator
from signward_server.home.caps import caps_of
from signward_server.limits.no_caps import NoCaps
from signward_server.store import Store

__all__ = ["build_caps"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4)


def build_caps(
    settings: Settings,
    store: Store,
    rows: RowAuthenticator,
    accounts: AccountOf,
    meter: Meter,
    boot_id: Path = _BOOT_ID,
) -> Caps:
    """Return what counts; nothing where no caps are configured.

    Args:
        settings: The configuration.
        store: Where it is counted.
        rows: Makes and checks the MACs of rows.
        accounts: Says which ledger account a version acts for.
        meter: Counts.
        boot_id: Where it stands which start of the machine this is.

    Raises:
        ConfigurationError: A cap cannot count what it names.
        StoreUnavailable: The store cannot be read or written.
    """
    caps = caps_of(settings)
    return store.caps(caps, rows, accounts, meter, _boot(boot_id)) if caps else NoCaps()


def _boot(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
