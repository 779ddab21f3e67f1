"""What recovery is about to cut, remembered on the disk until the log itself says so."""

from __future__ import annotations

import json
import os
from typing import TypeAlias

from signward_server.audit.beginning import Place
from signward_server.audit.files import write_all

__all__ = ["Cut", "announce_cut", "forget_cuts", "pending_cuts"]

Cut: TypeAlias = dict[str, str | int]
"""Details of the record of a cut."""


def pending_cuts(place: Place) -> list[Cut]:
    """Return the cuts that no record may tell of yet, oldest first.

    Raises:
        OSError: They cannot be read.
    """
    try:
        data = place.folder.cuts.read_bytes()
    except FileNotFoundError:
        return []
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(map(_is_cut, found)):
        return [{"unreadable": place.folder.cuts.name}]  # then that is what is recorded
    return found


def announce_cut(place: Place, cut: Cut) -> None:
    """Remember a cut; it is on the disk when this returns, and only then may be made.

    Raises:
        OSError: It is not known to be there.
    """
    cuts = pending_cuts(place)
    if cut in cuts:
        return  # a start that was interrupted has got as far as this
    draft = place.folder.cuts_draft
    place.files.remove(draft)
    descriptor = place.files.create(draft)
    try:
        write_all(place.files, descriptor, json.dumps([*cuts, cut]).encode())
        place.files.sync(descriptor)
    finally:
        os.close(descriptor)
    place.files.rename(draft, place.folder.cuts)
    place.files.sync_folder(place.folder.path)


def forget_cuts(place: Place) -> None:
    """Forget the cuts, since the log tells of them.

    Raises:
        OSError: The file cannot be removed.
    """
    place.files.remove(place.folder.cuts)


def _is_cut(found: object) -> bool:
    return isinstance(found, dict) and all(type(value) in {str, int} for value in found.values())
