"""Where the logs of a home are: the first one in a folder, the others in folders of that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from signward.audit.folder import mapped
from signward.audit.log_list import FIRST, LIST_NAME, LogList, parse_log_list
from signward.audit.notes import MAX_NOTE
from signward.audit.verifier_keys import VerifierKey

__all__ = ["LogPlace", "folder_of", "places_of", "read_list", "worker_places"]

_is_worker = re.compile(r"worker-[1-9][0-9]{0,3}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log of a home.

    Attributes:
        origin: Its name.
        folder: What the list calls its folder.
        path: Where that is.
    """

    origin: str
    folder: str
    path: Path


def folder_of(path: Path) -> bool:
    """Return whether something in the folder of the first log is the folder of another log."""
    return bool(_is_worker(path.name)) and path.is_dir()


def read_list(path: Path, key: VerifierKey) -> LogList | None:
    """Return the list of the logs in a folder, ``None`` where there is none.

    Args:
        path: Folder of the first log.
        key: Its public key.

    Raises:
        NoteError, SignatureError: It is no such list.
        OSError: It cannot be read.
    """
    try:
        with mapped(path / LIST_NAME) as data:
            return parse_log_list(bytes(data[: MAX_NOTE + 1]), key)
    except FileNotFoundError:
        return None


def places_of(path: Path, origin: str, found: LogList | None) -> list[LogPlace]:
    """Return where the logs of a list are, the first one first; without a list that one alone."""
    logs = found.origins if found else {origin: FIRST}
    return [LogPlace(name, folder, path / folder) for name, folder in logs.items()]


def worker_places(path: Path, origin: str) -> list[LogPlace]:
    """Return the logs that are there, whatever a list says: for those who only look."""
    found = [each.name for each in path.iterdir() if folder_of(each)]
    found.sort(key=lambda name: int(name.rpartition("-")[2]))
    first = LogPlace(origin, FIRST, path)
    return [first, *(LogPlace(f"{origin}/{name}", name, path / name) for name in found)]
