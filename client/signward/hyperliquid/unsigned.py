"""The methods of the SDK's ``Exchange``, with everything but the signatures.

Each of them builds an action, signs it with a function of its module, and hands all of it to
``_post_action``. Here they are the same code over other globals: in the place of the functions
that sign stand some that only note what would have been signed, and in the place of the clock
one that leaves the nonce to the daemon. Nothing is hashed or signed in this process, and the
SDK's own ``Exchange`` stays as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from hyperliquid import exchange as sdk

__all__ = ["Unsigned", "unsigned_methods"]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Takes the way of a signature through the SDK's methods.

    Attributes:
        vault_address: Vault or sub-account that the SDK would have signed for; empty: none.
        expires_after: Milliseconds since 1970 that it would have signed; 0: none.
    """

    vault_address: str = ""
    expires_after: int = 0


def _sign_l1_action(
    _wallet: object,
    _action: object,
    active_pool: str | None,
    _nonce: int,
    expires_after: int | None,
    _is_mainnet: bool,
) -> Unsigned:
    return Unsigned(active_pool or "", expires_after or 0)


def _sign_multi_sig_action(
    _wallet: object,
    _action: object,
    _is_mainnet: bool,
    vault_address: str | None,
    _nonce: int,
    expires_after: int | None,
) -> Unsigned:
    return Unsigned(vault_address or "", expires_after or 0)


def _sign_user_signed_action(_wallet: object, _action: object, _is_mainnet: bool) -> Unsigned:
    return Unsigned()


def _no_time() -> int:
    return 0


_INSTEAD: dict[str, Callable[..., object]] = {
    name: _sign_user_signed_action for name in vars(sdk) if name.startswith("sign_")
} | {
    "get_timestamp_ms": _no_time,
    "sign_l1_action": _sign_l1_action,
    "sign_multi_sig_action": _sign_multi_sig_action,
}
_GLOBALS = vars(sdk) | _INSTEAD


def unsigned_methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield each method of the SDK's ``Exchange`` that signs, made to sign nothing."""
    for name, method in vars(sdk.Exchange).items():
        if isinstance(method, FunctionType) and not _INSTEAD.keys().isdisjoint(
            method.__code__.co_names
        ):
            copied = FunctionType(
                method.__code__, _GLOBALS, name, method.__defaults__, method.__closure__
            )
            copied.__kwdefaults__ = method.__kwdefaults__
            yield name, functools.update_wrapper(copied, method)
