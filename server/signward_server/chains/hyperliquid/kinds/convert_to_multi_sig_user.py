"""Makes the account one of several signers, or an ordinary one again."""

from __future__ import annotations

import json
from collections.abc import Mapping

from signward_server.chains.hyperliquid.json_text import JsonRefused, read_object
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["CONVERT_TO_MULTI_SIG_USER"]

_MAX_USERS = 32
_NAMES = {"authorizedUsers": "authorized_users", "threshold": "threshold"}
_NOBODY = "null"


def _build(reader: Reader, setting: Setting) -> Built:
    """Read it. The signers are JSON text within the action, which is signed as it is.

    It is written as hyperliquid-python-sdk 0.24.0 writes it: the addresses sorted, a space
    after each comma and colon.
    """
    users = sorted(reader.addresses("authorized_users", _MAX_USERS))
    if len(set(users)) != len(users):
        reader.note("authorized_users", "Must not name an address twice.")
    threshold = reader.uint("threshold", len(users), min(1, len(users)))
    signers = {"authorizedUsers": users, "threshold": threshold} if users else None
    intent = CONVERT_TO_MULTI_SIG_USER.intent(
        setting,
        {"authorized_users": ",".join(users), "users": len(users), "threshold": threshold},
    )
    fields = {"signers": json.dumps(signers), "nonce": 0}
    return Built(user_signed("convertToMultiSigUser", setting.network, fields), (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    signers = action.get("signers")
    if signers == _NOBODY:
        return {"authorized_users": [], "threshold": 0}
    try:
        found = read_object(signers.encode()) if isinstance(signers, str) else {}
    except JsonRefused:
        found = {}  # its fields are missing then
    return renamed(found, _NAMES)


CONVERT_TO_MULTI_SIG_USER = Kind(
    name="convert_to_multi_sig_user",
    wire="convertToMultiSigUser",
    action=policy_action(
        "convert_to_multi_sig_user",
        {
            "authorized_users": FieldType.TEXT,
            "users": FieldType.NUMBER,
            "threshold": FieldType.NUMBER,
        },
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm("ConvertToMultiSigUser", (("string", "signers"), ("uint64", "nonce"))),
    nonce="nonce",
)
