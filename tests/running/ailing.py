"""The daemon, which falls ill when it gets SIGUSR1, and well again with SIGUSR2 if it can.

The first argument says how: ``kek`` wipes the key-encryption key from memory, ``serving`` ends
grpcio's serving thread at the next event, ``hanging`` stops it there, ``unwritable`` has the
audit log's file system turn read-only, ``unsynced`` has its disk fail.
"""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from grpc import _server
from signward_server.audit.files import SystemFiles
from signward_server.cli import app
from signward_server.custody.envelope import Kek, LocalKeyFile
from signward_server.custody.memory import LockedMemory

__all__: list[str] = []

_loaded: list[Kek] = []
_load = LocalKeyFile.load


def _remembered(self: LocalKeyFile, memory: LockedMemory) -> Kek:
    kek = _load(self, memory)
    _loaded.append(kek)
    return kek


def _wipe() -> None:
    for kek in _loaded:
        kek.close()


def _end_serving() -> None:
    def end(*_: object) -> bool:
        return False

    _server._process_event_and_continue = end


def _hang() -> None:
    def hang(*_: object) -> bool:
        threading.Event().wait()
        return False

    _server._process_event_and_continue = hang


_files = (SystemFiles.write, SystemFiles.sync)


def _heal() -> None:
    SystemFiles.write, SystemFiles.sync = _files  # type: ignore[method-assign]


def _fail_to_write() -> None:
    def write(*_: object) -> int:
        raise OSError(errno.EROFS, "read-only")

    SystemFiles.write = write  # type: ignore[method-assign]


def _fail_to_sync() -> None:
    def sync(*_: object) -> None:
        raise OSError(errno.EIO, "the disk fails")

    SystemFiles.sync = sync  # type: ignore[method-assign]


_ILLS: Final[dict[str, Callable[[], None]]] = {
    "kek": _wipe,
    "serving": _end_serving,
    "hanging": _hang,
    "unwritable": _fail_to_write,
    "unsynced": _fail_to_sync,
}


def main(name: str) -> None:
    ill = _ILLS[name]

    def fall_ill(_number: int, _frame: FrameType | None) -> None:
        ill()

    LocalKeyFile.load = _remembered  # type: ignore[method-assign]
    signal.signal(signal.SIGUSR1, fall_ill)
    signal.signal(signal.SIGUSR2, lambda *_: _heal())
    app()


if __name__ == "__main__":
    main(sys.argv.pop(1))
