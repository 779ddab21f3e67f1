"""A home whose workers have a log each, as their daemons leave them behind."""

from __future__ import annotations

from pathlib import Path

from signward.audit.checkpoints import Checkpoint, parse_checkpoint
from signward.audit.listings import details_of
from signward.audit.log_list import FIRST, LIST_NAME, LogList, sign_log_list
from signward.audit.verifier_keys import VerifierKey

from tests.fakes.audit_log import KeyPair, LogWriter

__all__ = ["ManyLogs"]

ORIGIN = "signward/0123456789abcdef"


class ManyLogs:
    """The first log in a folder, those of workers 1 and up in folders of it, and their list.

    One key signs for all, under the name of each.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.pair = KeyPair(ORIGIN)
        self.first = LogWriter(folder, ORIGIN)
        self.others = {
            name: LogWriter(folder / name, f"{ORIGIN}/{name}", self.pair)
            for name in (f"worker-{number}" for number in range(1, workers + 1))
        }
        self.list = self.write_list(*self.others)

    @property
    def key(self) -> VerifierKey:
        return self.pair.verifier

    def signed(self, *folders: str) -> LogList:
        return sign_log_list(self.key, self.pair.sign, (FIRST, *folders))

    def write_list(self, *folders: str) -> LogList:
        made = self.signed(*folders)
        (self.folder / LIST_NAME).write_bytes(made.note)
        return made

    def pin(self) -> None:
        """Have the first log say which others there are and how far they have come, signed."""
        heads: dict[str, Checkpoint] = {
            name: parse_checkpoint(log.note) for name, log in self.others.items() if log.note
        }
        self.first.add(1, event="listed", key="", version=0, identity="", outcome="",
                       details=details_of(self.list, heads))  # fmt: skip
        self.first.checkpoint()

    def fill(self, count: int = 3) -> None:
        """Add records to all logs, signed."""
        for log in (self.first, *self.others.values()):
            log.add(count)
            log.checkpoint()
