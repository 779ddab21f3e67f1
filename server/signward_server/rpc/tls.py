"""The daemon's side of TLS, exchanged as a whole while it serves. TLS 1.2 or later.

grpcio asks for the configuration at each handshake, so that a new certificate or CA counts
from the next connection on; for those that are open there is the ``Trust`` (S2).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import grpc

from signward_server.core.ports import Clock
from signward_server.rpc.identity import IdentityParser
from signward_server.rpc.material import CertificateSource, Material, pem_of
from signward_server.rpc.revocation import Revocations
from signward_server.rpc.tls_files import TlsFileError
from signward_server.rpc.trust import Trust, Trusted

__all__ = ["Certificates"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class _Loaded:
    """What is in force.

    Attributes:
        trust: Whom it makes the daemon believe.
        revocations: What is revoked.
        mutual: Configuration of listeners that require a client certificate.
        one_sided: Configuration of those that ask for none.
    """

    trust: Trust
    revocations: Revocations
    mutual: grpc.ServerCertificateConfiguration
    one_sided: grpc.ServerCertificateConfiguration


class Certificates:
    """The certificates in force.

    Args:
        source: Where they come from.
        clock: Judges the daemon's own, and revocation lists.

    Attributes:
        trusted: Whom they make the daemon believe.

    Raises:
        TlsFileError: Something cannot be used; the text names it and the fix.
    """

    def __init__(self, source: CertificateSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._loaded = _loaded(source.read(clock.now()))
        self.trusted = Trusted(self._loaded.trust)
        self._mention_overdue()
        source.follow(self._follow)

    @property
    def version(self) -> str:
        """SHA-256 of everything in force, in hex."""
        return self._loaded.trust.version

    @property
    def overdue(self) -> int:
        """How many revocation lists should have been replaced by newer ones; they still count."""
        return self._loaded.revocations.overdue(self._clock.now())

    def watched(self) -> Iterable[Path]:
        """Return the files that they come from."""
        return self._source.watched()

    def load(self) -> None:
        """Read everything again, and put it into force.

        Raises:
            TlsFileError: Something cannot be used; what was in force stays.
        """
        with self._lock:
            loaded = _loaded(self._source.read(self._clock.now()))
            if loaded.trust.version != self._loaded.trust.version:
                self._loaded = loaded
                self.trusted.now = loaded.trust
        self._mention_overdue()

    def close(self) -> None:
        """Let go of the source; what is in force stays."""
        self._source.close()

    def mutual(self) -> grpc.ServerCredentials:
        """Return credentials for one listener that requires a client certificate."""
        return self._credentials(lambda loaded: loaded.mutual, required=True)

    def one_sided(self) -> grpc.ServerCredentials:
        """Return credentials for one listener that asks for none."""
        return self._credentials(lambda loaded: loaded.one_sided, required=False)

    def _credentials(
        self,
        configured: Callable[[_Loaded], grpc.ServerCertificateConfiguration],
        *,
        required: bool,
    ) -> grpc.ServerCredentials:
        """Return credentials of their own for each listener: each one asks for itself."""
        given = self._loaded

        def newer() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            loaded = self._loaded
            if loaded is given:
                return None
            given = loaded
            return configured(loaded)

        return grpc.dynamic_ssl_server_credentials(
            configured(given),
            newer,  # type: ignore[arg-type]  # None is "no change", as its text says
            require_client_authentication=required,
        )

    def _follow(self) -> None:
        before = self.version
        try:
            self.load()
        except TlsFileError as refused:
            _log.error("new certificates refused", extra={"problem": str(refused)})
        else:
            if self.version != before:
                _log.warning("new certificates", extra={"version": self.version})

    def _mention_overdue(self) -> None:
        if overdue := self.overdue:
            _log.warning("revocation lists are overdue", extra={"lists": overdue})


def _loaded(material: Material) -> _Loaded:
    authorities = [authority.certificate for authority in material.authorities]
    if not authorities:
        raise TlsFileError("No client CA that is not revoked, so that nobody could ever call.")
    try:
        parser = IdentityParser(
            material.kind,
            authorities=material.authorities,
            server_certificates=material.chain[:1],
            revocations=material.revocations,
        )
    except ValueError as exc:
        raise TlsFileError(f"tls.client_ca: {exc}") from exc
    pair = (material.key_pem, pem_of(material.chain))
    return _Loaded(
        Trust(parser.parse, material.version),
        material.revocations,
        grpc.ssl_server_certificate_configuration([pair], pem_of(authorities)),
        grpc.ssl_server_certificate_configuration([pair]),
    )
