"""What documents say to type, typed in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.running.homes import PATIENCE, ROOT, environment
from tests.running.ports import free_port

__all__ = ["TOOLS", "typed", "with_our_environment"]

TOOLS: Final = ROOT / "build" / "tools" / "bin"


def with_our_environment(folder: Path) -> Path:
    """Give a folder our environment as its ``.venv``."""
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    return folder


def typed(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with ports of its own in place of the two defaults, and more patience.

    Its daemon looks at its files when it is told to, and so refuses no reload as the second one.
    """
    tcp, http = free_port(), free_port()
    ports = f" --tcp 127.0.0.1:{tcp} --http 127.0.0.1:{http}"
    script = (
        script.replace("signward init home", f"signward init home{ports}")
        .replace("localhost:7443", f"localhost:{tcp}")
        .replace("--wait 10", f"--wait {PATIENCE:.0f}")
    )
    path = os.pathsep.join([str(TOOLS), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder, env=environment(PATH=path, SIGNWARD_RELOAD__INTERVAL="1h"), check=False,
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
