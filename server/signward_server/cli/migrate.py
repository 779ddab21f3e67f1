"""``signward migrate``: bring the store to this release."""

from __future__ import annotations

import os

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption, locate
from signward_server.cli.reporting import print_result, reported

__all__ = ["migrate"]


def migrate(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Bring the store to this release; the daemon must not be running."""
    with reported():
        from signward_server.config import load
        from signward_server.core.clock import SystemClock
        from signward_server.home.layout import Home
        from signward_server.home.parts import migrate_store
        from signward_server.home.store_lock import store_lock
        from signward_server.home.store_place import store_place

        folder, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or ())
        place = store_place(loaded.store)
        with Home(folder).lock(), store_lock(loaded.store):
            changed = migrate_store(place, SystemClock())
        text = f"{place} {'was migrated' if changed else 'is up to date'}"
        result = {"store": str(place), "migrated": changed}
        print_result(result, text, as_json=as_json)
