"""Lets an agent act for the account."""

from __future__ import annotations

import re
from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["APPROVE_AGENT"]

_MAX_NAME = 64
_has_zeros = re.compile(r".* valid_until 0\d+", re.DOTALL).fullmatch
_NAMES = {"agentAddress": "agent_address", "agentName": "agent_name"}


def _build(reader: Reader, setting: Setting) -> Built:
    """Read it. An agent without a name is signed with an empty one.

    hyperliquid-python-sdk 0.24.0 posts such an action without the key; within a wrapper, where
    the key is hashed, it is there.
    """
    address, name = reader.address("agent_address"), reader.text("agent_name", _MAX_NAME, 0)
    if not name.isascii():
        reader.note("agent_name", "Must be ASCII.")
    if _has_zeros(name):
        reader.note("agent_name", "Must have no zero before the time of valid_until.")
    fields: dict[str, object] = {"agentAddress": address}
    if name:
        fields["agentName"] = name
    wire = user_signed("approveAgent", setting.network, {**fields, "nonce": 0})
    named = {"agentAddress": address, "agentName": name, "nonce": 0}
    wrapped = user_signed("approveAgent", setting.network, named)
    intent = APPROVE_AGENT.intent(setting, {"agent_address": address, "agent_name": name})
    return Built(wire, (intent,), grants=address, signed=named, wrapped=wrapped)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return {"agent_name": "", **renamed(action, _NAMES)}


APPROVE_AGENT = Kind(
    name="approve_agent",
    wire="approveAgent",
    action=policy_action(
        "approve_agent",
        {"agent_address": FieldType.TEXT, "agent_name": FieldType.TEXT},
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm(
        "ApproveAgent", (("address", "agentAddress"), ("string", "agentName"), ("uint64", "nonce"))
    ),
    nonce="nonce",
)
