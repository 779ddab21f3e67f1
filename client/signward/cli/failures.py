"""How commands fail: one line on standard error, and an exit code that scripts can use.

====  =====================================================================================
0     done
1     something does not verify, a key is not sound, or a reload was refused in part
2     wrong usage, or credentials that cannot be used
3     the caller is unknown or may not do this
4     there is no such thing
5     the request is wrong, or not possible in the present state
6     the daemon is not there, not serving, overloaded, or too slow
7     a fault of the daemon or of this program
130   interrupted
====  =====================================================================================
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer

__all__ = [
    "INTERNAL",
    "NOT_RELOADED",
    "NOT_SERVING",
    "NOT_SOUND",
    "NOT_THERE",
    "NOT_VALID",
    "guard",
    "note",
    "printable",
]

NOT_VALID = 1
NOT_RELOADED = 1
NOT_SOUND = 1
NOT_THERE = 4
NOT_SERVING = 6
INTERNAL = 7
_INTERRUPTED = 130


def printable(text: str) -> str:
    """Return text on one line, with nothing in it that steers a terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def note(text: str) -> None:
    """Say something on standard error that is no result, on one line."""
    _say(f"signward: {printable(text)}")


def guard(command: Callable[[], object]) -> int:
    """Run a command line to its end and return the exit code; say what went wrong."""
    try:
        code = command()
    except typer.TyperException as error:
        if error.format_message():  # empty: help was asked for by giving nothing
            _say(_usage(error))
        return error.exit_code
    except typer.Abort:
        return _INTERRUPTED
    except BrokenPipeError:
        return INTERNAL
    except Exception as error:
        # The outermost boundary: a traceback helps developers only, and may show arguments.
        if os.environ.get("SIGNWARD_DEBUG"):
            raise
        _say(f"signward: internal error ({type(error).__name__}); SIGNWARD_DEBUG=1 shows where")
        return INTERNAL
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException) -> str:
    text = printable(error.format_message()).rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None:
        return f"signward: {text}"
    return f"signward: {text}; see '{context.command_path} --help'"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
