"""The chain of the Hyperliquid exchange: actions are judged, hashed and signed as it takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from signward_server.chains.hyperliquid.answering import answer, claimed
from signward_server.chains.hyperliquid.json_action import (
    JSON_FIELD,
    ensure_same,
    object_of,
)
from signward_server.chains.hyperliquid.kind import Kind, Setting
from signward_server.chains.hyperliquid.kinds import KINDS, KINDS_BY_WIRE
from signward_server.chains.hyperliquid.kinds.json import UNKNOWN
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.sealing import ActionDraft
from signward_server.core.actions import MAX_NUMBER
from signward_server.core.errors import (
    FieldInvalid,
    FieldViolation,
    NetworkMismatch,
    PayloadUnsupported,
    SignatureSelfCheckFailed,
)
from signward_server.core.keys import KeyAttributes, Purpose
from signward_server.core.networks import HYPERLIQUID_NETWORKS
from signward_server.core.payloads import (
    HyperliquidPayload,
    HyperliquidSignature,
    Payload,
    Result,
)
from signward_server.core.ports.references import References
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded, Signature

__all__ = ["HyperliquidChain", "NoReferences"]

_VAULT = "hyperliquid.vault_address"
_L1_ONLY = "Must be an L1 action: the key is pinned to a vault, and no other is for one."
_is_address = re.compile(r"0x[0-9a-fA-F]{40}").fullmatch


class NoReferences:
    """Implements ``core.ports.References`` where the operator gives no prices."""

    def price(self, network: str, asset: int) -> int:  # noqa: ARG002  # the port's
        """Return 0: there is none."""
        return 0


class HyperliquidChain:
    """Signs actions of the exchange, with keys that were made for it.

    Actions: one for each kind, ``SignHyperliquidOrder`` and so on, and ``SignHyperliquidJson``
    for what is none of them. All payloads are drafts: each takes a nonce (S31).

    Args:
        references: Prices that orders are judged by (S32).
    """

    payload_type: type[Payload] = HyperliquidPayload
    purposes = frozenset({Purpose.HYPERLIQUID})
    actions = (*(kind.action for kind in KINDS.values()), UNKNOWN.action)

    def __init__(self, *, references: References) -> None:
        self._references = references

    def decode(self, payload: Payload, key: KeyAttributes, now_ms: int) -> Decoded:
        """Check an action and build its Intents; see ``core.ports.Chain``.

        Raises:
            FieldInvalid: Names every field at fault as ``hyperliquid.<kind>.<field>``.
            PayloadUnsupported: A number, or one that follows from several, is not in 0..2^63-1
                (S6).
            NetworkMismatch: The key is of no network, or JSON says another one than the key's.
        """
        if not isinstance(payload, HyperliquidPayload):
            raise TypeError("not a HyperliquidPayload")
        if key.network not in HYPERLIQUID_NETWORKS:
            raise NetworkMismatch
        action: Mapping[str, object] | None = None
        record, path = payload.action, f"hyperliquid.{payload.kind}"
        if payload.kind == "json":
            action = object_of(payload.action.get("json"))
            kind = KINDS_BY_WIRE.get(str(action.get("type")), UNKNOWN)
            record, path = kind.record(action), JSON_FIELD
        elif (known := KINDS.get(payload.kind)) is not None:
            kind = known
        else:
            raise FieldInvalid.at("hyperliquid.action", "Must be set.")
        setting = self._setting(payload, key, now_ms)
        faults = _faults(payload, key, kind, path)
        reader = Reader(record, path, faults, is_json=action is not None)
        built = kind.build(reader, setting)
        reader.check()
        if action is not None:
            ensure_same(kind, built, action, setting)
        return ActionDraft(kind, built, setting).decoded()

    def encode(
        self,
        decoded: Decoded,
        public_key: PublicKey,  # noqa: ARG002  # the port's
        signatures: Sequence[Signature],
    ) -> HyperliquidSignature:
        """Build the answer from exactly one signature; see ``core.ports.Chain``.

        Raises:
            SignatureSelfCheckFailed: Neither 27 nor 28 stands for it: r is not the x of its
                point, which happens once in 2^127 signatures.
        """
        (signature,) = signatures
        if signature.recovery_id > 1:
            raise SignatureSelfCheckFailed
        return answer(decoded, signature.value, signature.recovery_id)

    def signatures(self, decoded: Decoded, result: Result) -> Sequence[bytes]:
        """Take the signature out of an answer; see ``core.ports.Chain``.

        Raises:
            ResultMismatch: Another kind, r, s or v out of form, or a part that is not what the
                payload gives.
        """
        return (claimed(decoded, result),)

    def _setting(self, payload: HyperliquidPayload, key: KeyAttributes, now_ms: int) -> Setting:
        """Return what the action is built in.

        Raises:
            PayloadUnsupported: A time that no policy could compare (S6).
        """
        if payload.expires_after > MAX_NUMBER:
            violation = FieldViolation("hyperliquid.expires_after", "Must be below 2^63.")
            raise PayloadUnsupported(violations=(violation,))
        return Setting.of(
            key.network,
            now_ms,
            payload.vault_address.lower() or key.vault_address,
            payload.expires_after,
            payload.nonce,
            self._references,
            KINDS,
        )


def _faults(
    payload: HyperliquidPayload, key: KeyAttributes, kind: Kind, path: str
) -> Iterator[FieldViolation]:
    """Yield what is wrong beside the action, which stands at ``path``."""
    if kind.typed is not None:
        yield from _user_signed_faults(payload, key.vault_address, path)
    elif payload.vault_address:
        yield from _vault_faults(payload.vault_address, key.vault_address)


def _user_signed_faults(
    payload: HyperliquidPayload, pinned: str, path: str
) -> Iterator[FieldViolation]:
    if pinned:
        yield FieldViolation(path, _L1_ONLY)
    if payload.vault_address:
        text = "Must be left out: only L1 actions are for a vault."
        yield FieldViolation(_VAULT, text)
    if payload.expires_after:
        text = "Must be left out: only L1 actions expire."
        yield FieldViolation("hyperliquid.expires_after", text)


def _vault_faults(vault: str, pinned: str) -> Iterator[FieldViolation]:
    if not _is_address(vault):
        yield FieldViolation(_VAULT, "Must be an address: 0x and 40 hex digits.")
    elif pinned and vault.lower() != pinned:
        yield FieldViolation(_VAULT, "Must be left out, or be the vault that the key is pinned to.")
