"""Reads a folder of policies: all of it or nothing, and nothing that others could have written."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from signward_server.config import ConfigurationError, Problem
from signward_server.core.plain_files import FileRefused, exposures, read_plain
from signward_server.policy.statements import PolicySource

__all__ = ["SUFFIX", "read_policies"]

SUFFIX = ".cedar"
_MOST_FILES = 256
_LARGEST_SET = 2**20  # bytes
_ATTEMPTS = 3
_MOST_LINKS = 40  # one after the other, as the kernel follows
_INIT = "run `signward policy init`, or set policy.folder to a folder of policies"

_is_name = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,57}\.cedar").fullmatch


def read_policies(folder: Path, *, guarded: bool = True) -> tuple[PolicySource, ...]:
    """Return what every ``*.cedar`` file directly in a folder says, in order of its name.

    Names that start with a point are passed over, as a shell does. A symbolic link counts
    where it leads to within the folder, as in volumes of Kubernetes: each link is looked at
    once, so that a folder that one link exchanges is the old one or the new one. And all is
    read twice, so that a set is not half of what is just being written.

    Args:
        folder: Absolute.
        guarded: Whether to refuse what others than this user and root may change. On a
            file system that is mounted read-only nobody may.

    Raises:
        ConfigurationError: With every problem; there is no set without all of its files.
    """
    for _ in range(_ATTEMPTS):
        found = _read(folder, guarded=guarded)
        if _read(folder, guarded=guarded) == found:
            return found
    raise _refused(folder, "keeps changing", "try again when it is written")


def _read(folder: Path, *, guarded: bool) -> tuple[PolicySource, ...]:
    top = Path(os.path.realpath(folder))  # which raises nothing where links go round
    names = _names(folder, top)
    problems = list(_exposed(top)) if guarded else []
    links: dict[Path, Path | None] = {}
    sources: list[PolicySource] = []
    left = _LARGEST_SET
    for name in names:
        try:
            content = _content(folder / name, top, links, guarded=guarded)
        except ConfigurationError as exc:
            problems.extend(exc.problems)
            continue
        left -= len(content)
        if left < 0:
            raise _refused(folder, "holds more than 1 MiB of policies", "remove some")
        try:
            sources.append(PolicySource(name, content.decode("utf-8")))
        except UnicodeDecodeError:
            problems.append(Problem(str(folder / name), "", "is not UTF-8", "save it as UTF-8"))
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return tuple(sources)


def _names(folder: Path, top: Path) -> list[str]:
    """Return the names of the policy files; the folder is really at ``top``.

    Raises:
        ConfigurationError: There is no such folder, or not one policy file in it, or too many.
    """
    try:
        entries = os.listdir(top)  # noqa: PTH208  # names, whatever they are
    except OSError as exc:
        missing = isinstance(exc, FileNotFoundError)
        text = "is not there" if missing else f"cannot be read ({os.strerror(exc.errno or 0)})"
        raise _refused(folder, text, _INIT) from exc
    names = sorted(n for n in entries if n.endswith(SUFFIX) and not n.startswith("."))
    if not names:
        raise _refused(folder, f"holds no file that ends in {SUFFIX}", _INIT)
    if len(names) > _MOST_FILES:
        raise _refused(folder, f"holds more than {_MOST_FILES} policy files", "merge some of them")
    if bad := [name for name in names if not _is_name(name)]:
        fix = "rename it, with A-Z a-z 0-9 . _ - in at most 64 characters"
        raise ConfigurationError(
            [Problem(str(folder / name), "", "has no name for a policy file", fix) for name in bad]
        )
    return names


def _content(path: Path, top: Path, links: dict[Path, Path | None], *, guarded: bool) -> bytes:
    """Return what a file of the folder holds; ``links`` is what was seen of links so far.

    Raises:
        ConfigurationError: It cannot be read, or is not what it should be.
    """
    try:
        target = _resolved(top, path.name, links)
        if not target.is_relative_to(top):
            raise _refused(path, "leads out of its folder", "put the file itself there")
        data = read_plain(target, _LARGEST_SET, guarded=guarded, links=False)
        problems = list(_exposed(target.parent)) if guarded else []
    except FileRefused as exc:
        raise _refused(path, exc.text, exc.fix) from exc
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        raise _refused(path, f"cannot be read ({reason})", "make it a file of this user") from exc
    if problems:
        raise ConfigurationError(problems)
    return data


def _resolved(top: Path, name: str, links: dict[Path, Path | None]) -> Path:
    """Return where a name leads to, as ``Path.resolve`` does, but look at each link once.

    Raises:
        OSError: It leads nowhere, or round.
    """
    found, left, followed = top, [name], 0
    while left:
        part = left.pop()
        if part == "..":
            found = found.parent
            continue
        here = found / part
        if here not in links:
            links[here] = here.readlink() if here.is_symlink() else None
        leads = links[here]
        if leads is None:
            found = here
            continue
        followed += 1
        if followed > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        left.extend(reversed(leads.parts[leads.is_absolute() :]))
        found = Path("/") if leads.is_absolute() else found
    return found


def _exposed(folder: Path) -> Iterator[Problem]:
    """Yield why others could change what is in a folder."""
    for text, fix in exposures(folder, folder):
        yield Problem(str(folder), "", text, fix)


def _refused(path: Path, text: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), "", text, fix)])
