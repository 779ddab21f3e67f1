"""Finding a key that the caller may know of, and the version of it that may sign."""

from __future__ import annotations

from signward_server.core.errors import (
    EnvelopeCorrupt,
    FingerprintMismatch,
    KeyDisabled,
    KeyFrozen,
    KeyNotFound,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    PolicyDenied,
    PolicyError,
)
from signward_server.core.keys import Freeze, Key, KeyState, KeyVersion, VersionState
from signward_server.core.ports import Caller, Catalogue, Policy, Time
from signward_server.core.version_life import effective
from signward_server.core.versions import NEVER_SIGNS

__all__ = [
    "APPROVE_AGENT",
    "GET_CUSTODY_STATUS",
    "VIEW_KEY",
    "may_know_of_damage",
    "may_view",
    "signing_version",
    "verifying_version",
    "visible_key",
]

APPROVE_AGENT = "ApproveAgent"
GET_CUSTODY_STATUS = "GetCustodyStatus"
VIEW_KEY = "ViewKey"


def visible_key(catalogue: Catalogue, policy: Policy, caller: Caller, key_id: str) -> Key:
    """Return a key that the caller may know of (S39).

    Raises:
        KeyNotFound: There is none, or the caller may not view it: one answer for both.
        EnvelopeCorrupt: Its row fails its MAC, see ``may_know_of_damage``.
    """
    try:
        key = catalogue.get(key_id)
    except EnvelopeCorrupt:
        if may_know_of_damage(policy, caller):
            raise
        key = None
    if key is None or not may_view(policy, caller, key):
        raise KeyNotFound
    return key


def may_view(policy: Policy, caller: Caller, key: Key) -> bool:
    """Return whether the caller may know of a key."""
    return _is_allowed(policy, caller, VIEW_KEY, key)


def may_know_of_damage(policy: Policy, caller: Caller) -> bool:
    """Return whether the caller is told of a key that its row fails its MAC.

    Owner and labels of such a key cannot be believed, so that no policy can say who may view
    it. Whoever may ask how all keys are kept (``GetCustodyStatus``) is told; for all others,
    its owner too, it does not exist. The daemon's log names it either way.
    """
    return _is_allowed(policy, caller, GET_CUSTODY_STATUS, None)


def _is_allowed(policy: Policy, caller: Caller, action: str, key: Key | None) -> bool:
    try:
        policy.authorize(caller, action, key)
    except (PolicyDenied, PolicyError):
        return False
    return True


def signing_version(key: Key, number: int, onward: Time, fingerprint: bytes = b"") -> KeyVersion:
    """Return the version that is to sign.

    Args:
        key: The key.
        number: The version that was asked for, 0 for the primary one.
        onward: Tells whether a grace has ended; asked for versions in grace alone.
        fingerprint: Empty, or what its public key's fingerprint must be.

    Raises:
        KeyDisabled, KeyFrozen: The key signs nothing now. One that may sign what cancels
            passes: only the Intent tells whether this is.
        KeyVersionNotFound: There is no such version.
        KeyVersionPending, KeyVersionRetired, KeyVersionDestroyed: It does not sign.
        FingerprintMismatch: Another public key would sign.
    """
    if key.state is not KeyState.ENABLED:
        raise KeyDisabled
    if key.freeze is Freeze.ALL:
        raise KeyFrozen(metadata={"freeze": key.freeze.name})
    version = key.version(number)
    if version is None:
        raise KeyVersionNotFound
    state = version.state
    if state is VersionState.GRACE:
        state = effective(version, onward.now())
    refusal = NEVER_SIGNS.get(state)
    if refusal is not None:
        raise refusal
    if fingerprint and fingerprint != version.public_key.fingerprint:
        raise FingerprintMismatch
    return version


def verifying_version(key: Key, number: int) -> KeyVersion:
    """Return a version whose public key is still told.

    Raises:
        KeyVersionNotFound: There is no such version.
        KeyVersionDestroyed: It is destroyed.
    """
    version = key.version(number)
    if version is None:
        raise KeyVersionNotFound
    if version.state is VersionState.DESTROYED:
        raise KeyVersionDestroyed
    return version
