"""What a kind of action is: one file in ``kinds`` makes one ``Kind``, and that is all of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.typed_form import TypedForm
from signward_server.core.actions import MAX_NUMBER, ActionGroup, ActionKind, FieldType
from signward_server.core.ports.references import References
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Intent, IntentValue
from signward_server.core.value import value

__all__ = [
    "COMMON_FIELDS",
    "Built",
    "Kind",
    "Sealed",
    "Setting",
    "policy_action",
]

_NEVER = MAX_NUMBER
"""``expires_in`` of what never expires, so that ``expires_in <= 60000`` alone says enough."""

COMMON_FIELDS: Mapping[str, FieldType] = MappingProxyType(
    {
        "network": FieldType.TEXT,
        "vault": FieldType.TEXT,
        "wrapper": FieldType.TEXT,
        "own_nonce": FieldType.FLAG,
        "has_expiry": FieldType.FLAG,
        "expires_in": FieldType.NUMBER,
    }
)
"""Fields that the Intents of every kind have."""


def policy_action(
    kind: str,
    fields: Mapping[str, FieldType] = COMMON_FIELDS,
    *,
    group: ActionGroup | None = None,
    restricted: bool = False,
) -> ActionKind:
    """Return the policy action of a kind, ``SignHyperliquidUsdSend`` of ``usd_send``.

    Args:
        kind: Its name in the API.
        fields: Of its Intents; the common ones come by themselves.
        group: The one group that it is in.
        restricted: Whether it moves value out or changes rights (S3, S7).
    """
    return ActionKind(
        name="SignHyperliquid" + "".join(word.capitalize() for word in kind.split("_")),
        groups=frozenset() if group is None else frozenset({group}),
        restricted=restricted,
        record="hyperliquid",
        fields=MappingProxyType({**COMMON_FIELDS, **fields}),
    )


@value
class Setting:
    """What holds for an action beside its own fields.

    Attributes:
        network: ``mainnet`` or ``testnet``, the key's.
        now_ms: Milliseconds since the epoch.
        vault: Address that is acted for, in lower case; empty for none.
        expires_after: Milliseconds since the epoch; 0 for never.
        nonce: The caller's own; 0 for none.
        references: Prices that orders are judged by.
        kinds: Every kind by its name, for what holds another action.
        wrapper: Name of the kind that it stands within, empty for none.
        common: The common fields of its Intents.
    """

    network: str
    now_ms: int
    vault: str
    expires_after: int
    nonce: int
    references: References
    kinds: Mapping[str, Kind]
    wrapper: str
    common: Mapping[str, IntentValue]

    @classmethod
    def of(
        cls,
        network: str,
        now_ms: int,
        vault: str,
        expires_after: int,
        nonce: int,
        references: References,
        kinds: Mapping[str, Kind],
        wrapper: str = "",
    ) -> Setting:
        """Make one; the arguments are its attributes."""
        common: Mapping[str, IntentValue] = {
            "network": network,
            "vault": vault,
            "wrapper": wrapper,
            "own_nonce": nonce != 0,
            "has_expiry": expires_after != 0,
            "expires_in": max(0, expires_after - now_ms) if expires_after else _NEVER,
        }
        return cls(network, now_ms, vault, expires_after, nonce, references, kinds, wrapper, common)

    def within(self, wrapper: str) -> Setting:
        """Return the setting of an action within a wrapper."""
        common = {**self.common, "wrapper": wrapper}
        return dataclasses.replace(self, wrapper=wrapper, common=common)


@value
class Sealed:
    """An action with its nonce.

    Attributes:
        message: 66 bytes, whose Keccak-256 is signed.
        action_hash: What the API gives as ``action_hash``, 32 bytes.
        wire: The action as it is posted; ``None`` for what is not posted by itself.
    """

    message: bytes
    action_hash: bytes
    wire: Mapping[str, object] | None


@value
class Built:
    """An action that lacks its nonce only.

    Attributes:
        wire: The action in the exchange's names and order of keys; where the nonce stands
            within it, it is 0.
        intents: What policies judge, at least one.
        grants: Address that gets rights, in lower case; empty for none (S31).
        account: Account that it acts for, where it names one that is neither the signer's nor
            the vault; empty otherwise (S12).
        signed: Values that typed data has otherwise than ``wire``.
        wrapped: The action as it stands within a posted wrapper, where that is not ``wire``.
        seal: Gives the action a nonce and the signer's public key, where neither the way of L1
            actions nor that of typed data does; ``None`` otherwise.
        sealed: Of an action that takes no nonce of its signer, since it only joins in one that
            somebody else submits; ``None`` for all others.
    """

    wire: dict[str, object]
    intents: tuple[Intent, ...]
    grants: str = ""
    account: str = ""
    signed: Mapping[str, object] | None = None
    wrapped: Mapping[str, object] | None = None
    seal: Callable[[int, PublicKey], Sealed] | None = None
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of action.

    Attributes:
        name: Member of the API's ``action``, ``usd_send``.
        wire: The exchange's ``type``, ``usdSend``; empty for what it does not know.
        action: What policies are asked.
        build: Reads the record of the API; it notes what is wrong, and whoever calls it checks.
        record: Turns the exchange's JSON object back into that record. What it leaves out or
            makes up shows when the record is built again and compared.
        typed: Of a user-signed action; ``None`` for an L1 action.
        nonce: Name of the key of ``Built.wire`` that holds the nonce; empty for none.
    """

    name: str
    wire: str
    action: ActionKind
    build: Callable[[Reader, Setting], Built]
    record: Callable[[Mapping[str, object]], dict[str, object]]
    typed: TypedForm | None = None
    nonce: str = ""

    def intent(self, setting: Setting, fields: Mapping[str, IntentValue]) -> Intent:
        """Return an Intent with the common fields and its own."""
        return Intent(self.action.name, {**setting.common, **fields})
