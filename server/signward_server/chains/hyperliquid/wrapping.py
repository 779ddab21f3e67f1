"""Actions of accounts with several signers: what is within, and what each signer signs.

Sources: hyperliquid-python-sdk 0.24.0, ``utils/signing.py`` and ``exchange.py`` (``multi_sig``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from signward_server.chains.hyperliquid.json_action import ensure_same, object_of
from signward_server.chains.hyperliquid.kind import Built, Kind, Sealed, Setting
from signward_server.chains.hyperliquid.packing import (
    action_hash,
    agent_message,
    keccak,
    packed,
    typed_message,
)
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.sealing import numbered_wire, typed_values
from signward_server.core.errors import FieldInvalid

__all__ = ["Inner", "read_inner", "share"]

_WRAPPERS = frozenset({"multi_sig", "multi_sig_share"})
_ASIDE = ("vault_address", "expires_after", "nonce")
_SIGNERS = (("address", "payloadMultiSigUser"), ("address", "outerSigner"))
_L1_ONLY = (
    "Must be an L1 action: no other is for a vault, said or the one that the key is pinned to, "
    "or expires."
)
_NONCE = "hyperliquid.nonce"


class Inner(NamedTuple):
    """The action within a wrapper.

    Attributes:
        kind: Of the action.
        built: The action.
    """

    kind: Kind
    built: Built

    def posted(self, nonce: int) -> Mapping[str, object]:
        """Return the action as it stands within the posted wrapper."""
        return numbered_wire(self.kind, self.built.wrapped or self.built.wire, nonce)


def read_inner(reader: Reader, setting: Setting, wrapper: str) -> Inner:
    """Read the action within a wrapper.

    Args:
        reader: Of the wrapper.
        setting: Likewise.
        wrapper: Its name.

    Raises:
        FieldInvalid: The nonce is not said, or what comes as JSON is not what would be signed.
        NetworkMismatch: What comes as JSON says another network.
    """
    if not setting.nonce:
        raise FieldInvalid.at(_NONCE, "Must be said: every signer signs the same one.")
    record, setting = reader.record("action"), setting.within(wrapper)
    for name in _ASIDE:
        if record.unread(name):
            record.note(name, "Must be left out: what stands beside the wrapper holds.")
    kinds = {name: kind for name, kind in setting.kinds.items() if name not in _WRAPPERS}
    if record.unread("action") == "json":
        inner = _read_json(record, setting, kinds)
    else:
        kind = record.choice("action", kinds)
        inner = Inner(kind, kind.build(record.record(kind.name), setting))
    if inner.kind.typed is not None and (setting.vault or setting.expires_after):
        reader.note("action", _L1_ONLY)
    return inner


def share(inner: Inner, setting: Setting, user: str, outer_signer: str) -> Sealed:
    """Return what each signer signs.

    Args:
        inner: The action within.
        setting: Of the wrapper.
        user: The account with several signers.
        outer_signer: Who submits it.
    """
    kind, nonce, form = inner.kind, setting.nonce, inner.kind.typed
    if form is None:
        content = packed([user, outer_signer, numbered_wire(kind, inner.built.wire, nonce)])
        hashed = action_hash(content, nonce, setting.vault, setting.expires_after)
        return Sealed(agent_message(setting.network, hashed), hashed, None)
    values = typed_values(kind, inner.built, nonce)
    values |= {"payloadMultiSigUser": user, "outerSigner": outer_signer}
    message = typed_message(form.hash_with(_SIGNERS), form.fields_with(_SIGNERS), values)
    return Sealed(message, keccak(message), None)


def _read_json(record: Reader, setting: Setting, kinds: Mapping[str, Kind]) -> Inner:
    """Read an action within that comes as JSON: of a known kind, and as it would be written."""
    field = record.path("json")
    found = record.unread("json")
    action = found if isinstance(found, Mapping) else object_of(found, field)
    by_wire = {kind.wire: kind for kind in kinds.values()}
    kind = by_wire.get(str(action.get("type")))
    if kind is None:
        raise FieldInvalid.at(field, "Must be of a known kind, and no wrapper.")
    inner = Reader(kind.record(action), field, is_json=True)
    built = kind.build(inner, setting)
    inner.check()
    if action is not found:  # otherwise the wrapper is compared as a whole
        ensure_same(kind, built, action, setting, field)
    return Inner(kind, built)
