"""What a key to be made may be pinned to: purpose, algorithm, network, vault."""

from __future__ import annotations

from typing import Protocol

from signward_server.core.errors import FieldViolation
from signward_server.core.keys import Algorithm, KeyAttributes, Purpose
from signward_server.core.networks import HYPERLIQUID_NETWORKS
from signward_server.core.versions import HasPurpose, is_ledger_bound

__all__ = ["Pinned", "purpose_violations", "vault_violations"]


class Pinned(HasPurpose, Protocol):
    """A key, or what is asked of one."""

    @property
    def algorithm(self) -> Algorithm:
        """Its signature algorithm."""
        ...

    @property
    def network(self) -> str:
        """The ledger network that it is pinned to, empty for none."""
        ...


def purpose_violations(asked: Pinned, offered: frozenset[Purpose]) -> list[FieldViolation]:
    """Return what is wrong with the purpose of a key to be made, and with what follows from it."""
    violations = []
    if asked.purpose not in offered:
        violations.append(FieldViolation("purpose", "This daemon signs nothing for it."))
    if asked.network and not is_ledger_bound(asked):
        violations.append(FieldViolation("network", "Must be empty for raw and order keys."))
    if asked.purpose is Purpose.HYPERLIQUID:
        violations += _hyperliquid_violations(asked)
    return violations


def vault_violations(attributes: KeyAttributes) -> list[FieldViolation]:
    """Return what is wrong with the vault of a key to be made; its form is right."""
    if attributes.vault_address and attributes.purpose is not Purpose.HYPERLIQUID:
        return [FieldViolation("vault_address", "Must be empty for all but hyperliquid keys.")]
    return []


def _hyperliquid_violations(asked: Pinned) -> list[FieldViolation]:
    violations = []
    if asked.algorithm is not Algorithm.ECDSA_SECP256K1:
        rule = "Must be ECDSA_SECP256K1: the exchange takes no other signatures."
        violations.append(FieldViolation("algorithm", rule))
    if asked.network not in HYPERLIQUID_NETWORKS:
        rule = f"Must be {' or '.join(HYPERLIQUID_NETWORKS)} for hyperliquid keys."
        violations.append(FieldViolation("network", rule))
    return violations
