"""Puts an issued certificate where its client will look for it."""

from __future__ import annotations

import os
from pathlib import Path

from signward_server.core.startup import ConfigurationRefused
from signward_server.home.certificates import Issued
from signward_server.home.files import write_new

__all__ = ["publish"]


def publish(issued: Issued, stem: Path, authority: bytes) -> None:
    """Write ``STEM.crt`` and ``STEM.key``, and ``ca.crt`` beside them if it is not there yet.

    Args:
        issued: What was issued.
        stem: Path without a suffix; its folder is made with mode 0700 if it is missing.
        authority: PEM certificate of the CA.

    Raises:
        ConfigurationRefused: They exist, the folder holds another CA, or it cannot be written.
    """
    bundle = stem.with_name("ca.crt")
    try:
        stem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if bundle.exists() and bundle.read_bytes() != authority:
            raise ConfigurationRefused(f"{bundle} is of another CA", "choose another folder")
        issued.write(stem)
        if not bundle.exists():
            write_new(bundle, authority, 0o644)
    except FileExistsError as exc:
        raise ConfigurationRefused(
            f"{exc.filename} exists; it is never replaced", "choose another folder or name"
        ) from exc
    except OSError as exc:
        raise ConfigurationRefused(
            f"{stem.parent} cannot be written ({os.strerror(exc.errno or 0)})",
            "choose another folder",
        ) from exc
