"""A file for a secret that is shown once."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import typer

__all__ = ["SecretFile"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class SecretFile:
    """A new file of mode 0600, made before there is a secret, so that none is lost.

    Leaving its context without a stored secret takes the file away again.

    Args:
        path: Where; nothing may be there yet.

    Raises:
        BadParameter: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored = False
        try:
            self._descriptor = os.open(path, _FLAGS, 0o600)
        except FileExistsError as error:
            raise typer.BadParameter(f"{path} exists already; give a new file") from error
        except OSError as error:
            raise typer.BadParameter(f"{path} cannot be made: {error.strerror}") from error

    def store(self, secret: str) -> None:
        """Write the secret and a line's end, down to the disk.

        Raises:
            OSError: It could not be written.
        """
        with os.fdopen(os.dup(self._descriptor), "w", encoding="ascii") as file:
            file.write(f"{secret}\n")
            file.flush()
            os.fsync(file.fileno())
        self._stored = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        if not self._stored:
            self._path.unlink(missing_ok=True)
