"""Submits an action of an account with several signers, with their signatures."""

from __future__ import annotations

import re
from collections.abc import Mapping

from signward_server.chains.hyperliquid.addresses import address_of
from signward_server.chains.hyperliquid.kind import Built, Kind, Sealed, Setting, policy_action
from signward_server.chains.hyperliquid.packing import (
    CHAIN_ID,
    action_hash,
    packed,
    typed_message,
)
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.chains.hyperliquid.wrapping import read_inner
from signward_server.core.actions import FieldType
from signward_server.core.errors import FieldInvalid
from signward_server.core.public_key import PublicKey

__all__ = ["MULTI_SIG"]

_MAX_SIGNATURES = 32
_V = (27, 28)
_NOBODY = "nobody"  # no address: JSON that says an empty one is not what would be signed
# Order of the group (SEC 2, section 2.4.1).
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_FORM = TypedForm("SendMultiSig", (("bytes32", "multiSigActionHash"), ("uint64", "nonce")))

_is_scalar = re.compile(r"0x[0-9a-fA-F]{1,64}").fullmatch


def _read_scalar(reader: Reader, name: str) -> str:
    """Read r or s, without zeros in front: that is how they are hashed."""
    text = reader.unread(name)
    if type(text) is str and _is_scalar(text) and 0 < (number := int(text, 16)) < _ORDER:
        return hex(number)
    reader.note(name, "Must be 0x and up to 64 hex digits, above 0 and below the group's order.")
    return "0x1"


def _read_signature(reader: Reader) -> dict[str, object]:
    r, s = _read_scalar(reader, "r"), _read_scalar(reader, "s")
    return {"r": r, "s": s, "v": reader.uint("v", _V[1], _V[0])}


def _build(reader: Reader, setting: Setting) -> Built:
    user = reader.address("multi_sig_user")
    outer_signer = reader.address("outer_signer", optional=True)  # said in JSON only
    signatures = [_read_signature(one) for one in reader.records("signatures", _MAX_SIGNATURES)]
    inner = read_inner(reader, setting, MULTI_SIG.name)
    payload: dict[str, object] = {
        "multiSigUser": user,
        "outerSigner": outer_signer,
        "action": inner.posted(setting.nonce),
    }
    wire: dict[str, object] = {
        "type": "multiSig",
        "signatureChainId": CHAIN_ID,
        "signatures": signatures,
        "payload": payload,
    }

    def seal(nonce: int, signer: PublicKey) -> Sealed:
        address = address_of(signer)
        if outer_signer not in ("", address):
            text = "Must name the address of the key that signs as its outerSigner."
            raise FieldInvalid.at("hyperliquid.json", text)
        return _sealed({**wire, "payload": {**payload, "outerSigner": address}}, nonce, setting)

    intent = MULTI_SIG.intent(
        setting, {"multi_sig_user": user, "signers": len(signatures), "kind": inner.kind.name}
    )
    intents = (intent, *inner.built.intents)
    return Built(wire, intents, grants=inner.built.grants, account=user, seal=seal)


def _sealed(wire: Mapping[str, object], nonce: int, setting: Setting) -> Sealed:
    untagged = {key: part for key, part in wire.items() if key != "type"}
    hashed = action_hash(packed(untagged), nonce, setting.vault, setting.expires_after)
    values = user_signed("", setting.network, {"multiSigActionHash": hashed, "nonce": nonce})
    return Sealed(typed_message(_FORM.type_hash, _FORM.fields, values), hashed, wire)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    payload = action.get("payload")
    found = payload if isinstance(payload, Mapping) else {}
    return {
        "multi_sig_user": found.get("multiSigUser"),
        "outer_signer": found.get("outerSigner") or _NOBODY,
        "signatures": action.get("signatures"),
        "action": {"action": "json", "json": found.get("action")},
    }


MULTI_SIG = Kind(
    name="multi_sig",
    wire="multiSig",
    action=policy_action(
        "multi_sig",
        {"multi_sig_user": FieldType.TEXT, "signers": FieldType.NUMBER, "kind": FieldType.TEXT},
        restricted=True,
    ),
    build=_build,
    record=_record,
)
