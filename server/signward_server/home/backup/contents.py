"""What of a home goes into an archive, and what must not (S22)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from signward.audit.segments import CHECKPOINTS_SUFFIX, HASHES_NAME, SEGMENT_SUFFIX

from signward_server.audit.folder import DRAFT
from signward_server.config import Settings
from signward_server.core.plain_files import FileRefused, opened
from signward_server.home.auditing import public_file
from signward_server.home.layout import AUTHORITY_KEY

__all__ = ["Contents", "contents_of"]

_NEVER: Final = frozenset({"custody.envelope.kek", "home.checkpoint", "listen.unix", "store.path"})
_FOLDERS: Final = frozenset({"audit.folder", "policy.folder"})
_POLICIES: Final = (".cedar", ".yaml", ".yml")
_KEK_FILES: Final = b"signward-kek-"  # how each of them begins


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a home, by the names that they have in it.

    Attributes:
        files: Those that go into an archive, in the order in which they have to be read.
        left_out: Settings whose files lie elsewhere, and KEKs where other files belong.
    """

    files: tuple[tuple[str, Path], ...]
    left_out: tuple[str, ...]


def contents_of(settings: Settings, home: Path, configuration: Path) -> Contents:
    """Return what goes into an archive, besides the store.

    Checkpoints come before records: a log never ends below a checkpoint then, although it
    grows meanwhile.

    Args:
        settings: The configuration.
        home: The folder.
        configuration: The file that it comes from.

    Raises:
        OSError: A folder cannot be read.
    """
    files: dict[str, Path] = {}
    left_out = []
    for setting, path in _named(settings, configuration):
        inside = _inside(path, home)
        if inside is None or (path.exists() and _is_kek(path)):
            left_out.append(setting)
        elif path.is_file():
            files[inside] = path
    for setting, found in (
        ("policy.folder", _policies(settings.policy.folder)),
        ("audit.folder", _log(settings.audit.folder)),
    ):
        named = [(_inside(path, home), path) for path in found]
        if any(name is None for name, _ in named):
            left_out.append(setting)
        files.update((name, path) for name, path in named if name and not _is_kek(path))
    return Contents(tuple(files.items()), tuple(left_out))


def _named(settings: Settings, configuration: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that the configuration names, itself first."""
    yield "the configuration", configuration
    for setting, path in _paths(settings, ""):
        if setting not in _NEVER | _FOLDERS:
            yield setting, path
            if setting == "audit.checkpoint_key" and public_file(path).exists():
                yield setting, public_file(path)


def _paths(section: BaseModel, above: str) -> Iterator[tuple[str, Path]]:
    for key in type(section).model_fields:
        held = getattr(section, key)
        for item in held if isinstance(held, (list, tuple)) else (held,):
            if isinstance(item, BaseModel):
                yield from _paths(item, f"{above}{key}.")
            elif isinstance(item, Path):
                yield f"{above}{key}", item


def _policies(folder: Path) -> list[Path]:
    return [path for path in _regular(folder) if path.suffix in _POLICIES]


def _log(folder: Path) -> list[Path]:
    """Return the files of the log, and of those of further workers, checkpoints first."""
    found = list(_regular(folder))
    for below in sorted(folder.iterdir()):
        if below.is_dir() and not below.is_symlink() and not below.name.startswith("."):
            found += _regular(below)
    kept = [path for path in found if path.name != HASHES_NAME and path.suffix != DRAFT]
    return sorted(kept, key=lambda path: (_rank(path), path))


def _rank(path: Path) -> int:
    order = (CHECKPOINTS_SUFFIX, SEGMENT_SUFFIX)
    return order.index(path.suffix) if path.suffix in order else 0


def _regular(folder: Path) -> list[Path]:
    """Return the files in a folder that are no links and not hidden."""
    found = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _inside(path: Path, home: Path) -> str | None:
    """Return the name of a file within the home, ``None`` if it lies elsewhere."""
    absolute, folder = (Path(os.path.abspath(each)) for each in (path, home))  # noqa: PTH100  # links stay
    return str(absolute.relative_to(folder)) if absolute.is_relative_to(folder) else None


def _is_kek(path: Path) -> bool:
    """Return whether a file is a KEK, or the development CA's key, whatever it is named for."""
    if path.name == AUTHORITY_KEY:
        return True
    try:
        with opened(path) as descriptor:
            return os.read(descriptor, len(_KEK_FILES)) == _KEK_FILES
    except (FileRefused, OSError):
        return False  # whoever wants to read it will say what is wrong with it
