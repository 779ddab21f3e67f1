"""The flows on fakes, wired as the daemon wires them, with the real chains."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from signward_server.chains import all_chains
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    Key,
    KeyState,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.payloads import Hash, OrderIntent, RawMessage
from signward_server.core.ports import Time
from signward_server.core.signing import SignRequest
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.approving import Approving
from signward_server.flows.audit_proving import AuditProving
from signward_server.flows.audit_reading import AuditReading
from signward_server.flows.freezing import Freezing
from signward_server.flows.import_parameters import ImportParameters
from signward_server.flows.key_changes import KeyChanges
from signward_server.flows.key_checking import KeyChecking
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_import import KeyImport
from signward_server.flows.key_making import KeyMaking
from signward_server.flows.key_reading import KeyReading
from signward_server.flows.key_rotation import KeyRotation
from signward_server.flows.key_versions import KeyVersions
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.reloading import Reloading
from signward_server.flows.signing import Signing, SigningPorts
from signward_server.flows.verifying import Verifying
from signward_server.rpc.endings import Endings
from signward_server.rpc.key_versions import VersionFlows
from signward_server.wiring.agents import AgentParts

from tests.fakes.meter import FakeMeter
from tests.fakes.spans import FakeSpans
from tests.fakes.spine.agent_register import FakeAgentRegister
from tests.fakes.spine.agents import FakeAgents
from tests.fakes.spine.api_keys import FakeApiKeys, FakeSecretDigest
from tests.fakes.spine.approvals import FakeApprovals
from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.audit_log import FakeAuditLog, FakeAuditLogs
from tests.fakes.spine.catalogue import FakeCatalogue
from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.custody import FakeCustody
from tests.fakes.spine.imports import FakeImports
from tests.fakes.spine.judges import FakeCaps, FakeLimits, FakePolicy, FakeRequestLedger
from tests.fakes.spine.lease import FakeLease
from tests.fakes.spine.nonces import FakeNonces
from tests.fakes.spine.reloads import FakeReloads
from tests.fakes.spine.verifier import FakeVerifier

__all__ = ["World", "order", "raw"]


class World:
    """All fakes, and every flow on them. ``REMOTE`` keys live in ``remote``."""

    def __init__(
        self,
        clock: MovingClock | None = None,
        *,
        cancelling: frozenset[str] = frozenset(),
        restricted: frozenset[str] = frozenset(),
        onward: Time | None = None,
    ) -> None:
        self.clock = clock or MovingClock()
        self.onward: Time = onward or self.clock
        self.catalogue = FakeCatalogue()
        self.custody = FakeCustody()
        self.remote = FakeCustody(CustodyKind.AWS_KMS, leaves_process=True)
        self.custodies = {CustodyKind.ENVELOPE: self.custody, CustodyKind.AWS_KMS: self.remote}
        self.policy = FakePolicy()
        self.caps = FakeCaps()
        self.limits = FakeLimits()
        self.audit = FakeAudit()
        self.spans = FakeSpans()
        self.meter = FakeMeter()
        self.endings = Endings(
            audit=self.audit, spans=self.spans, meter=self.meter, clock=self.clock
        )
        self.requests = FakeRequestLedger()
        self.nonces = FakeNonces(self.clock)
        self.approvals = FakeApprovals(self.onward)
        self.agents = FakeAgents()
        self.lease = FakeLease()
        self.chains = dict(all_chains())
        self.signing_ports = SigningPorts(
            catalogue=self.catalogue,
            chains=self.chains,
            custodies=MappingProxyType(self.custodies),
            policy=self.policy,
            caps=self.caps,
            limits=self.limits,
            audit=self.audit,
            requests=self.requests,
            nonces=self.nonces,
            approvals=self.approvals,
            agents=self.agents,
            lease=self.lease,
            clock=self.clock,
            onward=self.onward,
            cancelling=cancelling,
            restricted=restricted,
        )
        self.signing = Signing(self.signing_ports)
        self.register = FakeAgentRegister()
        self.agent_parts = AgentParts.of(self.catalogue, self.register, self.clock, self.onward)
        self.verifying = Verifying(
            catalogue=self.catalogue,
            chains=self.chains,
            policy=self.policy,
            verifier=FakeVerifier(),
        )
        purposes = frozenset({Purpose.RAW, Purpose.ORDER, Purpose.HYPERLIQUID})
        making = KeyMaking(
            max_unlock_ttl=timedelta(days=1),
            catalogue=self.catalogue,
            custodies=self.custodies,
            purposes=purposes,
            policy=self.policy,
            clock=self.clock,
        )
        self.creation = KeyCreation(making=making, audit=self.audit)
        self.imports = FakeImports(self.onward)
        self.key_import = KeyImport(making=making, imports=self.imports, audit=self.audit)
        self.import_parameters = ImportParameters(
            imports=self.imports,
            wrapping=self.custody,
            custodies=self.custodies,
            purposes=purposes,
            policy=self.policy,
            audit=self.audit,
            onward=self.onward,
            random=secrets.token_bytes,
        )
        self.reading = KeyReading(catalogue=self.catalogue, policy=self.policy, onward=self.onward)
        self.changes = KeyChanges(
            max_unlock_ttl=timedelta(days=1),
            catalogue=self.catalogue,
            custodies=self.custodies,
            policy=self.policy,
            audit=self.audit,
            onward=self.onward,
        )
        self.new_versions = NewVersions(
            catalogue=self.catalogue,
            custodies=self.custodies,
            clock=self.clock,
            onward=self.onward,
        )
        self.agent_flows = self.agent_parts.flows(
            signing=Signing(
                dataclasses.replace(self.signing_ports, agents=self.agent_parts.agents)
            ),
            custodies=self.custodies,
            policy=self.policy,
            audit=self.audit,
            new_versions=self.new_versions,
        )
        self.rotation = KeyRotation(
            catalogue=self.catalogue,
            custodies=self.custodies,
            policy=self.policy,
            audit=self.audit,
            new_versions=self.new_versions,
            onward=self.onward,
        )
        self.versions = KeyVersions(
            catalogue=self.catalogue,
            custodies=self.custodies,
            policy=self.policy,
            audit=self.audit,
            onward=self.onward,
        )
        self.checking = KeyChecking(
            catalogue=self.catalogue,
            custodies=self.custodies,
            policy=self.policy,
            onward=self.onward,
        )
        self.version_flows = VersionFlows(
            rotation=self.rotation,
            versions=self.versions,
            checking=self.checking,
            reading=self.reading,
        )
        self.api_keys, self.secret_digest = FakeApiKeys(), FakeSecretDigest()
        self.reloads = FakeReloads()
        self.api_key_authentication = ApiKeyAuthentication(
            api_keys=self.api_keys, digest=self.secret_digest, clock=self.clock
        )
        self.api_key_changes = ApiKeyChanges(
            api_keys=self.api_keys,
            digest=self.secret_digest,
            policy=self.policy,
            audit=self.audit,
            clock=self.clock,
            random=secrets.token_bytes,
        )
        self.freezing = Freezing(
            catalogue=self.catalogue,
            custodies=self.custodies,
            policy=self.policy,
            audit=self.audit,
        )
        self.approving = Approving(approvals=self.approvals, policy=self.policy, audit=self.audit)
        self.reloading = Reloading(reloads=self.reloads, policy=self.policy, audit=self.audit)
        self.log = FakeAuditLog()
        self.other_log = FakeAuditLog(f"{self.log.name}/worker-1")
        self.logs = FakeAuditLogs(self.log, self.other_log)
        self.audit_reading = AuditReading(
            logs=self.logs, policy=self.policy, audit=self.audit, clock=self.clock
        )
        self.audit_proving = AuditProving(logs=self.logs, policy=self.policy)

    def key(
        self,
        key_id: str = "bot-key",
        *,
        algorithm: Algorithm = Algorithm.ED25519,
        custody: CustodyKind = CustodyKind.ENVELOPE,
        purpose: Purpose = Purpose.RAW,
        versions: Sequence[VersionState] = (VersionState.PRIMARY,),
        state: KeyState = KeyState.ENABLED,
        freeze: Freeze = Freeze.NONE,
        owner: str = "cn:bot",
        allow_digest: bool = False,
        labels: dict[str, str] | None = None,
        unlock_ttl: timedelta | None = None,
        user_id: str = "",
        network: str = "",
    ) -> Key:
        """Put a key into the catalogue; versions are given oldest first."""
        made = [
            KeyVersion(
                version=number,
                state=version_state,
                public_key=self.custodies[custody].pair(algorithm),
                create_time=self.clock.now(),
                grace_end_time=_grace_end(version_state, self.clock.now()),
                destroy_time=_destroy_time(version_state, self.clock.now()),
            )
            for number, version_state in enumerate(versions, 1)
        ]
        primary = [v.version for v in made if v.state is VersionState.PRIMARY]
        return self.catalogue.put(
            Key(
                id=key_id,
                algorithm=algorithm,
                custody=custody,
                purpose=purpose,
                network=network,
                allow_digest=allow_digest,
                owner=owner,
                labels=labels or {},
                user_id=user_id,
                unlock_ttl=unlock_ttl,
                state=state,
                freeze=freeze,
                primary_version=primary[0] if primary else len(made),
                versions=tuple(reversed(made)),
                create_time=self.clock.now(),
                update_time=self.clock.now(),
            )
        )

    def order(self, *, action: str = "order", age: float = 0.0) -> OrderIntent:
        """Return an order intent of now, or of ``age`` seconds ago."""
        timestamp = int((self.clock.time() - age) * 1000)
        return OrderIntent(action, "BTC", True, "0.5", "65000", timestamp)


def _grace_end(state: VersionState, now: datetime) -> datetime | None:
    return now + timedelta(days=30) if state is VersionState.GRACE else None


def _destroy_time(state: VersionState, now: datetime) -> datetime | None:
    return now + timedelta(days=30) if state is VersionState.DESTROY_SCHEDULED else None


def raw(
    message: bytes = b"hello",
    *,
    key: str = "bot-key",
    version: int = 0,
    hash_: Hash = Hash.NONE,
    fingerprint: bytes = b"",
    request_id: str = "",
) -> SignRequest:
    """Return a request to sign a raw message."""
    return SignRequest(key, version, fingerprint, request_id, RawMessage(message, hash_))


def order(intent: OrderIntent, *, key: str = "bot-key", request_id: str = "") -> SignRequest:
    """Return a request to sign an order intent."""
    return SignRequest(key, 0, b"", request_id, intent)
