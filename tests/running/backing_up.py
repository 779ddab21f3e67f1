"""Makes archives of a home, or homes of an archive, one after the other until it is killed.

``python -m tests.running.backing_up backup|restore HOME ARCHIVE FOLDER``: each goes to a number in
the folder; a line says what is begun, and what is done.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from signward_server.config import load
from signward_server.core.clock import SystemClock
from signward_server.home.kek_access import KekAccess
from signward_server.wiring.backing_up import back_up, restore


def main(what: str, home: Path, archive: Path, folder: Path) -> None:
    """Do it again and again."""
    file = home / "signward.toml"
    settings = load(file, environment={})
    for number in itertools.count():
        sys.stdout.write(f"begun {number}\n")
        sys.stdout.flush()
        place = folder / str(number)
        if what == "backup":
            back_up(settings, home, file, place, SystemClock(), KekAccess())
        else:
            restore(archive, place, settings.custody.envelope, KekAccess())
        sys.stdout.write(f"done {number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
