"""Making what private keys are sealed to on their way here."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from signward_server.core.errors import FieldInvalid, FieldViolation
from signward_server.core.imports import IMPORT_LIFETIME, OpenImport
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import (
    Audit,
    Call,
    Custody,
    Imports,
    Policy,
    RequestScope,
    Time,
    WrappingKeys,
)
from signward_server.flows.import_requests import CreateImportParameters
from signward_server.flows.key_pins import purpose_violations
from signward_server.flows.recording import Recorded

__all__ = ["CREATE_IMPORT_PARAMETERS", "ImportParameters"]

CREATE_IMPORT_PARAMETERS = "CreateImportParameters"
_ID_BYTES = 15  # 24 characters


class ImportParameters:
    """Makes imports.

    Args:
        imports: Where they are kept.
        wrapping: Makes their key pairs.
        custodies: Who can take private keys over.
        purposes: The purposes that this daemon has a chain for.
        policy: Who may ask for one.
        audit: Where each attempt is recorded.
        onward: The time by which they end.
        random: Returns so many random bytes, for their names.
    """

    def __init__(
        self,
        *,
        imports: Imports,
        wrapping: WrappingKeys,
        custodies: Mapping[CustodyKind, Custody],
        purposes: frozenset[Purpose],
        policy: Policy,
        audit: Audit,
        onward: Time,
        random: Callable[[int], bytes],
    ) -> None:
        self._imports = imports
        self._wrapping = wrapping
        self._custodies = custodies
        self._purposes = purposes
        self._policy = policy
        self._audit = audit
        self._onward = onward
        self._random = random

    def create(self, call: Call, request: CreateImportParameters) -> OpenImport:
        """Make an import, or return the one that the same request made and nobody used.

        Whether there is a key of that name already is not said: the import itself tells.

        Raises:
            FieldInvalid: Names each field at fault.
            PolicyDenied: Nothing was made.
            RequestIdReused, ImportQuota, StoreUnavailable: See ``Imports.add``.
            CustodyUnavailable: Nothing was made.
        """
        with Recorded(self._audit, call, CREATE_IMPORT_PARAMETERS, request.key_id):
            self._check(request)
            self._policy.authorize(call, CREATE_IMPORT_PARAMETERS, None)
            call.ensure_live()
            return self._make(call, request)

    def _check(self, request: CreateImportParameters) -> None:
        violations = purpose_violations(request, self._purposes)
        custodies = self._custodies.values()
        if not any(request.algorithm in custody.algorithms for custody in custodies):
            violations.append(FieldViolation("algorithm", "No custody takes over keys of it."))
        if violations:
            raise FieldInvalid(violations=violations)

    def _make(self, call: Call, request: CreateImportParameters) -> OpenImport:
        identity = str(call.identity)
        import_id = f"im_{base64.b32encode(self._random(_ID_BYTES)).decode().lower()}"
        expire_time = self._onward.now() + IMPORT_LIFETIME
        wrapping = self._wrapping.wrapping_key(request.terms(import_id, identity), expire_time)
        scope = None
        if request.request_id:
            scope = RequestScope(identity, call.method, request.key_id, request.request_id)
        new = OpenImport(
            id=import_id,
            identity=identity,
            content=request.content(),
            wrapping=wrapping,
            expire_time=expire_time,
        )
        return self._imports.add(new, scope)
