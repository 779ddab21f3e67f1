"""The policies that a command is about, and what they are to be judged with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from signward_server.chains import all_chains
from signward_server.cli.locating import locate
from signward_server.config import ConfigurationError, Settings, load
from signward_server.config.hyperliquid import Hyperliquid
from signward_server.core.caps import Cap
from signward_server.core.clock import SystemClock
from signward_server.core.identity import Identity
from signward_server.core.payloads import Payload
from signward_server.core.ports import Chain, References
from signward_server.home.caps import caps_of
from signward_server.home.policies import load_policies
from signward_server.home.reference_prices import ReferencePrices
from signward_server.policy.compiled import Policies

__all__ = ["Place", "Rules", "chains_of", "load_rules"]


@dataclass(frozen=True, slots=True)
class Place:
    """What the options of a command say about where things are.

    Attributes:
        folder: A folder of policies, ``None`` for that of the configuration.
        home: Folder of the daemon.
        config: Its configuration file.
        flags: Settings, ``key=value``.
    """

    folder: Path | None = None
    home: Path | None = None
    config: Path | None = None
    flags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Policies, and what else a decision rests on.

    Attributes:
        folder: Where the policies came from, absolute.
        policies: They, checked.
        settings: The configuration; ``None`` where a folder was named and no configuration.
        chains: Every chain, by the payload that it decodes.
        caps: Those of the configuration; none without one.
    """

    folder: Path
    policies: Policies
    settings: Settings | None
    chains: Mapping[type[Payload], Chain]
    caps: tuple[Cap, ...] = ()

    @property
    def groups(self) -> Mapping[str, Sequence[Identity]]:
        """The groups of the configuration; none without one."""
        return self.settings.groups.members if self.settings else {}


def load_rules(place: Place) -> Rules:
    """Read and check policies.

    What others can change is refused in the configuration's folder, but not in one that is
    named: such a one serves no daemon.

    Raises:
        ConfigurationError: With every problem of the configuration, the files, the policies.
    """
    settings = _settings(place)
    folder = place.folder.absolute() if place.folder else None
    if folder is None:
        if settings is None:
            raise AssertionError("without a folder there is a configuration")
        folder = settings.policy.folder
    caps: tuple[Cap, ...] = () if settings is None else caps_of(settings)
    policies = load_policies(folder, caps, guarded=place.folder is None)
    return Rules(folder, policies, settings, chains_of(settings), caps)


def _settings(place: Place) -> Settings | None:
    if place.folder and not (place.home or place.config or place.flags):
        return None
    _, file = locate(place.home, place.config)
    return load(file, environment=os.environ, flags=place.flags)


def chains_of(
    settings: Settings | None, references: References | None = None
) -> Mapping[type[Payload], Chain]:
    """Return every chain as a daemon with this configuration has it.

    Args:
        settings: The configuration, ``None`` for defaults.
        references: Reference prices; ``None`` for those of the configuration's file, as far as
            they count now.
    """
    if settings is None:
        return all_chains(references=references)
    window = settings.order.timestamp_window
    return all_chains(
        order_window_ms=int(window.total_seconds() * 1000),
        references=references or _references(settings.hyperliquid),
    )


def _references(section: Hyperliquid) -> References:
    prices = ReferencePrices(section.reference_prices, section.reference_max_age, SystemClock())
    with suppress(ConfigurationError):  # the daemon goes on without them as well
        prices.load()
    return prices
