"""Puts a new KEK into the place of the old one, in steps that can be done again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from signward_server.home.editing import set_texts
from signward_server.home.files import sync_folder
from signward_server.home.kek_places import KekPlace, Plan

__all__ = ["retire_needed", "switch"]


def switch(plan: Plan, old: bytes, configuration: Path, *, damaged: bool) -> Path | None:
    """Put the new KEK into force, and the old one aside.

    The place that the configuration names holds a KEK at every moment.

    Args:
        plan: Where they are.
        old: Id of the old KEK.
        configuration: The file that names the KEK.
        damaged: Whether rows that are damaged still name the old one.

    Returns:
        Where the old one is now, ``None`` if that is not ours to say.

    Raises:
        OSError: Files cannot be renamed.
        ConfigurationRefused: The configuration cannot be changed.
    """
    source, target = plan.source, plan.target
    aside = source.needed(old) if damaged else source.retired(old)
    if source == target:
        _replace(target, aside)
    else:
        _publish(target)
        _name(target, configuration)
        if source.is_file and source.path.exists():
            source.path.rename(aside)
    for place in (source, target):
        if place.is_file:
            sync_folder(place.path.parent)
    return aside if source.is_file else None


def retire_needed(source: KekPlace, old: bytes) -> Path | None:
    """Retire a KEK that damaged rows had named; return where it is now.

    Raises:
        OSError: It cannot be renamed.
    """
    if not source.is_file:
        return None
    retired = source.retired(old)
    if source.needed(old).exists():
        source.needed(old).rename(retired)
        sync_folder(retired.parent)
    return retired


def _replace(place: KekPlace, aside: Path) -> None:
    if not place.is_file:
        return
    draft = place.draft.path
    if draft.exists():
        if not aside.exists():
            os.link(place.path, aside)
        draft.replace(place.path)


def _publish(target: KekPlace) -> None:
    if target.is_file and target.draft.path.exists():
        if target.path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target.path))
        target.draft.path.rename(target.path)


def _name(target: KekPlace, configuration: Path) -> None:
    if target.is_file:
        folder = configuration.parent
        path = target.path
        said = os.fspath(path.relative_to(folder) if path.is_relative_to(folder) else path)
    else:
        said = target.path.name
    texts = {"kek_source": target.kind, "kek": said}
    set_texts(configuration, "custody.envelope", texts, "run `signward kek rotate` again")
