"""Where KEKs lie before, while and after one takes the place of another."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

from signward_server.config.schema import Envelope
from signward_server.core.plain_files import FileRefused, read_plain
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.files import sync_folder, write_new

__all__ = ["KekKind", "KekPlace", "Plan", "PlanFile", "place_of"]

KekKind = Literal["file", "passphrase", "credential"]

_LARGEST: Final = 64 * 1024
_NAMES: Final[dict[KekKind, str]] = {"file": "kek", "passphrase": "kek.passphrase"}


@dataclass(frozen=True, slots=True)
class KekPlace:
    """Where a KEK comes from.

    Attributes:
        kind: ``custody.envelope.kek_source``.
        path: ``custody.envelope.kek``; of a credential only the name counts.
    """

    kind: KekKind
    path: Path

    @property
    def is_file(self) -> bool:
        """Whether it is ours to rename."""
        return self.kind != "credential"

    @property
    def draft(self) -> KekPlace:
        """Where it is before it is in force."""
        return KekPlace(self.kind, self.path.with_name(f"{self.path.name}.new"))

    def retired(self, kek_id: bytes) -> Path:
        """Return where it is once it is of use for backups only."""
        return self.path.with_name(f"{self.path.name}.retired-{kek_id.hex()}")

    def needed(self, kek_id: bytes) -> Path:
        """Return where it is while damaged rows name it."""
        return self.path.with_name(f"{self.path.name}.needed-{kek_id.hex()}")

    def beside(self, kind: KekKind, folder: Path) -> KekPlace:
        """Return where a KEK of a kind takes its place: in the same one if that is possible.

        Args:
            kind: Of the new one.
            folder: Where it goes if this one is no file.
        """
        if kind == self.kind:
            return self
        return KekPlace(kind, (self.path.parent if self.is_file else folder) / _NAMES[kind])


def place_of(section: Envelope) -> KekPlace:
    """Return where the KEK of a configuration is."""
    return KekPlace(section.kek_source, section.kek)


@dataclass(frozen=True, slots=True)
class Plan:
    """A rotation that was begun.

    Attributes:
        source: Where the old KEK is.
        target: Where the new one goes.
    """

    source: KekPlace
    target: KekPlace


class PlanFile:
    """Remembers in the home what the store does not know: places.

    Args:
        home: The folder; places in it are remembered relative to it.

    Attributes:
        path: Of the file.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self.path = home / "kek.rotation"

    def read(self) -> Plan | None:
        """Return the plan, ``None`` if there is none.

        Raises:
            ConfigurationRefused: It cannot be read, or is none.
        """
        try:
            content = read_plain(self.path, _LARGEST, guarded=True, links=False)
            said = json.loads(content)
            source, target = (self._place(*said[name]) for name in ("source", "target"))
            return Plan(source, target)
        except FileNotFoundError:
            return None
        except (OSError, FileRefused, ValueError, TypeError, KeyError, RecursionError) as exc:
            raise ConfigurationRefused(
                f"{self.path} cannot be used", "put it back as `signward kek rotate` wrote it"
            ) from exc

    def write(self, plan: Plan) -> None:
        """Replace the plan; it is on the disk when this returns.

        Raises:
            OSError: It cannot be written.
        """
        said = {"source": self._said(plan.source), "target": self._said(plan.target)}
        draft = self.path.with_name(f".{self.path.name}-draft")
        draft.unlink(missing_ok=True)
        write_new(draft, f"{json.dumps(said)}\n".encode(), 0o600)
        draft.replace(self.path)
        sync_folder(self._home)

    def forget(self) -> None:
        """Remove the plan."""
        self.path.unlink(missing_ok=True)

    def _place(self, kind: str, path: str) -> KekPlace:
        if kind not in get_args(KekKind):
            raise ValueError(kind)
        return KekPlace(cast("KekKind", kind), self._home / path)

    def _said(self, place: KekPlace) -> list[str]:
        path = place.path
        inside = path.is_relative_to(self._home)
        return [place.kind, os.fspath(path.relative_to(self._home) if inside else path)]
