"""What a process was given to come to its KEK; nothing here touches one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["KekAccess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KekAccess:
    """What this process was given to come to its KEK.

    Attributes:
        descriptor: Of the pipe that the KEK itself was handed over through, ``None`` if it
            was not.
        passphrase: Of what holds the passphrase, ``None`` to ask for it on the terminal.
        environment: Says where credentials are.
    """

    descriptor: int | None = None
    passphrase: int | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
