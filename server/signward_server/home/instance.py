"""The file ``instance``: what tells a home from a copy (S41; ``docs/formats/instance.md``)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from signward_server.core.plain_files import FileRefused, opened, read_opened, read_plain
from signward_server.core.ports import RowAuthenticator
from signward_server.core.startup import NotAdopted
from signward_server.home.birth import Birth, birth_of
from signward_server.home.files import sync_folder

__all__ = ["ADOPT", "RESTORED", "Instance", "InstanceFile", "machine_digest"]

ADOPT: Final = (
    "make sure that no other copy signs with these keys, then run `signward adopt` "
    "(docs/operations.md, Copies of a home)"
)
"""What to do where a home has to be adopted."""
RESTORED: Final = b"signward instance v1\nrestored\n"
"""What the file says after a restore."""

_MACHINE_ID: Final = Path("/etc/machine-id")
_MAC_DOMAIN: Final = b"signward.home.instance.v1\0"
_MACHINE_DOMAIN: Final = b"signward.home.machine.v1\0"
_LARGEST: Final = 4096
_MODE: Final = 0o600
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FORM: Final = re.compile(
    r"signward instance v1\n"
    r"home ([0-9a-f]{32})\n"
    r"generation ([0-9]{1,18})\n"
    r"state (settled|starting)\n"
    r"machine ([0-9a-f]{64})\n"
    r"file ([0-9]{1,20}) ([0-9]{1,20})\n"
    r"version ([0-9]{1,18})\n"
    r"log ([!-~]+) ([0-9]{1,18}) ([0-9a-f]{64})\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What a home knows of itself.

    Attributes:
        home: Its id, 32 hexadecimal digits.
        generation: How often it was started or adopted.
        starting: Whether the next generation is about to be counted.
        machine: SHA-256 of what stands for the machine, hexadecimal.
        version: How often keys or API keys had been changed.
        log: Name of the audit log.
        size: Number of its records that were signed for; 0: none were.
        root: Root of the tree over them, 32 bytes.
    """

    home: str
    generation: int
    starting: bool
    machine: str
    version: int
    log: str
    size: int
    root: bytes


class InstanceFile:
    """The file, which is always replaced as a whole.

    Args:
        path: Where it is.
        authenticator: Makes and checks its MAC, under a key derived from the KEK.
    """

    def __init__(self, path: Path, authenticator: RowAuthenticator) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}-draft")
        self._authenticator = authenticator

    def read(self, *, numbered: bool = True) -> Instance | None:
        """Return what it says, ``None`` if there is none.

        Args:
            numbered: Whether it has to be the very file that was written, and no copy of it.

        Raises:
            NotAdopted: It was not written here, or says that the home was restored.
        """
        try:
            content, birth, names = self._found()
        except FileNotFoundError:
            return None
        except FileRefused as exc:
            raise NotAdopted(f"{self._path} {exc.text}", exc.fix) from exc
        except OSError as exc:
            reason = os.strerror(exc.errno or 0)
            raise NotAdopted(f"{self._path} cannot be read ({reason})", "correct this") from exc
        if content == RESTORED:
            raise NotAdopted("the home was restored from a backup", ADOPT)
        instance, written = self._genuine(content)
        if numbered and written != birth:
            raise NotAdopted(
                f"the home is a copy: {self._path} is not the file that was written, but one like "
                "it",
                ADOPT,
            )
        if numbered and names > 1:  # none: it was replaced just now
            raise NotAdopted(
                f"{self._path} is the same file as another one (a hard link), which a copy of the "
                "home may have",
                ADOPT,
            )
        return instance

    def write(self, instance: Instance) -> None:
        """Replace it; it is on the disk when this returns.

        Raises:
            OSError: It cannot be written; the old one is still there.
        """
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, _CREATE, _MODE)
        try:
            os.fchmod(descriptor, _MODE)  # whatever the umask is
            body = _encoded(instance, birth_of(descriptor))
            tag = self._authenticator.tag(_MAC_DOMAIN + body)
            with open(descriptor, "wb", closefd=False) as file:  # a descriptor
                file.write(body + f"mac {tag.hex()}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._draft.replace(self._path)
        sync_folder(self._path.parent)

    def _found(self) -> tuple[bytes, Birth, int]:
        """Return content, number and how many names it has; of one file, while others replace it.

        Raises:
            FileRefused: It is not regular, or others can change it.
            OSError: It cannot be read.
        """
        with opened(self._path, links=False) as descriptor:
            content = read_opened(descriptor, self._path, _LARGEST, guarded=True)
            return content, birth_of(descriptor), os.fstat(descriptor).st_nlink

    def _genuine(self, content: bytes) -> tuple[Instance, Birth]:
        body, mark, tag = content.rpartition(b"mac ")
        try:
            mac = bytes.fromhex(tag.decode("ascii"))
        except ValueError:
            mark = b""
        else:
            mark = mark if self._authenticator.matches(_MAC_DOMAIN + body, mac) else b""
        found = _FORM.fullmatch(body.decode("utf-8", "replace"))
        if not mark or found is None:
            raise NotAdopted(
                f"{self._path} was changed, or written under another KEK than that of this home",
                ADOPT,
            )
        return _decoded(found)


def machine_digest(home: str, text: str, machine_id: Path = _MACHINE_ID) -> str:
    """Return what a home keeps of the machine that it is on, hexadecimal.

    Args:
        home: Id of the home: the same machine looks different to each of them.
        text: What the configuration says stands for it; empty: what the system says.
        machine_id: Where that stands (machine-id(5)); nothing of the machine counts without.

    Raises:
        NotAdopted: It cannot be read.
    """
    said = text.encode()
    if not text:
        try:
            said = read_plain(machine_id, _LARGEST).strip()
        except FileNotFoundError:
            said = b""
        except (FileRefused, OSError) as exc:
            raise NotAdopted(
                f"{machine_id} cannot be read", "correct this, or set home.machine"
            ) from exc
    kind = b"text" if text else b"machine-id"
    return sha256(_MACHINE_DOMAIN + home.encode() + b"\0" + kind + b"\0" + said).hexdigest()


def _encoded(instance: Instance, birth: Birth) -> bytes:
    lines = (
        "signward instance v1",
        f"home {instance.home}",
        f"generation {instance.generation}",
        f"state {'starting' if instance.starting else 'settled'}",
        f"machine {instance.machine}",
        f"file {birth.number} {birth.time}",
        f"version {instance.version}",
        f"log {instance.log} {instance.size} {instance.root.hex()}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _decoded(found: re.Match[str]) -> tuple[Instance, Birth]:
    home, generation, state, machine, number, born, version, log, size, root = found.groups()
    instance = Instance(
        home=home,
        generation=int(generation),
        starting=state == "starting",
        machine=machine,
        version=int(version),
        log=log,
        size=int(size),
        root=bytes.fromhex(root),
    )
    return instance, Birth(int(number), int(born))
