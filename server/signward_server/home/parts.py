"""What a home needs of the other parts: a KEK file and a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signward_server.core.errors import CustodyUnavailable, StoreUnavailable
from signward_server.core.ports import Clock
from signward_server.core.startup import CustodyRefused, StoreRefused
from signward_server.custody.envelope import KekFileError
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import NativeLibraryError, load_native
from signward_server.home.kek import new_kek
from signward_server.home.kek_access import KekAccess
from signward_server.home.kek_places import KekKind, KekPlace
from signward_server.store import StoreAddress, StoreFileError, open_store

__all__ = ["migrate_store", "translated", "write_kek", "write_store"]

_MEMORY = 64 * 1024


@contextmanager
def translated() -> Iterator[None]:
    """Turn what custody and store raise at start into errors with an exit code.

    Raises:
        CustodyRefused: KEK, native libraries or locked memory are at fault.
        StoreRefused: The store is.
    """
    try:
        yield
    except (KekFileError, NativeLibraryError) as exc:
        raise CustodyRefused(str(exc), "") from exc
    except CustodyUnavailable as exc:
        raise CustodyRefused(
            "no memory can be locked for keys", "raise the limit (ulimit -l, LimitMEMLOCK=)"
        ) from exc
    except StoreFileError as exc:
        raise StoreRefused(str(exc), "") from exc
    except StoreUnavailable as exc:
        raise StoreRefused(
            "the store cannot be read or written", "check the disk and run it again"
        ) from exc


def write_kek(
    path: Path,
    kind: KekKind = "file",
    access: KekAccess | None = None,
    *,
    allow_unlisted: bool = False,
) -> None:
    """Make a new KEK.

    Args:
        path: Where; nothing may be there.
        kind: Where it comes from.
        access: How its passphrase comes to this process, if it has one.
        allow_unlisted: Whether to take native libraries that are not of the pinned wheels.

    Raises:
        CustodyRefused: It cannot be made.
    """
    with translated():
        native = load_native(allow_unlisted=allow_unlisted)
        memory = LockedMemory(native.sodium, _MEMORY)
        try:
            new_kek(KekPlace(kind, path), native.sodium, memory, access or KekAccess()).close()
        finally:
            memory.close()


def write_store(path: Path, clock: Clock) -> None:
    """Make an empty store.

    Raises:
        StoreRefused: It cannot be made.
    """
    with translated():
        open_store(path, clock).close()


def migrate_store(place: Path | StoreAddress, clock: Clock) -> bool:
    """Bring a store to this release; return whether it had to be.

    Raises:
        StoreRefused: It is missing, damaged or newer.
    """
    if isinstance(place, Path) and not place.exists():
        raise StoreRefused(
            f"there is no store at {place}", "run `signward init`, or fix store.path"
        )
    with translated():
        try:
            open_store(place, clock, upgrade=False).close()
        except StoreFileError:
            # Older, or unusable: opening it with the upgrade tells which.
            open_store(place, clock, upgrade=True).close()
            return True
        return False
