"""Makes sure that the home is the one that signs, and keeps it told from its copies (S41)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.errors import NoteError, SignatureError
from signward.audit.notes import MAX_NOTE

from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.continuing import Seen
from signward_server.audit.log import Log
from signward_server.config import Settings
from signward_server.core.plain_files import FileRefused, read_plain
from signward_server.core.ports import RowAuthenticator
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.adoption import Adoption
from signward_server.home.instance import Instance, InstanceFile
from signward_server.home.layout import Home
from signward_server.home.remembering import Remembering
from signward_server.store import StoredHomes

__all__ = ["Standing", "kept_checkpoint", "open_standing"]

_OTHER = "have what is kept elsewhere follow this log, or unset home.checkpoint"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a home.

    Attributes:
        file: Where it keeps that.
        homes: What the store says.
        adoption: Compares the two.
    """

    file: InstanceFile
    homes: StoredHomes
    adoption: Adoption

    def remember(self, begun: Instance, log: Log, opened: ExitStack) -> None:
        """Write down what changes while the daemon runs."""
        remembering = Remembering(self.file, begun, lambda: self.homes.version, lambda: log.signed)
        remembering.start()
        opened.callback(remembering.stop)


def open_standing(
    settings: Settings, home: Path, homes: StoredHomes, authenticator: RowAuthenticator
) -> Standing:
    """Return what is known of a home.

    Args:
        settings: The configuration.
        home: Its folder.
        homes: What the store says.
        authenticator: Of what is written in the home.
    """
    path = Home(home).instance
    file = InstanceFile(path, authenticator)
    return Standing(file, homes, Adoption(path, file, homes, settings.home, settings.audit.origin))


def kept_checkpoint(settings: Settings) -> Seen | None:
    """Return the tree that ``home.checkpoint`` says the log has had, ``None`` without.

    Raises:
        AuditRefused: The key of the log cannot be used.
        ConfigurationRefused: It cannot be read, or is no checkpoint of this log.
    """
    path = settings.home.checkpoint
    if path is None:
        return None
    key = CheckpointKey.load(settings.audit.origin, settings.audit.checkpoint_key)
    try:
        checkpoint = parse_checkpoint(read_plain(path, MAX_NOTE))
        verify_checkpoint(checkpoint, key.verifier)
    except FileRefused as exc:
        raise ConfigurationRefused(f"{path} {exc.text}", exc.fix) from exc
    except OSError as exc:
        raise ConfigurationRefused(f"{path} cannot be read", "correct home.checkpoint") from exc
    except (NoteError, SignatureError) as exc:
        raise ConfigurationRefused(f"{path} is no checkpoint of this log: {exc}", _OTHER) from exc
    return Seen(str(path), checkpoint.size, checkpoint.root)
