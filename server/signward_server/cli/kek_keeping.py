"""Keeps a KEK that people have to be asked for, so that workers can be replaced without them.

A supervisor imports this, and with it what touches keys, for such a KEK only. It uses it for
nothing: the bytes stay in their one locked page, from where the kernel copies them into pipes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack

from signward_server.config.schema import Envelope
from signward_server.custody.envelope import hand_over
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native
from signward_server.custody.pages import PAGE_SIZE
from signward_server.home.kek import kek_provider
from signward_server.home.kek_access import KekAccess
from signward_server.home.parts import translated

__all__ = ["keep_kek"]


def keep_kek(section: Envelope, access: KekAccess, held: ExitStack) -> Callable[[], int]:
    """Ask for the KEK once.

    Args:
        section: The configuration.
        access: How this process comes to it.
        held: Takes what wipes it.

    Returns:
        Opens a pipe with the KEK in it, for one worker, which reads it as ``--kek-fd``. The
        caller closes it when the worker has started.

    Raises:
        StartupFailed: There is none, or no locked memory for it.
    """
    with translated():
        native = load_native(allow_unlisted=section.allow_unlisted_libraries)
        memory = LockedMemory(native.sodium, PAGE_SIZE)
        held.callback(memory.close)
        root = held.enter_context(kek_provider(section, native.sodium, access).unlock(memory))

    def hand() -> int:
        reader, writer = os.pipe()
        try:
            hand_over(root, writer)
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        return reader

    return hand
