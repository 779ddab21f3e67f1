"""Begins a rotation of the KEK: makes the new one, and says so before a row is moved."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from signward_server.config import load
from signward_server.core.startup import ConfigurationRefused, CustodyRefused
from signward_server.custody.envelope import (
    Kek,
    KekRowAuthenticator,
    open_digest_key,
    seal_digest_key,
)
from signward_server.home.kek import new_kek
from signward_server.home.kek_places import KekKind, KekPlace, Plan, place_of
from signward_server.home.sealing import refuse_foreign_kek
from signward_server.wiring.rotation_parts import Keks, RotationAccess, RotationParts

__all__ = ["begin"]


def begin(
    parts: RotationParts,
    configuration: Path,
    kind: KekKind | None,
    credential: str,
    access: RotationAccess,
    opened: ExitStack,
) -> tuple[Keks, Plan]:
    """Begin a rotation: from here on the daemon does not start before it is done.

    Args:
        parts: What it works on.
        configuration: The file that names the KEK.
        kind: Where the new KEK is to come from, ``None`` for the same as before.
        credential: Name of a new credential.
        access: How this process comes to both KEKs.
        opened: Takes what wipes them.

    Raises:
        StartupFailed: It cannot begin; nothing but a draft of the new KEK was made.
        StoreUnavailable: The store cannot be written.
    """
    _discard(parts)
    plan = _planned(parts, configuration, kind, credential)
    old = parts.load(plan.source, access.old, "the KEK", opened)
    _ensure_ours(parts, old)
    parts.plan.write(plan)
    try:
        new = _new(parts, plan, old, access, opened)
        digest_key = _digest_key(parts, old, new)
    except BaseException:
        _discard(parts)
        raise
    parts.rekeying.begin(old.kek_id, new.kek_id, digest_key)
    return Keks(old, new), plan


def _new(
    parts: RotationParts, plan: Plan, old: Kek, access: RotationAccess, opened: ExitStack
) -> Kek:
    """Make the new KEK, and write to the audit log that rows will go to it."""
    place = plan.target.draft if plan.target.is_file else plan.target
    new = new_kek(place, parts.native.sodium, parts.memory, access.new)
    opened.callback(new.close)
    if new.kek_id == old.kek_id:
        raise CustodyRefused("the new KEK is the old one", "name another credential")
    parts.record({"step": "begun", "old": old.kek_id.hex(), "new": new.kek_id.hex()})
    if parts.settings.store.url:
        parts.rekeying.ensure_alone(parts.clock)
    return new


def _discard(parts: RotationParts) -> None:
    """Remove what an attempt has left that had moved nothing yet."""
    plan = parts.plan.read()
    if plan is not None:
        if plan.target.is_file:
            plan.target.draft.path.unlink(missing_ok=True)
        parts.plan.forget()


def _planned(
    parts: RotationParts, configuration: Path, kind: KekKind | None, credential: str
) -> Plan:
    source = place_of(parts.settings.custody.envelope)
    wanted = kind or ("credential" if credential else source.kind)
    if wanted != "credential":
        target = source.beside(wanted, parts.home)
    elif credential:
        target = KekPlace("credential", configuration.parent / credential)
    else:
        raise ConfigurationRefused(
            "the new KEK comes from a credential, and nobody says which",
            "name it with --credential",
        )
    if target != source:
        _ensure_changeable(source, target, configuration)
    if target.is_file and target.draft.path.exists():
        raise ConfigurationRefused(
            f"{target.draft.path} exists; it was not touched", "move it away"
        )
    return Plan(source, target)


def _ensure_changeable(source: KekPlace, target: KekPlace, configuration: Path) -> None:
    if target.is_file and target.path.exists():
        raise ConfigurationRefused(f"{target.path} exists; it was not touched", "move it away")
    if place_of(load(configuration, environment={}, flags=()).custody.envelope) != source:
        raise ConfigurationRefused(
            "the KEK is not named by the configuration file, but by --set or the environment",
            f"name it in {configuration} alone, which the rotation changes",
        )


def _ensure_ours(parts: RotationParts, old: Kek) -> None:
    """Return if the KEK is that of the store, and the home the one that signs.

    Raises:
        CustodyRefused: The KEK is another one.
        NotAdopted: The home is a copy.
    """
    catalogue = parts.store.catalogue(KekRowAuthenticator(old))
    refuse_foreign_kek(catalogue.quarantined, len(catalogue), parts.rekeying, old.kek_id)
    parts.standing(old).adoption.ensure_adopted()


def _digest_key(parts: RotationParts, old: Kek, new: Kek) -> bytes:
    """Return the key of API keys' digests, sealed under the new KEK."""
    sodium, sealed = parts.native.sodium, parts.rekeying.digest_key()
    if sealed is None:
        return seal_digest_key(sodium, old.rows, new)
    key = open_digest_key(sodium, parts.memory, old, sealed)
    try:
        return seal_digest_key(sodium, key, new)
    finally:
        key.close()
