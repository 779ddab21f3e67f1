"""Changes single settings in a configuration file and leaves the rest of it as it is."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from signward_server.core.startup import ConfigurationRefused
from signward_server.home.files import sync_folder, write_new

__all__ = ["set_origin", "set_texts"]

_is_table = re.compile(r"\s*\[").match


def set_origin(file: Path, origin: str) -> None:
    """Have a configuration file say ``audit.origin``.

    Args:
        file: The file; it keeps its mode, and is replaced as a whole.
        origin: Printable ASCII without quotes.

    Raises:
        ConfigurationRefused: It cannot be read or replaced, or says it in a way of its own.
    """
    then = f"run `signward audit init --origin {origin}`"
    set_texts(file, "audit", {"origin": origin}, then)


def set_texts(file: Path, table: str, texts: Mapping[str, str], then: str) -> None:
    """Have a configuration file say some texts of one table.

    Args:
        file: The file; it keeps its mode, and is replaced as a whole.
        table: Name of the table, ``custody.envelope``.
        texts: Key by key; without control characters.
        then: What to do after it was done by hand, where it cannot be done here.

    Raises:
        ConfigurationRefused: It cannot be read or replaced, or says it in a way of its own.
    """
    try:
        changed = file.read_text("utf-8")
        for key, text in texts.items():
            changed = _with(changed, table, key, f"{key} = {json.dumps(text, ensure_ascii=False)}")
        found = _table(tomllib.loads(changed), table)
        if any(found.get(key) != text for key, text in texts.items()):
            raise _by_hand(file, table, texts, then)
        draft = file.with_name(f".{file.name}-draft")
        draft.unlink(missing_ok=True)
        write_new(draft, changed.encode(), stat.S_IMODE(file.stat().st_mode))
        draft.replace(file)
        sync_folder(file.parent)
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        raise ConfigurationRefused(f"{file} cannot be changed ({reason})", "correct this") from exc
    except tomllib.TOMLDecodeError as exc:
        raise _by_hand(file, table, texts, then) from exc


def _with(text: str, table: str, key: str, setting: str) -> str:
    name = r"\s*\.\s*".join(map(re.escape, table.split(".")))
    is_ours = re.compile(rf"\s*\[\s*{name}\s*\]\s*(?:#.*)?$").match
    is_key = re.compile(rf"\s*#?\s*{re.escape(key)}\s*=").match
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if is_ours(line)), None)
    if start is None:
        return f"{text.rstrip()}\n\n[{table}]\n{setting}\n"
    end = next((i for i in range(start + 1, len(lines)) if _is_table(lines[i])), len(lines))
    places = [i for i in range(start + 1, end) if is_key(lines[i])]
    if not places:
        lines.insert(start + 1, setting)
    else:
        said = (i for i in places if not lines[i].lstrip().startswith("#"))
        lines[next(said, places[0])] = setting
    return "\n".join(lines)


def _table(document: Mapping[str, object], table: str) -> Mapping[str, object]:
    found: object = document
    for name in table.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _by_hand(file: Path, table: str, texts: Mapping[str, str], then: str) -> ConfigurationRefused:
    names = " and ".join(f"{table}.{key}" for key in texts)
    values = " and ".join(f'"{text}"' for text in texts.values())
    return ConfigurationRefused(
        f"{names} cannot be set in {file}", f"set it to {values} by hand, then {then}"
    )
