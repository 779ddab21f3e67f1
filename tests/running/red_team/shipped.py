"""The policies that are shipped, and what they need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signward_server.config import Settings, load
from signward_server.core.caps import Cap
from signward_server.home.caps import caps_of
from signward_server.home.policies import load_policies
from signward_server.policy.compiled import Policies

__all__ = ["SHIPPED", "Shipped", "shipped"]

_FOLDER: Final = Path(__file__).resolve().parents[3] / "deploy" / "policies" / "hyperliquid"
SHIPPED: Final = tuple(sorted(folder.name for folder in _FOLDER.iterdir() if folder.is_dir()))
"""Names of the sets."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """One set.

    Attributes:
        folder: Where it is.
        settings: Its piece of the configuration, as if it were all of it.
        caps: The caps of that.
        policies: The policies, checked.
    """

    folder: Path
    settings: Settings
    caps: tuple[Cap, ...]
    policies: Policies

    @property
    def configuration(self) -> Path:
        return self.folder / "signward.toml"


def shipped(name: str) -> Shipped:
    """Read a set."""
    folder = _FOLDER / name
    settings = load(folder / "signward.toml", environment={})
    caps = caps_of(settings)
    return Shipped(folder, settings, caps, load_policies(folder, caps, guarded=False))
