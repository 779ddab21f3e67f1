"""Changes one setting in a configuration file and leaves the rest of it as it is."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path

from signward_server.core.startup import ConfigurationRefused
from signward_server.home.files import sync_folder, write_new

__all__ = ["set_origin"]

_is_table = re.compile(r"\s*\[").match
_is_audit = re.compile(r"\s*\[\s*audit\s*\]\s*(?:#.*)?$").match
_is_origin = re.compile(r"\s*#?\s*origin\s*=").match


def set_origin(file: Path, origin: str) -> None:
    """Have a configuration file say ``audit.origin``.

    Args:
        file: The file; it keeps its mode, and is replaced as a whole.
        origin: Printable ASCII without quotes.

    Raises:
        ConfigurationRefused: It cannot be read or replaced, or says it in a way of its own.
    """
    try:
        text = file.read_text("utf-8")
        changed = _with_origin(text, f'origin = "{origin}"')
        if tomllib.loads(changed).get("audit", {}).get("origin") != origin:
            raise _by_hand(file, origin)
        draft = file.with_name(f".{file.name}-draft")
        draft.unlink(missing_ok=True)
        write_new(draft, changed.encode(), stat.S_IMODE(file.stat().st_mode))
        draft.replace(file)
        sync_folder(file.parent)
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        raise ConfigurationRefused(f"{file} cannot be changed ({reason})", "correct this") from exc
    except tomllib.TOMLDecodeError as exc:
        raise _by_hand(file, origin) from exc


def _with_origin(text: str, setting: str) -> str:
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if _is_audit(line)), None)
    if start is None:
        return f"{text.rstrip()}\n\n[audit]\n{setting}\n"
    end = next((i for i in range(start + 1, len(lines)) if _is_table(lines[i])), len(lines))
    place = next((i for i in range(start + 1, end) if _is_origin(lines[i])), None)
    if place is None:
        lines.insert(start + 1, setting)
    else:
        lines[place] = setting
    return "\n".join(lines)


def _by_hand(file: Path, origin: str) -> ConfigurationRefused:
    return ConfigurationRefused(
        f"audit.origin cannot be set in {file}",
        f'set it to "{origin}" by hand, then run `signward audit init --origin {origin}`',
    )
