"""Checking a signature against the keys of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from signward_server.core.errors import FieldInvalid, KeyPurposeMismatch, PayloadUnsupported
from signward_server.core.keys import Key, KeyVersion, VersionState
from signward_server.core.payloads import Payload
from signward_server.core.ports import Call, Catalogue, Chain, Policy, Verifier
from signward_server.core.signing import Decoded, ResultMismatch, VerifyRequest
from signward_server.flows.access import verifying_version, visible_key

__all__ = ["VERIFY", "Verification", "Verifying"]

VERIFY = "Verify"

_NO_MATCH = "The signature is not that of the named version over this payload."
_NO_MATCH_ANY = "The signature is not that of any version of the key over this payload."


@dataclass(frozen=True, slots=True)
class Verification:
    """What came out of a check.

    Attributes:
        valid: Whether the signature is the key's over the payload.
        version: The version that it verifies under, 0 if none.
        reason: Why it is not valid, empty if it is.
    """

    valid: bool
    version: int
    reason: str


class Verifying:
    """Checks signatures with public keys alone; takes no custody and no clock."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        chains: Mapping[type[Payload], Chain],
        policy: Policy,
        verifier: Verifier,
    ) -> None:
        self._catalogue = catalogue
        self._chains = chains
        self._policy = policy
        self._verifier = verifier

    def verify(self, call: Call, request: VerifyRequest) -> Verification:
        """Check one signature.

        Raises:
            SignwardError: The question itself is wrong: no such key or version, a payload
                that this key cannot sign.
        """
        key = visible_key(self._catalogue, self._policy, call, request.key)
        self._policy.authorize(call, VERIFY, key)
        chain = self._chains.get(type(request.payload))
        if chain is None:
            raise PayloadUnsupported
        if key.purpose not in chain.purposes:
            raise KeyPurposeMismatch
        candidates = _candidates(key, request.version)
        decoded = chain.decode(request.payload, key, 0)
        mismatch = ""
        for version in candidates:
            numbered = _numbered(decoded, version)
            try:
                values = chain.signatures(numbered, request.result)
            except ResultMismatch as found:
                mismatch = mismatch or found.reason
                continue
            if self._matches(version, numbered, values):
                return Verification(valid=True, version=version.version, reason="")
        reason = mismatch or (_NO_MATCH if request.version else _NO_MATCH_ANY)
        return Verification(valid=False, version=0, reason=reason)

    def _matches(self, version: KeyVersion, decoded: Decoded, values: Iterable[bytes]) -> bool:
        pairs = zip(decoded.messages, values, strict=True)
        return all(
            self._verifier.verify(version.public_key, message, decoded.hash, value)
            for message, value in pairs
        )


def _numbered(decoded: Decoded, version: KeyVersion) -> Decoded:
    """Return what this version has signed, if it has; a draft says its nonce.

    Raises:
        FieldInvalid: It does not.
    """
    draft = decoded.draft
    if draft is None:
        return decoded
    if not draft.nonce:
        raise FieldInvalid.at("hyperliquid.nonce", "Must be the one that was signed.")
    return draft.numbered(draft.nonce, version.public_key)


def _candidates(key: Key, number: int) -> list[KeyVersion]:
    if number:
        return [verifying_version(key, number)]
    return [v for v in key.versions if v.state is not VersionState.DESTROYED]
