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
_INIT = "run `signward policy init`, or set policy.folder to a folder of policies"

_is_name = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,57}\.cedar").fullmatch


def read_policies(folder: Path, *, guarded: bool = True) -> tuple[PolicySource, ...]:
    """Return what every ``*.cedar`` file directly in a folder says, in order of its name.

    Names that start with a point are passed over, as a shell does. A symbolic link counts
    where it leads to within the folder, as in volumes of Kubernetes. The folder is read
    twice, so that a set is never half of an old and half of a new one.

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
    names = _names(folder)
    top = folder.resolve()
    problems = list(_exposed(top)) if guarded else []
    sources: list[PolicySource] = []
    left = _LARGEST_SET
    for name in names:
        try:
            content = _content(folder / name, top, guarded=guarded)
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


def _names(folder: Path) -> list[str]:
    """Return the names of the policy files.

    Raises:
        ConfigurationError: There is no such folder, or not one policy file in it, or too many.
    """
    try:
        entries = os.listdir(folder)  # noqa: PTH208  # names, whatever they are
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


def _content(path: Path, top: Path, *, guarded: bool) -> bytes:
    """Return what a file of the folder holds.

    Raises:
        ConfigurationError: It cannot be read, or is not what it should be.
    """
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(top):
            raise _refused(path, "leads out of its folder", "put the file itself there")
        data = read_plain(target, _LARGEST_SET, guarded=guarded, links=False)
        problems = list(_exposed(target.parent)) if guarded else []
    except FileRefused as exc:
        raise _refused(path, exc.text, exc.fix) from exc
    except (OSError, RuntimeError) as exc:  # RuntimeError: links that go round
        reason = os.strerror(getattr(exc, "errno", errno.ELOOP) or 0)
        raise _refused(path, f"cannot be read ({reason})", "make it a file of this user") from exc
    if problems:
        raise ConfigurationError(problems)
    return data


def _exposed(folder: Path) -> Iterator[Problem]:
    """Yield why others could change what is in a folder."""
    for text, fix in exposures(folder, folder):
        yield Problem(str(folder), "", text, fix)


def _refused(path: Path, text: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), "", text, fix)])
