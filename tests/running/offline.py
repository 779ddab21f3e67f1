"""Commands of the daemon's side that work on a home."""

from __future__ import annotations

import subprocess
from subprocess import CompletedProcess

from tests.running.homes import PATIENCE, SIGNWARD, Home, environment

__all__ = ["offline"]


def offline(*arguments: object, home: Home | None = None) -> CompletedProcess[str]:
    """Run `signward` with nobody to answer it; `home` stands for ``--home``."""
    where = () if home is None else ("--home", str(home.path))
    return subprocess.run(
        [*SIGNWARD, *map(str, arguments), *where],
        env=environment(),
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
