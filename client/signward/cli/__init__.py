"""The command line. Its libraries come with the extra ``cli``; without them it says so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]

_LIBRARIES = ("typer", "rich", "cryptography")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        arguments: Without the program's name; ``None``: those of the process.
    """
    for library in _LIBRARIES:
        if find_spec(library) is None:
            sys.stderr.write(
                f"signward: the command line needs {library}; pip install 'signward[cli]'\n"
            )
            sys.exit(2)
    from signward.cli.app import run  # noqa: PLC0415 -- needs both

    run(arguments)
