"""The daemon's side of TLS, exchanged as a whole while it serves. TLS 1.2 or later.

grpcio asks for the configuration at each handshake, so that a new certificate or CA counts
from the next connection on; for those that are open there is the ``Trust`` (S2).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.hashes import SHA256

from signward_server.core.ports import Clock
from signward_server.rpc.identity import IdentityParser
from signward_server.rpc.material import Bundle, CertificateSource, Pair, pem_of, version_of
from signward_server.rpc.tls_files import ServerFiles, TlsFileError
from signward_server.rpc.trust import Trust, Trusted

__all__ = ["Certificates"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class _Loaded:
    """What is in force.

    Attributes:
        pair: What the daemon shows.
        bundle: Whom it believes.
        trust: What it makes of that.
        mutual: Configuration of listeners that require a client certificate.
        one_sided: Configuration of those that ask for none.
    """

    pair: Pair
    bundle: Bundle
    trust: Trust
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
        self._handshakes: dict[str, int] = {}
        self._loaded = _loaded(source.pair(clock.now()), source.bundle())
        self.trusted = Trusted(self._loaded.trust)
        self._mention_overdue()
        source.follow(self._follow)

    @property
    def version(self) -> str:
        """SHA-256 of everything in force, in hex."""
        return self._loaded.trust.version

    @property
    def current(self) -> bool:
        """Whether the daemon's own certificate is valid now: without, no caller connects."""
        leaf = self._loaded.pair.chain[0]
        return leaf.not_valid_before_utc <= self._clock.now() < leaf.not_valid_after_utc

    @property
    def overdue(self) -> int:
        """How many revocation lists should have been replaced by newer ones; they still count."""
        return self._loaded.bundle.revocations.overdue(self._clock.now())

    @property
    def handshakes(self) -> Mapping[str, int]:
        """How many TLS handshakes each listener has begun."""
        return self._handshakes.copy()

    @property
    def expiries(self) -> Mapping[str, float]:
        """When the daemon's own certificate ends and each CA's, in seconds since the epoch.

        A CA goes by the first 16 hexadecimal digits of its SHA-256, since its name may tell
        whose it is (S39).
        """
        loaded = self._loaded
        ends = {"server": loaded.pair.chain[0].not_valid_after_utc.timestamp()}
        for authority in loaded.bundle.authorities:
            certificate = authority.certificate
            name = f"client_ca_{certificate.fingerprint(SHA256()).hex()[:16]}"
            ends[name] = certificate.not_valid_after_utc.timestamp()
        return ends

    def watched(self) -> Iterable[Path]:
        """Return the files that they come from."""
        return self._source.watched()

    def load(self, files: ServerFiles | None = None) -> None:
        """Read everything again, and put it into force.

        What the daemon shows and whom it believes are two things: one that cannot be used
        keeps what was in force of it, and not the other one. So nobody stays believed
        because of a certificate that was not renewed.

        Args:
            files: The files to read from now on; ``None`` for the same as before.

        Raises:
            TlsFileError: Something cannot be used.
        """
        with self._lock:
            if files is not None:
                self._source.turn_to(files)
            loaded, problems = self._read(self._loaded)
            if loaded.trust.version != self._loaded.trust.version:
                self._loaded = loaded
                self.trusted.now = loaded.trust
        self._mention_overdue()
        if problems:
            raise TlsFileError("\n".join(problems))

    def _read(self, before: _Loaded) -> tuple[_Loaded, list[str]]:
        pair, problems = before.pair, []
        try:
            pair = self._source.pair(self._clock.now())
        except TlsFileError as exc:
            problems.append(str(exc))
        try:
            return _loaded(pair, self._source.bundle()), problems
        except TlsFileError as exc:
            return _loaded(pair, before.bundle), [*problems, str(exc)]

    def close(self) -> None:
        """Let go of the source; what is in force stays."""
        self._source.close()

    def mutual(self, listener: str) -> grpc.ServerCredentials:
        """Return credentials for one listener that requires a client certificate."""
        return self._credentials(listener, lambda loaded: loaded.mutual, required=True)

    def one_sided(self, listener: str) -> grpc.ServerCredentials:
        """Return credentials for one listener that asks for none."""
        return self._credentials(listener, lambda loaded: loaded.one_sided, required=False)

    def _credentials(
        self,
        listener: str,
        configured: Callable[[_Loaded], grpc.ServerCertificateConfiguration],
        *,
        required: bool,
    ) -> grpc.ServerCredentials:
        """Return credentials of their own for each listener: each one asks for itself.

        gRPC asks once for each handshake, so that they can be counted, and after the first
        bytes of it.
        """
        given = self._loaded
        self._handshakes[listener] = 0

        def newer() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            self._handshakes[listener] += 1
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
        if self.version != before:
            _log.warning("new certificates", extra={"version": self.version})

    def _mention_overdue(self) -> None:
        if overdue := self.overdue:
            _log.warning("revocation lists are overdue", extra={"lists": overdue})


def _loaded(pair: Pair, bundle: Bundle) -> _Loaded:
    authorities = [authority.certificate for authority in bundle.authorities]
    if not authorities:
        raise TlsFileError("No client CA that is not revoked, so that nobody could ever call.")
    try:
        parser = IdentityParser(
            bundle.kind,
            authorities=bundle.authorities,
            server_certificates=pair.chain[:1],
            revocations=bundle.revocations,
        )
    except ValueError as exc:
        raise TlsFileError(f"tls.client_ca: {exc}") from exc
    shown = (pair.key_pem, pem_of(pair.chain))
    return _Loaded(
        pair,
        bundle,
        Trust(parser.parse, version_of(pair, bundle)),
        grpc.ssl_server_certificate_configuration([shown], pem_of(authorities)),
        grpc.ssl_server_certificate_configuration([shown]),
    )
