"""The parts of a daemon that can change while it runs, each with where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from signward_server.config import Settings
from signward_server.core.caps import Cap
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.policies import load_policies, require_groups
from signward_server.home.tls_settings import server_files
from signward_server.limits.rules import RuledLimits
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import ServerFiles, TlsFileError
from signward_server.telemetry.logging import set_level
from signward_server.wiring.limiting import rules_of

__all__ = [
    "CertificatesPart",
    "GroupsPart",
    "LimitsPart",
    "LogPart",
    "PolicyPart",
    "SettingsSource",
]


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
    caps: Sequence[Cap] = ()

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.engine.policies.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return (self.folder,)

    def load(self) -> None:
        """See ``Part``."""
        known, groups = self.engine.policies, self.engine.groups
        policies = load_policies(self.folder, self.caps, known=known)
        if policies.groups - groups.names:
            groups = Groups(self.source.load().groups.members)
        require_groups(policies, groups.names, self.folder)
        if policies is not known or groups is not self.engine.groups:
            self.engine.replace(policies, groups)


@dataclass(frozen=True, slots=True)
class GroupsPart:
    """The groups of the configuration; those that go take along the policies that name them."""

    engine: CedarPolicy
    folder: Path
    source: SettingsSource
    caps: Sequence[Cap] = ()

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
            policies = load_policies(self.folder, self.caps)
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


@dataclass(slots=True)
class LogPart:
    """How much is logged.

    Attributes:
        level: ``log.level`` as it is in force.
        source: The configuration.
    """

    level: str
    source: SettingsSource

    @property
    def version(self) -> str:
        """See ``Part``."""
        return sha256(self.level.encode()).hexdigest()

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return self.source.watched()

    def load(self) -> None:
        """See ``Part``."""
        level = self.source.load().log.level
        if level != self.level:
            set_level(level)
            self.level = level


@dataclass(frozen=True, slots=True)
class CertificatesPart:
    """The daemon's certificate, the CAs of its clients, and what they have revoked.

    Which files these are in, and what the CAs may assert, is read again as well. Whatever
    cannot be used keeps what was in force of it, and nothing else: nobody stays believed
    because another file or the configuration is broken.

    Attributes:
        certificates: What is in force.
        source: The configuration.
        agent: ``tls.spiffe_socket``, which stays what it was.
    """

    certificates: Certificates
    source: SettingsSource
    agent: str

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.certificates.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return (*self.source.watched(), *self.certificates.watched())

    def load(self) -> None:
        """See ``Part``."""
        files, problems = None, []
        try:
            files = self._files()
        except ConfigurationRefused as exc:
            problems.append(str(exc))
        try:
            self.certificates.load(files)
        except TlsFileError as exc:
            problems.append(str(exc))
        if problems:
            raise ConfigurationRefused("\n".join(problems), "")

    def _files(self) -> ServerFiles:
        tls = self.source.load().tls
        if tls.spiffe_socket != self.agent:
            raise ConfigurationRefused("tls.spiffe_socket has changed", "restart the daemon")
        return server_files(tls)
