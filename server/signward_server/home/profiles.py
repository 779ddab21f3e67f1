"""The profiles file that tells the client where the daemon is, and with which files to call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from signward_server.home.files import write_new

__all__ = ["CA_FILE", "write_profiles"]

CA_FILE = "ca.crt"
_HEAD = """\
# Profiles for the client and the command line; paths start at this file's folder.
# export SIGNWARD_PROFILES=/path/to/this/file SIGNWARD_PROFILE=bot
"""


def write_profiles(path: Path, target: str, names: Sequence[str]) -> None:
    """Write ``[profiles.NAME]`` for each client whose files lie beside the profiles file.

    Raises:
        OSError: It exists or cannot be written.
    """
    tables = [
        f"\n[profiles.{name}]\n"
        f"target = {json.dumps(target)}\n"
        f'ca = "{CA_FILE}"\ncert = "{name}.crt"\nkey = "{name}.key"\n'
        for name in names
    ]
    write_new(path, (_HEAD + "".join(tables)).encode(), 0o600)
