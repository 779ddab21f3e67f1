"""What the metrics ask of each part whenever somebody looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signward_server.core.ports import Event, Level, Step
from signward_server.flows.schedules import Schedules
from signward_server.home.policies import all_kinds
from signward_server.policy.engine import CedarPolicy
from signward_server.rpc.server import RpcServer
from signward_server.rpc.tls import Certificates
from signward_server.telemetry.logging import lost_records
from signward_server.telemetry.metrics import Metrics, Reader
from signward_server.wiring.health import Readiness
from signward_server.wiring.vault import Vault

__all__ = ["Parts", "show"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Whom they ask."""

    certificates: Certificates
    vault: Vault
    policy: CedarPolicy
    readiness: Readiness
    server: RpcServer
    schedules: Schedules


def show(metrics: Metrics, parts: Parts) -> None:
    """Have the metrics ask these parts."""
    levels: dict[Level, Reader] = {
        Level.READY: lambda: float(parts.readiness()),
        Level.POLICY_INFO: lambda: {parts.policy.generation.version: 1.0},
        Level.QUEUED: lambda: float(parts.server.waiting),
        Level.STREAMS: lambda: float(parts.server.streams),
        Level.KEYS: lambda: float(len(parts.vault.catalogue)),
        Level.KEYS_QUARANTINED: lambda: float(len(parts.vault.catalogue.quarantined)),
        Level.UNLOCKED_KEYS: lambda: float(parts.vault.custody.unlocked),
        Level.LOCKED_MEMORY: lambda: float(parts.vault.memory.locked),
        Level.LOCKED_MEMORY_LIMIT: lambda: float(parts.vault.memory.most),
        Level.NONCE_CLOCK: lambda: float(parts.vault.nonces.trusted),
        Level.NONCE_LANE: lambda: float(not parts.vault.nonces.lacking),
        Level.CERTIFICATE_EXPIRY: lambda: parts.certificates.expiries,
        Level.CRLS_OVERDUE: lambda: float(parts.certificates.overdue),
        Level.STEP_NEXT: lambda: _by_step(parts.schedules.next),
        Level.STEPS_AHEAD: lambda: {
            step.value: float(n) for step, n in parts.schedules.waiting.items()
        },
    }
    metrics.expect(Event.POLICY_ERROR, [kind.name for kind in all_kinds()])
    for level, read in levels.items():
        metrics.watch(level, read)
    metrics.watch(Event.LOG_DROPPED, lambda: float(lost_records()))
    metrics.watch(Event.CONNECTION_CLOSED, lambda: float(parts.server.connections_closed))
    metrics.watch(Event.HANDSHAKE, lambda: _floats(parts.certificates))


def _floats(certificates: Certificates) -> dict[str, float]:
    return {listener: float(count) for listener, count in certificates.handshakes.items()}


def _by_step(numbers: Mapping[Step, float]) -> dict[str, float]:
    return {step.value: float(number) for step, number in numbers.items()}
