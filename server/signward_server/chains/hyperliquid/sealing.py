"""An action and its nonce become the bytes that are signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Sealed, Setting
from signward_server.chains.hyperliquid.packing import (
    action_hash,
    agent_message,
    keccak,
    packed,
    typed_message,
)
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded
from signward_server.core.value import value

__all__ = ["ActionDraft", "SealedForm", "numbered_wire", "typed_values"]

_KECCAK256 = Hash.KECCAK256


@value
class SealedForm:
    """What an answer needs beside the signature.

    Attributes:
        sealed: The action with its nonce.
        vault: As it was signed.
        expires_after: As it was signed.
    """

    sealed: Sealed
    vault: str
    expires_after: int


def numbered_wire(kind: Kind, wire: Mapping[str, object], nonce: int) -> Mapping[str, object]:
    """Return the wire form with its nonce, where it holds one."""
    return {**wire, kind.nonce: nonce} if kind.nonce else wire


def typed_values(kind: Kind, built: Built, nonce: int) -> dict[str, object]:
    """Return the values of a user-signed action as typed data."""
    return {**built.wire, **(built.signed or {}), kind.nonce: nonce}


class ActionDraft:
    """Implements ``core.signing.Draft``.

    Args:
        kind: Of the action.
        built: The action.
        setting: What it was built in.
    """

    __slots__ = ("_built", "_kind", "_setting")

    def __init__(self, kind: Kind, built: Built, setting: Setting) -> None:
        self._kind = kind
        self._built = built
        self._setting = setting

    @property
    def content(self) -> bytes:
        """See ``core.signing.Draft``."""
        kind, setting = self._kind, self._setting
        head = (kind.name, setting.network, setting.vault, setting.expires_after, setting.nonce)
        return packed([*head, self._built.wire])

    @property
    def nonce(self) -> int:
        """See ``core.signing.Draft``."""
        return self._setting.nonce

    def numbered(self, nonce: int, signer: PublicKey) -> Decoded:
        """See ``core.signing.Draft``."""
        seal: Callable[[int, PublicKey], Sealed] = self._built.seal or self._seal
        return self._complete(nonce, seal(nonce, signer))

    def decoded(self) -> Decoded:
        """Return what is judged; complete if it takes no nonce of its signer."""
        if self._built.sealed is not None:
            return self._complete(self._setting.nonce, self._built.sealed)
        return self._judged((), self, None, 0)

    def _complete(self, nonce: int, sealed: Sealed) -> Decoded:
        setting = self._setting
        form = SealedForm(sealed, setting.vault, setting.expires_after)
        return self._judged((sealed.message,), None, form, nonce)

    def _judged(
        self,
        messages: tuple[bytes, ...],
        draft: ActionDraft | None,
        form: SealedForm | None,
        nonce: int,
    ) -> Decoded:
        built = self._built
        return Decoded(
            built.intents[0],
            messages,
            _KECCAK256,
            built.intents[1:],
            draft,
            form,
            nonce,
            built.grants,
            built.account or self._setting.vault,
        )

    def _seal(self, nonce: int, signer: PublicKey) -> Sealed:  # noqa: ARG002  # as wrappers need it
        kind, built, setting = self._kind, self._built, self._setting
        wire = numbered_wire(kind, built.wire, nonce)
        form = kind.typed
        if form is None:
            hashed = action_hash(packed(wire), nonce, setting.vault, setting.expires_after)
            return Sealed(agent_message(setting.network, hashed), hashed, wire)
        values = typed_values(kind, built, nonce)
        message = typed_message(form.type_hash, form.fields, values)
        return Sealed(message, keccak(message), wire)
