"""The list of the logs of a home: a signed note that names each of them, and only grows.

::

    signward/0123456789abcdef/logs
    2
    signward/0123456789abcdef .
    signward/0123456789abcdef/worker-1 worker-1

The first line is the name of the list, the second says how many logs there are, and so how new the
list is. One line for each follows: its origin, and its folder in that of the first log. One key
signs for all of them, under the name of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from signward.audit.checkpoints import Signer
from signward.audit.errors import NoteError
from signward.audit.notes import Note, parse_note
from signward.audit.verifier_keys import VerifierKey

__all__ = [
    "FIRST",
    "LIST_NAME",
    "MAX_LOGS",
    "LogList",
    "key_of",
    "list_key",
    "parse_log_list",
    "sign_log_list",
    "worker_folder",
]

LIST_NAME = "logs"
"""Name of its file, in the folder of the first log."""

FIRST = "."
"""The folder of the first log, as the list has it."""

MAX_LOGS = 1000
_is_folder = re.compile(r"worker-[1-9][0-9]{0,3}", re.ASCII).fullmatch
_HEAD = 2  # lines before the logs


@dataclass(frozen=True, slots=True)
class LogList:
    """Which logs a home has.

    Attributes:
        name: Origin of the first log.
        folders: Of all logs, ``.`` first, in the order in which they were begun.
        note: The signed note that says so.
    """

    name: str
    folders: tuple[str, ...]
    note: bytes = b""

    def __len__(self) -> int:
        return len(self.folders)

    @property
    def origins(self) -> dict[str, str]:
        """The origin of each log, and its folder."""
        return {_origin(self.name, folder): folder for folder in self.folders}

    def text(self, size: int | None = None) -> str:
        """Return the text that is signed, or was when the list had this size."""
        folders = self.folders[:size]
        lines = [f"{self.name}/{LIST_NAME}", str(len(folders))]
        lines += [f"{_origin(self.name, folder)} {folder}" for folder in folders]
        return "\n".join(lines) + "\n"

    def digest(self, size: int | None = None) -> str:
        """Return SHA-256 of that text, in hex."""
        return sha256(self.text(size).encode()).hexdigest()

    def continues(self, older: LogList) -> bool:
        """Return whether it is another list with nothing but more logs at its end."""
        return self.name == older.name and self.folders[: len(older)] == older.folders


def worker_folder(number: int) -> str:
    """Return the folder of a worker's log, as the list has it."""
    return f"worker-{number}" if number else FIRST


def list_key(key: VerifierKey) -> VerifierKey:
    """Return the key that signs the list of logs, from that of the first log."""
    return replace(key, name=f"{key.name}/{LIST_NAME}")


def key_of(key: VerifierKey, origin: str) -> VerifierKey:
    """Return the key of a log of a home, from that of the first one.

    An origin that no log of this home can have leaves the key as it is.
    """
    begin = f"{key.name}/"
    if origin.startswith(begin) and _is_folder(origin.removeprefix(begin)):
        return replace(key, name=origin)
    return key


def sign_log_list(key: VerifierKey, sign: Signer, folders: Sequence[str]) -> LogList:
    """Return a list, signed.

    Args:
        key: Of the first log; its name is the origin.
        sign: Signs with the private key that belongs to it.
        folders: Of all logs, ``.`` first.
    """
    made = LogList(key.name, tuple(folders))
    text = made.text()
    signature = list_key(key).signature(sign(text.encode()))
    return replace(made, note=bytes(Note(text, (signature,))))


def parse_log_list(data: bytes, key: VerifierKey) -> LogList:
    """Read a list and verify its signature.

    Args:
        data: The signed note.
        key: Of the first log.

    Raises:
        NoteError: It is no such list, or names something twice or outside of the folder.
        SignatureError: It is not signed, or not by this key.
    """
    note = parse_note(data)
    name, count, *lines = [*note.text[:-1].split("\n"), "", ""][: MAX_LOGS + _HEAD + 1]
    lines = [line for line in lines if line]
    if name != f"{key.name}/{LIST_NAME}":
        raise NoteError(f"it is not the list of the logs of {key.name}")
    folders = tuple(line.partition(" ")[2] for line in lines)
    found = LogList(key.name, folders, data)
    if found.text() != note.text or count != str(len(folders)):
        raise NoteError("the list of logs is not written as it has to be")
    if folders[:1] != (FIRST,) or not all(map(_is_folder, folders[1:])):
        raise NoteError("the list of logs names a folder that cannot be one of a log")
    if len(set(folders)) < len(folders) or len(folders) > MAX_LOGS:
        raise NoteError("the list of logs names a log twice, or too many")
    signer = list_key(key)
    for signature in signer.signatures_on(note):
        signer.require(signature, note.text.encode())
    return found


def _origin(name: str, folder: str) -> str:
    return name if folder == FIRST else f"{name}/{folder}"
