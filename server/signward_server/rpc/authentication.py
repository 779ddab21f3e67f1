"""Who calls: the certificate of the connection, an API key of the call, or both."""

from __future__ import annotations

import grpc

from signward_server.core.clock import Onward
from signward_server.core.errors import IdentityConflict, IdentityMissing
from signward_server.core.ports import Clock
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.rpc.bearer import secret_of
from signward_server.rpc.peer import address_of, certificate_finder
from signward_server.rpc.recent import Recent
from signward_server.rpc.standing import (
    ApiKeyStanding,
    BothStanding,
    CertificateStanding,
    Standing,
)
from signward_server.rpc.trust import Trusted

__all__ = ["Authenticator"]

_KEPT = 4096


class Authenticator:
    """Finds out who calls.

    Args:
        trusted: Whose certificates are believed.
        api_keys: Whose API keys.
        clock: Judges validity.
    """

    def __init__(self, trusted: Trusted, api_keys: ApiKeyAuthentication, clock: Clock) -> None:
        self._trusted = trusted
        self._api_keys = api_keys
        self._onward = Onward(clock)
        self._certificate_of = certificate_finder()
        # A standing judges itself by the trust in force, so that it can serve many calls.
        self._known: Recent[bytes, CertificateStanding] = Recent(_KEPT)

    def of(self, context: grpc.ServicerContext) -> Standing:
        """Return what the caller has shown; it holds now.

        Raises:
            IdentityMissing: Nothing.
            IdentityUnknown, CertificateInvalid, CertificateRevoked: See ``CertificateStanding``.
            ApiKeyInvalid, ApiKeyExpired, ApiKeyRevoked: See ``ApiKeyAuthentication``.
            IdentityConflict: Certificate and API key stand for different identities.
        """
        pem = self._certificate_of(context)
        certificate = None if pem is None else self._certificate(pem)
        secret = secret_of(context.invocation_metadata())
        if secret is None:
            if certificate is None:
                raise IdentityMissing
            return certificate
        address = address_of(context.peer())
        api_key = ApiKeyStanding(self._api_keys.authenticate(secret, address), self._api_keys)
        if certificate is None:
            return api_key
        if certificate.identity != api_key.identity:
            raise IdentityConflict
        return BothStanding(certificate, api_key)

    def _certificate(self, pem: bytes) -> CertificateStanding:
        known = self._known.get(pem)
        if known is not None:
            known.ensure_valid()
            return known
        made = CertificateStanding(pem, self._trusted, self._onward)
        self._known.put(pem, made)
        return made
