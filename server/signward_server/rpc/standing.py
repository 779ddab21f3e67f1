"""What a caller has shown, and whether it still holds (S2, S4)."""

from __future__ import annotations

from typing import Protocol

from signward_server.core.api_keys import ApiKey
from signward_server.core.clock import Onward
from signward_server.core.errors import CertificateInvalid, IdentityMissing, IdentityUnknown
from signward_server.core.identity import Authentication, Identity
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.rpc.trust import Trusted

__all__ = ["ANONYMOUS", "ApiKeyStanding", "BothStanding", "CertificateStanding", "Standing"]


class Standing(Protocol):
    """What a caller has shown."""

    @property
    def identity(self) -> Identity:
        """Who it is."""
        ...

    @property
    def authentication(self) -> Authentication:
        """By what it has shown that."""
        ...

    def ensure_valid(self) -> None:
        """Return while it still holds, by what is in force now.

        Raises:
            SignwardError: It does not; one of UNAUTHENTICATED.
        """
        ...


class CertificateStanding:
    """A client certificate.

    Args:
        pem: Its PEM form.
        trusted: The trust in force.
        onward: Judges validity; a wall clock that is set back revives nothing.

    Raises:
        IdentityUnknown, CertificateRevoked, CertificateInvalid: It shows nothing.
    """

    __slots__ = ("_judged", "_onward", "_pem", "_trusted", "identity")

    authentication = Authentication.CERTIFICATE

    def __init__(self, pem: bytes, trusted: Trusted, onward: Onward) -> None:
        self._pem = pem
        self._trusted = trusted
        self._onward = onward
        trust = trusted.now
        leaf = trust.leaf(pem)
        self.identity = leaf.identity
        self._judged = trust.version, leaf  # one value, since threads share a standing
        self.ensure_valid()

    def ensure_valid(self) -> None:
        """Return while issuer, revocation and validity are as they must be; see ``Standing``."""
        version, leaf = self._judged
        trust = self._trusted.now
        if trust.version != version:
            leaf = trust.leaf(self._pem)
            if leaf.identity != self.identity:
                raise IdentityUnknown
            self._judged = trust.version, leaf
        if not leaf.not_before <= self._onward.time() <= leaf.not_after:
            raise CertificateInvalid


class ApiKeyStanding:
    """An API key and nothing else."""

    __slots__ = ("_api_key", "_api_keys", "identity")

    authentication = Authentication.API_KEY

    def __init__(self, api_key: ApiKey, api_keys: ApiKeyAuthentication) -> None:
        self._api_key = api_key
        self._api_keys = api_keys
        self.identity = api_key.identity

    def ensure_valid(self) -> None:
        """Return while it is neither revoked nor expired; see ``Standing``."""
        self._api_keys.ensure_valid(self._api_key)


class BothStanding:
    """A client certificate and an API key of one identity."""

    __slots__ = ("_api_key", "_certificate", "identity")

    authentication = Authentication.CERTIFICATE_AND_API_KEY

    def __init__(self, certificate: CertificateStanding, api_key: ApiKeyStanding) -> None:
        self._certificate = certificate
        self._api_key = api_key
        self.identity = certificate.identity

    def ensure_valid(self) -> None:
        """Return while both hold; see ``Standing``."""
        self._certificate.ensure_valid()
        self._api_key.ensure_valid()


class _AnonymousStanding:
    """Nothing at all, where nothing is asked for."""

    @property
    def identity(self) -> Identity:
        """Raise: there is none."""
        raise IdentityMissing

    @property
    def authentication(self) -> Authentication:
        """Raise: there is none."""
        raise IdentityMissing

    def ensure_valid(self) -> None:
        """Return."""


ANONYMOUS: Standing = _AnonymousStanding()
