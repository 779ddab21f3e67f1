"""What callers ask of the import flows, already well formed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from signward_server.core.imports import ImportTerms
from signward_server.core.keys import Algorithm, Purpose
from signward_server.flows.key_requests import CreateKey

__all__ = ["CreateImportParameters", "ImportKey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImportParameters:
    """A wrapping key to make.

    Attributes:
        key_id: The key that shall come of it.
        algorithm: Of the private key.
        purpose: Of that key.
        network: Of that key.
        request_id: The caller's name for the request; empty if a retry may get another one.
    """

    key_id: str
    algorithm: Algorithm
    purpose: Purpose
    network: str = ""
    request_id: str = ""

    def terms(self, import_id: str, identity: str) -> ImportTerms:
        """Return what the import of this name and identity is for."""
        return ImportTerms(
            import_id=import_id,
            identity=identity,
            key_id=self.key_id,
            algorithm=self.algorithm,
            purpose=self.purpose,
            network=self.network,
        )

    def content(self) -> bytes:
        """Return the SHA-256 of everything that the answer depends on (S33)."""
        parts = [self.key_id, self.algorithm, self.purpose, self.network]
        return hashlib.sha256(json.dumps(parts).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKey:
    """A key to make from a private key that the caller brings.

    Attributes:
        creation: The key, as for one that is made here.
        import_id: What the private key is sealed to.
        wrapped_key: The sealed private key.
    """

    creation: CreateKey
    import_id: str
    wrapped_key: bytes

    def asked(self) -> CreateImportParameters:
        """Return what the import must have been asked for."""
        attributes = self.creation.attributes
        return CreateImportParameters(
            key_id=attributes.id,
            algorithm=attributes.algorithm,
            purpose=attributes.purpose,
            network=attributes.network,
        )

    def content(self) -> bytes:
        """Return the SHA-256 of everything that the answer depends on (S33)."""
        wrapped = hashlib.sha256(self.wrapped_key).digest()
        parts = (self.creation.content(), wrapped, self.import_id.encode())
        return hashlib.sha256(b"".join(parts)).digest()
