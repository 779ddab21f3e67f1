"""The daemon without CAP_IPC_LOCK, which tells what it is when it gets SIGUSR1.

The first argument is ``wipe``, or ``keep`` for a daemon that never clears memory: what a
scan must find. SIGUSR1 prints one JSON line; afterwards the process is dumpable, so that its
memory can be read without being root.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

from signward_server.cli import app
from signward_server.core.signing import Signature, SigningContext
from signward_server.custody.envelope import EnvelopeCustody
from signward_server.custody.native import Native
from signward_server.wiring import vault

from tests.integration.custody.privileges import drop_ipc_lock

PR_GET_DUMPABLE: Final = 3  # prctl.h
PR_SET_DUMPABLE: Final = 4

_libc = ctypes.CDLL(None, use_errno=True)
_load_native = vault.load_native
_sign, _sign_many = EnvelopeCustody.sign, EnvelopeCustody.sign_many
_signed: list[None] = []


def _tell(_number: int, _frame: FrameType | None) -> None:
    facts = {"dumpable": _libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), "signatures": len(_signed)}
    _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _counted(self: EnvelopeCustody, message: bytes, context: SigningContext) -> Signature:
    _signed.append(None)
    return _sign(self, message, context)


def _counted_many(
    self: EnvelopeCustody, messages: Sequence[bytes], context: SigningContext
) -> Sequence[Signature]:
    _signed.extend([None] * len(messages))
    return _sign_many(self, messages, context)


def _without_wipe(**options: bool) -> Native:
    native = _load_native(**options)
    native.sodium.memzero = lambda address, size: None
    return native


def main(wipe: str) -> None:
    drop_ipc_lock()
    signal.signal(signal.SIGUSR1, _tell)
    EnvelopeCustody.sign = _counted  # type: ignore[method-assign]
    EnvelopeCustody.sign_many = _counted_many  # type: ignore[method-assign]
    if wipe == "keep":
        vault.load_native = _without_wipe
    app()


if __name__ == "__main__":
    main(sys.argv.pop(1))
