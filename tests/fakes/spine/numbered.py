"""A chain whose payloads carry several things and need a nonce, as those of an exchange do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from signward_server.core.actions import ActionGroup, ActionKind, FieldType
from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import KeyAttributes, Purpose
from signward_server.core.payloads import (
    Hash,
    HyperliquidPayload,
    HyperliquidSignature,
    Payload,
    Result,
)
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import (
    Decoded,
    Draft,
    Intent,
    ResultMismatch,
    Signature,
    SignRequest,
)

__all__ = ["NumberedChain", "numbered"]

_FIELDS = MappingProxyType({"amount": FieldType.NUMBER, "text": FieldType.TEXT})


@dataclass(frozen=True, slots=True)
class _Draft:
    """Implements ``core.signing.Draft``."""

    intents: tuple[Intent, ...]
    body: bytes
    nonce: int
    grants: str
    account: str
    signs_name: bool

    @property
    def content(self) -> bytes:
        return self.body + b"@%d" % self.nonce

    def numbered(self, nonce: int, signer: PublicKey) -> Decoded:
        message = self.body + b"#%d" % nonce
        if self.signs_name:
            message += b" by " + signer.fingerprint
        return self._decoded((message,), None, nonce)

    def drafted(self) -> Decoded:
        return self._decoded((), self, 0)

    def _decoded(self, messages: tuple[bytes, ...], draft: Draft | None, nonce: int) -> Decoded:
        intent, *more = self.intents
        return Decoded(
            intent,
            messages,
            Hash.KECCAK256,
            tuple(more),
            draft,
            form="numbered",
            nonce=nonce,
            grants=self.grants,
            account=self.account,
        )


class NumberedChain:
    """Implements ``core.ports.Chain``; reads ``HyperliquidPayload`` in a way of its own.

    ``kind`` names the action: ``trade``, ``cancel`` or ``send``, which is restricted. Its
    ``amounts`` give an Intent each; ``grants`` is an address, ``account`` one that it acts for;
    ``others`` are further kinds; with ``named`` the signer is part of the message.
    """

    payload_type: type[Payload] = HyperliquidPayload
    purposes = frozenset({Purpose.HYPERLIQUID})
    actions = (
        ActionKind(
            name="SignTestTrade",
            groups=frozenset({ActionGroup.TRADE}),
            record="numbered",
            fields=_FIELDS,
        ),
        ActionKind(
            name="SignTestCancel",
            groups=frozenset({ActionGroup.CANCEL}),
            record="numbered",
            fields=_FIELDS,
        ),
        ActionKind(name="SignTestSend", restricted=True, record="numbered", fields=_FIELDS),
    )

    def decode(self, payload: Payload, key: KeyAttributes, now_ms: int) -> Decoded:
        assert isinstance(payload, HyperliquidPayload)
        if payload.kind not in {"trade", "cancel", "send"}:
            raise FieldInvalid.at("kind", "Must be one of trade, cancel, send.")
        action = payload.action
        amounts, others = action["amounts"], action.get("others", ())
        assert isinstance(amounts, Sequence)
        assert isinstance(others, Sequence)
        text = str(action.get("text", ""))
        kinds = [payload.kind] * len(amounts) + list(others)
        intents = tuple(
            Intent(f"SignTest{kind.title()}", {"amount": amount, "text": text})
            for kind, amount in zip(kinds, [*amounts, *[0] * len(others)], strict=True)
        )
        body = repr((key.network, payload.kind, sorted(action.items())))
        grants = str(action.get("grants", ""))
        account, names = str(action.get("account", "")), bool(action.get("named"))
        return _Draft(intents, body.encode(), payload.nonce, grants, account, names).drafted()

    def encode(
        self, decoded: Decoded, public_key: PublicKey, signatures: Sequence[Signature]
    ) -> Result:
        (signature,) = signatures
        r, s = signature.value[:32].hex(), signature.value[32:].hex()
        body = b"%s by %s" % (decoded.messages[0], public_key.fingerprint.hex()[:8].encode())
        return HyperliquidSignature(
            f"0x{r}", f"0x{s}", 27 + signature.recovery_id, decoded.nonce, 0, b"h" * 32, body
        )

    def signatures(self, decoded: Decoded, result: Result) -> Sequence[bytes]:
        assert isinstance(result, HyperliquidSignature)
        if result.nonce not in (0, decoded.nonce):
            raise ResultMismatch("The nonce is another one.")
        return [bytes.fromhex(result.r[2:] + result.s[2:])]


def numbered(
    *amounts: int,
    kind: str = "trade",
    nonce: int = 0,
    key: str = "bot-key",
    version: int = 0,
    request_id: str = "",
    **action: object,
) -> SignRequest:
    """Return a request to sign such a payload."""
    payload = HyperliquidPayload(kind, {"amounts": amounts or (1,), **action}, nonce=nonce)
    return SignRequest(key, version, b"", request_id, payload)
