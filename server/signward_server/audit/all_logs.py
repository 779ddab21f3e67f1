"""All logs of the home: that of this worker, and those of the others."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from signward.audit.errors import AuditError
from signward.audit.homes import read_list
from signward.audit.log_list import LogList, key_of
from signward.audit.verifier_keys import VerifierKey

from signward_server.audit.beginning import Place
from signward_server.audit.files import SystemFiles
from signward_server.audit.folder import Folder
from signward_server.audit.other_log import OtherLog
from signward_server.core.errors import AuditUnavailable, FieldInvalid
from signward_server.core.ports import AuditLog

__all__ = ["AllLogs"]

_log = logging.getLogger(__name__)


class AllLogs:
    """Implements ``ports.AuditLogs``.

    Args:
        own: The log that this worker writes.
        folder: Folder of the first log.
        key: Its public key.
    """

    def __init__(self, own: AuditLog, folder: Path, key: VerifierKey) -> None:
        self._own = own
        self._folder = folder
        self._key = key
        self._others: dict[str, OtherLog] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> AuditLog:
        """See ``ports.AuditLogs``."""
        if name in ("", self._own.name):
            return self._own
        with self._lock:
            return self._others.get(name) or self._open(name)

    def listing(self) -> bytes:
        """See ``ports.AuditLogs``."""
        found = self.listed()
        return found.note if found else b""

    def others(self) -> dict[str, OtherLog]:
        """Return all logs but that of this worker, by their folders in the list.

        Raises:
            AuditUnavailable: The list cannot be read.
        """
        found = self.listed()
        with self._lock:
            return {
                folder: self._others.get(origin) or self._open(origin)
                for origin, folder in (found.origins if found else {}).items()
                if origin != self._own.name
            }

    def _open(self, name: str) -> OtherLog:
        found = self.listed()
        folder = found.origins.get(name) if found else None
        if folder is None:
            raise FieldInvalid.at("log", "Must be a log of this daemon.")
        place = Place(SystemFiles(), Folder(self._folder / folder))
        other = self._others[name] = OtherLog(place, key_of(self._key, name))
        return other

    def listed(self) -> LogList | None:
        """Return the list of all logs, ``None`` where there is none.

        Raises:
            AuditUnavailable: It cannot be used.
        """
        try:
            return read_list(self._folder, self._key)
        except (OSError, AuditError) as exc:
            _log.error("the list of audit logs cannot be used", extra={"kind": type(exc).__name__})
            raise AuditUnavailable from exc
