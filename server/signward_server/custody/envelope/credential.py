"""A KEK that systemd hands to the service as a credential (systemd.exec(5), "Credentials")."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from signward_server.custody.envelope.kek import Kek, KekFileError
from signward_server.custody.envelope.key_file_reading import read_key_file
from signward_server.custody.envelope.roots import take_slot
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["CredentialKek"]

_FOLDER: Final = "CREDENTIALS_DIRECTORY"
_MODES: Final = (0o400, 0o440)  # an access list for the service's user shows as the group's bit
_UNIT: Final = "give the unit LoadCredentialEncrypted=, and start it by systemd"

_is_name = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}").fullmatch


class CredentialKek:
    """Implements ``KekProvider`` for a service of systemd: a KEK file that is in memory only.

    Args:
        name: Of the credential.
        environment: Says where credentials are (``CREDENTIALS_DIRECTORY``).
        sodium: libsodium.
    """

    def __init__(self, name: str, environment: Mapping[str, str], sodium: Sodium) -> None:
        self._name = name
        self._folder = environment.get(_FOLDER, "")
        self._sodium = sodium

    def unlock(self, memory: LockedMemory) -> Slot:
        """Read the credential.

        Raises:
            KekFileError: There is none, it is no regular file, belongs to neither root nor
                this user, has another mode than 0400 or 0440, or is not a KEK file.
            CustodyUnavailable: There is no locked memory for it.
        """
        if not _is_name(self._name):
            raise KekFileError(
                "custody.envelope.kek is no name of a credential", "use A-Z a-z 0-9 . _ -"
            )
        if not self._folder.startswith("/"):
            raise KekFileError(f"there are no credentials: {_FOLDER} is not set", _UNIT)
        root = take_slot(memory)
        try:
            path = Path(self._folder) / self._name
            read_key_file(path, root, what="credential", advice=_UNIT, protection=_exposure)
        except BaseException:
            root.retire()
            raise
        return root

    def load(self, memory: LockedMemory) -> Kek:
        """Read the credential; see ``unlock``."""
        with self.unlock(memory) as root:
            return Kek(self._sodium, memory, root)


def _exposure(status: os.stat_result) -> tuple[str, str] | None:
    if status.st_uid not in (0, os.geteuid()):
        return "belongs to another user", "have systemd make it"
    mode = stat.S_IMODE(status.st_mode)
    if mode not in _MODES:
        return f"has mode {mode:04o}, not 0400 as systemd gives it", "have systemd make it"
    return None
