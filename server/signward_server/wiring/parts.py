"""The parts of a daemon that can change while it runs, each with where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from signward_server.config import Settings
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.policies import load_policies, require_groups
from signward_server.limits.rules import RuledLimits
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import TlsFileError
from signward_server.wiring.limiting import rules_of

__all__ = ["CertificatesPart", "GroupsPart", "LimitsPart", "PolicyPart", "SettingsSource"]


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where the configuration came from.

    Attributes:
        load: Reads it again; raises ``ConfigurationError``.
        file: Its file, ``None`` if it has none.
    """

    load: Callable[[], Settings]
    file: Path | None

    def watched(self) -> Iterable[Path]:
        """Return the file, if there is one."""
        return () if self.file is None else (self.file,)


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """The policies of a folder; what they name for the first time comes with its groups."""

    engine: CedarPolicy
    folder: Path
    source: SettingsSource

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.engine.policies.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return (self.folder,)

    def load(self) -> None:
        """See ``Part``."""
        policies, groups = load_policies(self.folder), self.engine.groups
        if policies.groups - groups.names:
            groups = Groups(self.source.load().groups.members)
        require_groups(policies, groups.names, self.folder)
        if policies.version != self.version:
            self.engine.replace(policies, groups)


@dataclass(frozen=True, slots=True)
class GroupsPart:
    """The groups of the configuration; those that go take along the policies that name them."""

    engine: CedarPolicy
    folder: Path
    source: SettingsSource

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.engine.groups.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return self.source.watched()

    def load(self) -> None:
        """See ``Part``."""
        groups = Groups(self.source.load().groups.members)
        policies = self.engine.policies
        if policies.groups - groups.names:
            policies = load_policies(self.folder)
        require_groups(policies, groups.names, self.folder)
        if groups.version != self.version:
            self.engine.replace(policies, groups)


@dataclass(frozen=True, slots=True)
class LimitsPart:
    """The rules of rate limits in the configuration; where they are counted stays."""

    limits: RuledLimits
    source: SettingsSource

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.limits.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return self.source.watched()

    def load(self) -> None:
        """See ``Part``."""
        self.limits.replace(rules_of(self.source.load().rate_limits))


@dataclass(frozen=True, slots=True)
class CertificatesPart:
    """The daemon's certificate, the CAs of its clients, and what they have revoked."""

    certificates: Certificates

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.certificates.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return self.certificates.watched()

    def load(self) -> None:
        """See ``Part``."""
        try:
            self.certificates.load()
        except TlsFileError as exc:
            raise ConfigurationRefused(str(exc), "") from exc
