"""Whether a home is the one that last signed, or a copy that nobody has adopted (S41).

The file ``instance`` and a row of the store say the same: id and generation. Each start counts
the generation up in both, in three steps that are each on the disk before the next one: the
file says that it begins, the row goes from one number to the next if it still has the first
one, the file says that it has. So a difference of one, while the file says that it begins, is
what a crash has left; any other difference, and any without that word, is a copy.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from signward_server.audit.continuing import Seen
from signward_server.config.home import Home as HomeSection
from signward_server.core.startup import ConfigurationRefused, NotAdopted
from signward_server.home.instance import ADOPT, Instance, InstanceFile, machine_digest

__all__ = ["Adoption", "Homes"]

_NO_ROOT = bytes(32)
_LOOKS = 8  # at a file that somebody keeps changing


class Homes(Protocol):
    """What the store knows of homes; implemented by ``store.StoredHomes``."""

    @property
    def version(self) -> int:
        """How often keys or API keys were changed."""
        ...

    def generations(self) -> Mapping[str, int]:
        """Return the generation of each home."""
        ...

    def advance(self, home: str, expected: int) -> bool:
        """Count one up if the generation is the expected one; return whether it was."""
        ...


class Adoption:
    """Compares file, store and machine; counts a start.

    Args:
        path: The file ``instance``, for what is said of it.
        file: The same, for what is in it.
        homes: What the store says.
        section: The configuration.
        log: Name of the audit log.
    """

    def __init__(
        self, path: Path, file: InstanceFile, homes: Homes, section: HomeSection, log: str
    ) -> None:
        self._path = path
        self._file = file
        self._homes = homes
        self._section = section
        self._log = log

    def ensure_adopted(self) -> Instance | None:
        """Return what the home knows of itself, ``None`` if it was never started.

        Raises:
            NotAdopted: It is a copy, was restored, or was put back in part.
            StoreUnavailable: The store cannot be read.
        """
        instance, generations, version = self._look()
        if instance is None:
            if generations:
                raise NotAdopted(
                    f"there is no {self._path}, but a home was started with this store before",
                    ADOPT,
                )
            return None
        self._judge(instance, generations.get(instance.home, 0), version)
        return instance

    def begin(self) -> Instance:
        """Count a start, and return what the home knows of itself from now on.

        To be called once for each start of the daemon, by the holder of the home's lock.

        Raises:
            NotAdopted: See ``ensure_adopted``; or another copy is just being started.
            ConfigurationRefused: The file cannot be written.
            StoreUnavailable: The store cannot be read or written.
        """
        found = self.ensure_adopted() or self._fresh()
        before = self._homes.generations().get(found.home, 0)
        found = dataclasses.replace(found, generation=before, starting=True)
        self._write(found)
        if not self._homes.advance(found.home, before):
            raise NotAdopted("another copy of the home was started on its store just now", ADOPT)
        begun = dataclasses.replace(found, generation=before + 1, starting=False)
        self._write(begun)
        return begun

    def adopted(self, home: str, generation: int) -> Instance:
        """Return what an adopted home knows of itself, for the generation that it is given."""
        return dataclasses.replace(self._fresh(home), generation=generation, starting=False)

    def seen(self, instance: Instance | None) -> Seen | None:
        """Return what the home has seen of its audit log, ``None`` of another log or none."""
        if instance is None or instance.log != self._log:
            return None
        return Seen("this home", instance.size, instance.root)

    def _look(self) -> tuple[Instance | None, Mapping[str, int], int]:
        """Return what file and store say at one time; another worker may be starting."""
        instance = self._read()
        for _ in range(_LOOKS):
            before = instance
            generations, version = self._homes.generations(), self._homes.version
            instance = self._read()
            if instance == before:
                return instance, generations, version
        raise NotAdopted(f"{self._path} keeps changing", "find out who replaces it")

    def _read(self) -> Instance | None:
        return self._file.read(numbered=self._section.file_number)

    def _judge(self, instance: Instance, stored: int, version: int) -> None:
        if instance.machine != machine_digest(instance.home, self._section.machine):
            raise NotAdopted("the home was started on another machine before", ADOPT)
        said = instance.generation
        if stored == said or (instance.starting and stored == said + 1):
            if version >= instance.version:
                return
            raise NotAdopted(
                f"{instance.version - version} changes that this home has made are not in its "
                "store: an older copy of it was put back",
                ADOPT,
            )
        if stored < said:
            raise NotAdopted(
                f"the store knows {stored} starts of this home, which has had {said}: an older "
                "copy of it was put back",
                ADOPT,
            )
        raise NotAdopted(
            f"the store knows {stored} starts of this home, of which it has had {said}: another "
            "copy of it was started since",
            ADOPT,
        )

    def _fresh(self, home: str = "") -> Instance:
        home = home or secrets.token_hex(16)
        return Instance(
            home=home,
            generation=0,
            starting=True,
            machine=machine_digest(home, self._section.machine),
            version=self._homes.version,
            log=self._log,
            size=0,
            root=_NO_ROOT,
        )

    def _write(self, instance: Instance) -> None:
        try:
            self._file.write(instance)
        except OSError as exc:
            raise ConfigurationRefused(
                f"{self._path} cannot be written ({os.strerror(exc.errno or 0)})",
                "make room, or correct who owns the folder",
            ) from exc
