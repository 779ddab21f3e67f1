"""A KEK that is computed from a passphrase (Argon2id, RFC 9106)."""

from __future__ import annotations

import ctypes
import errno
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signward_server.custody.envelope.asking import PassphraseSource
from signward_server.custody.envelope.kek import Kek, KekFileError, kek_id
from signward_server.custody.envelope.new_files import new_file
from signward_server.custody.envelope.passphrase_file import (
    FILE_SIZE,
    SALT_SIZE,
    Cost,
    Parameters,
    read_parameters,
)
from signward_server.custody.envelope.roots import bytes_at, take_slot
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium
from signward_server.custody.pages import PAGE_SIZE, LockedPage

__all__ = ["PassphraseKek"]

_ARGON2ID: Final = 2  # crypto_pwhash_ALG_ARGON2ID13
_LEAST: Final = 12
_MODERATE: Final = Cost(passes=3, memory=256 * 2**20)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A passphrase on a page of its own."""

    page: LockedPage
    length: int


class PassphraseKek:
    """Implements ``KekProvider`` for homes whose KEK is in somebody's head.

    A file says what it takes to compute the KEK, and its id, so that a wrong passphrase is
    known for one. The passphrase and the KEK are on locked pages only; what Argon2 computes
    with is not locked, and holds neither.

    Args:
        path: The file.
        sodium: libsodium.
        source: Where the passphrase comes from.
        cost: Of a KEK that is made.
        called: What people are asked for the passphrase of.
    """

    def __init__(
        self,
        path: Path,
        sodium: Sodium,
        source: PassphraseSource,
        cost: Cost = _MODERATE,
        called: str = "the KEK",
    ) -> None:
        self._path = path
        self._sodium = sodium
        self._source = source
        self._cost = cost
        self._called = called

    def unlock(self, memory: LockedMemory) -> Slot:
        """Ask for the passphrase, several times if people may mistype it.

        Raises:
            KekFileError: The file cannot be used, or this is not its passphrase.
            CustodyUnavailable: There is no locked memory for it, or too little of any for
                Argon2.
        """
        parameters = read_parameters(self._path)
        root = take_slot(memory)
        try:
            right = any(self._computes(parameters, root) for _ in range(self._source.attempts))
        except BaseException:
            root.retire()
            raise
        if not right:
            root.retire()
            raise KekFileError(
                f"this is not the passphrase that {self._path} is for", "give the right one"
            )
        return root

    def load(self, memory: LockedMemory) -> Kek:
        """Ask for the passphrase; see ``unlock``."""
        with self.unlock(memory) as root:
            return Kek(self._sodium, memory, root)

    def create(self, memory: LockedMemory) -> Kek:
        """Ask for a new passphrase and write the file; it is on disk when this returns.

        Raises:
            KekFileError: The passphrase is too short or was not repeated, or the file
                exists or cannot be written; nothing is left behind.
            CustodyUnavailable: See ``unlock``.
        """
        salt = (ctypes.c_char * SALT_SIZE)()
        self._sodium.randombytes(salt, SALT_SIZE)
        with take_slot(memory) as root:
            with self._asked(f"Passphrase for {self._called}") as typed:
                self._accept(typed)
                self._compute(typed, salt.raw, self._cost, root)
            parameters = Parameters(self._cost, salt.raw, kek_id(self._sodium, root))
            with new_file(self._path, "passphrase file") as descriptor:
                if os.write(descriptor, parameters.encode()) != FILE_SIZE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return Kek(self._sodium, memory, root)

    @contextmanager
    def _asked(self, prompt: str) -> Iterator[_Typed]:
        page = LockedPage(self._sodium)
        try:
            yield _Typed(page, self._line(page, self._source.read(prompt, page)))
        finally:
            page.close()

    def _line(self, page: LockedPage, length: int) -> int:
        """Leave the line on a page without its line feed, and return its length."""
        if length == PAGE_SIZE:
            raise KekFileError("the passphrase is too long", f"take less than {PAGE_SIZE} bytes")
        feeds = (at for at in range(length) if not self._sodium.memcmp(page.address + at, b"\n", 1))
        end = next(feeds, length)
        if end + 1 < length:
            raise KekFileError("the passphrase is more than one line", "give one line")
        if end == 0:
            raise KekFileError("the passphrase is empty", "give one")
        self._sodium.memzero(page.address + end, length - end)
        return end

    def _accept(self, typed: _Typed) -> None:
        if typed.length < _LEAST:
            raise KekFileError(
                f"the passphrase has {typed.length} bytes", f"take one of at least {_LEAST}"
            )
        if self._source.confirms:
            with self._asked("The same again") as again:
                first = bytes_at(typed.page.address, PAGE_SIZE)  # and the zeros behind it
                if self._sodium.memcmp(again.page.address, first, PAGE_SIZE) != 0:
                    raise KekFileError("the passphrases differ", "try again")

    def _computes(self, parameters: Parameters, root: Slot) -> bool:
        with self._asked(f"Passphrase of {self._called}") as typed:
            self._compute(typed, parameters.salt, parameters.cost, root)
        return hmac.compare_digest(kek_id(self._sodium, root), parameters.kek_id)

    def _compute(self, typed: _Typed, salt: bytes, cost: Cost, root: Slot) -> None:
        failed = self._sodium.pwhash(
            root.address,
            SECRET_SIZE,
            typed.page.address,
            typed.length,
            salt,
            cost.passes,
            cost.memory,
            _ARGON2ID,
        )
        if failed:
            raise KekFileError(
                f"the passphrase takes {cost.memory >> 20} MiB of memory, which there is not",
                "let the daemon have as much when it starts",
            )
