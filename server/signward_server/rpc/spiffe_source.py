"""Certificates from the SPIFFE Workload API instead of files.

The agent sends the daemon's own certificate and the bundles of its trust domain and of those
that it is federated with, and sends them again whenever one changes. A CA of a bundle may
assert names of that trust domain alone.
https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spiffe import WorkloadApiClient
from spiffe.errors import PySpiffeError
from spiffe.workloadapi.x509_context import X509Context

from signward_server.core.identity import IdentityKind
from signward_server.rpc.identity import ClientAuthority
from signward_server.rpc.material import Bundle, Pair, believed, checked
from signward_server.rpc.revocation import read_revocations
from signward_server.rpc.tls_files import ServerFiles, TlsFileError

__all__ = ["SpiffeSource"]

_log = logging.getLogger(__name__)
_PATIENCE = 10.0  # seconds for the first answer
_PAUSE = 5.0  # seconds before asking again after an answer that cannot be used


class SpiffeSource:
    """The Workload API behind a Unix socket; a ``CertificateSource``.

    Args:
        socket: ``unix:/run/spire/agent.sock``.
        revocations: Files of revocation lists, as the Workload API's own are not in use.
        patience: Seconds to wait for the first answer.
    """

    def __init__(
        self, socket: str, revocations: Sequence[Path] = (), patience: float = _PATIENCE
    ) -> None:
        self._socket = socket
        self._revocations = tuple(revocations)
        self._patience = patience
        self._context: X509Context | None = None  # as sent last
        self._given: X509Context | None = None  # as read last
        self._arrived = threading.Event()
        self._ended = threading.Event()
        self._changed: Callable[[], None] = lambda: None
        self._stop: Callable[[], None] | None = None

    def watched(self) -> Iterable[Path]:
        """Return the files; what the agent sends needs no watching."""
        return self._revocations

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this after each change that the agent sends."""
        self._changed = changed
        if self._context is not self._given:
            changed()

    def turn_to(self, files: ServerFiles) -> None:
        """Read these revocation lists from now on."""
        self._revocations = tuple(files.revocations)

    def pair(self, now: datetime) -> Pair:
        """Return what the agent has sent last; see ``CertificateSource``."""
        if self._stop is None:
            self._connect()
        self._arrived.wait(self._patience)
        self._given = context = self._context
        svid = _answered(context).default_svid
        key = svid.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return checked(Pair(svid.cert_chain, key), "tls.spiffe_socket", now)

    def bundle(self) -> Bundle:
        """Return whom to believe by what the agent has sent last; see ``CertificateSource``."""
        authorities = [
            ClientAuthority(certificate, frozenset({bundle.trust_domain.name}))
            for bundle in _answered(self._context).x509_bundle_set.bundles
            for certificate in bundle.x509_authorities
        ]
        # Sets have no order of their own, and another order would be another version.
        authorities.sort(key=lambda each: each.certificate.public_bytes(Encoding.DER))
        issuers = [authority.certificate for authority in authorities]
        revocations = read_revocations(self._revocations, issuers)
        return believed(Bundle(IdentityKind.SPIFFE, authorities, revocations))

    def close(self) -> None:
        """Listen to the agent no more."""
        self._ended.set()
        if self._stop is not None:
            self._stop()

    def _connect(self) -> None:
        try:
            client = WorkloadApiClient(self._socket)
        except PySpiffeError as exc:
            raise TlsFileError(
                f"tls.spiffe_socket: {self._socket} is no socket of an agent."
            ) from exc
        handle = client.stream_x509_contexts(self._arrive, self._fail)

        def stop() -> None:
            handle.cancel()
            client.close()

        self._stop = stop

    def _arrive(self, context: X509Context) -> None:
        self._context = context
        self._arrived.set()
        self._changed()

    def _fail(self, error: Exception) -> None:
        """Begin anew: the library gives up after an answer that it cannot use."""
        if self._ended.is_set():
            return
        _log.error("the SPIFFE Workload API cannot be used", extra={"kind": type(error).__name__})
        if self._stop is not None:
            self._stop()
        while not self._ended.wait(_PAUSE):
            try:
                self._connect()
            except TlsFileError:
                continue  # the socket is gone for now
            return


def _answered(context: X509Context | None) -> X509Context:
    if context is None:
        raise TlsFileError(
            "tls.spiffe_socket: the agent has given no certificate; register the daemon as "
            "a workload and look into the agent's log."
        )
    return context
