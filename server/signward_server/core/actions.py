"""Everything that a policy can be asked: one action for each RPC and each kind of payload.

An action of a later version is another name, so that no policy allows by accident what it
could not know of (S7). What a name applies to stands here and nowhere else.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["MAX_NUMBER", "RPC_ACTIONS", "ActionGroup", "ActionKind", "FieldType", "Resource"]

MAX_NUMBER: Final = 2**63 - 1
"""The largest number that policies know (S6)."""


class Resource(enum.StrEnum):
    """What an action is done to; the value is the type's name in policies."""

    KEY = "Key"
    ACCOUNT = "Account"
    SERVER = "Server"


class ActionGroup(enum.StrEnum):
    """Groups that policies may name (S7).

    Whatever moves value out, changes keys or rights, or cannot be read, is in none.
    """

    TRADE = "SignTrade"
    CANCEL = "SignCancel"
    MESSAGE = "SignMessage"


class FieldType(enum.StrEnum):
    """Types of the fields of an Intent; the value is the type's name in policies."""

    TEXT = "String"
    NUMBER = "Long"
    FLAG = "Bool"

    __hash__ = str.__hash__  # computed in C: looked up on the signing path


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionKind:
    """One action.

    Attributes:
        name: As policies write it, ``SignOrder``.
        resource: What it is done to.
        groups: Groups that it is in.
        restricted: Whether it administers or moves value out: an API key alone does not
            suffice for it, unless a policy says so (S3).
        record: For what is signed: the record of ``context`` with the decoded payload
            (``order``); empty for everything else.
        fields: The fields of that record; each one is always there.
        windows: Names of the windowed totals that a payload is judged by: the caps that count
            it.
    """

    name: str
    resource: Resource = Resource.KEY
    groups: frozenset[ActionGroup] = frozenset()
    restricted: bool = False
    record: str = ""
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    windows: tuple[str, ...] = ()


def _reading(name: str, resource: Resource = Resource.KEY) -> ActionKind:
    return ActionKind(name=name, resource=resource)


def _changing(name: str, resource: Resource = Resource.KEY) -> ActionKind:
    return ActionKind(name=name, resource=resource, restricted=True)


RPC_ACTIONS: tuple[ActionKind, ...] = (
    _reading("ViewKey"),
    _reading("GetKey"),
    _reading("ListKeys", Resource.SERVER),
    _reading("ListKeyVersions"),
    _reading("GetPublicKey"),
    _reading("Verify"),
    _reading("CheckKey"),
    _reading("GetCustodyStatus", Resource.SERVER),
    _reading("GetKeyPolicyTemplate", Resource.SERVER),
    _reading("GetCheckpoint", Resource.SERVER),
    _reading("GetAuditProof", Resource.SERVER),
    _reading("CheckHealth", Resource.SERVER),
    _reading("Reflect", Resource.SERVER),
    _changing("CreateKey"),
    _changing("ImportKey"),
    _changing("CreateImportParameters", Resource.SERVER),
    _changing("AdoptKey"),
    _changing("UpdateKey"),
    _changing("ChangeKeyOwner"),
    _changing("ChangeKeyLabels"),
    _changing("DisableKey"),
    _changing("EnableKey"),
    _changing("FreezeKey"),
    _changing("UnfreezeKey"),
    _changing("RotateKey"),
    _changing("ActivateKeyVersion"),
    _changing("ScheduleDestroyKeyVersion"),
    _changing("RestoreKeyVersion"),
    _changing("RefreshShares"),
    _changing("CreateApiKey", Resource.SERVER),
    _changing("ImportApiKey", Resource.SERVER),
    _changing("ListApiKeys", Resource.SERVER),
    _changing("RevokeApiKey", Resource.SERVER),
    _changing("ApproveRequest", Resource.SERVER),
    _changing("ApproveAgent"),
    _changing("RotateAgent"),
    _changing("ExpireAgent"),
    _reading("ListAgents"),
    _changing("Reload", Resource.SERVER),
    _changing("ListAuditRecords", Resource.SERVER),
    _changing("TailAuditRecords", Resource.SERVER),
)
"""The actions that are not signing. Those of signing come from the chains.

``ViewKey`` is asked before every other action on a key: without it the key does not exist
for the caller (S39).
"""
