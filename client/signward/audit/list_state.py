"""What a witness remembers of the list of logs: the last one that it was shown, on the disk."""

from __future__ import annotations

from pathlib import Path

from signward.audit.errors import AuditError
from signward.audit.findings import Kind
from signward.audit.log_list import LogList, parse_log_list
from signward.audit.notes import MAX_NOTE
from signward.audit.replacing import replace_file
from signward.audit.verifier_keys import VerifierKey
from signward.audit.witness_state import StateError
from signward.audit.witnessing import ContradictionError

__all__ = ["ListState"]


class ListState:
    """A file with the list, which only grows.

    Args:
        path: The file; it need not be there yet.
        key: Public key of the first log.

    Attributes:
        known: The last list; ``None``: no list was ever shown.

    Raises:
        StateError: The file is damaged, or of another home.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path, key: VerifierKey) -> None:
        self._path = path
        self._key = key
        self.known = self._load()

    def see(self, note: bytes) -> LogList | None:
        """Take the list that a daemon shows, empty for none; return it.

        Raises:
            ContradictionError: It is no list of these logs, or does not go on from the last one.
            OSError: It cannot be remembered.
        """
        known = self.known
        before = () if known is None else (known.note,)
        if not note:
            if known is not None:
                text = f"the list of {len(known)} logs is gone"
                raise ContradictionError(Kind.ROLLED_BACK, text, *before)
            return None
        try:
            shown = parse_log_list(note, self._key)
        except AuditError as error:
            text = f"not the list of the logs: {error}"
            raise ContradictionError(Kind.LIST, text, *before, note) from error
        if known is not None and not shown.continues(known):
            gone_back = known.continues(shown)
            kind = Kind.ROLLED_BACK if gone_back else Kind.LIST
            text = f"the list of {len(shown)} logs does not go on from that of {len(known)}"
            raise ContradictionError(kind, text, *before, note)
        if known is None or len(shown) > len(known):
            replace_file(self._path, note)
            self.known = shown
        return shown

    def _load(self) -> LogList | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_NOTE + 1)
        except FileNotFoundError:
            return None
        try:
            return parse_log_list(content, self._key)
        except AuditError as error:
            raise StateError(f"{self._path} is not a list of these logs: {error}") from error
