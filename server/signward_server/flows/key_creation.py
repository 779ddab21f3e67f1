"""Making a key whose private half is born here."""

from __future__ import annotations

from signward_server.core.keys import Key
from signward_server.core.ports import Audit, Call, CreatedVersion, Custody
from signward_server.flows.key_making import FIRST_VERSION, KeyMaking
from signward_server.flows.key_requests import CreateKey
from signward_server.flows.recording import Recorded

__all__ = ["CREATE_KEY", "KeyCreation"]

CREATE_KEY = "CreateKey"


class KeyCreation:
    """Creates keys.

    Args:
        making: Makes them.
        audit: Where each attempt is recorded.
    """

    def __init__(self, *, making: KeyMaking, audit: Audit) -> None:
        self._making = making
        self._audit = audit

    def create(self, call: Call, request: CreateKey) -> Key:
        """Make a key, or return the one that the same request made before.

        Raises:
            SignwardError: See ``KeyMaking.make``.
        """
        with Recorded(self._audit, call, CREATE_KEY, request.attributes.id):
            return self._making.make(call, CREATE_KEY, request, request.content(), _create)


def _create(custody: Custody, draft: Key) -> CreatedVersion:
    return custody.create(draft, FIRST_VERSION)
