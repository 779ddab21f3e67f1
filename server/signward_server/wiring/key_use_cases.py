"""Puts the use cases of keys together."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Clock, Custody, WrappingKeys
from signward_server.flows.import_parameters import ImportParameters
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_checking import KeyChecking
from signward_server.flows.key_making import KeyMaking
from signward_server.flows.key_reading import KeyReading
from signward_server.flows.key_rotation import KeyRotation
from signward_server.flows.key_versions import KeyVersions
from signward_server.flows.new_versions import NewVersions
from signward_server.rpc.key_versions import VersionFlows
from signward_server.wiring.supplies import Guards, Stores

__all__ = ["changes", "import_parameters", "making", "versions"]


def making(
    stores: Stores,
    custodies: Mapping[CustodyKind, Custody],
    purposes: frozenset[Purpose],
    guards: Guards,
    clock: Clock,
    max_unlock_ttl: timedelta,
) -> KeyMaking:
    """Return what makes keys."""
    return KeyMaking(
        catalogue=stores.catalogue,
        custodies=custodies,
        purposes=purposes,
        policy=guards.policy,
        clock=clock,
        max_unlock_ttl=max_unlock_ttl,
    )


def import_parameters(
    stores: Stores,
    wrapping: WrappingKeys,
    custodies: Mapping[CustodyKind, Custody],
    purposes: frozenset[Purpose],
    guards: Guards,
) -> ImportParameters:
    """Return what prepares imports."""
    return ImportParameters(
        imports=stores.imports,
        wrapping=wrapping,
        custodies=custodies,
        purposes=purposes,
        policy=guards.policy,
        audit=guards.audit,
        onward=stores.onward,
        random=secrets.token_bytes,
    )


def changes(
    stores: Stores,
    custodies: Mapping[CustodyKind, Custody],
    guards: Guards,
    max_unlock_ttl: timedelta,
) -> KeyChanges:
    """Return what changes keys."""
    return KeyChanges(
        catalogue=stores.catalogue,
        custodies=custodies,
        policy=guards.policy,
        audit=guards.audit,
        onward=stores.onward,
        max_unlock_ttl=max_unlock_ttl,
    )


def versions(
    stores: Stores,
    custodies: Mapping[CustodyKind, Custody],
    guards: Guards,
    new_versions: NewVersions,
) -> VersionFlows:
    """Return what makes, shows and ends versions."""
    catalogue, onward = stores.catalogue, stores.onward
    policy, audit = guards.policy, guards.audit
    return VersionFlows(
        rotation=KeyRotation(
            catalogue=catalogue,
            custodies=custodies,
            policy=policy,
            audit=audit,
            new_versions=new_versions,
            onward=onward,
        ),
        versions=KeyVersions(
            catalogue=catalogue, custodies=custodies, policy=policy, audit=audit, onward=onward
        ),
        checking=KeyChecking(
            catalogue=catalogue, custodies=custodies, policy=policy, onward=onward
        ),
        reading=KeyReading(catalogue=catalogue, policy=policy, onward=onward),
    )
