"""Making a key from a private key that the caller brings (S23)."""

from __future__ import annotations

from functools import partial

from signward_server.core.errors import FieldInvalid, ImportExpired, PayloadMalformed
from signward_server.core.imports import OpenImport, WrappedKey
from signward_server.core.keys import Key
from signward_server.core.ports import Audit, Call, CreatedVersion, Custody, Imports
from signward_server.flows.import_requests import ImportKey
from signward_server.flows.key_making import FIRST_VERSION, KeyMaking
from signward_server.flows.recording import Recorded

__all__ = ["IMPORT_KEY", "KeyImport"]

IMPORT_KEY = "ImportKey"


class KeyImport:
    """Takes over keys.

    Args:
        making: Makes the keys.
        imports: What they may be sealed to.
        audit: Where each attempt is recorded.
    """

    def __init__(self, *, making: KeyMaking, imports: Imports, audit: Audit) -> None:
        self._making = making
        self._imports = imports
        self._audit = audit

    def import_key(self, call: Call, request: ImportKey) -> Key:
        """Take over a key, or return the one that the same request has taken over before.

        The import is used up by the attempt to open what is sealed to it, whatever comes of
        that. Before that, whatever is refused leaves it as it is.

        Raises:
            FieldInvalid: Names each field at fault; the import may be for another key, and the
                private key may be sealed to something else or be none.
            ImportExpired: The import is used, too old, unknown or another identity's.
            KeyExists, RequestIdReused, RequestIdQuota, StoreUnavailable: See
                ``Catalogue.insert``.
            KeyNotFound, EnvelopeCorrupt, CustodyUnavailable: See ``KeyMaking.make``.
        """
        with Recorded(self._audit, call, IMPORT_KEY, request.creation.attributes.id):
            obtain = partial(self._obtain, call, request)
            key = self._making.make(call, IMPORT_KEY, request.creation, request.content(), obtain)
            if not key.versions:  # it was only to be validated
                found = self._imports.find(request.import_id, str(call.identity))
                _check(request, found)
            return key

    def _obtain(
        self, call: Call, request: ImportKey, custody: Custody, draft: Key
    ) -> CreatedVersion:
        identity = str(call.identity)
        taken = _check(request, self._imports.take(request.import_id, identity))
        wrapped = WrappedKey(
            terms=request.asked().terms(taken.id, identity),
            wrapping=taken.wrapping,
            expire_time=taken.expire_time,
            sealed=request.wrapped_key,
        )
        try:
            return custody.import_key(draft, FIRST_VERSION, wrapped)
        except PayloadMalformed as exc:
            raise FieldInvalid.at(
                "wrapped_key", "Must be a private key of the algorithm, sealed to this import."
            ) from exc


def _check(request: ImportKey, found: OpenImport | None) -> OpenImport:
    """Return the import if it is there, and is for what the request says."""
    if found is None:
        raise ImportExpired
    if found.content != request.asked().content():
        raise FieldInvalid.at(
            "import_id", "Is for another key id, algorithm, purpose or network than these."
        )
    return found
